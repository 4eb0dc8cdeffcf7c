//! The whole life of a change in a pipeline, at three sizes: the shell of every step as it stands in the files, through
//! review, merge, waves, moved states, a lost runner, rollback and the night.

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use crate::pipelines::{Runner, file, scripts, step};

const TENANT: &str = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890";
const BEFORE: &str = "--as-of 2026-11-24";
const OPENED: &str = "--as-of 2026-12-01";

/// So many users, each seventh a workload that must not be enforced, each third without a method; two waves of a share
/// each, and the rest next year.
pub(crate) fn runner(users: usize, share: u32) -> Runner {
    let runner = Runner::new();
    fs::remove_dir_all(runner.path("mfa")).unwrap();
    fs::create_dir(runner.path("mfa")).unwrap();
    let user = |n: usize| {
        let registered = !n.is_multiple_of(3);
        let methods =
            if registered { json!(["microsoftAuthenticatorPush", "windowsHelloForBusiness"]) } else { json!([]) };
        let mut user = json!({
            "id": format!("00000000-0000-4000-8000-{n:012}"), "userPrincipalName": format!("user{n:05}@contoso.com"),
            "displayName": format!("User {n}"), "userType": "Member", "accountEnabled": true,
            "createdDateTime": "2024-01-02T03:04:05Z", "perUserMfaState": "disabled", "isMfaRegistered": registered,
            "isMfaCapable": registered, "methodsRegistered": methods, "directoryRoles": [], "memberOf": [],
        });
        if n % 7 == 1 {
            user["signIns"] = json!({"windowDays": 30, "interactive": 0, "ropc": 40});
        }
        user
    };
    let tenant = json!({
        "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z", "tenant": {"id": TENANT, "displayName": "Contoso"},
        "users": (0..users).map(user).collect::<Vec<_>>(),
    });
    runner.0.write("mfa/tenant.json", &tenant.to_string());
    runner.0.write(
        "mfa/main.mfa.hcl",
        &format!(
            "tenant \"contoso\" {{\n  id       = \"{TENANT}\"\n  snapshot = \"tenant.json\"\n}}\n\n\
             mfa \"staff\" {{\n  state   = \"enforced\"\n  where   = user.user_type == \"Member\"\n  rollout = \"staff\"\n}}\n\n\
             rollout \"staff\" {{\n  wave \"first\" {{\n    from    = \"2026-11-01\"\n    percent = {share}\n  }}\n  \
             wave \"second\" {{\n    from    = \"2026-12-01\"\n    percent = {}\n  }}\n  \
             wave \"rest\" {{\n    from    = \"2027-06-01\"\n    percent = 100\n  }}\n}}\n",
            share * 2
        ),
    );
    bare(&runner.path("origin.git"));
    let keys = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mfaplan -keyout plan.key -out plan.crt";
    runner.run(keys, &[]).0.ends(0);
    runner
}

/// Keeps the sealed plan as the artifact that the next job finds.
fn keep(runner: &Runner, sealed: &str) {
    fs::copy(sealed, runner.path("answers/artifact.zip")).unwrap();
    runner.answer("artifacts", &json!({"artifacts": [{"id": 3, "expired": false}]}));
}

fn bare(path: &Path) {
    assert!(Command::new("git").args(["init", "--quiet", "--bare"]).arg(path).status().unwrap().success());
}

fn tenant(runner: &Runner) -> Value {
    serde_json::from_str(&runner.0.read("mfa/tenant.json")).unwrap()
}

/// Changes one user of the tenant, by sign-in name.
fn change(runner: &Runner, name: &str, member: &str, value: Value) {
    let mut all = tenant(runner);
    let users = all["users"].as_array_mut().unwrap();
    let user = users.iter_mut().find(|user| user["userPrincipalName"] == name).unwrap();
    user[member] = value;
    runner.0.write("mfa/tenant.json", &all.to_string());
}

fn enforced(runner: &Runner) -> usize {
    tenant(runner)["users"].as_array().unwrap().iter().filter(|user| user["perUserMfaState"] == "enforced").count()
}

/// The sign-in names of a saved plan's changes with this decision.
fn decided(plan: &str, decision: &str) -> Vec<String> {
    let plan: Value = serde_json::from_str(&fs::read_to_string(plan).unwrap()).unwrap();
    let changes = plan["changes"].as_array().unwrap();
    let of = changes.iter().filter(|change| change["decision"] == decision);
    of.map(|change| change["user"]["user_principal_name"].as_str().unwrap().to_owned()).collect()
}

