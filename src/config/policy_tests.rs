//! What the policy directory says, and everything the configuration may still say to it.

use std::fs;

use super::{
    load::KnownRule,
    tests::{TENANT, input},
    *,
};
use crate::{diag::Diagnostic, severity::Severity};

const KNOWN: [KnownRule<'static>; 3] = [
    ("MFA005", "ropc-sign-ins", Severity::High),
    ("MFA008", "likely-service-account", Severity::High),
    ("MFA009", "possible-service-account", Severity::Medium),
];

/// A file without a block.
const NOTHING: &str = "# nothing\n";

fn both(policy: &str, configuration: &str) -> Result<Config, Vec<Diagnostic>> {
    let dir = tempfile::tempdir().unwrap();
    let policy_dir = dir.path().join("policy");
    fs::create_dir(&policy_dir).unwrap();
    fs::write(dir.path().join("tenant.mfa.hcl"), TENANT).unwrap();
    fs::write(dir.path().join("a.mfa.hcl"), configuration).unwrap();
    fs::write(policy_dir.join("p.mfa.hcl"), policy).unwrap();
    let input = LoadInput { policy_dir: Some(&policy_dir), known_rules: &KNOWN, ..input(dir.path()) };
    load(input).map_err(|failure| failure.diagnostics)
}

/// Accepted, or refused for this reason and no other.
fn check(policy: &str, configuration: &str, refused: Option<&str>) {
    let story = format!("policy:\n{policy}\nconfiguration:\n{configuration}");
    match (both(policy, configuration), refused) {
        (Ok(_), None) => {}
        (Err(all), Some(detail)) => {
            let said: Vec<&str> = all.iter().map(|one| one.detail.as_str()).collect();
            assert!(said.len() == 1 && said[0].contains(detail), "{story}\n{said:?}");
            assert_eq!(all[0].summary, "The policy directory forbids this", "{story}");
        }
        (found, expected) => {
            let found = found.err().map(|all| all.into_iter().map(|one| one.detail).collect::<Vec<_>>());
            panic!("{story}\nexpected {expected:?}, found {found:?}");
        }
    }
}

fn risk(rule: &str, body: &str) -> String {
    format!("risk \"{rule}\" {{\n  {body}\n}}\n")
}

#[test]
fn a_rule_that_may_not_be_accepted_may_not_lose_its_weight_either() {
    let kept = "guardrails {\n  not_acceptable = [\"MFA005\"]\n}\n";
    let off = Some("may not be switched off either");
    let milder = Some("may not be made milder either");
    check(kept, &risk("MFA005", "enabled = false"), off);
    check(kept, &risk("MFA005", "enabled = true"), None);
    check(kept, &risk("MFA008", "enabled = false"), None);
    for (severity, refused) in [("low", milder), ("medium", milder), ("high", None), ("critical", None)] {
        check(kept, &risk("MFA005", &format!("severity = \"{severity}\"")), refused);
        check(kept, &risk("MFA008", &format!("severity = \"{severity}\"")), None);
    }
    // The policy's own grade is the measure where it gives one.
    let graded = format!("{kept}{}{}", risk("MFA008", "severity = \"critical\""), risk("MFA005", "severity = \"low\""));
    check(&graded, &risk("MFA005", "severity = \"low\""), None);
    // The policy itself may do what it likes.
    check(&format!("{kept}{}", risk("MFA005", "enabled = false")), NOTHING, None);
}

#[test]
fn a_grade_of_the_policy_may_be_raised_and_never_lowered() {
    let policy = risk("MFA005", "severity = \"high\"");
    for (severity, refused) in [("medium", Some("may not be lowered to `medium`")), ("high", None), ("critical", None)]
    {
        check(&policy, &risk("MFA005", &format!("severity = \"{severity}\"")), refused);
        check(&policy, &risk("MFA008", &format!("severity = \"{severity}\"")), None);
    }
    check(&policy, &risk("MFA005", "enabled = false"), Some("may not be switched off here"));
    check(&risk("MFA005", "enabled = false"), &risk("MFA005", "enabled = false"), None);
    let merged = |policy: &str, configuration: &str| {
        let config = both(policy, configuration).unwrap();
        let of = |one: &RiskOverride| (one.rule.to_string(), one.severity, one.enabled);
        config.risks.iter().map(of).collect::<Vec<_>>()
    };
    let one = |severity, enabled| vec![("MFA005".to_owned(), severity, enabled)];
    let critical = risk("MFA005", "severity = \"critical\"");
    assert_eq!(merged(&policy, &critical), one(Some(Severity::Critical), true));
    assert_eq!(merged(&policy, &risk("MFA005", "enabled = true")), one(Some(Severity::High), true));
    assert_eq!(merged(&risk("MFA005", "enabled = false"), &critical), one(Some(Severity::Critical), true));
    assert_eq!(merged(NOTHING, &critical), one(Some(Severity::Critical), true));
}

