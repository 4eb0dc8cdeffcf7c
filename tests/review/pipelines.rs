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

const WORKFLOWS: [&str; 8] = ["plan", "apply", "run", "waves", "drift", "fork", "fleet", "fleet-rings"];

pub(crate) fn file(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The scripts of a file: what stands, indented, below `key: |`, in order.
pub(crate) fn scripts(yaml: &str) -> Vec<String> {
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
pub(crate) fn step(name: &str) -> String {
    let action = file("action.yml");
    let (_, rest) = action.split_once(&format!("- name: {name}\n")).unwrap();
    scripts(rest).remove(0)
}

/// A runner: the repository with the configuration in `mfa`, and programs to be found.
pub(crate) struct Runner(pub(crate) Place);

impl Runner {
    pub(crate) fn new() -> Self {
        let place = Place::with("contoso");
        for dir in ["bin", "temp", "answers"] {
            fs::create_dir(place.path(dir)).unwrap();
        }
        let runner = Self(place);
        fs::copy(root().join("tests/review/gh.sh"), runner.0.path("bin/gh")).unwrap();
        runner.executable("bin/gh");
        runner.0.write("bin/mfaplan", &format!("#!/bin/sh\nexec '{}' \"$@\"\n", program().display()));
        runner.executable("bin/mfaplan");
        // The artifact is the plan itself: what is tested is the way to it, not the packing.
        let unzip =
            "#!/bin/sh\nwhile [ \"$1\" != -d ]; do shift; done\nmkdir -p \"$2\" && cp \"$3\" \"$2/plan.sealed\"\n";
        runner.0.write("bin/unzip", unzip);
        runner.executable("bin/unzip");
        for answer in ["comments", "pulls", "statuses", "issues"] {
            runner.answer(answer, &json!([]));
        }
        runner
    }

    pub(crate) fn executable(&self, name: &str) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.0.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn answer(&self, name: &str, value: &serde_json::Value) {
        self.0.write(&format!("answers/{name}.json"), &value.to_string());
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    /// Runs a script as the service runs it, and reads the outputs it sets.
    pub(crate) fn run(&self, script: &str, variables: &[(&str, &str)]) -> (Run, BTreeMap<String, String>) {
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
        command.envs([
            ("BRANCH", "main"),
            ("RUN", ""),
            ("SHA", "merge"),
            ("HEAD", "head"),
            ("PULL", "7"),
            ("ARGS", "--as-of 2026-11-20"),
        ]);
        command.env("SOURCE", root());
        command.envs([("MFA_DIRECTORY", "mfa"), ("MFAPLAN_ARGS", "--as-of 2026-11-20")]);
        command.envs(variables.iter().copied());
        let run = Run::from(command.output().unwrap());
        let outputs = self.0.read("output");
        let outputs = outputs.lines().filter_map(|line| line.split_once('='));
        (run, outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    pub(crate) fn log(&self) -> String {
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
    runner.answer("pulls", &json!([
            {"merged_at": "2026-11-20T09:00:00Z", "head": {"sha": "other"}, "base": {"ref": "release"}},
            {"merged_at": "2026-11-20T10:00:00Z", "head": {"sha": "other"}, "base": {"ref": "main"}, "merge_commit_sha": "earlier"},
            {"merged_at": "2026-11-20T10:00:00Z", "head": {"sha": "head"}, "base": {"ref": "main"}, "merge_commit_sha": "merge"},
        ]));
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

/// A release is taken by its hash or not at all; without one the program of the runner, or its source, is used.
#[test]
fn the_action_takes_a_release_by_its_hash() {
    let runner = Runner::new();
    let install = step("Install mfaplan");
    let name = "mfaplan-1.2.3-x86_64-unknown-linux-musl";
    fs::create_dir(runner.path(name)).unwrap();
    runner.0.write(&format!("{name}/mfaplan"), "#!/bin/sh\necho released >>\"$HOME/ran\"; echo mfaplan 1.2.3\n");
    runner.executable(&format!("{name}/mfaplan"));
    let packed =
        Command::new("tar").args(["-czf", "release.tar.gz", name]).current_dir(runner.path("")).status().unwrap();
    assert!(packed.success());
    let curl = "#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = --output ] && to=$2; shift; done\n\
                echo \"$1\" >>\"$HOME/asked\"; cp \"$HOME/release.tar.gz\" \"$to\"\n";
    runner.0.write("bin/curl", curl);
    runner.executable("bin/curl");
    let sum = Command::new("sha256sum").arg(runner.path("release.tar.gz")).output().unwrap().stdout;
    let sum = String::from_utf8(sum).unwrap()[..64].to_owned();
    let paths = runner.path("paths");
    let run = |release: &str, sha256: &str, machine: &str| {
        fs::write(&paths, "").unwrap();
        let releases = ("RELEASES", "https://github.com/mfaplan/mfaplan/releases/download");
        let variables = [
            ("RELEASE", release),
            ("SHA256", sha256),
            releases,
            ("MACHINE", machine),
            ("GITHUB_PATH", paths.to_str().unwrap()),
        ];
        runner.run(&install, &variables).0
    };

    let taken = run("1.2.3", &sum.to_uppercase(), "Linux-X64");
    assert_eq!(taken.code, 0, "{}{}", taken.out, taken.err);
    assert_eq!(runner.0.read("ran"), "released\n");
    let asked = format!("https://github.com/mfaplan/mfaplan/releases/download/v1.2.3/{name}.tar.gz\n");
    assert_eq!(runner.0.read("asked"), asked);
    assert!(fs::read_to_string(&paths).unwrap().ends_with(&format!("{name}\n")), "later steps find it");

    for (release, sha256, machine, says) in [
        ("1.2.3", "0".repeat(64), "Linux-X64", "nothing of it was run"),
        ("1.2.3", String::new(), "Linux-X64", "by its hash alone"),
        ("", sum.clone(), "Linux-X64", "no version"),
        ("../1.2.3", sum.clone(), "Linux-X64", "no version"),
        ("1.2.3", sum, "Windows-X64", "is built from its source"),
    ] {
        let refused = run(release, &sha256, machine);
        assert!(refused.out.contains("::error::") && refused.out.contains(says), "{release} {sha256}: {}", refused.out);
        assert_eq!(refused.code, 1);
        assert_eq!((runner.0.read("ran"), fs::read_to_string(&paths).unwrap()), ("released\n".into(), String::new()));
    }

    assert_eq!(run("", "", "Linux-X64").code, 0);
    assert_eq!(runner.0.read("ran"), "released\n", "the program of the runner");
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
            ("resume", "4", 4),
            ("rollback", "2", 0),
            ("rollback", "3", 3),
            ("verify", "0", 0),
            ("verify", "2", 2),
        ])
    {
        let (run, _) = runner.run(&step("Verdict"), &[("COMMAND", command), ("CODE", code)]);
        assert_eq!(run.code, verdict, "{command}, {code}");
        assert!(verdict == 0 || run.out.contains("::error::"));
    }
}

/// A run is verified and rolled back by later jobs, which name it; its summary says what was done.
#[test]
fn the_action_after_the_apply() {
    let runner = Runner::new();
    let mfaplan = step("mfaplan");
    let digest = runner.run(&mfaplan, &[]).1["digest"].clone();
    let (applied, outputs) = runner.run(&mfaplan, &[("COMMAND", "apply"), ("APPROVE", &digest)]);
    assert!(applied.ends(0).out.contains("\n  done  "), "the log says what was done");
    assert!(runner.0.read("summary").contains("      done  ") && runner.path("temp/mfaplan/report.txt").exists());
    assert!(outputs["changes"].parse::<u32>().unwrap() > 10);

    let journals = fs::read_dir(runner.path("mfa/.mfaplan/runs")).unwrap();
    let journal = journals.map(|entry| entry.unwrap().path()).next().unwrap();
    let name = journal.file_stem().unwrap().to_str().unwrap();
    for command in ["resume", "rollback"] {
        let (refused, _) = runner.run(&mfaplan, &[("COMMAND", command)]);
        assert!(refused.ends(1).out.contains("needs the input 'run'"));
    }
    let of_run = |command, approve| [("COMMAND", command), ("RUN", name), ("APPROVE", approve)];
    assert_eq!(&*runner.run(&mfaplan, &of_run("verify", "")).1["exit-code"], "0");
    assert_eq!(
        &*runner.run(&mfaplan, &of_run("resume", &digest)).1["exit-code"],
        "0",
        "a finished run is not run again"
    );
    let planned = runner.run(&mfaplan, &of_run("rollback", "")).1;
    let back = planned["digest"].as_str();
    assert!(back.starts_with("sha256:") && back != digest, "the way back is a plan of its own");
    assert_eq!(&*runner.run(&mfaplan, &of_run("rollback", back)).1["exit-code"], "0");
    assert_eq!(&*runner.run(&mfaplan, &of_run("verify", "")).1["exit-code"], "2", "the run is undone");
}

/// Blanks, quotes and what a shell would expand reach the program as they are; half a quote stops the job.
#[test]
fn arguments_keep_their_blanks_and_run_nothing() {
    let runner = Runner::new();
    let args = "--as-of 2026-11-20\n--waive max_changes=800 --reason \"CHG-1 by the CISO; $(touch hacked) *\"";
    let (planned, outputs) = runner.run(&step("mfaplan"), &[("ARGS", args)]);
    assert_eq!(&*outputs["exit-code"], "2", "{}", planned.err);
    let plan = fs::read_to_string(&outputs["plan"]).unwrap();
    assert!(plan.contains("CHG-1 by the CISO; $(touch hacked) *"));
    assert!(!runner.path("hacked").exists() && !runner.path("mfa/hacked").exists());
    let (broken, _) = runner.run(&step("mfaplan"), &[("ARGS", "--reason \"half")]);
    assert!(broken.ends(1).out.contains("a quote is not closed"));
}

/// Whoever registers a name that an example installs runs code beside the writer's identity.
#[test]
fn no_example_installs_a_name_that_nobody_owns() {
    let mut files: Vec<String> = WORKFLOWS.iter().map(|name| format!("examples/ci/github/{name}.yml")).collect();
    files.extend(
        ["examples/ci/gitlab/.gitlab-ci.yml", "examples/ci/azure-pipelines.yml", "action.yml", "README.md"]
            .map(str::to_owned),
    );
    files.push("docs/pull-requests.md".to_owned());
    for name in files {
        let text = file(&name);
        assert!(!text.contains("uses: mfaplan/"), "{name}");
        for line in text.lines().filter(|line| line.contains("cargo install")) {
            assert!(line.contains("--path") || (line.contains("--git") && line.contains("--rev")), "{name}: {line}");
        }
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
    let (_, outputs) = runner.run(&step("mfaplan"), &[("COMMAND", "verify")]);
    assert_eq!(&*outputs["exit-code"], "2");
    let report = outputs["report"].as_str();
    let drift = [("REPORT", report), ("CODE", "2")];
    runner.run(&script, &drift).0.ends(0);
    assert!(runner.log().contains("issue create --repo contoso/mfa --label mfa-drift"));
    runner.answer("issues", &json!([{"number": 12}]));
    runner.run(&script, &drift).0.ends(0);
    assert!(runner.log().contains("issue edit 12"));
    for unknown in ["1", "3", "130"] {
        runner.run(&script, &[("REPORT", report), ("CODE", unknown)]).0.ends(0);
    }
    assert!(!runner.log().contains("issue close"), "only 0 says that all is well");
    runner.run(&script, &[("REPORT", report), ("CODE", "0")]).0.ends(0);
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
        let waived = "--as-of 2026-11-20 --waive max_changes=800 --reason \"CHG-1, two words\"";
        runner.run(plan, &[("MFAPLAN_ARGS", waived)]).0.ends(0);
        assert_ne!(runner.run(plan, &[("MFAPLAN_ARGS", "--reason \"half")]).0.code, 0, "{name}");
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
            // Our own action comes from a checkout of a commit that the repository's variables name.
            let pinned = uses == "./.mfaplan-source"
                || uses.split_once('@').is_some_and(|(_, version)| version.starts_with('v'));
            assert!(pinned, "{uses} is not pinned");
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
