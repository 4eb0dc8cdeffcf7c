//! Guardrails: looser loses, tighter wins, none, zero, and the exact bound.

use super::*;
use crate::{
    config::{Bound, Guardrails, Layer, Waivable},
    diag::{FileId, Span},
    plan::{
        CheckResult, Refusal, Summary,
        guardrails::{Judged, refusals},
        waiver,
    },
    render::testing::{refused, sample},
    risk::PlanFinding,
    severity::Severity,
};

/// Five of ten users are lowered: as many changes, as many downgrades, and 50 %.
const FIVE: Summary = {
    let counts = crate::plan::StateCounts { disabled: 0, enabled: 0, enforced: 0, unknown: 0 };
    let findings = crate::plan::SeverityCounts { critical: 0, high: 0, medium: 0, low: 0, info: 0 };
    Summary {
        users: 10,
        managed: 10,
        unmanaged: 0,
        protected: 0,
        unchanged: 5,
        enable: 0,
        enforce: 0,
        relax: 3,
        disable: 2,
        hold: 0,
        block: 0,
        before: counts,
        after: counts,
        findings,
        accepted: 0,
    }
};

const COUNTED: [Waivable; 3] = [Waivable::MaxChanges, Waivable::MaxChangePercent, Waivable::MaxDowngrades];

/// The bound in the guardrail's own unit: half of five changes is half of 50 %.
fn scale(guardrail: Waivable, bound: u64) -> u64 {
    if guardrail == Waivable::MaxChangePercent { bound * 10 } else { bound }
}

fn set(guardrails: &mut Guardrails, guardrail: Waivable, bound: u64, layer: Layer) {
    let span = Span::new(FileId(0), 0..1);
    let value = scale(guardrail, bound);
    let (count, share) = (Bound { value, layer, span }, Bound { value: value as f64, layer, span });
    let policy = &mut guardrails.policy;
    let of_policy = layer == Layer::Policy;
    match guardrail {
        Waivable::MaxChanges if of_policy => policy.max_changes = Some(count),
        Waivable::MaxChangePercent if of_policy => policy.max_change_percent = Some(share),
        Waivable::MaxDowngrades if of_policy => policy.max_downgrades = Some(count),
        _ => {}
    }
    // What is merged is the tighter of the two.
    match guardrail {
        Waivable::MaxChanges => guardrails.max_changes = Some(count),
        Waivable::MaxChangePercent => guardrails.max_change_percent = Some(share),
        Waivable::MaxDowngrades => guardrails.max_downgrades = Some(count),
        Waivable::Window => unreachable!("it counts nothing"),
    }
}

fn judge(guardrails: &Guardrails, waivers: &[Waiver], summary: &Summary, enabled_users: u64) -> Vec<Refusal> {
    refusals(&Judged { guardrails, waivers, summary, enabled_users, findings: &[], checks: &[], rollback: false })
}

/// What a policy says, what is merged of both, whether the policy lets it be waived, and the waiver.
type Row = (&'static str, Option<u64>, Option<u64>, bool, Option<u64>, Answer);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Passes,
    /// Refused, and a waiver or another bound would help.
    Refused,
    /// Refused, and only the owners of the policy could help.
    Fixed,
}
use Answer::{Fixed, Passes, Refused};

const ROWS: &[Row] = &[
    ("no bound", None, None, false, None, Passes),
    ("just as many as may", None, Some(5), false, None, Passes),
    ("one more than may", None, Some(4), false, None, Refused),
    ("room to spare", None, Some(9), false, None, Passes),
    ("nothing may", None, Some(0), false, None, Refused),
    ("waived to just that", None, Some(0), false, Some(5), Passes),
    ("waived to too little", None, Some(0), false, Some(4), Refused),
    ("a waiver may tighten", None, Some(9), false, Some(4), Refused),
    ("the policy's own bound", Some(4), Some(4), false, None, Fixed),
    ("the policy's own bound cannot be waived", Some(4), Some(4), false, Some(9), Fixed),
    ("unless it says so", Some(4), Some(4), true, Some(9), Passes),
    ("which it need not be", Some(4), Some(4), true, None, Refused),
    ("the configuration is tighter", Some(9), Some(4), false, None, Refused),
    ("and may be waived up to the policy's bound", Some(9), Some(4), false, Some(20), Passes),
    ("and no further", Some(4), Some(3), false, Some(20), Fixed),
    ("just as many as the policy allows", Some(5), Some(4), false, Some(20), Passes),
];