#[test]
fn what_the_policy_wants_approved_no_configuration_lets_through() {
    let auto = |condition: &str| {
        format!("guardrails {{\n  auto_approve {{\n    condition = {condition}\n    reason    = \"x\"\n  }}\n}}\n")
    };
    let approvals = |age: &str| {
        format!(
            "guardrails {{\n  approvals {{\n    required        = 1\n    allowed_signers = \"signers\"\n    {age}\n  }}\n}}\n"
        )
    };
    let (nothing, aged) = (NOTHING, approvals("max_age = \"24h\""));
    let whose = |policy: &str, configuration: &str| {
        both(policy, configuration).map(|config| config.guardrails.auto_approve.is_some()).map_err(|all| all.len())
    };
    assert_eq!(whose(nothing, nothing), Ok(false));
    assert_eq!(whose(nothing, &auto("true")), Ok(true));
    assert_eq!(whose(&auto("true"), nothing), Ok(true));
    assert_eq!(whose(&auto("true"), &aged), Ok(true));
    assert_eq!(whose(&aged, nothing), Ok(false));
    let through = Some("would let plans through");
    check(&auto("true"), &auto("false"), through);
    check(&aged, &auto("true"), through);

    // A signature of any age is one for ever, unless somebody says how old it may be.
    for (policy, configuration, ageless) in [
        (nothing, approvals("").as_str(), true),
        (nothing, aged.as_str(), false),
        (approvals("").as_str(), aged.as_str(), false),
        (aged.as_str(), approvals("").as_str(), false),
        (nothing, nothing, false),
    ] {
        let warnings = both(policy, configuration).unwrap().warnings;
        assert_eq!(
            warnings.iter().any(|one| one.summary == "Signatures of any age"),
            ageless,
            "{policy}{configuration}"
        );
    }
}

/// A score that nobody reaches would switch the rules off without a word about them.
#[test]
fn bounds_of_the_signal_may_be_raised_only_where_its_rules_may_be_accepted() {
    let usual = SignalSettings::default();
    let signal = |name: &str, value: u8| format!("  service_account_signal {{\n    {name} = {value}\n  }}\n");
    let block = |body: &str| format!("guardrails {{\n{body}}}\n");
    for (name, value) in [("certain", usual.certain), ("possible", usual.possible)] {
        let refused = format!("`{name}` may not be raised above {value}");
        for rule in ["MFA005", "MFA008", "MFA009"] {
            let kept = block(&format!("  not_acceptable = [\"{rule}\"]\n"));
            let is_about = rule != "MFA005";
            check(&kept, &block(&signal(name, value - 1)), None);
            check(&kept, &block(&signal(name, value)), None);
            check(&kept, &block(&signal(name, value + 1)), is_about.then_some(&refused));
            let policys = block(&format!("  not_acceptable = [\"{rule}\"]\n{}", signal(name, value + 1)));
            check(&policys, NOTHING, None);
        }
    }
}

#[test]
fn what_both_directories_list_counts_once_and_the_policys_comes_first() {
    let lists = |tags: &str, window: &str| {
        format!(
            "guardrails {{\n  window {{\n    from = \"{window}\"\n  }}\n  service_account_signal {{\n    tags     = [{tags}]\n    patterns = [{tags}]\n  }}\n}}\n"
        )
    };
    let config = both(&lists("\"robot\", \"room\"", "08:00"), &lists("\"lab\", \"robot\"", "09:00")).unwrap();
    let Guardrails { signal, windows, .. } = &config.guardrails;
    assert_eq!(signal.tags, ["robot", "room", "lab"]);
    assert_eq!(signal.patterns, ["robot", "room", "lab"]);
    assert_eq!(windows.len(), 2);
    assert_eq!(windows.iter().filter(|one| one.layer == Layer::Policy).count(), 1);
}

#[test]
fn an_acceptance_is_refused_where_the_configuration_gives_it() {
    let kept = "guardrails {\n  not_acceptable = [\"MFA005\"]\n}\n";
    let accept = |rule: &str| format!("accept \"{rule}\" {{\n  reason  = \"x\"\n  expires = \"2027-01-01\"\n}}\n");
    check(kept, &accept("MFA005"), Some("MFA005 is among the rules that may not be accepted"));
    check(kept, &accept("MFA008"), None);
    check(&format!("{kept}{}", accept("MFA005")), NOTHING, None);
}