/// A fresh checkout on another machine: no journal lies there.
fn lose_the_runner(runner: &Runner) {
    let _ = fs::remove_dir_all(runner.path("mfa/.mfaplan"));
}

/// A runner that was lost in the middle: of its run's lines the branch has the first quarter, and whoever is not in them
/// was not written yet.
fn lose_the_runner_in_the_middle(runner: &Runner) {
    lose_the_runner(runner);
    let git = |command: &str| runner.run(command, &[]).0.ends(0).out;
    let newest = git("git clone --quiet --branch journal origin.git cut && cd cut && ls mfa/*.jsonl | tail -n 1");
    let path = runner.path("cut").join(newest.trim());
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let kept = &lines[..lines.len() / 4];
    fs::write(&path, format!("{}\n", kept.join("\n"))).unwrap();
    git(
        "cd cut && git -c user.name=t -c user.email=t@localhost commit --quiet --all --message cut && git push --quiet",
    );
    fs::remove_dir_all(runner.path("cut")).unwrap();

    let started: Vec<Value> = kept[1..].iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let first: Value = serde_json::from_str(kept[0]).unwrap();
    let planned = first["changes"].as_array().unwrap();
    let lost = planned.iter().filter(|one| !started.iter().any(|line| line["user"] == one["user"]["id"]));
    let mut all = tenant(runner);
    let users = all["users"].as_array_mut().unwrap();
    for one in lost {
        let user = users.iter_mut().find(|user| user["id"] == one["user"]["id"]).unwrap();
        user["perUserMfaState"] = one["before"].clone();
    }
    runner.0.write("mfa/tenant.json", &all.to_string());
}

/// Users, and the percentage of a wave.
const SIZES: [(usize, u32); 3] = [(50, 40), (2_000, 20), (30_000, 1)];

#[test]
fn the_life_of_a_change_at_three_sizes() {
    for (users, share) in SIZES {
        life(users, share);
    }
}

