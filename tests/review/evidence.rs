//! The night's sign-ins between jobs: the branch that keeps the store, through the shell of every service.

use std::{collections::BTreeMap, fs, process::Command};

use serde_json::{Value, json};

use crate::{
    life::runner,
    pipelines::{Runner, file, scripts, step},
    support::program,
};

const AS_OF: &str = "--as-of 2026-11-24";

/// What a night finds in the log: one sign-in by SMTP for each of these, by their numbers.
fn tonight(runner: &Runner, records: &[u32]) {
    let record = |n: &u32| {
        json!({
            "id": format!("request-{n}"), "createdDateTime": format!("2026-11-2{}T02:00:00Z", n % 4), "isInteractive": false,
            "userId": format!("00000000-0000-4000-8000-{n:012}"), "appId": "00000002-0000-0ff1-ce00-000000000000",
            "clientAppUsed": "Authenticated SMTP", "status": {"errorCode": 0}, "ipAddress": "198.51.100.7",
        })
    };
    let records: Vec<Value> = records.iter().map(record).collect();
    runner.0.write("NonInteractiveSignIns.json", &json!(records).to_string());
}

/// A repository of its own, in which the log of the tenant is a file.
fn desk() -> Runner {
    let desk = runner(50, 20);
    let pull = "if [ \"$1 $2\" = \"evidence pull\" ]; then shift 2; set -- evidence import \"$HOME/NonInteractiveSignIns.json\" \"$@\"; fi";
    desk.0.write("bin/mfaplan", &format!("#!/bin/sh\n{pull}\nexec '{}' \"$@\"\n", program().display()));
    desk.executable("bin/mfaplan");
    desk
}

fn git(runner: &Runner, args: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(runner.path("origin.git")).args(args).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The next job, on a machine that has nothing: what it plans from.
fn next_job(desk: &Runner, script: &str, variables: &[(&str, &str)]) -> (BTreeMap<String, String>, u64) {
    let _ = fs::remove_dir_all(desk.path("mfa/.mfaplan"));
    let (done, outputs) = desk.run(script, variables);
    assert!(done.code == 0 || done.code == 2, "{}{}", done.out, done.err);
    let status = desk.run("mfaplan evidence status --chdir mfa --json --as-of 2026-11-24", &[]).0;
    let status: Value = serde_json::from_str(&status.out).unwrap();
    (outputs, status["store"]["records"].as_u64().unwrap())
}

#[test]
fn a_night_is_read_once_and_every_job_plans_from_it_on_every_service() {
    let gitlab = scripts(&file("examples/ci/gitlab/.gitlab-ci.yml"));
    let azure = scripts(&file("examples/ci/azure-pipelines.yml"));
    let mfaplan = step("mfaplan");
    for service in ["github", "gitlab", "azure"] {
        let desk = desk();
        let (origin, script) = (desk.path("origin.git"), crate::support::root().join("examples/ci/evidence.sh"));
        let common = [
            ("JOURNAL_REMOTE", origin.to_str().unwrap()),
            ("MFAPLAN_EVIDENCE", "night"),
            ("EVIDENCE", "night"),
            ("MFAPLAN_EVIDENCE_SCRIPT", script.to_str().unwrap()),
            ("ARGS", AS_OF),
            ("MFAPLAN_ARGS", AS_OF),
        ];
        let (script, night): (&str, &[(&str, &str)]) = match service {
            "github" => (&mfaplan, &[("COMMAND", "evidence")]),
            "gitlab" => (&gitlab[0], &[("CI_PIPELINE_SOURCE", "schedule")]),
            _ => (&azure[0], &[("BUILD_REASON", "Schedule")]),
        };
        let night = |records: &[u32]| {
            tonight(&desk, records);
            let _ = fs::remove_dir_all(desk.path("mfa/.mfaplan"));
            desk.run(script, &[&common[..], night].concat()).0
        };
        let first = night(&[2, 3, 5]);
        assert_eq!(git(&desk, &["rev-list", "--count", "night"]).trim(), "1", "{service}: {}{}", first.out, first.err);
        let (_, records) = next_job(&desk, script, &common);
        assert_eq!(records, 3, "{service}");
        let plan = desk.run("mfaplan plan --chdir mfa --json --as-of 2026-11-24", &[]).0;
        let plan: Value = serde_json::from_str(&plan.out).unwrap();
        assert_eq!(plan["observed"]["evidence"]["mode"], "stored", "{service}");

        // The next night adds what is new; what it finds again is known. The branch keeps no history.
        night(&[3, 5, 8]);
        assert_eq!(next_job(&desk, script, &common).1, 4, "{service}");
        assert_eq!(git(&desk, &["rev-list", "--count", "night"]).trim(), "1", "{service}");
        let kept = git(&desk, &["ls-tree", "-r", "--name-only", "night"]);
        assert!(kept.lines().all(|path| path.starts_with("mfa/")) && !kept.contains("lock"), "{kept}");

        // Who does not ask for it reads nothing of it.
        let alone: Vec<_> = common.iter().copied().filter(|(name, _)| !name.ends_with("EVIDENCE")).collect();
        assert_eq!(next_job(&desk, script, &alone).1, 0, "{service}");
    }
}

#[test]
fn a_branch_keeps_the_evidence_of_every_directory_and_is_never_guessed() {
    let desk = desk();
    let origin = desk.path("origin.git");
    let remote = [("JOURNAL_REMOTE", origin.to_str().unwrap())];
    let keep = |what: &str, directory: &str, remote: &[(&str, &str)]| {
        desk.run(&format!("bash \"$SOURCE/examples/ci/evidence.sh\" {what} night {directory}"), remote).0
    };
    tonight(&desk, &[2, 3]);
    desk.run("cp -r mfa other && mfaplan evidence pull --chdir mfa --as-of 2026-11-24", &[]).0.ends(0);
    // Nothing is there yet: no error, and nothing is made.
    keep("pull", "other", &remote).ends(0);
    keep("push", "other", &remote).ends(0);
    assert!(!desk.path("other/.mfaplan/evidence").exists() && git(&desk, &["branch"]).is_empty());
    keep("push", "mfa", &remote).ends(0);
    tonight(&desk, &[8]);
    desk.run("mfaplan evidence pull --chdir other --as-of 2026-11-24", &[]).0.ends(0);
    keep("push", "./other/", &remote).ends(0);
    let kept = git(&desk, &["ls-tree", "--name-only", "night"]);
    assert_eq!(kept.lines().collect::<Vec<_>>(), ["mfa", "other"]);

    // A remote that does not answer is not an empty branch.
    let nowhere = desk.path("nowhere.git");
    keep("pull", "mfa", &[("JOURNAL_REMOTE", nowhere.to_str().unwrap())]).ends(1);
    // Nothing is read or written through a link.
    fs::remove_dir_all(desk.path("mfa/.mfaplan")).unwrap();
    std::os::unix::fs::symlink(desk.path("temp"), desk.path("mfa/.mfaplan")).unwrap();
    let linked = keep("pull", "mfa", &remote);
    assert!(linked.err.contains("is a link"), "{}", linked.err);
    linked.ends(1);

    let unnamed = desk.run(&step("mfaplan"), &[("COMMAND", "evidence")]).0;
    assert!(unnamed.out.contains("needs the input 'evidence'"), "{}", unnamed.out);
    unnamed.ends(1);
}
