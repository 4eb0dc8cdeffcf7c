//! Nobody's plan is applied but the one that was approved, by those who have to.

use std::path::Path;

use crate::support::{AS_OF, Place, Run};

const GUARDRAILS: &str = r#"
guardrails {
  approvals {
    required        = 2
    allowed_signers = "allowed_signers"
    max_age         = "24h"
  }
}
"#;

/// The smallest example, where two signatures are needed; `ana` and `bo` may sign.
fn two_must_sign() -> Place {
    let place = Place::with("minimal");
    place.write("mfa/guardrails.mfa.hcl", GUARDRAILS);
    let mut signers = String::new();
    for name in ["ana", "bo", "mallory"] {
        let key = place.path(name);
        let made = place.command(
            Path::new("ssh-keygen"),
            &["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key.to_str().unwrap()],
        );
        assert!(made.status.success(), "{made:?}");
        if name != "mallory" {
            signers += &format!("{name}@contoso.com namespaces=\"mfaplan\" {}", place.read(&format!("{name}.pub")));
        }
    }
    place.write("mfa/allowed_signers", &signers);
    place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--out", "../plan.mfaplan"]).ends(0);
    place
}

fn approve(place: &Place, name: &str) {
    let out = format!("{name}.sig");
    place.run(&["approve", "plan.mfaplan", "--key", name, "--out", &out]).ends(0);
}

fn apply(place: &Place, signatures: &[&str]) -> Run {
    let mut args = vec!["apply", "../plan.mfaplan", "--chdir", "mfa", "--as-of", AS_OF];
    for one in signatures {
        args.extend(["--signature", one]);
    }
    place.run(&args)
}

/// Nothing was written: Jane is as she was, and there is no journal.
#[track_caller]
fn nothing_done(place: &Place) {
    assert!(!place.path("mfa/.mfaplan/runs").exists());
    let again = place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--detailed-exitcode"]);
    assert_eq!(again.code, 2, "{}", again.err);
}

#[test]
fn two_signers_and_it_is_applied_once() {
    let place = two_must_sign();
    approve(&place, "ana");
    approve(&place, "bo");
    apply(&place, &["../ana.sig", "../bo.sig"]).ends(0);
    let history = place.run(&["history", "--chdir", "mfa"]).ends(0).out;
    assert!(history.contains("by signature of ana@contoso.com, bo@contoso.com"), "{history}");
}

#[test]
fn one_signer_is_not_two() {
    let place = two_must_sign();
    approve(&place, "ana");
    let short = apply(&place, &["../ana.sig"]).ends(1);
    assert!(short.err.contains('2') && short.err.contains("sign"), "{}", short.err);
    place.run(&["approve", "plan.mfaplan", "--key", "ana", "--out", "again.sig"]).ends(0);
    let twice = apply(&place, &["../ana.sig", "../again.sig"]).ends(1);
    assert!(twice.err.contains("ana@contoso.com"), "{}", twice.err);
    nothing_done(&place);
}

#[test]
fn no_other_approval_stands_in_for_signatures() {
    let place = two_must_sign();
    let digest = digest(&place);
    for flag in [&["--auto-approve"][..], &["--approve", &digest]] {
        let mut args = vec!["apply", "../plan.mfaplan", "--chdir", "mfa", "--as-of", AS_OF];
        args.extend(flag);
        let refused = place.run(&args);
        assert_ne!(refused.code, 0, "{flag:?}");
        assert!(refused.err.contains("signature"), "{}", refused.err);
    }
    nothing_done(&place);
}

#[test]
fn a_stranger_does_not_count() {
    let place = two_must_sign();
    approve(&place, "ana");
    approve(&place, "mallory");
    let refused = apply(&place, &["../ana.sig", "../mallory.sig"]).ends(1);
    assert!(refused.err.contains("mallory.sig"), "{}", refused.err);
    nothing_done(&place);
}

#[test]
fn a_plan_changed_after_approval_is_another_plan() {
    let place = two_must_sign();
    approve(&place, "ana");
    approve(&place, "bo");
    let main = place.read("mfa/main.mfa.hcl").replace("\"enforced\"", "\"enabled\"");
    place.write("mfa/main.mfa.hcl", &main);
    place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--out", "../plan.mfaplan"]).ends(0);
    let refused = apply(&place, &["../ana.sig", "../bo.sig"]).ends(1);
    assert!(refused.err.contains("another plan"), "{}", refused.err);
    nothing_done(&place);
}

/// ssh-keygen checks what is signed here, and what ssh-keygen signs counts here; until it is too old.
#[test]
fn ssh_keygen_agrees_and_age_counts() {
    let place = two_must_sign();
    approve(&place, "ana");
    let check = r#"sed -n '/^mfaplan approval v1$/,$p' ana.sig |
        ssh-keygen -Y verify -n mfaplan -f mfa/allowed_signers -I ana@contoso.com -s ana.sig"#;
    let verified = place.command(Path::new("sh"), &["-c", check]);
    assert!(verified.status.success(), "{verified:?}");

    let digest = digest(&place);
    let sign = |signed_at: &str| {
        let script = format!(
            "printf 'mfaplan approval v1\\ndigest: {digest}\\nsigned_at: %s\\n' \"{signed_at}\" > bo.statement &&
             rm -f bo.statement.sig && ssh-keygen -q -Y sign -n mfaplan -f bo bo.statement &&
             cat bo.statement.sig bo.statement > bo.sig"
        );
        let signed = place.command(Path::new("sh"), &["-c", &script]);
        assert!(signed.status.success(), "{signed:?}");
    };
    sign("2026-11-01T08:00:00Z");
    let old = apply(&place, &["../ana.sig", "../bo.sig"]).ends(1);
    assert!(old.err.contains("bo.sig") && old.err.contains("max_age"), "{}", old.err);
    nothing_done(&place);
    sign("$(date -u +%FT%TZ)");
    apply(&place, &["../ana.sig", "../bo.sig"]).ends(0);
}

fn digest(place: &Place) -> String {
    let shown = place.run(&["show", "plan.mfaplan", "--json"]).ends(0).out;
    serde_json::from_str::<serde_json::Value>(&shown).unwrap()["digest"].as_str().unwrap().to_owned()
}

#[test]
fn the_digest_approves_and_only_the_right_one() {
    let place = Place::with("minimal");
    place.run(&["plan", "--chdir", "mfa", "--as-of", AS_OF, "--out", "../plan.mfaplan"]).ends(0);
    let digest = digest(&place);
    let apply = |digest: &str| place.run(&["apply", "--chdir", "mfa", "--as-of", AS_OF, "--approve", digest]);
    let wrong = apply(&"0123456789abcdef".repeat(2)).ends(1);
    assert!(wrong.err.contains(&digest), "{}", wrong.err);
    // So few can be met on purpose: another plan is made until its digest begins with them.
    apply(&digest["sha256:".len()..][..12]).ends(1);
    nothing_done(&place);
    apply(&digest["sha256:".len()..][..32]).ends(0);
    let history = place.run(&["history", "--chdir", "mfa"]).ends(0).out;
    assert!(history.contains("approved by digest") && history.contains(&digest), "{history}");
}

/// What is harmless needs nobody, and says so in the journal; anything else still does.
#[test]
fn auto_approve_is_a_condition_over_the_plan() {
    let place = Place::with("minimal");
    let block = |condition: &str| {
        let text = format!(
            "guardrails {{\n  auto_approve {{\n    condition = {condition}\n    reason    = \"only raises\"\n  }}\n}}\n"
        );
        place.write("mfa/guardrails.mfa.hcl", &text);
    };
    let apply = || place.run(&["apply", "--chdir", "mfa", "--as-of", AS_OF]);
    block("plan.summary.enforce == 0");
    apply().ends(1);
    nothing_done(&place);
    block("plan.summary.disable == 0 && plan.summary.relax == 0");
    apply().ends(0);
    let history = place.run(&["history", "--chdir", "mfa"]).ends(0).out;
    assert!(history.contains("by auto_approve (only raises)"), "{history}");
}
