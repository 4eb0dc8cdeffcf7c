//! The example pipelines: their shell runs as it stands in the files, against the example of four customers.

use std::process::Command;

use crate::{
    binary::{Said, Sandbox},
    world::set_digest,
};

fn file(name: &str) -> String {
    std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci").join(name)).unwrap()
}

/// The scripts of a file that call this program: what stands, indented, below `key: |`, in order.
fn scripts(yaml: &str) -> Vec<String> {
    let lines: Vec<&str> = yaml.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let starts = |line: &&str| ["run: |", "- bash: |", "- |"].contains(&line.trim_start());
    let below = lines.iter().enumerate().filter(|(_, line)| starts(line)).map(|(at, _)| at + 1);
    let script = |at: usize| {
        let margin = indent(lines[at]);
        let body = lines[at..].iter().take_while(|one| one.is_empty() || indent(one) >= margin);
        body.map(|one| format!("{}\n", one.get(margin..).unwrap_or_default())).collect::<String>()
    };
    below.map(script).filter(|one| one.contains("mfaplan fleet")).collect()
}

/// A runner with the example and a stand-in for `gh`.
fn runner() -> Sandbox {
    let sandbox = Sandbox::example("msp");
    std::fs::create_dir_all(sandbox.path("bin")).unwrap();
    let program = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt;
        sandbox.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{text}\n"));
        std::fs::set_permissions(sandbox.path(&format!("bin/{name}")), std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    program("mfaplan", &format!("exec '{}' \"$@\"", env!("CARGO_BIN_EXE_mfaplan")));
    program("gh", "echo \"gh $*\" >>gh.log");
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@contoso.com"];
        assert!(
            Command::new("git").args(identity).args(args).current_dir(sandbox.path("")).status().unwrap().success()
        );
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "first"]);
    sandbox
}

fn run(sandbox: &Sandbox, script: &str, variables: &[(&str, &str)]) -> Said {
    let path = format!("{}:{}", sandbox.path("bin").display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-c", script]).current_dir(sandbox.path("")).env_clear().env("PATH", path);
    command.env("MFAPLAN_POLICY", sandbox.path("policy")).env("GITHUB_STEP_SUMMARY", sandbox.path("summary.md"));
    command.envs(variables.iter().copied()).output().unwrap().into()
}

#[test]
fn from_the_list_to_the_rings_on_three_services() {
    for (name, base, approved) in [
        ("github/fleet.yml", "BASE", "DIGEST"),
        ("gitlab/fleet.yml", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "MFA_SET_DIGEST"),
        ("azure-fleet.yml", "TARGET", "DIGEST"),
    ] {
        let yaml = file(name);
        let scripts = scripts(&yaml);
        let [plan, apply] = scripts.as_slice() else { panic!("{name} has {} scripts", scripts.len()) };
        assert!(!plan.contains("${{") && !apply.contains("${{"), "{name}: an expression inside a script");
        for line in yaml.lines().filter(|line| line.contains("cargo install")) {
            assert!(line.contains("--git") && line.contains("--rev"), "{name}: {line}");
        }
        let sandbox = runner();
        // A pull request that touches nobody plans nobody.
        if base != "TARGET" {
            run(&sandbox, plan, &[(base, "HEAD"), ("NUMBER", "7")]).exits(0).says("No tenant is touched.");
            sandbox.append("tenants/contoso/main.mfa.hcl", "# touched\n");
            run(&sandbox, plan, &[(base, "HEAD"), ("NUMBER", "7")]).exits(0);
            let set: serde_json::Value = serde_json::from_str(&sandbox.read("plans/fleet.json")).unwrap();
            assert_eq!(set["tenants"].as_array().unwrap().len(), 1, "{name}: {set}");
            std::fs::remove_dir_all(sandbox.path("plans")).unwrap();
        }
        // Everybody: one customer is refused, which fails the check and is told in the comment.
        run(&sandbox, plan, &[]).exits(3);
        let comment = sandbox.read(if name.starts_with("github") { "comment.md" } else { "fleet.md" });
        assert!(comment.contains("**Refused in part.**"), "{comment}");
        let digest = set_digest(&sandbox, "plans");
        std::fs::remove_dir_all(sandbox.path("plans")).unwrap();
        run(&sandbox, apply, &[(approved, &"0".repeat(64))]).exits(1);
        std::fs::remove_dir_all(sandbox.path("plans")).unwrap();
        // The journals of all tenants, and the fleet's own, are on a branch afterwards.
        let remote =
            Command::new("git").args(["init", "-q", "--bare", "kept.git"]).current_dir(sandbox.path("")).status();
        assert!(remote.unwrap().success());
        let (source, remote) = (env!("CARGO_MANIFEST_DIR"), sandbox.path("kept.git").display().to_string());
        let script = format!("{source}/examples/ci/journal.sh");
        let keeping = [
            (approved, &*digest),
            ("MFAPLAN_JOURNAL", "kept"),
            ("JOURNAL_REMOTE", &remote),
            ("SOURCE", source),
            ("MFAPLAN_JOURNAL_SCRIPT", &script),
        ];
        run(&sandbox, apply, &keeping).exits(4).says("contoso: done (3 done)");
        // The next job has a fresh checkout: it finds them, and could take back what a tenant's run did.
        for gone in [".mfaplan", "plans", "tenants/contoso/.mfaplan", "tenants/contoso-north/.mfaplan"] {
            std::fs::remove_dir_all(sandbox.path(gone)).unwrap();
        }
        let applied = sandbox.read("tenants/contoso/tenant.json");
        run(&sandbox, apply, &keeping).exits(1);
        assert_eq!(sandbox.read("tenants/contoso/tenant.json"), applied, "{name}: the approval was for another set");
        let fleet = std::fs::read_dir(sandbox.path(".mfaplan/fleet")).unwrap().count();
        let history = "mfaplan --chdir tenants/contoso history --json";
        let runs: serde_json::Value = serde_json::from_str(&run(&sandbox, history, &[]).exits(0).stdout).unwrap();
        assert_eq!((fleet, runs.as_array().unwrap().len()), (1, 1), "{name}: {runs}");
    }
}

/// How a service hands the rings from the job that lists them to the jobs that have one each.
struct Rings {
    files: &'static [&'static str],
    /// What the job that lists them is given, beside the variable that names a file for its outputs.
    given: &'static [(&'static str, &'static str)],
    /// The rings it has handed on.
    handed: fn(&Sandbox, &Said) -> Vec<String>,
    /// The variable with the approved digests.
    digests: &'static str,
}

