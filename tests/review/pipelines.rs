//! The action and the example pipelines: their shell is run as it stands in the files, against the offline example, with
//! a stand-in for `gh`; and what makes them safe is looked for.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use crate::support::{Place, Run, program, root};

const WORKFLOWS: [&str; 4] = ["plan", "apply", "drift", "fork"];

fn file(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The scripts of a file: what stands, indented, below `key: |`, in order.
fn scripts(yaml: &str) -> Vec<String> {
    let lines: Vec<&str> = yaml.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let starts = ["run: |", "- bash: |", "- |"].iter().any(|start| line.trim_start() == *start);
        if starts {
            let margin = indent(lines[at + 1]);
            let body = lines[at + 1..].iter().take_while(|one| one.is_empty() || indent(one) >= margin);
            found.push(body.map(|one| format!("{}\n", one.get(margin..).unwrap_or_default())).collect());
        }
    }
    found
}

/// The script of the action's step of this name.
fn step(name: &str) -> String {
    let action = file("action.yml");
    let (_, rest) = action.split_once(&format!("- name: {name}\n")).unwrap();
    scripts(rest).remove(0)
}

/// A runner: the repository with the configuration in `mfa`, and programs to be found.
struct Runner(Place);

impl Runner {
    fn new() -> Self {
        let place = Place::with("contoso");
        for dir in ["bin", "temp", "answers"] {
            fs::create_dir(place.path(dir)).unwrap();
        }
        let runner = Self(place);
        fs::copy(root().join("tests/review/gh.sh"), runner.0.path("bin/gh")).unwrap();
        runner.executable("bin/gh");
        runner.0.write("bin/mfaplan", &format!("#!/bin/sh\nexec '{}' \"$@\"\n", program().display()));
        runner.executable("bin/mfaplan");
        for answer in ["comments", "pulls", "statuses", "issues"] {
            runner.answer(answer, &json!([]));
        }
        runner
    }

