//! Offline copies: what a set is, what approves it, and what one tenant's trouble is to the others.

use aws_lc_rs::digest::{SHA256, digest as hash};
use serde_json::Value;

use crate::{
    binary::Sandbox,
    world::{fleet, set_digest, statuses, tenant},
};

const RINGS: &str = "  ring \"pilot\" {\n    stop_after_failed = 1\n  }\n\n  ring \"rest\" {}\n\n";
const AS_OF: [&str; 2] = ["--as-of", "2026-11-24"];

fn ring(at: usize) -> Option<&'static str> {
    [Some("pilot"), Some("rest"), None].get(at).copied().flatten()
}

fn with<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &AS_OF[..]].concat()
}

fn four() -> Sandbox {
    fleet(4, 3, true, RINGS, ring)
}

fn planned(sandbox: &Sandbox) -> String {
    sandbox.run(&with(&["fleet", "plan", "--out", "plans"])).exits(0);
    set_digest(sandbox, "plans")
}

fn enforced(sandbox: &Sandbox, at: usize) -> usize {
    let copy: Value = serde_json::from_str(&sandbox.read(&format!("tenants/t{at}/tenant.json"))).unwrap();
    copy["users"].as_array().unwrap().iter().filter(|one| one["perUserMfaState"] == "enforced").count()
}