fn from_github(sandbox: &Sandbox, _: &Said) -> Vec<String> {
    serde_json::from_str(sandbox.read("output").trim_end().strip_prefix("rings=").unwrap()).unwrap()
}

fn from_azure(_: &Sandbox, said: &Said) -> Vec<String> {
    let name = "##vso[task.setvariable variable=matrix;isOutput=true]";
    let matrix = said.stdout.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let matrix: serde_json::Map<String, serde_json::Value> = serde_json::from_str(matrix).unwrap();
    assert!(matrix.keys().enumerate().all(|(at, key)| *key == format!("ring_{at}")), "{matrix:?}");
    matrix.values().map(|one| one["RING"].as_str().unwrap().to_owned()).collect()
}

/// The child pipeline names a hidden job for each.
fn from_gitlab(sandbox: &Sandbox, _: &Said) -> Vec<String> {
    let child: serde_json::Value = serde_json::from_str(&sandbox.read("rings.yml")).unwrap();
    assert_eq!(child["include"]["local"], "ci/fleet-ring.yml");
    let jobs = child.as_object().unwrap().iter().filter(|(name, _)| !["include", "stages"].contains(&name.as_str()));
    let hidden = file("gitlab/fleet-ring.yml");
    let rings = jobs.map(|(name, job)| {
        let (work, ring) = name.split_once(' ').unwrap();
        assert_eq!(job["extends"], format!(".{work} ring"));
        assert!(hidden.contains(&format!("\n.{work} ring:\n")), "{name}");
        assert_eq!(job["variables"]["RING"], ring);
        ring.to_owned()
    });
    rings.collect()
}