fn life(users: usize, share: u32) {
    let runner = runner(users, share);
    let mfaplan = step("mfaplan");
    let origin = runner.path("origin.git");
    let journal = [("JOURNAL", "journal"), ("JOURNAL_REMOTE", origin.to_str().unwrap()), ("JOURNAL_EVERY", "60")];
    let run = |more: &[(&str, &str)]| runner.run(&mfaplan, &[&journal[..], &[("ARGS", BEFORE)], more].concat());

    // Review: one comment that fits, with every cause and group; the digest is recorded.
    let (planned, outputs) = run(&[("EVENT_PULL", "7")]);
    planned.ends(0);
    let (plan, digest) = (outputs["plan"].clone(), outputs["digest"].clone());
    assert_eq!((&*outputs["pull"], &*outputs["refused"]), ("7", "false"));
    let comment = |more: &[(&str, &str)]| {
        runner.run(&step("Comment"), &[&[("PLAN", plan.as_str())], more].concat()).0.ends(0);
        runner.0.read("answers/body.md")
    };
    let url = "https://github.com/contoso/mfa/actions/runs/1";
    let body = comment(&[("RUN_URL", url)]);
    assert!(body.len() < 65_536 && body.contains(url), "{}", body.len());
    for part in ["MFA005", "MFA018", "mfa.staff", "disabled → enforced", &digest] {
        assert!(body.contains(part), "{users} users: {part} is not in the comment");
    }
    runner.run(&step("Record the digest"), &[("DIGEST", &digest), ("REFUSED", "false")]).0.ends(0);
    // A step's summary holds 1 MiB, and of each level ten annotations are shown.
    let shown = runner.run(&step("Summary and annotations"), &[("PLAN", &plan)]).0.ends(0).out;
    assert!(runner.0.read("summary").len() < 1 << 20 && shown.lines().count() <= 30, "{users}: {shown}");
    runner.run(&step("Verdict"), &[("CODE", "2")]).0.ends(0);
    let will = decided(&plan, "apply");
    let blocked = decided(&plan, "block").len();
    assert!(will.len() > 3 && blocked > 0, "{users}: {} and {blocked}", will.len());

    // Somebody who waits registers; the merge goes on with what was approved.
    change(&runner, &decided(&plan, "hold")[0], "isMfaRegistered", json!(true));
    runner.answer(
        "pulls",
        &json!([{"number": 7, "merged_at": "2026-11-24T10:00:00Z", "head": {"sha": "head"},
        "base": {"ref": "main"}, "merge_commit_sha": "merge"}]),
    );
    let status =
        json!({"context": "mfaplan/plan mfa", "creator": {"login": "github-actions[bot]"}, "description": digest});
    runner.answer("statuses", &json!([status]));
    let (applied, outputs) = run(&[("COMMAND", "apply")]);
    assert_eq!(&*outputs["exit-code"], "0", "{}{}", applied.out, applied.err);
    assert_eq!((enforced(&runner), &*outputs["pull"]), (will.len(), "7"));
    let body = comment(&[("DONE", &outputs["comment"])]);
    assert!(body.contains("MFA apply: complete") && body.contains("Must register") && body.len() < 65_536);
    let first = outputs["run"].clone();

    // A wave's date: the plan names it. Then a state moves, and the apply stops and says whose.
    let (planned, outputs) = run(&[("ARGS", OPENED), ("PLAN_CERTIFICATE", "plan.crt")]);
    planned.ends(0);
    let wave = outputs["waves"].clone();
    let (plan, digest) = (outputs["plan"].clone(), outputs["digest"].clone());
    let second = decided(&plan, "apply");
    assert_eq!(wave, format!("wave staff.second ({} users)", second.len()));
    keep(&runner, &outputs["sealed"]);
    assert!(!fs::read(&outputs["sealed"]).unwrap().windows(8).any(|part| part == b"@contoso"), "it names nobody");
    change(&runner, &second[0], "perUserMfaState", json!("enabled"));
    let apply = [("COMMAND", "apply"), ("ARGS", OPENED), ("APPROVE", digest.as_str()), ("PLAN_KEY", "plan.key")];
    let before = enforced(&runner);
    let (stopped, outputs) = run(&apply);
    assert_eq!(&*outputs["exit-code"], "1", "{}", stopped.err);
    let said = stopped.out.split_once("Changed since the review").unwrap().1;
    assert!(said.contains(&second[0]) && !said.contains(&second[1]), "{said}");
    assert!(runner.0.read("summary").contains("Changed since the review"));
    assert_eq!(enforced(&runner), before);
    let (_, outputs) = run(&[&apply[..], &[("UNCHANGED_ONLY", "true")]].concat());
    assert_eq!(&*outputs["exit-code"], "4");
    assert_eq!(enforced(&runner), before + second.len() - 1);

    // The runner is lost before the end; somebody was not written yet. The next job finds the run, and finishes it.
    lose_the_runner_in_the_middle(&runner);
    assert!(enforced(&runner) < before + second.len() - 1, "{users}: nobody was left");
    let run_digest = runner.run("mfaplan history --json --chdir mfa", &[]);
    assert_eq!(run_digest.0.out.trim(), "[]", "nothing lies on the new machine");
    let (_, outputs) = run(&[("COMMAND", "verify"), ("ARGS", OPENED)]);
    assert_eq!(&*outputs["exit-code"], "2");
    let history = runner.run("mfaplan history --json --chdir mfa", &[]).0.out;
    let history: Value = serde_json::from_str(&history).unwrap();
    let open = history.as_array().unwrap().iter().find(|one| one["status"] == "interrupted").unwrap();
    lose_the_runner(&runner);
    let resume = [("COMMAND", "resume"), ("ARGS", OPENED), ("APPROVE", open["digest"].as_str().unwrap())];
    let (resumed, outputs) = run(&resume);
    assert_eq!(&*outputs["exit-code"], "0", "{}{}", resumed.out, resumed.err);
    assert_eq!(outputs["run"], open["run"].as_str().unwrap());
    assert_eq!(enforced(&runner), before + second.len() - 1);

    // Back: shown first, gone with the digest that it shows.
    lose_the_runner(&runner);
    let back = |approve: &str| run(&[("COMMAND", "rollback"), ("RUN", &first), ("APPROVE", approve)]).1;
    let way = back("")["digest"].clone();
    assert_eq!(&*back(&way)["exit-code"], "0");
    assert_eq!(enforced(&runner), second.len() - 1);

    // The night: withheld users keep the issue open; those who wait are listed apart.
    let (verified, outputs) = run(&[("COMMAND", "verify")]);
    assert_eq!(&*outputs["exit-code"], "2");
    for part in ["Not as they should be", "withheld by MFA005", "Waiting (different only with --strict)"] {
        assert!(verified.out.contains(part), "{part}");
    }
    runner.answer("issues", &json!([{"number": 12}]));
    let night = scripts(&file("examples/ci/github/drift.yml")).remove(0);
    runner.run(&night, &[("REPORT", &outputs["report"]), ("CODE", &outputs["exit-code"])]).0.ends(0);
    assert!(!runner.log().contains("issue close"));

    // A fork, which has no identity: both configurations against the copy that lies in the repository.
    runner.run("mkdir old new && cp -r mfa old/ && cp -r mfa new/ && : >summary", &[]).0.ends(0);
    let narrower = "\"Member\" && !endswith(user.display_name, \"7\")";
    let narrower = runner.0.read("new/mfa/main.mfa.hcl").replace("\"Member\"", narrower);
    runner.0.write("new/mfa/main.mfa.hcl", &narrower);
    runner.run(&scripts(&file("examples/ci/github/fork.yml")).pop().unwrap(), &[]).0.ends(0);
    let compared = runner.0.read("summary");
    assert!(compared.len() < 65_536 && compared.contains("no longer claimed by mfa.staff"), "{users}: {compared}");
    assert!(!compared.contains("@contoso"));
}

