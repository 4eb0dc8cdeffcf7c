//! `login` and `logout` with the real store of a Linux desktop: a message bus and a GNOME Keyring of their own.
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

use std::{fs, path::Path, process::Command};

use super::support::fake_graph::{FakeGraph, FakeOptions};

/// What an operator does, one after the other; a device code is asked for at a terminal only, which `script` gives.
const STORY: &str = r#"
set -u
printf 'keyring' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
say() { echo "== $1"; }
say unattended; "$MFAPLAN" plan 2>&1
say login;      script -qec "$MFAPLAN login" /dev/null
say plan;       "$MFAPLAN" plan 2>&1
say logout;     "$MFAPLAN" logout 2>&1
say again;      "$MFAPLAN" logout 2>&1
say after;      "$MFAPLAN" plan 2>&1
"#;

/// The same where no store answers.
const WITHOUT: &str = r#"
say() { echo "== $1"; }
say login;      script -qec "$MFAPLAN login" /dev/null
say logout;     "$MFAPLAN" logout 2>&1
"#;

fn installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn told(home: &Path, fake: &FakeGraph, mut shell: Command) -> String {
    let nothing = "http://127.0.0.1:9";
    let output = shell
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .env("MFAPLAN", env!("CARGO_BIN_EXE_mfaplan"))
        .env("MFAPLAN_GRAPH_ENDPOINT", fake.origin())
        .env("MFAPLAN_LOGIN_ENDPOINT", fake.origin())
        .env("AZURE_POD_IDENTITY_AUTHORITY_HOST", nothing)
        .env("NO_COLOR", "1")
        .current_dir(home)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).replace('\r', "")
}

/// What was said under a heading.
fn part<'a>(said: &'a str, heading: &str) -> &'a str {
    let (_, rest) = said.split_once(&format!("== {heading}\n")).unwrap_or_else(|| panic!("{heading}: {said}"));
    rest.split("== ").next().unwrap()
}

async fn desk() -> (FakeGraph, tempfile::TempDir) {
    let seed = fs::read_to_string("examples/minimal/tenant.json").unwrap();
    let operator = Some("99999999-2222-3333-4444-555555555555".to_owned());
    let fake = FakeGraph::start(&seed, FakeOptions { operator, ..FakeOptions::default() }).await;
    let home = tempfile::tempdir().unwrap();
    let tenant = format!("tenant \"contoso\" {{\n  id = \"{}\"\n}}\n", fake.tenant_id());
    let configuration = format!("{tenant}mfa \"everybody\" {{\n  state = \"enabled\"\n  where = true\n}}\n");
    fs::write(home.path().join("main.mfa.hcl"), configuration).unwrap();
    (fake, home)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_is_kept_by_the_secret_service_until_logout() {
    if let Some(missing) =
        ["dbus-run-session", "gnome-keyring-daemon", "script"].into_iter().find(|program| !installed(program))
    {
        println!("skipped: there is no {missing}");
        return;
    }
    let (fake, home) = desk().await;
    let mut shell = Command::new("dbus-run-session");
    shell.args(["--", "sh", "-c", STORY]);
    let said = told(home.path(), &fake, shell);
    let tenant = fake.tenant_id();

    assert!(part(&said, "unattended").contains("nothing is kept for this tenant"), "{said}");
    let login = part(&said, "login");
    assert!(login.contains("ABCD-EFGH") && login.contains("Signed in by device code"), "{said}");
    assert!(login.contains("Kept for the next commands, until `mfaplan logout`."), "{said}");
    assert!(part(&said, "plan").contains("Plan: "), "{said}");
    assert_eq!(part(&said, "logout").trim(), format!("The sign-in to tenant {tenant} is forgotten."));
    assert_eq!(part(&said, "again").trim(), format!("No sign-in to tenant {tenant} was kept."));
    assert!(part(&said, "after").contains("nothing is kept for this tenant"), "{said}");
    assert!(!said.contains("canary-"), "{said}");
    let codes = fake.log().iter().filter(|one| one.path.ends_with("/devicecode")).count();
    assert_eq!((codes, fake.writes()), (1, Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_store_login_works_and_says_that_nothing_is_kept() {
    if !installed("script") {
        println!("skipped: there is no script");
        return;
    }
    let (fake, home) = desk().await;
    let mut shell = Command::new("sh");
    shell.args(["-c", WITHOUT]);
    let said = told(home.path(), &fake, shell);
    let login = part(&said, "login");
    assert!(login.contains("Signed in by device code"), "{said}");
    assert!(login.contains("Not kept: no Secret Service answers here"), "{said}");
    assert!(part(&said, "logout").contains("no sign-in can be kept here"), "{said}");
}