#[test]
fn every_bound_is_exact_and_the_policys_own_stands_beside_what_is_waived() {
    for guardrail in COUNTED {
        let words = match guardrail {
            Waivable::MaxChanges => "5 changes, and the guardrail `max_changes` allows ",
            Waivable::MaxChangePercent => {
                "5 of the 10 enabled users change, 50.0 %, and the guardrail `max_change_percent` allows "
            }
            _ => "5 users are lowered, and the guardrail `max_downgrades` allows ",
        };
        for (story, policy, merged, waivable, waived, answer) in ROWS {
            let mut guardrails = Guardrails::default();
            if let Some(bound) = policy {
                set(&mut guardrails, guardrail, *bound, Layer::Policy);
            }
            if let Some(bound) = merged.filter(|_| merged != policy) {
                set(&mut guardrails, guardrail, bound, Layer::Configuration);
            }
            guardrails.waivable = if *waivable { vec![guardrail] } else { Vec::new() };
            let waiver = |bound: &u64| Waiver {
                guardrail,
                bound: scale(guardrail, *bound).to_string().into(),
                reason: "CHG-7".into(),
            };
            let waivers: Vec<Waiver> = waived.iter().map(waiver).collect();
            let said = judge(&guardrails, &waivers, &FIVE, 10);
            let name = format!("{}: {story}: {said:?}", guardrail.as_str());
            let [one] = &said[..] else {
                assert!(said.is_empty() && *answer == Passes, "{name}");
                continue;
            };
            assert!(one.rule == guardrail.as_str() && one.reason.starts_with(words), "{name}");
            let remedy = match guardrail {
                Waivable::MaxChanges => "--waive max_changes=5 --reason \"…\", or raise `max_changes` in `guardrails`",
                Waivable::MaxChangePercent => {
                    "--waive max_change_percent=50 --reason \"…\", or spread the change over a `rollout`"
                }
                _ => "--waive max_downgrades=5 --reason \"…\", or raise `max_downgrades`",
            };
            let fixed = one.remedy.starts_with("set by the policy directory and not in its `waivable`: ");
            assert_eq!(if fixed { Fixed } else { Refused }, *answer, "{name}");
            assert!(fixed || one.remedy == remedy, "{name}");
            // Another guardrail's waiver is not this one's.
            let others: Vec<Waiver> = COUNTED
                .into_iter()
                .filter(|other| *other != guardrail)
                .map(|other| Waiver { guardrail: other, bound: "100".into(), reason: "CHG-7".into() })
                .collect();
            assert_eq!(judge(&guardrails, &others, &FIVE, 10).len(), usize::from(merged.is_some_and(|one| one < 5)));
        }
    }
}

#[test]
fn a_share_is_rounded_up_in_the_remedy_and_of_nobody_it_is_nothing() {
    let mut guardrails = Guardrails::default();
    set(&mut guardrails, Waivable::MaxChangePercent, 0, Layer::Configuration);
    let one = Summary { relax: 0, disable: 0, enable: 1, ..FIVE };
    let said = judge(&guardrails, &[], &one, 3);
    assert!(said[0].reason.starts_with("1 of the 3 enabled users change, 33.3 %"), "{said:?}");
    assert!(said[0].remedy.starts_with("--waive max_change_percent=34 "), "{said:?}");
    assert_eq!(judge(&guardrails, &[], &one, 0), []);
}

#[test]
fn a_way_back_lowers_by_nature_and_is_bounded_otherwise() {
    let mut guardrails = Guardrails { block_at: Severity::Info, ..Guardrails::default() };
    for guardrail in COUNTED {
        set(&mut guardrails, guardrail, 0, Layer::Configuration);
    }
    let plan = sample();
    let rules = |rollback: bool| -> Vec<String> {
        let judged = Judged {
            guardrails: &guardrails,
            waivers: &[],
            summary: &FIVE,
            enabled_users: 10,
            findings: &plan.findings,
            checks: &[],
            rollback,
        };
        refusals(&judged).iter().map(|one| one.rule.to_string()).collect()
    };
    assert_eq!(rules(true), ["max_changes", "max_change_percent"]);
    let bounds = ["max_changes", "max_change_percent", "max_downgrades"];
    let found = ["MFA082", "MFA091", "MFA042", "MFA043"];
    assert_eq!(rules(false), [&bounds[..], &found[..]].concat(), "what is accepted refuses nothing");
}