/// Two pull requests were planned before either was merged. What the first one wrote is not written again, and the second
/// goes on with its own users only where somebody says so.
#[test]
fn two_merges_at_once() {
    let runner = runner(50, 20);
    let mfaplan = step("mfaplan");
    let plan = |args: &str| runner.run(&mfaplan, &[("ARGS", args), ("PLAN_CERTIFICATE", "plan.crt")]).1;
    let first = plan(BEFORE);
    let first_digest = first["digest"].clone();
    let main = runner.0.read("mfa/main.mfa.hcl");
    runner.0.write("mfa/main.mfa.hcl", &main.replace("percent = 20", "percent = 40"));
    let second = plan(BEFORE);
    let digest = second["digest"].clone();
    let of_second = decided(&second["plan"], "apply").len();
    runner.0.write("mfa/main.mfa.hcl", &main);
    let apply = |digest: &str, more: &[(&str, &str)]| {
        let base = [("COMMAND", "apply"), ("ARGS", BEFORE), ("APPROVE", digest), ("PLAN_KEY", "plan.key")];
        runner.run(&mfaplan, &[&base[..], more].concat())
    };
    // The reviewed plan of the first is not at hand: told, and nothing else.
    runner.answer("artifacts", &json!({"artifacts": []}));
    let (done, outputs) = apply(&first_digest, &[]);
    assert!(outputs["exit-code"] == "0" && done.out.contains("::warning::"), "{}", done.err);
    keep(&runner, &second["sealed"]);
    runner.0.write("mfa/main.mfa.hcl", &main.replace("percent = 20", "percent = 40"));
    let (refused, outputs) = apply(&digest, &[]);
    assert!(outputs["exit-code"] == "1" && refused.out.contains("Changed since the review"), "{}", refused.err);
    let (_, outputs) = apply(&digest, &[("UNCHANGED_ONLY", "true")]);
    assert_eq!(&*outputs["exit-code"], "0", "whoever the first one brought there is not left over");
    assert_eq!(enforced(&runner), of_second);
}

/// The same life where there is no action to lean on.
#[test]
fn the_life_of_a_change_on_gitlab_and_azure() {
    for (users, share) in [SIZES[0], SIZES[1]] {
        elsewhere(&GITLAB, users, share);
        elsewhere(&AZURE, users, share);
    }
}

#[test]
#[ignore = "minutes in a debug build; CI runs it"]
fn the_life_of_a_change_on_gitlab_at_the_largest_size() {
    elsewhere(&GITLAB, SIZES[2].0, SIZES[2].1);
}

#[test]
#[ignore = "minutes in a debug build; CI runs it"]
fn the_life_of_a_change_on_azure_at_the_largest_size() {
    elsewhere(&AZURE, SIZES[2].0, SIZES[2].1);
}