    fn executable(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.0.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn answer(&self, name: &str, value: &serde_json::Value) {
        self.0.write(&format!("answers/{name}.json"), &value.to_string());
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    /// Runs a script as the service runs it, and reads the outputs it sets.
    fn run(&self, script: &str, variables: &[(&str, &str)]) -> (Run, BTreeMap<String, String>) {
        self.0.write("output", "");
        let search = format!("{}:{}", self.path("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
        command.current_dir(self.path("")).env_clear().env("PATH", search).env("HOME", self.path(""));
        for (name, file) in [
            ("GITHUB_OUTPUT", "output"),
            ("GITHUB_STEP_SUMMARY", "summary"),
            ("RUNNER_TEMP", "temp"),
            ("AGENT_TEMPDIRECTORY", "temp"),
            ("GH_LOG", "gh.log"),
            ("GH_ANSWERS", "answers"),
        ] {
            command.env(name, self.path(file));
        }
        for name in ["POLICY", "SNAPSHOT", "FAIL_ON", "APPROVE", "EVENTS"] {
            command.env(name, "");
        }
        command.envs([("COMMAND", "plan"), ("DIRECTORY", "mfa"), ("REDACT", "false"), ("REPOSITORY", "contoso/mfa")]);
        command.envs([("SHA", "merge"), ("HEAD", "head"), ("PULL", "7"), ("ARGS", "--as-of 2026-11-20")]);
        command.envs([("MFA_DIRECTORY", "mfa"), ("MFAPLAN_ARGS", "--as-of 2026-11-20")]);
        command.envs(variables.iter().copied());
        let run = Run::from(command.output().unwrap());
        let outputs = self.0.read("output");
        let outputs = outputs.lines().filter_map(|line| line.split_once('='));
        (run, outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn log(&self) -> String {
        self.0.read("gh.log")
    }
}

/// From the pull request to the merge: the reviewed digest is the one that is applied.
#[test]
fn the_action_from_review_to_apply() {
    let runner = Runner::new();
    let (planned, outputs) = runner.run(&step("mfaplan"), &[]);
    assert_eq!(planned.code, 0, "{}", planned.err);
    let (plan, digest) = (outputs["plan"].as_str(), outputs["digest"].as_str());
    assert_eq!((&*outputs["exit-code"], &*outputs["refused"]), ("2", "false"));
    assert!(outputs["changes"].parse::<u32>().unwrap() > 10 && planned.out.contains(digest));

    let (shown, _) = runner.run(&step("Summary and annotations"), &[("PLAN", plan)]);
    assert!(shown.ends(0).out.contains("::error file=mfa/administrators.mfa.hcl,line="), "places are the repository's");
    assert!(runner.0.read("summary").contains(digest));

    // The first comment is made; the next one replaces it, and not the copy that a person has posted.
    let comment = step("Comment");
    runner.run(&comment, &[("PLAN", plan)]).0.ends(0);
    assert!(runner.log().contains("-X POST repos/contoso/mfa/issues/7/comments"));
    let body = runner.0.read("answers/body.md");
    let user = |kind: &str, id: u32| json!({"id": id, "user": {"type": kind}, "body": body});
    runner.answer("comments", &json!([user("User", 1), user("Bot", 42)]));
    runner.run(&comment, &[("PLAN", plan)]).0.ends(0);
    assert!(runner.log().contains("-X PATCH repos/contoso/mfa/issues/comments/42"));

    let record = [("DIGEST", digest), ("REFUSED", "false")];
    runner.run(&step("Record the digest"), &record).0.ends(0);
    assert!(
        runner
            .log()
            .contains(&format!("statuses/head -f state=success -f context=mfaplan/plan mfa -f description={digest}"))
    );

    // A push that no pull request brought, a pull request without a plan, a digest that somebody else recorded.
    let apply = [("COMMAND", "apply")];
    let apply = || runner.run(&step("mfaplan"), &apply);
    assert!(apply().0.ends(1).out.contains("no merged pull request"));
    runner.answer("pulls", &json!([{"merged_at": "2026-11-20T10:00:00Z", "head": {"sha": "head"}}]));
    let status =
        |login: &str| json!({"context": "mfaplan/plan mfa", "creator": {"login": login}, "description": digest});
    runner.answer("statuses", &json!([status("mallory")]));
    assert!(apply().0.ends(1).out.contains("No digest is recorded"));
    assert!(!runner.path("mfa/.mfaplan/runs").exists());

    runner.answer("statuses", &json!([status("github-actions[bot]")]));
    let (applied, done) = apply();
    assert_eq!(applied.code, 0, "{}", applied.err);
    assert_eq!((&*done["exit-code"], &done["changes"], &*done["digest"]), ("0", &outputs["changes"], digest));
    // The next run plans something else: what was approved is spent.
    let (again, outputs) = apply();
    again.ends(0);
    assert_eq!(
        (&*outputs["changes"], runner.run(&step("Verdict"), &[("CODE", &outputs["exit-code"])]).0.code != 2),
        ("0", true)
    );
}

#[test]
fn the_verdict_is_that_of_the_exit_code() {
    let runner = Runner::new();
    for (command, code, verdict) in
        [("plan", "0", 0), ("plan", "2", 0), ("plan", "3", 3), ("plan", "1", 1), ("plan", "", 1)].into_iter().chain([
            ("apply", "0", 0),
            ("apply", "1", 1),
            ("apply", "2", 1),
            ("apply", "3", 3),
            ("apply", "4", 4),
        ])
    {
        let (run, _) = runner.run(&step("Verdict"), &[("COMMAND", command), ("CODE", code)]);
        assert_eq!(run.code, verdict, "{command}, {code}");
        assert!(verdict == 0 || run.out.contains("::error::"));
    }
}

#[test]
fn a_public_repository_reads_no_names() {
    let runner = Runner::new();
    let redact = ("REDACT", "true");
    let (planned, outputs) = runner.run(&step("mfaplan"), &[redact, ("FAIL_ON", "critical")]);
    assert_eq!(&*outputs["exit-code"], "3");
    let plan = ("PLAN", outputs["plan"].as_str());
    let (shown, _) = runner.run(&step("Summary and annotations"), &[redact, plan]);
    runner.run(&step("Comment"), &[redact, plan]).0.ends(0);
    let pages = [runner.0.read("summary"), runner.0.read("answers/body.md")];
    for text in pages.iter().chain([&planned.out, &planned.err, &shown.out]) {
        assert!(!text.contains("@contoso"), "{text}");
    }
    assert!(pages[1].contains("user-"));
}

#[test]
fn drift_opens_one_issue_and_closes_it() {
    let runner = Runner::new();
    let script = scripts(&file("examples/ci/github/drift.yml")).remove(0);
    let plan = runner.run(&step("mfaplan"), &[]).1["plan"].clone();
    let drift = [("PLAN", &*plan), ("CHANGES", "3"), ("REFUSED", "false")];
    runner.run(&script, &drift).0.ends(0);
    assert!(runner.log().contains("issue create --repo contoso/mfa --label mfa-drift"));
    runner.answer("issues", &json!([{"number": 12}]));
    runner.run(&script, &drift).0.ends(0);
    assert!(runner.log().contains("issue edit 12"));
    runner.run(&script, &[("PLAN", &*plan), ("CHANGES", "0"), ("REFUSED", "false")]).0.ends(0);
    assert!(runner.log().contains("issue close 12"));
}

#[test]
fn a_fork_is_compared_by_diff_alone() {
    let runner = Runner::new();
    for side in ["old", "new"] {
        fs::create_dir(runner.path(side)).unwrap();
        let copied = Command::new("cp").args(["-r", "mfa"]).arg(side).current_dir(runner.path("")).status().unwrap();
        assert!(copied.success());
    }
    let people = runner.0.read("new/mfa/people.mfa.hcl").replacen("\"enforced\"", "\"enabled\"", 1);
    runner.0.write("new/mfa/people.mfa.hcl", &people);
    let script = scripts(&file("examples/ci/github/fork.yml")).pop().unwrap();
    runner.run(&script, &[]).0.ends(0);
    let summary = runner.0.read("summary");
    assert!(summary.starts_with("<!-- mfaplan:diff -->") && !summary.contains("No difference"), "{summary}");
    assert!(!summary.contains("@contoso"));
}

#[test]
fn gitlab_and_azure_plan_and_apply() {
    for (name, reports) in [
        ("examples/ci/gitlab/.gitlab-ci.yml", ["plan.gitlab.json", "plan.junit.xml"]),
        ("examples/ci/azure-pipelines.yml", ["temp/plan.md", "temp/plan.xml"]),
    ] {
        let runner = Runner::new();
        let scripts = scripts(&file(name));
        let [plan, apply] = scripts.as_slice() else { panic!("{name} has {} scripts", scripts.len()) };
        let (planned, _) = runner.run(plan, &[]);
        let planned = planned.ends(0);
        for report in reports {
            assert!(!runner.0.read(report).is_empty(), "{name}: {report}");
        }
        let digest = planned.out.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap().to_owned();
        assert_ne!(runner.run(apply, &[("MFA_DIGEST", "0123456789ab")]).0.code, 0, "{name}");
        runner.run(apply, &[("MFA_DIGEST", &digest)]).0.ends(0);
        // In the nightly schedule changes would be drift; now there are none that could be made.
        runner.run(plan, &[("CI_PIPELINE_SOURCE", "merge_request_event")]).0.ends(0);
    }
}

/// Least privilege, pinned actions, and no expression inside a script: a branch name must not become a command.
#[test]
fn the_workflows_are_safe_to_paste() {
    let mut files: Vec<PathBuf> =
        WORKFLOWS.iter().map(|name| format!("examples/ci/github/{name}.yml").into()).collect();
    for path in &files {
        let text = file(path.to_str().unwrap());
        assert!(text.contains("\npermissions:"), "{}: the token would have every right", path.display());
        assert!(!text.contains("pull_request_target") && !text.contains("write-all"), "{}", path.display());
        for uses in text.lines().filter_map(|line| line.split_once("- uses: ")).map(|(_, uses)| uses.trim()) {
            let (_, version) = uses.split_once('@').unwrap();
            assert!(version.starts_with('v'), "{uses} is not pinned");
        }
        assert_eq!(text.matches("actions/checkout@").count(), text.matches("persist-credentials: false").count());
    }
    let fork = file("examples/ci/github/fork.yml");
    assert!(!fork.contains("id-token") && !fork.contains("secrets.") && !fork.contains(": write"));
    assert!(file("examples/ci/github/apply.yml").contains("environment: mfa"));
    files.push(Path::new("action.yml").to_owned());
    for path in &files {
        for script in scripts(&file(path.to_str().unwrap())) {
            assert!(!script.contains("${{"), "{}: {script}", path.display());
            let checked = Command::new("bash").args(["-n", "-c", &script]).output().unwrap();
            assert!(checked.status.success(), "{}: {checked:?}", path.display());
        }
    }
}
