//! A fake Graph that has all tenants: each in its own trouble, each with its own credentials.

use std::time::Duration;

use serde_json::Value;

use crate::{
    support::fake_graph::FakeOptions,
    world::{runtime, set_digest, tenant, world},
};

#[test]
fn who_lacks_which_permission_is_said() {
    let runtime = runtime();
    let mut options: Vec<FakeOptions> = (0..4).map(|_| FakeOptions::default()).collect();
    options[1].denied = ["AuditLog.Read.All".to_owned()].into();
    options[2].denied = ["Policy.Read.All".to_owned(), "Policy.ReadWrite.AuthenticationMethod".to_owned()].into();
    options[3].denied = ["User.Read.All".to_owned()].into();
    let (sandbox, _fake) = world(options, 1, &runtime);
    // Without the first of all permissions it cannot even be said whose tenant this is.
    let held = sandbox.run(&["fleet", "permissions", "--json"]).exits(1).json();
    let lacks = |at: usize| {
        let all = held[at]["missing"].as_array().unwrap().clone();
        let names = all.into_iter().map(|one| one["permission"].as_str().unwrap().to_owned());
        // The fake knows nothing of devices and mailboxes.
        names.filter(|name| !["Device.Read.All", "MailboxSettings.Read"].contains(&&**name)).collect::<Vec<_>>()
    };
    assert_eq!((lacks(0), lacks(1)), (vec![], vec!["AuditLog.Read.All".to_owned()]), "{held:#}");
    assert_eq!(lacks(2), ["Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"], "{held:#}");
    assert!(held[3]["error"].as_str().unwrap().contains("User.Read.All"), "{held:#}");
    let some = ["fleet", "permissions", "--tenant", "t0", "--tenant", "t1", "--tenant", "t2"];
    sandbox
        .run(&some)
        .exits(2)
        .says("t0: lacks Device.Read.All (devices)")
        .says("t1: lacks AuditLog.Read.All (")
        .says("(apply)");
    sandbox.run(&some[..6]).exits(0);
}

#[test]
fn a_tenant_signs_in_with_its_own_credentials_or_not_at_all() {
    let runtime = runtime();
    let (mut sandbox, fake) = world((0..4).map(|_| FakeOptions::default()).collect(), 2, &runtime);
    let text = sandbox.read("customers.mfafleet.hcl");
    let with = |at: usize, more: &str| {
        format!("directory = \"tenants/t{at}\"\n    credentials {{\n{more}      prefix    = \"T{at}_\"\n    }}\n")
    };
    let application = "      client_id = \"00000000-0000-4000-8000-0000000000aa\"\n";
    let text = text
        .replace("directory = \"tenants/t1\"\n", &with(1, application))
        .replace("directory = \"tenants/t2\"\n", &with(2, ""));
    sandbox.write("customers.mfafleet.hcl", &text);
    sandbox.set("T1_AZURE_CLIENT_SECRET", "secret-of-t1");
    sandbox.set("T2_AZURE_CLIENT_ID", "application-of-t2");
    let set = sandbox.run(&["fleet", "plan", "--out", "plans", "--json"]).exits(1).json();
    let error = set["tenants"][2]["error"].as_str().unwrap();
    assert!(error.contains("T2_AZURE_CLIENT_SECRET"), "{set}");
    let mut signed: Vec<(String, String, String)> =
        fake.sign_ins().into_iter().map(|one| (one.tenant, one.client, one.secret)).collect();
    signed.sort();
    signed.dedup();
    let own = |at: usize, client: &str, secret: &str| (tenant(at), client.to_owned(), secret.to_owned());
    assert_eq!(
        signed,
        [
            own(0, "common-application", "common-secret"),
            own(1, "00000000-0000-4000-8000-0000000000aa", "secret-of-t1"),
            own(3, "common-application", "common-secret"),
        ]
    );
    let everything = format!("{set}{}", sandbox.read("plans/t1.mfaplan"));
    assert!(!everything.contains("secret-of-t1") && !everything.contains("common-secret"));
}

/// Kills at any moment, children and all; what is resumed is exactly what was left.
#[test]
fn a_run_that_is_killed_is_resumed_exactly() {
    let runtime = runtime();
    let people = 6;
    let rounds: u64 = std::env::var("MFAPLAN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let mut resumed = 0;
    for round in 0..rounds {
        let options =
            (0..5).map(|_| FakeOptions { latency: Duration::from_millis(15), ..FakeOptions::default() }).collect();
        let (sandbox, fake) = world(options, people, &runtime);
        sandbox.run(&["fleet", "plan", "--out", "plans"]).exits(0);
        let digest = set_digest(&sandbox, "plans");
        let begin = ["fleet", "apply", "plans", "--approve-set", digest.as_str(), "--json"];
        let again = [&begin[..], &["--resume"]].concat();
        let mut args = begin.to_vec();
        let mut dice = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for _ in 0..4 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let mut command = sandbox.command(&args);
            // A group of its own, so that no process of the round is left behind.
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
            let mut child = sandbox.spawn(&mut command);
            std::thread::sleep(Duration::from_millis(40 + (dice >> 40) % 700));
            let group = format!("-{}", child.id());
            let _ = std::process::Command::new("kill").args(["-KILL", "--", &group]).output();
            let _ = child.wait();
            if sandbox.path(".mfaplan/fleet").exists() {
                args = again.clone();
                resumed += 1;
            }
        }
        let result = sandbox.run(&args).exits(0).json();
        assert_eq!(result["outcome"], "complete", "{result:#}");
        for at in 0..5 {
            let seen = fake.tenant(at);
            assert!(seen.states().values().all(|state| state.as_deref() == Some("enforced")), "t{at}");
            // Nobody is written twice who is known to have been written.
            let mut writes: Vec<String> = seen.writes().into_iter().map(|(user, _)| user).collect();
            let all = writes.len();
            writes.sort();
            writes.dedup();
            assert_eq!(writes.len(), people);
            assert!(all <= people + 4, "round {round}, t{at}: {all} writes");
        }
        // The journals of the tenants tell the way back, each its own.
        let history: Value =
            serde_json::from_str(&sandbox.run(&["--chdir", "tenants/t0", "history", "--json"]).stdout).unwrap();
        // A process that ended before its first line has left a journal that says nothing.
        let runs: Vec<&Value> = history.as_array().unwrap().iter().filter(|one| one["digest"].is_string()).collect();
        assert_eq!(runs.len(), 1, "{history:#}");
        let run = runs[0]["run"].as_str().unwrap();
        let mut back = sandbox.command(&["--chdir", "tenants/t0", "rollback", run, "--auto-approve"]);
        let back: crate::binary::Said = back.env("AZURE_TENANT_ID", tenant(0)).output().unwrap().into();
        back.exits(0);
        for at in 0..5 {
            let expected = if at == 0 { "disabled" } else { "enforced" };
            let states = fake.tenant(at).states();
            assert!(
                states.values().all(|state| state.as_deref() == Some(expected)),
                "round {round}, t{at}: {states:?}"
            );
        }
    }
    assert!(resumed > 0, "no kill came in time");
}