const GITLAB: Elsewhere = Elsewhere {
    name: "examples/ci/gitlab/.gitlab-ci.yml",
    plan: "plan.mfaplan",
    night: ("CI_PIPELINE_SOURCE", "schedule"),
    yes: "true",
    wave: "Wave staff.second is open and not applied",
};

const AZURE: Elsewhere = Elsewhere {
    name: "examples/ci/azure-pipelines.yml",
    plan: "temp/plan.mfaplan",
    night: ("BUILD_REASON", "Schedule"),
    yes: "True",
    wave: "##vso[task.logissue type=warning]Wave staff.second is open and not applied",
};

/// What differs between the services.
struct Elsewhere {
    /// The file.
    name: &'static str,
    /// Where its first script leaves the plan.
    plan: &'static str,
    /// What tells it that it runs in the nightly schedule.
    night: (&'static str, &'static str),
    /// How it spells yes.
    yes: &'static str,
    /// How the night says that a wave has opened.
    wave: &'static str,
}

fn elsewhere(service: &Elsewhere, users: usize, share: u32) {
    let name = format!("{}, {users} users", service.name);
    let runner = runner(users, share);
    let scripts = scripts(&file(service.name));
    let [plan, write] = scripts.as_slice() else { panic!("{name} has {} scripts", scripts.len()) };
    let helper = |script: &str| crate::support::root().join("examples/ci").join(script).to_str().unwrap().to_owned();
    let (journal, seal, origin) = (helper("journal.sh"), helper("sealed-plan.sh"), runner.path("origin.git"));
    let settings = [
        ("MFAPLAN_JOURNAL", "journal"),
        ("MFAPLAN_JOURNAL_SCRIPT", &journal),
        ("JOURNAL_REMOTE", origin.to_str().unwrap()),
        ("JOURNAL_EVERY", "60"),
        ("MFAPLAN_SEAL_SCRIPT", &seal),
        ("MFAPLAN_PLAN_CERTIFICATE", "plan.crt"),
        ("PLAN_CERTIFICATE", "plan.crt"),
        ("MFAPLAN_PLAN_KEY", "plan.key"),
        ("PLAN_KEY", "plan.key"),
    ];
    let run = |script: &str, as_of: &str, more: &[(&str, &str)]| {
        runner.run(script, &[&settings[..], &[("MFAPLAN_ARGS", as_of)], more].concat()).0
    };
    let digest_in = |text: &str| text.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap().to_owned();
    let saved = || runner.path(service.plan).to_str().unwrap().to_owned();

    // Review; somebody who waits registers; the apply goes on.
    let digest = digest_in(&run(plan, BEFORE, &[]).ends(0).out);
    let will = decided(&saved(), "apply");
    change(&runner, &decided(&saved(), "hold")[0], "isMfaRegistered", json!(true));
    run(write, BEFORE, &[("MFA_DIGEST", &digest)]).ends(0);
    assert_eq!(enforced(&runner), will.len(), "{name}");
    let runs =
        || -> Value { serde_json::from_str(&runner.run("mfaplan history --json --chdir mfa", &[]).0.out).unwrap() };
    let first = runs()[0]["run"].as_str().unwrap().to_owned();

    // A wave's date: the night says so. A state moves: the apply stops and says whose, and goes on with the rest.
    let night = run(plan, OPENED, &[service.night]);
    assert!(night.code == 2 && night.out.contains(service.wave), "{name}: {}{}", night.out, night.err);
    let (digest, second) = (digest_in(&night.out), decided(&saved(), "apply"));
    change(&runner, &second[0], "perUserMfaState", json!("enabled"));
    let before = enforced(&runner);
    let stopped = run(write, OPENED, &[("MFA_DIGEST", &digest)]).ends(1);
    let said = stopped.out.split_once("Changed since the review").unwrap().1;
    assert!(said.contains(&second[0]) && !said.contains(&second[1]), "{name}: {said}");
    assert_eq!(enforced(&runner), before);
    run(write, OPENED, &[("MFA_DIGEST", &digest), ("MFA_UNCHANGED_ONLY", service.yes)]).ends(4);
    assert_eq!(enforced(&runner), before + second.len() - 1);

    // The runner is lost; the next job finds the journal, and resumes. Then the first run is rolled back.
    lose_the_runner_in_the_middle(&runner);
    assert_eq!(run(write, OPENED, &[("MFA_COMMAND", "verify")]).code, 2, "{name}");
    let runs = runs();
    let open = runs.as_array().unwrap().iter().find(|one| one["status"] == "interrupted").unwrap();
    let of_run = |key: &str| open[key].as_str().unwrap();
    lose_the_runner(&runner);
    let resume = [("MFA_COMMAND", "resume"), ("MFA_RUN", of_run("run")), ("MFA_DIGEST", of_run("digest"))];
    run(write, OPENED, &resume).ends(0);
    assert_eq!(enforced(&runner), before + second.len() - 1, "{name}");
    lose_the_runner(&runner);
    let back = |digest: &str| {
        run(write, BEFORE, &[("MFA_COMMAND", "rollback"), ("MFA_RUN", &first), ("MFA_DIGEST", digest)]).ends(0).out
    };
    let way = digest_in(&back(""));
    back(&way);
    assert_eq!(enforced(&runner), second.len() - 1, "{name}");

    // The night with withheld users fails, and says by what.
    let night = run(plan, BEFORE, &[service.night]);
    assert!(night.code == 2 && night.out.contains("withheld by MFA005"), "{name}: {}", night.out);
    assert_eq!(run(write, BEFORE, &[("MFA_COMMAND", "destroy")]).code, 1, "{name}");
}