#[test]
fn a_set_is_planned_reviewed_approved_and_applied() {
    let sandbox = four();
    let list = sandbox.run(&with(&["fleet", "list", "--json"])).exits(0).json();
    let names: Vec<_> =
        list.as_array().unwrap().iter().map(|one| (one["tenant"].as_str().unwrap(), one["ring"].as_str())).collect();
    assert_eq!(names, [("t0", Some("pilot")), ("t1", Some("rest")), ("t2", None), ("t3", None)]);
    assert_eq!((&list[0]["tenant_id"], &list[0]["changed"]), (&tenant(0).into(), &Value::Null));

    sandbox.run(&with(&["fleet", "plan", "--out", "plans", "--detailed-exitcode"])).exits(2).says("Set sha256:");
    let set: Value = serde_json::from_str(&sandbox.read("plans/fleet.json")).unwrap();
    // By hand: the digest is what anybody can compute.
    let mut lines: Vec<String> = set["tenants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}\n", one["tenant_id"].as_str().unwrap(), one["digest"].as_str().unwrap()))
        .collect();
    lines.sort();
    let digest: String =
        hash(&SHA256, lines.concat().as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(set["digest"], format!("sha256:{digest}"));

    let report = sandbox.run(&["fleet", "report", "plans", "--json"]).exits(0).json();
    assert_eq!((&report["totals"]["enforce"], &report["digest"]), (&12.into(), &set["digest"]));
    sandbox
        .run(&["fleet", "report", "plans", "--format", "markdown"])
        .exits(0)
        .says("12 users would be written in 4 tenants");
    for (format, holds) in [("html", "<!DOCTYPE html>"), ("csv", "tenant,tenant_id,ring"), ("text", "pilot")] {
        sandbox.run(&["fleet", "report", "plans", "--format", format]).exits(0).says(holds);
    }

    // A wrong digest, a short one: nothing anywhere.
    sandbox.run(&["fleet", "apply", "plans", "--approve-set", &"0".repeat(64)]).exits(1).says("nothing was written");
    sandbox.run(&["fleet", "apply", "plans", "--approve-set", &digest[..31]]).exits(1).says("at least 32");
    assert_eq!((0..4).map(|at| enforced(&sandbox, at)).sum::<usize>(), 0);

    let args = ["fleet", "apply", "plans", "--approve-set", &digest, "--json", "--events", "events.ndjson"];
    let result = sandbox.run(&args).exits(0).json();
    assert_eq!(result["outcome"], "complete");
    assert!(
        result["tenants"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["status"] == "done" && one["done"] == 3 && one["run"].is_string())
    );
    assert_eq!((0..4).map(|at| enforced(&sandbox, at)).sum::<usize>(), 12);
    let events: Vec<Value> =
        sandbox.read("events.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.iter().filter(|one| one["type"] == "tenant" && one["status"] == "done").count(), 4);
    let last = events.last().unwrap();
    assert_eq!((&last["command"], &last["done"], &last["exit_code"]), (&"fleet apply".into(), &12.into(), &0.into()));

    sandbox.run(&with(&["fleet", "verify"])).exits(0).says("t3: as declared");
    sandbox.replace("tenants/t2/tenant.json", "\"enforced\"", "\"disabled\"");
    let verified = sandbox.run(&with(&["fleet", "verify", "--json"])).exits(2).json();
    assert_eq!((&verified[2]["status"], &verified[1]["status"]), (&"different".into(), &"as_declared".into()));
}

#[test]
fn a_broken_configuration_and_two_directories_of_one_tenant_are_their_own_trouble() {
    let sandbox = four();
    sandbox.append("tenants/t1/main.mfa.hcl", "mfa \"broken\" {\n  stat = 1\n}\n");
    sandbox.replace("tenants/t3/main.mfa.hcl", &tenant(3), &tenant(2));
    sandbox.replace("tenants/t3/tenant.json", &tenant(3), &tenant(2));
    let list = sandbox.run(&with(&["fleet", "list", "--json"])).exits(0).json();
    assert_eq!(list[1]["tenant_id"], Value::Null);
    assert!(list[1]["error"].as_str().unwrap().contains("main.mfa.hcl"), "{list}");
    let set = sandbox.run(&with(&["fleet", "plan", "--out", "plans", "--json"])).exits(1).json();
    let status: Vec<_> = set["tenants"].as_array().unwrap().iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(status, ["planned", "error", "error", "error"]);
    let errors = |at: usize| set["tenants"][at]["error"].as_str().unwrap().to_owned();
    assert!(errors(1).contains("main.mfa.hcl:") && errors(2).contains("directories of one tenant"), "{set}");
    assert!(!sandbox.path("plans/t2.mfaplan").exists() && sandbox.path("plans/t0.mfaplan").exists());
    let digest = set["digest"].as_str().unwrap();
    let result = sandbox.run(&["fleet", "apply", "plans", "--approve-set", digest, "--json"]).exits(4).json();
    let status: Vec<_> = statuses(&result).into_iter().map(|(_, status)| status).collect();
    assert_eq!(status, ["done", "not_planned", "not_planned", "not_planned"]);
    assert_eq!((enforced(&sandbox, 0), enforced(&sandbox, 2)), (3, 0));
    // Plans of two sets are not mixed.
    sandbox.run(&with(&["fleet", "plan", "--out", "plans"])).exits(1).says("not empty");
}

#[test]
fn a_plan_that_moved_is_stale_alone_and_a_ring_stops_by_its_rule() {
    let sandbox = four();
    let digest = planned(&sandbox);
    // Somebody was faster with one user of t2.
    sandbox.replace("tenants/t2/tenant.json", "\"perUserMfaState\":\"disabled\"", "\"perUserMfaState\":\"enabled\"");
    let result = sandbox.run(&["fleet", "apply", "plans", "--approve-set", &digest, "--json"]).exits(4).json();
    let found =
        |name: &str| result["tenants"].as_array().unwrap().iter().find(|one| one["tenant"] == name).unwrap().clone();
    assert_eq!((&found("t2")["status"], &found("t2")["stale"]), (&"incomplete".into(), &3.into()));
    for other in ["t0", "t1", "t3"] {
        assert_eq!(found(other)["status"], "done", "{result}");
    }

    let sandbox = four();
    let digest = planned(&sandbox);
    // A configuration that is no longer the reviewed one is refused, and its ring allows no failure.
    sandbox.append("tenants/t0/main.mfa.hcl", "# since the review\n");
    let result = sandbox.run(&["fleet", "apply", "plans", "--approve-set", &digest, "--json"]).exits(3).json();
    let status: Vec<_> = statuses(&result).into_iter().map(|(_, status)| status).collect();
    assert_eq!(status, ["refused", "not_attempted", "not_attempted", "not_attempted"]);
    assert_eq!((0..4).map(|at| enforced(&sandbox, at)).sum::<usize>(), 0);
    // Mended, the run goes on where it stopped.
    let text = sandbox.read("tenants/t0/main.mfa.hcl").replace("# since the review\n", "");
    sandbox.write("tenants/t0/main.mfa.hcl", &text);
    let args = ["fleet", "apply", "plans", "--approve-set", &digest, "--json", "--resume"];
    let result = sandbox.run(&args).exits(0).json();
    assert_eq!(result["outcome"], "complete");
    assert_eq!((0..4).map(|at| enforced(&sandbox, at)).sum::<usize>(), 12);
    // Once more changes nothing.
    let before: Vec<String> = (0..4).map(|at| sandbox.read(&format!("tenants/t{at}/tenant.json"))).collect();
    sandbox.run(&args).exits(0);
    assert!((0..4).all(|at| sandbox.read(&format!("tenants/t{at}/tenant.json")) == before[at]));
}

#[test]
fn a_plan_file_that_was_touched_is_no_plan() {
    let sandbox = four();
    let digest = planned(&sandbox);
    sandbox.replace("plans/t1.mfaplan", "user001", "user999");
    let report = sandbox.run(&["fleet", "report", "plans", "--json"]).exits(1).json();
    assert_eq!((&report["tenants"][1]["status"], &report["totals"]["planned"]), (&"error".into(), &3.into()));
    let result = sandbox.run(&["fleet", "apply", "plans", "--approve-set", &digest, "--json"]).exits(4).json();
    assert_eq!(statuses(&result)[1], ("t1".to_owned(), "error".to_owned()));
    assert_eq!((enforced(&sandbox, 0), enforced(&sandbox, 1), enforced(&sandbox, 2)), (3, 0, 3));
    sandbox.replace("plans/fleet.json", &digest[8..20], "000000000000");
    sandbox.run(&["fleet", "report", "plans"]).exits(1).says("plan again");
}

#[test]
fn tenants_are_chosen_by_name_and_ring_and_misspelt_ones_are_told() {
    let sandbox = four();
    let listed = |args: &[&'static str]| {
        let all = sandbox.run(&[&["fleet", "list", "--json"], args].concat()).exits(0).json();
        all.as_array().unwrap().iter().map(|one| one["tenant"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&["--ring", "pilot"]), ["t0"]);
    assert_eq!(listed(&["--tenant", "t3", "--tenant", "t1"]), ["t1", "t3"]);
    sandbox.run(&["fleet", "list", "--ring", "pilto"]).exits(1).says("did you mean `pilot`?");
    sandbox.run(&["fleet", "plan", "--out", "p", "--tenant", "t9"]).exits(1).says("no such tenant");
    sandbox.replace("customers.mfafleet.hcl", "ring      = \"rest\"", "ring      = \"rset\"");
    sandbox.run(&["fleet", "list"]).exits(1).says("did you mean `rest`?").says("customers.mfafleet.hcl:");
}

#[test]
fn a_changed_module_changes_its_users_and_an_untouched_tenant_is_not_listed() {
    let mut sandbox = four();
    sandbox.set("PATH", &std::env::var("PATH").unwrap());
    std::fs::remove_dir_all(sandbox.path(".git")).unwrap();
    // One tenant without the module.
    let text = sandbox.read("tenants/t3/main.mfa.hcl");
    let module = text.find("module").unwrap();
    sandbox.write(
        "tenants/t3/main.mfa.hcl",
        &format!(
            "{}mfa \"all\" {{\n  state = \"enforced\"\n  where = user.user_type == \"Member\"\n}}\n",
            &text[..module]
        ),
    );
    let git = |args: &[&str]| {
        let mut command = std::process::Command::new("git");
        let done = command
            .args(["-c", "user.name=t", "-c", "user.email=t@contoso.com"])
            .args(args)
            .current_dir(sandbox.path(""))
            .output()
            .unwrap();
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "first"]);
    let changed = || {
        let all = sandbox.run(&with(&["fleet", "list", "--json", "--changed-since", "HEAD"])).exits(0).json();
        all.as_array()
            .unwrap()
            .iter()
            .map(|one| (one["tenant"].as_str().unwrap().to_owned(), one["files"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(changed(), []);
    sandbox.append("modules/baseline/main.mfa.hcl", "# more\n");
    let names: Vec<String> = changed().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["t0", "t1", "t2"]);
    git(&["commit", "-qam", "second"]);
    sandbox.write("tenants/t1/new.mfa.hcl", "locals {\n  a = 1\n}\n");
    assert_eq!(changed(), [("t1".to_owned(), serde_json::json!(["tenants/t1/new.mfa.hcl"]))]);
    sandbox.append("customers.mfafleet.hcl", "# more\n");
    assert_eq!(changed().len(), 4, "the fleet itself may have changed for anybody");
    sandbox.run(&with(&["fleet", "list", "--changed-since", "nothing-of-that-name"])).exits(1).says("no such revision");
}

/// A table outside of the work tree, and a wave of a day: what was typed for the fleet holds for each tenant.
#[test]
fn a_directory_of_tables_and_an_instant_reach_every_tenant() {
    let sandbox = four();
    let outside = Sandbox::new();
    outside.write("staff.csv", "upn\nuser000@t0.example\n");
    let table = outside.path("staff.csv").display().to_string();
    let wave = format!(
        "\nrollout \"staff\" {{\n  wave \"all\" {{\n    from    = \"2026-11-24\"\n    percent = 100\n  }}\n}}\n\nmfa \"listed\" {{\n  state    = \"enforced\"\n  priority = 1\n  users    = [for row in csvdecode(file(\"{table}\")) : row.upn]\n  rollout  = \"staff\"\n}}\n"
    );
    sandbox.append("tenants/t0/main.mfa.hcl", &wave);
    let dir = outside.path("").display().to_string();
    let early = ["--tenant", "t0", "--as-of", "2026-11-23", "--allow-files", &dir];
    sandbox.run(&["fleet", "plan", "--out", "refused", "--tenant", "t0"]).exits(1).says("Invalid function argument");
    sandbox.run(&["fleet", "verify", "--tenant", "t0"]).exits(1).says("Invalid function argument");
    sandbox.run(&["fleet", "permissions", "--tenant", "t0"]).exits(1).says("Invalid function argument");
    let set = sandbox.run(&[&["fleet", "plan", "--out", "early", "--json"][..], &early].concat()).exits(0).json();
    assert_eq!(set["as_of"], "2026-11-23T00:00:00Z");
    let report = sandbox.run(&["fleet", "report", "early", "--json"]).exits(0).json();
    assert_eq!((&report["totals"]["enforce"], &report["totals"]["held"]), (&2.into(), &1.into()), "{report}");
    let digest = set_digest(&sandbox, "early");
    let apply = ["fleet", "apply", "early", "--approve-set", &digest];
    sandbox.run(&apply).exits(4).says("Invalid function argument");
    sandbox.run(&[&apply[..], &["--resume", "--allow-files", &dir]].concat()).exits(0);
    // The day before its wave nobody misses the third; on the day it is a difference.
    let verified = |day: &str, code: i32| {
        let args = ["fleet", "verify", "--tenant", "t0", "--json", "--allow-files", &dir, "--as-of", day];
        sandbox.run(&args).exits(code).json()[0]["status"].clone()
    };
    assert_eq!((verified("2026-11-23", 0), verified("2026-11-25", 2)), ("as_declared".into(), "different".into()));
    // No permission is asked for offline, but the configuration is read.
    let denied =
        sandbox.run(&["fleet", "permissions", "--tenant", "t0", "--allow-files", &dir]).exits(1).stderr.clone();
    assert!(!denied.contains("Invalid function argument"), "{denied}");
}
