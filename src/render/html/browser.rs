//! The page in a real browser. Ignored by default; `tests/html/check.sh` finds Chromium and runs these.

use std::{fs, path::Path, process::Command};

use super::{
    super::testing::{many, refused, sample},
    hash,
    tests::page,
};
use crate::plan::Plan;

/// What the page shows, and what the browser logged about it.
struct Visit {
    dom: String,
    log: String,
}

/// Loads a page from a file, with a second script of ours behind its own. The security policy is widened by that
/// script's hash and by nothing else, so the page is judged as it is shipped.
fn visit(plan: &Plan, script: &str) -> Visit {
    let shipped = page(plan);
    let allowed = shipped.replacen("script-src '", &format!("script-src 'sha256-{}' '", hash(script)), 1);
    assert_ne!(shipped, allowed);
    let probed = allowed.replacen("</body>", &format!("<script>{script}</script></body>"), 1);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("page.html");
    fs::write(&file, probed).unwrap();
    let output = chromium(directory.path())
        .args(["--virtual-time-budget=10000", "--dump-dom"])
        .arg(format!("file://{}", file.display()))
        .output()
        .expect("Chromium starts");
    assert!(output.status.success(), "{output:?}");
    Visit {
        dom: String::from_utf8_lossy(&output.stdout).into_owned(),
        log: String::from_utf8_lossy(&output.stderr).lines().filter(|line| line.contains("CONSOLE")).collect(),
    }
}

fn chromium(profile: &Path) -> Command {
    let program = std::env::var_os("MFAPLAN_CHROMIUM").expect("MFAPLAN_CHROMIUM names a Chromium");
    let mut command = Command::new(program);
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args(["--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"])
        .arg(format!("--user-data-dir={}", profile.join("profile").display()));
    command
}

/// Runs `steps` (an async body that throws when something is wrong) once the page is drawn.
fn check(plan: &Plan, steps: &str) {
    let script = format!(
        "addEventListener('load', async () => {{\
           const $ = (id) => document.getElementById(id), wait = () => new Promise((done) => setTimeout(done, 300));\
           const rows = () => document.querySelectorAll('#body .row');\
           const is = (what, found, wanted) => {{ if (String(found) !== String(wanted)) throw new Error(what + ': ' + found + ', not ' + wanted); }};\
           const type = async (text) => {{ $('q').value = text; $('q').dispatchEvent(new Event('input')); await wait(); }};\
           const key = (name) => $('grid').dispatchEvent(new KeyboardEvent('keydown', {{ key: name, bubbles: true, cancelable: true }}));\
           let result = 'passed'; try {{ {steps} }} catch (error) {{ result = error.message; }}\
           document.documentElement.dataset.result = result; }});"
    );
    let Visit { dom, log } = visit(plan, &script);
    let result = dom.split_once("data-result=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(result, _)| result);
    assert_eq!(result, Some("passed"));
    assert_eq!(log, "");
}

#[test]
#[ignore = "needs Chromium: tests/html/check.sh"]
fn it_draws_filters_and_explains() {
    check(
        &refused(),
        "is('rows', rows().length, 13);\
         is('count', $('count').textContent, '13 changes');\
         is('riskiest first', rows()[0].firstChild.textContent, 'scan-hq@contoso.com');\
         is('detail', $('detail').textContent.includes('Authenticated SMTP 412'), true);\
         await type('garcia'); is('found', rows().length, 1); is('told', $('count').textContent, '1 of 13 changes');\
         await type('ACTIVESYNC kim'); is('found by evidence', rows()[0].firstChild.textContent, 'kim.smith@contoso.com');\
         await type('nobody here'); is('none', rows().length, 0);\
         $('filters').reset(); await wait(); is('all again', rows().length, 13);\
         $('f-decision').value = 'block'; $('f-decision').dispatchEvent(new Event('change')); is('blocked', rows().length, 3);\
         $('filters').reset(); await wait();\
         [...document.querySelectorAll('button.link')].find((one) => one.textContent.includes('MFA061')).click();\
         is('by rule', rows()[0].firstChild.textContent, 'd.torres@contoso.com');\
         $('filters').reset(); await wait();\
         key('End'); is('last', document.querySelector('[aria-selected=true]').getAttribute('aria-rowindex'), 14);\
         key('ArrowUp'); is('active', $('grid').getAttribute('aria-activedescendant'), 'r11');\
         document.querySelector('#heads button').click();\
         is('sorted', rows()[0].firstChild.textContent, 'anna.keller@contoso.com');\
         is('sort said', document.querySelector('#heads [role=columnheader]').getAttribute('aria-sort'), 'ascending');",
    );
}

#[test]
#[ignore = "needs Chromium: tests/html/check.sh"]
fn twenty_thousand_users_stay_fluent() {
    check(
        &many(20_000),
        "is('drawn', rows().length < 60, true); is('all', $('grid').getAttribute('aria-rowcount'), 20001);\
         key('End'); is('end', rows()[rows().length - 1].getAttribute('aria-rowindex'), 20001);\
         const from = performance.now(); await type('user019999'); is('found', rows().length, 1);\
         is('fast', performance.now() - from < 3000, true);",
    );
}

#[test]
#[ignore = "needs Chromium: tests/html/check.sh"]
fn a_hostile_name_runs_nothing() {
    let mut plan = sample();
    for change in &mut plan.changes {
        change.user.user_principal_name = "</script><img src=x onerror=\"document.title='owned'\">".into();
        change.user.display_name = Some("<b id=planted>".into());
    }
    check(
        &plan,
        "is('title', document.title, 'MFA plan for Contoso'); is('planted', $('planted'), null); is('rows', rows().length, 13);",
    );
}

/// Pictures for the documentation, into the directory that `MFAPLAN_SCREENSHOTS` names.
#[test]
#[ignore = "needs Chromium: tests/html/check.sh"]
fn screenshots() {
    let Some(target) = std::env::var_os("MFAPLAN_SCREENSHOTS") else { return };
    let target = Path::new(&target).to_owned();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("page.html");
    fs::write(&file, page(&refused())).unwrap();
    for (name, scheme) in [("light", 1), ("dark", 0)] {
        let status = chromium(directory.path())
            .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
            .args(["--window-size=1280,1500", "--hide-scrollbars"])
            .arg(format!("--screenshot={}", target.join(format!("plan-{name}.png")).display()))
            .arg(format!("file://{}", file.display()))
            .status()
            .expect("Chromium starts");
        assert!(status.success());
    }
}
