//! A proposed rollout parses, is canonical and plans; notices are files for their owner.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

use crate::tenant::{AS_OF, TENANT, people};

fn at<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [args, &AS_OF].concat()
}

fn configuration(more: &str) -> String {
    format!(
        "tenant \"contoso\" {{\n  id       = \"{TENANT}\"\n  snapshot = \"tenant.json\"\n}}\n\n\
         mfa \"staff\" {{\n  state   = \"enforced\"\n  where   = true\n  rollout = \"proposed\"\n}}\n{more}"
    )
}

#[test]
fn a_proposal_is_canonical_and_plans_as_it_stands() {
    let sandbox = people(60);
    sandbox.write("main.mfa.hcl", &configuration("").replace("  rollout = \"proposed\"\n", ""));
    let proposal =
        sandbox.run(&at(&["propose-waves", "--per-day", "7", "--start", "2026-12-05"])).exits(0).stdout.clone();
    assert!(proposal.contains("from = \"2026-12-07\""), "a Saturday becomes Monday: {proposal}");
    sandbox.write("main.mfa.hcl", &configuration(""));
    sandbox.write("rollout.mfa.hcl", &proposal);
    sandbox.run(&["fmt", "--check"]).exits(0);
    let plan = sandbox.plan(&AS_OF);
    let changes = plan["changes"].as_array().unwrap();
    assert!(!changes.is_empty());
    for change in changes.iter().filter(|change| change["decision"] == "hold") {
        assert_eq!(change["hold"]["kind"], "wave", "{change}");
    }
    assert_eq!(sandbox.run(&at(&["propose-waves", "--per-day", "7", "--start", "2026-12-05"])).stdout, proposal);
}

#[test]
fn bounds_that_make_no_sense_are_refused() {
    let sandbox = people(5);
    for wrong in [["--per-day", "0"], ["--max-team-percent", "0"], ["--max-team-percent", "101"], ["--start", "soon"]] {
        sandbox.run(&at(&["propose-waves", wrong[0], wrong[1]])).exits(1);
    }
    sandbox.run(&at(&["propose-waves", "--team", "managers"])).exits(1).says("manager");
}

const ROLLOUT: &str = r#"
rollout "proposed" {
  wave "first" {
    from = "2026-12-10"
  }
}

notice "announce" {
  days_before = [14, 3, 365]
  subject     = "MFA for ${coalesce(user.display_name, "you")} from ${wave.name} on"

  body = <<-EOT
    Hello ${coalesce(user.display_name, "colleague")},
    on ${wave.from} you go from ${change.before} to ${change.after}.
  EOT
}
"#;

/// Every file below a directory.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn notices_are_the_same_bytes_each_time_and_hold_no_header_of_a_tenants_making() {
    let sandbox = people(4);
    let mut tenant: serde_json::Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    tenant["users"][0]["displayName"] = "=cmd\r\nBcc: everybody@contoso.com\r\n".into();
    tenant["users"][0]["mail"] = "a@contoso.com\r\nBcc: b@contoso.com".into();
    sandbox.write("tenant.json", &tenant.to_string());
    sandbox.write("main.mfa.hcl", &configuration(ROLLOUT));
    sandbox.run(&at(&["readiness", "--notices", "one"])).exits(0).says("nothing is sent");
    sandbox.run(&at(&["readiness", "--notices", "two"])).exits(0);
    let all = files(&sandbox.path("one"));
    assert_eq!(all, files(&sandbox.path("two")));
    let names: Vec<&String> = all.keys().collect();
    assert!(all.contains_key("mail-merge.csv") && all.contains_key("proposed-first.ics"), "{names:?}");
    let letters: Vec<_> = all.iter().filter(|(name, _)| name.ends_with(".eml")).collect();
    assert_eq!(letters.len(), 2 * 4, "a date that has passed is not sent: {names:?}");
    for (name, bytes) in letters {
        assert!(name.starts_with("2026-11-26/announce/") || name.starts_with("2026-12-07/announce/"), "{name}");
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.split("\r\n").all(|line| !line.to_lowercase().starts_with("bcc")), "{text}");
    }
    sandbox.run(&at(&["readiness", "--notices", "one"])).exits(1).says("not empty");
    let page = sandbox.run(&at(&["readiness", "--format", "html"])).exits(0).stdout.clone();
    assert!(page.contains("Notice announce") && !page.contains("<script"), "{page}");
}

#[test]
fn a_template_that_fails_names_the_user_and_the_place_and_a_secret_stays_one() {
    let sandbox = people(3);
    let failing = ROLLOUT.replace("coalesce(user.display_name, \"you\")", "user.employee_id");
    sandbox.write("main.mfa.hcl", &configuration(&failing));
    let mut tenant: serde_json::Value = serde_json::from_str(&sandbox.read("tenant.json")).unwrap();
    tenant["users"][1].as_object_mut().unwrap().remove("employeeId");
    sandbox.write("tenant.json", &tenant.to_string());
    sandbox.run(&at(&["readiness", "--notices", "out"])).exits(1).says("user001@contoso.com").says("main.mfa.hcl");
    assert!(!sandbox.path("out").exists());

    let secret = format!(
        "{}\nvariable \"token\" {{\n  default   = \"hunter2\"\n  sensitive = true\n}}\n",
        ROLLOUT.replace("${wave.name}", "${var.token}")
    );
    sandbox.write("main.mfa.hcl", &configuration(&secret));
    let said = sandbox.run(&at(&["readiness", "--notices", "out"]));
    said.exits(1).says("sensitive");
    assert!(!said.stderr.contains("hunter2") && !said.stdout.contains("hunter2"));
}
