//! MFA042 stopping-at-enabled: a block stops at enabled.

use crate::risk::rule::prelude::*;

use crate::risk::names::{Names, users};

pub(super) static RULE: Rule = Rule {
    id: "MFA042",
    name: "stopping-at-enabled",
    title: "A block stops at enabled",
    grades: &[Medium],
    facts: &[Fact::Registration],
    traits: Traits::NONE,
    remediation: "Declare `state = \"enforced\"`, with `staged` to give people time to register.",
    doc: RuleDoc {
        meaning: "An `mfa` block declares `enabled` as the end state. One finding per block, at its place, with the number of its users who are or will be enabled and have not registered.",
        why: "Enabled is a way-station: until a user registers, legacy clients get in with the password alone, and whoever holds the password can register.",
        evidence: "How many users of the block have not registered, and the first names.",
        action: "",
        sources: &["How to: Enable per-user multifactor authentication (Microsoft Entra ID)"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let context = case.context;
    let blocks = &context.config.mfa;
    // Per block that stops there, who is not known to be registered.
    let mut unregistered: Vec<Option<Names>> =
        blocks.iter().map(|block| (block.state == MfaState::Enabled).then(Names::default)).collect();
    for (_, user, block) in case.managed() {
        if let Some(Some(names)) = unregistered.get_mut(block as usize)
            && methods::registered(user) != Some(true)
            && user.mfa_state.known() != Some(MfaState::Enforced)
        {
            names.add(user);
        }
    }
    for (block, names) in blocks.iter().zip(&unregistered) {
        let Some(names) = names else { continue };
        let message = match names.count() {
            0 => "This block stops at enabled, which is a way-station and no goal.".to_owned(),
            count => format!(
                "This block stops at enabled: {} not known to be registered stay open to legacy sign-in.",
                users(count)
            ),
        };
        let hit = Hit::new(Medium, message)
            .with("unregistered_users", names.count())
            .with_some("first", (!names.is_empty()).then(|| names.first()));
        case.fire_at(context.place(&block.declared), hit);
    }
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
                    "a block that stops at enabled",
                    |w| {
                        w.config.mfa[0].state = Enabled;
                        w.change(Disabled, Enabled);
                    },
                    Fires(Medium),
                ),
                ("a block that goes on", |_| {}, Silent),
            ],
        );
    }
}