/// A signature approves one run. A later job on another machine knows, because the journal is brought back.
#[test]
fn a_signature_is_spent_for_the_next_job_too() {
    let runner = runner(50, 40);
    let main = runner.0.read("mfa/main.mfa.hcl");
    let approvals = "guardrails {\n  approvals {\n    required        = 1\n    allowed_signers = \"signers\"\n    max_age         = \"24h\"\n  }\n}\n";
    runner.0.write("mfa/main.mfa.hcl", &format!("{main}\n{approvals}"));
    let keys = "ssh-keygen -q -t ed25519 -N '' -C anna@contoso.com -f anna \
                && printf 'anna@contoso.com %s\n' \"$(cut -d' ' -f1,2 anna.pub)\" >mfa/signers";
    runner.run(keys, &[]).0.ends(0);
    let origin = runner.path("origin.git");
    let (said, planned) = runner.run(&step("mfaplan"), &[("ARGS", BEFORE)]);
    assert_eq!(&*planned["exit-code"], "2", "{}", said.err);
    let sign = format!("mfaplan approve '{}' --key anna --out anna.sig", planned["plan"]);
    runner.run(&sign, &[]).0.ends(0);
    let before = tenant(&runner);
    let signature = runner.path("anna.sig");
    let apply = || {
        let journal = [("JOURNAL", "journal"), ("JOURNAL_REMOTE", origin.to_str().unwrap())];
        runner.run(
            &step("mfaplan"),
            &[&journal[..], &[("COMMAND", "apply"), ("ARGS", BEFORE), ("SIGNATURES", signature.to_str().unwrap())]]
                .concat(),
        )
    };
    let (first, outputs) = apply();
    assert_eq!(outputs.get("exit-code").map(String::as_str), Some("0"), "{}{}", first.out, first.err);
    // Somebody undoes it by hand, so that the same plan could be written again; the next job runs on another machine.
    runner.0.write("mfa/tenant.json", &before.to_string());
    lose_the_runner(&runner);
    let (second, outputs) = apply();
    assert_ne!(&*outputs["exit-code"], "0", "{}", second.out);
    assert!(second.err.contains("was used"), "{}", second.err);
    assert_eq!(enforced(&runner), 0);
}

/// A journal that cannot be brought back may hold spent signatures: nothing is written then.
#[test]
fn without_its_journal_no_run_begins() {
    let runner = runner(50, 40);
    let digest = runner.run(&step("mfaplan"), &[("ARGS", BEFORE)]).1["digest"].clone();
    let nowhere = runner.path("nowhere.git");
    let apply = [
        ("COMMAND", "apply"),
        ("ARGS", BEFORE),
        ("APPROVE", digest.as_str()),
        ("JOURNAL", "journal"),
        ("JOURNAL_REMOTE", nowhere.to_str().unwrap()),
    ];
    let (refused, _) = runner.run(&step("mfaplan"), &apply);
    assert!(refused.code != 0 && refused.err.contains("cannot be read"), "{}{}", refused.out, refused.err);
    assert_eq!(enforced(&runner), 0);
}