#[test]
fn findings_refuse_from_block_at_on_and_checks_where_they_say_so() {
    let findings: Vec<PlanFinding> = refused().findings;
    let check = |name: &str, passed: bool| {
        let message = if passed { "" } else { "no" };
        CheckResult { name: name.into(), passed, message: message.into() }
    };
    let checks = [(check("told", false), false), (check("met", true), true), (check("failed", false), true)];
    let said = |block_at: Severity| -> Vec<(String, String, String)> {
        let guardrails = Guardrails { block_at, ..Guardrails::default() };
        let judged = Judged {
            guardrails: &guardrails,
            waivers: &[],
            summary: &FIVE,
            enabled_users: 10,
            findings: &findings,
            checks: &checks,
            rollback: false,
        };
        let told = |one: Refusal| (one.rule.to_string(), one.reason.to_string(), one.remedy.to_string());
        refusals(&judged).into_iter().map(told).collect()
    };
    let critical = said(Severity::Critical);
    let [check, finding] = &critical[..] else { panic!("{critical:?}") };
    let text = |rule: &str, reason: &str, remedy: &str| (rule.to_owned(), reason.to_owned(), remedy.to_owned());
    let met = "meet the check, or change `check \"failed\"` in the configuration";
    assert_eq!(*check, text("check.failed", "check \"failed\" failed: no", met));
    assert_eq!(
        *finding,
        text(
            "MFA003",
            "MFA003 last-usable-global-administrator: After this plan no Global Administrator can sign in.",
            "Register another administrator first.; or accept it with `accept \"MFA003\" { … }`"
        )
    );
    assert_eq!(said(Severity::High).len(), 2);
    assert_eq!(said(Severity::Medium).len(), 5);
}

/// The window of the configuration may be waived though the policy has one as well; the policy's alone only where it says so.
#[test]
fn a_waiver_is_of_a_known_guardrail_with_a_bound_of_its_kind_and_a_reason() {
    let all = block("all", "enforced", &["anna"]);
    let of = |config: &str, policy: &str| {
        let main = format!("{all}{config}");
        let files = [("config/main.mfa.hcl", main.as_str()), ("policy/p.mfa.hcl", policy)];
        Case::of(&[person(1, "anna", json!({}))], &json!({}), &files).config.guardrails
    };
    let window = "guardrails {\n  window {\n    days = [\"mon\"]\n  }\n}\n";
    let free = of("", "");
    let not_fixed = "not a bound, write it like";
    let of_policy = "set by the policy directory, which does not list it in `waivable`; ask the owners of the policy";
    let rows: &[(&Guardrails, &str, &str, &str, &str)] = &[
        (&free, "max_changes", "0", "x", ""),
        (&free, "max_changes", "800", "x", ""),
        (&free, "max_changes", "-1", "x", not_fixed),
        (&free, "max_downgrades", "10", "x", ""),
        (
            &free,
            "max_downgrades",
            "ten",
            "x",
            "--waive max_downgrades=ten: not a bound, write it like max_downgrades=10",
        ),
        (&free, "max_change_percent", "0", "x", ""),
        (&free, "max_change_percent", "100", "x", ""),
        (&free, "max_change_percent", "100.1", "x", "write it like max_change_percent=60"),
        (&free, "max_change_percent", "-0.1", "x", not_fixed),
        (&free, "max_change_percent", "NaN", "x", not_fixed),
        (&free, "window", "now", "x", ""),
        (&free, "window", "later", "x", "write it like window=now"),
        (&free, "max_changes", "1", " ", "a waiver needs a reason: add --reason"),
        (&free, "max_change", "1", "x", "not a guardrail that can be waived ("),
        (&free, "max_change", "1", "x", "; did you mean"),
        (&free, "block_at", "high", "x", "not a guardrail that can be waived"),
        (&of(window, ""), "window", "now", "x", ""),
        (&of(window, window), "window", "now", "x", ""),
        (&of("", window), "window", "now", "x", of_policy),
        (&of("", &window.replace("{\n  w", "{\n  waivable = [\"window\"]\n  w")), "window", "now", "x", ""),
        (&of("", "guardrails {\n  max_changes = 5\n}\n"), "max_changes", "9", "x", of_policy),
        (&of("", "guardrails {\n  max_changes = 5\n}\n"), "max_downgrades", "9", "x", ""),
        (&of("", "guardrails {\n  max_downgrades = 5\n}\n"), "max_downgrades", "9", "x", of_policy),
        (&of("", "guardrails {\n  max_change_percent = 5\n}\n"), "max_change_percent", "9", "x", of_policy),
        (&of("", "guardrails {\n  max_changes = 5\n  waivable = [\"max_changes\"]\n}\n"), "max_changes", "9", "x", ""),
        (&of("guardrails {\n  max_changes = 5\n}\n", ""), "max_changes", "9", "x", ""),
    ];
    for (guardrails, guardrail, bound, reason, expected) in rows {
        match waiver(guardrails, guardrail, bound, reason) {
            Ok(waiver) => {
                assert_eq!(*expected, "", "{guardrail}={bound}");
                assert_eq!((waiver.guardrail.as_str(), &*waiver.bound, &*waiver.reason), (*guardrail, *bound, *reason));
            }
            Err(why) => assert!(!expected.is_empty() && why.contains(expected), "{guardrail}={bound}: {why}"),
        }
    }
}
