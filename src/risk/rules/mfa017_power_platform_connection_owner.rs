//! MFA017 power-platform-connection-owner: owns Power Platform connections.

use crate::risk::rule::prelude::*;
use crate::tenant::AppSignIns;

pub(super) static RULE: Rule = Rule {
    id: "MFA017",
    name: "power-platform-connection-owner",
    title: "Owns Power Platform connections",
    grades: &[Medium],
    facts: &[Fact::SignIns],
    traits: Traits::WORKLOAD,
    remediation: "Move the connections to a service principal.",
    doc: RuleDoc {
        meaning: "There are non-interactive sign-ins, no interactive ones, and one application is Power Automate or Power Apps.",
        why: "Flows run with the connections of this account; they break when its tokens are revoked and nobody signs in again.",
        evidence: "Which application, how often.",
        action: "",
        sources: &["Power Automate: support for service principal owned flows"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let Some(sign_ins) = case.sign_ins() else { return Verdict::Blind(Fact::SignIns) };
    if sign_ins.interactive.is_some_and(|count| count > 0) || sign_ins.non_interactive == Some(0) {
        return Verdict::Clear;
    }
    let (Some(_), Some(count), Some(apps)) = (sign_ins.interactive, sign_ins.non_interactive, &sign_ins.apps) else {
        return Verdict::Blind(Fact::SignIns);
    };
    match apps.iter().find(|app| is_power_platform(app)) {
        Some(app) => Hit::new(Medium, "Only Power Platform connections sign in with this account: flows may stop.")
            .with("app", app.display_name.as_ref().unwrap_or(&app.id).as_str())
            .with("non_interactive", count)
            .into(),
        None => Verdict::Clear,
    }
}

/// Microsoft Flow Service, PowerApps Service, Flow Portal.
const IDS: [&str; 3] = [
    "7df0a125-d3be-4c96-aa54-591f83ff541c",
    "475226c6-020e-4fb2-8a90-7a972cbfc1d4",
    "6204c1d1-4712-4c46-a7d9-3ed63d992682",
];

fn is_power_platform(app: &AppSignIns) -> bool {
    let named = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.contains("power automate") || name.contains("power apps")
    };
    IDS.iter().any(|id| app.id.eq_ignore_ascii_case(id)) || app.display_name.as_deref().is_some_and(named)
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "a flow",
                    |w| {
                        w.app("7df0a125-d3be-4c96-aa54-591f83ff541c", 40);
                        w.sign_ins().interactive = Some(0);
                        w.sign_ins().non_interactive = Some(40);
                    },
                    Fires(Medium),
                ),
                ("a person signs in as well", |w| w.app("7df0a125-d3be-4c96-aa54-591f83ff541c", 40), Silent),
                (
                    "another application",
                    |w| {
                        w.app("00000002-0000-0ff1-ce00-000000000000", 40);
                        w.sign_ins().interactive = Some(0);
                        w.sign_ins().non_interactive = Some(40);
                    },
                    Silent,
                ),
                ("unknown", |w| w.user().sign_ins = None, Blind),
            ],
        );
    }
}
