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
fn runner(users: usize, share: u32) -> Runner {
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
    runner
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

#[test]
fn the_life_of_a_change_at_three_sizes() {
    for (users, share) in [(50, 40), (2_000, 20), (30_000, 1)] {
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
    let (planned, outputs) = run(&[("ARGS", OPENED)]);
    planned.ends(0);
    let wave = outputs["waves"].clone();
    let (plan, digest) = (outputs["plan"].clone(), outputs["digest"].clone());
    let second = decided(&plan, "apply");
    assert_eq!(wave, format!("wave staff.second ({} users)", second.len()));
    fs::copy(&plan, runner.path("answers/artifact.zip")).unwrap();
    runner.answer("artifacts", &json!({"artifacts": [{"id": 3, "expired": false}]}));
    change(&runner, &second[0], "perUserMfaState", json!("enabled"));
    let apply = [("COMMAND", "apply"), ("ARGS", OPENED), ("APPROVE", digest.as_str()), ("REVIEWED", "true")];
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
}

/// Two pull requests were planned before either was merged. What the first one wrote is not written again, and the second
/// goes on with its own users only where somebody says so.
#[test]
fn two_merges_at_once() {
    let runner = runner(50, 20);
    let mfaplan = step("mfaplan");
    let plan = |args: &str| runner.run(&mfaplan, &[("ARGS", args)]).1;
    let first = plan(BEFORE);
    let first_digest = first["digest"].clone();
    let main = runner.0.read("mfa/main.mfa.hcl");
    runner.0.write("mfa/main.mfa.hcl", &main.replace("percent = 20", "percent = 40"));
    let second = plan(BEFORE);
    let digest = second["digest"].clone();
    fs::copy(&second["plan"], runner.path("answers/artifact.zip")).unwrap();
    runner.answer("artifacts", &json!({"artifacts": [{"id": 3, "expired": false}]}));
    let of_second = decided(&second["plan"], "apply").len();
    runner.0.write("mfa/main.mfa.hcl", &main);
    let apply = |digest: &str, more: &[(&str, &str)]| {
        let base = [("COMMAND", "apply"), ("ARGS", BEFORE), ("APPROVE", digest), ("REVIEWED", "true")];
        runner.run(&mfaplan, &[&base[..], more].concat())
    };
    // The reviewed plan of the first is not at hand (another artifact is): told, and nothing else.
    runner.answer("artifacts", &json!({"artifacts": []}));
    let (done, outputs) = apply(&first_digest, &[]);
    assert!(outputs["exit-code"] == "0" && done.out.contains("::warning::"), "{}", done.err);
    runner.answer("artifacts", &json!({"artifacts": [{"id": 3, "expired": false}]}));
    runner.0.write("mfa/main.mfa.hcl", &main.replace("percent = 20", "percent = 40"));
    let (refused, outputs) = apply(&digest, &[]);
    assert!(outputs["exit-code"] == "1" && refused.out.contains("Changed since the review"), "{}", refused.err);
    let (_, outputs) = apply(&digest, &[("UNCHANGED_ONLY", "true")]);
    assert_eq!(&*outputs["exit-code"], "0", "whoever the first one brought there is not left over");
    assert_eq!(enforced(&runner), of_second);
}

/// GitLab and Azure: the journal on its branch, the commands after the apply, and a wave that waits to be started.
#[test]
fn the_other_pipelines_resume_and_roll_back() {
    for name in ["examples/ci/gitlab/.gitlab-ci.yml", "examples/ci/azure-pipelines.yml"] {
        let runner = runner(50, 40);
        let scripts = scripts(&file(name));
        let [plan, write] = scripts.as_slice() else { panic!("{name} has {} scripts", scripts.len()) };
        let script = crate::support::root().join("examples/ci/journal.sh");
        let origin = runner.path("origin.git");
        let journal = [
            ("MFAPLAN_JOURNAL", "journal"),
            ("MFAPLAN_JOURNAL_SCRIPT", script.to_str().unwrap()),
            ("JOURNAL_REMOTE", origin.to_str().unwrap()),
            ("MFAPLAN_ARGS", BEFORE),
            ("JOURNAL_EVERY", "60"),
        ];
        let run = |more: &[(&str, &str)]| runner.run(write, &[&journal[..], more].concat()).0;
        let planned = runner.run(plan, &[("MFAPLAN_ARGS", BEFORE)]).0.ends(0);
        let digest = planned.out.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap().to_owned();
        run(&[("MFA_DIGEST", &digest)]).ends(0);
        let there = enforced(&runner);
        assert!(there > 3, "{name}");
        lose_the_runner_in_the_middle(&runner);
        assert_eq!(run(&[("MFA_COMMAND", "verify")]).code, 2, "{name}: the journals are back, and some are withheld");
        let history: Value =
            serde_json::from_str(&runner.run("mfaplan history --json --chdir mfa", &[]).0.out).unwrap();
        let id = history[0]["run"].as_str().unwrap();
        lose_the_runner(&runner);
        run(&[("MFA_COMMAND", "resume"), ("MFA_RUN", id), ("MFA_DIGEST", &digest)]).ends(0);
        let shown = run(&[("MFA_COMMAND", "rollback"), ("MFA_RUN", id), ("MFA_DIGEST", "")]).ends(0);
        let back = shown.out.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap().to_owned();
        run(&[("MFA_COMMAND", "rollback"), ("MFA_RUN", id), ("MFA_DIGEST", &back)]).ends(0);
        assert_eq!(enforced(&runner), 0, "{name}");
        assert_eq!(run(&[("MFA_COMMAND", "destroy")]).code, 1, "{name}");
    }
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