/// Beyond one job: a set for each ring, planned beside each other and applied one after the other.
#[test]
fn rings_are_planned_beside_each_other_and_applied_in_turn() {
    let services = [
        Rings { files: &["github/fleet-rings.yml"], given: &[], handed: from_github, digests: "DIGESTS" },
        Rings {
            files: &["gitlab/fleet-rings.yml", "gitlab/fleet-ring.yml"],
            given: &[],
            handed: from_gitlab,
            digests: "MFA_SET_DIGESTS",
        },
        Rings {
            files: &["azure-fleet-rings.yml"],
            given: &[("RINGS", "[\n  \"pilot\",\n  \"rest\"\n]")],
            handed: from_azure,
            digests: "DIGESTS",
        },
    ];
    for Rings { files, given, handed, digests } in services {
        let name = files[0];
        let texts: Vec<String> = files.iter().map(|name| file(name)).collect();
        let scripts: Vec<String> = texts.iter().flat_map(|text| scripts(text)).collect();
        let [list, plan, apply] = scripts.as_slice() else { panic!("{name} has {} scripts", scripts.len()) };
        assert!(scripts.iter().all(|script| !script.contains("${{")), "{name}: an expression inside a script");
        let sandbox = runner();
        let output = sandbox.path("output").display().to_string();
        let given = [&[("GITHUB_OUTPUT", &*output)], given].concat();
        let rings = handed(&sandbox, run(&sandbox, list, &given).exits(0));
        assert_eq!(rings, ["pilot", "rest"], "{name}");
        let mut approved = Vec::new();
        for ring in &rings {
            let said = run(&sandbox, plan, &[("RING", ring)]);
            let line = said.stdout.lines().last().unwrap().trim_matches('`').to_owned();
            assert_eq!(line, format!("{ring}={}", set_digest(&sandbox, "plans")), "{name}");
            approved.push(line);
            std::fs::remove_dir_all(sandbox.path("plans")).unwrap();
        }
        let apply = |ring: &str, approved: &str| {
            let _ = std::fs::remove_dir_all(sandbox.path("plans"));
            run(&sandbox, apply, &[("RING", ring), (digests, approved)])
        };
        apply("rest", &approved[0]).exits(1).says("The ring rest is not approved");
        // The digest of one ring approves no other.
        let swapped = approved[0].replace("pilot=", "rest=");
        apply("rest", &swapped).exits(1).says("nothing was written");
        let all = approved.join(" ");
        let ends = |ring: &str| apply(ring, &all).code;
        let codes: Vec<_> = rings.iter().map(|ring| ends(ring)).collect();
        // One customer of the second ring is refused.
        assert_eq!(codes, [Some(0), Some(4)], "{name}");
        // A tenant of no ring would be forgotten.
        let text = sandbox.read("customers.mfafleet.hcl");
        let at = text.find("ring      = ").unwrap();
        let end = at + text[at..].find('\n').unwrap();
        sandbox.write("customers.mfafleet.hcl", &format!("{}{}", &text[..at], &text[end..]));
        run(&sandbox, list, &given).exits(1).says("is in no ring");
    }
}

/// Who applies waits for the ring before, and who plans for nobody; stages of Azure are made before anything runs, and are to
/// be those of the fleet.
#[test]
fn no_ring_overtakes_another_and_none_is_left_out() {
    let listing = |name: &str| scripts(&file(name)).remove(0);
    let sandbox = runner();
    let needs = |digests: &str| -> Vec<serde_json::Value> {
        run(&sandbox, &listing("gitlab/fleet-rings.yml"), &[("MFA_SET_DIGESTS", digests)]).exits(0);
        let child: serde_json::Value = serde_json::from_str(&sandbox.read("rings.yml")).unwrap();
        let work = if digests.is_empty() { "plan" } else { "apply" };
        ["pilot", "rest"].map(|ring| child[format!("{work} {ring}")]["needs"].clone()).into()
    };
    assert_eq!(needs(""), [serde_json::json!([]), serde_json::json!([])]);
    assert_eq!(needs("pilot=sha256:00"), [serde_json::json!([]), serde_json::json!(["apply pilot"])]);
    for others in ["[\"rest\", \"pilot\"]", "[\"pilot\"]"] {
        let said = run(&sandbox, &listing("azure-fleet-rings.yml"), &[("RINGS", others)]);
        said.exits(1).says("the parameter \"rings\" names others");
    }
}
