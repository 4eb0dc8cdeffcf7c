//! MFA063 relax-is-ineffective: relaxing does not do what it says.

use crate::risk::{names::users as count, rule::prelude::*};

pub(super) static RULE: Rule = Rule {
    id: "MFA063",
    name: "relax-is-ineffective",
    title: "Relaxing does not do what it says",
    grades: &[Medium, Info],
    facts: &[Fact::Registration],
    traits: Traits::NONE,
    remediation: "Prefer to declare `enforced`, or `disabled`.",
    doc: RuleDoc {
        meaning: "The user goes from enforced to enabled. Only who is known not to have registered can: password-only legacy sign-in returns for them. Everybody else the service promotes back (Microsoft's pages disagree whether at once), or may; so where a block asks for it by `allow_downgrade`, they stay enforced, which satisfies the declaration, and the rule says so at info. A rollback writes the state from before all the same.",
        why: "Enabled is no state to stay in: it ends with the first registration, and until then it asks legacy clients for nothing.",
        evidence: "Whether the user has registered; of more than twenty who stay enforced, the number and the first names.",
        action: "",
        sources: &["strongAuthenticationRequirements resource type (Microsoft Graph)"],
    },
    check: Check::Both(On::RELAX, check, stays),
};

/// Users whom a block with `allow_downgrade` would lower, were that to last.
fn stays(case: &mut PlanCase<'_>) {
    let context = case.context;
    let (mut users, mut unknown) = (Vec::new(), 0);
    for (user, block) in &context.desired.promoted {
        let Some(mfa) = context.config.mfa.get(*block as usize).filter(|mfa| mfa.allow_downgrade) else { continue };
        users.push((*user, Some(context.place(&mfa.declared))));
        unknown += u64::from(context.tenant.user(*user).registered.is_none());
    }
    if unknown > 0 {
        case.blind(unknown, Fact::Registration);
    }
    case.fire_for(
        &users,
        |user| {
            let message = match user.registered {
                Some(_) => "This user has registered: lowered to enabled, the service would promote them back. They stay enforced, which satisfies the declaration.",
                None => "Whether this user has registered is unknown, and lowered to enabled, the service would promote them back if they have. They stay enforced, which satisfies the declaration.",
            };
            Hit::new(Info, message).with("registered", user.registered)
        },
        |names| {
            let message = format!(
                "{} with `allow_downgrade` stay enforced, which satisfies the declaration: the service would promote them back.",
                count(names.count())
            );
            Hit::new(Info, message).with("users", names.count()).with("registration_unknown", unknown).with("first", names.first())
        },
    );
}

fn check(case: &Case<'_>) -> Verdict {
    let hit = match case.registered {
        Some(true) => Hit::new(Medium, "This user has registered: the service promotes them back to enforced."),
        Some(false) => Hit::new(Medium, "This user has not registered: password-only legacy sign-in returns."),
        None => Hit::new(
            Medium,
            "Either the service promotes this user back, or password-only legacy sign-in returns: their registration is unknown.",
        ),
    };
    hit.with("registered", case.registered).into()
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
                ("registered", |w| w.change(Enforced, Enabled), Fires(Medium)),
                (
                    "not registered",
                    |w| {
                        w.user().registered = Some(false);
                        w.change(Enforced, Enabled);
                    },
                    Fires(Medium),
                ),
                (
                    "unknown",
                    |w| {
                        w.user().registered = None;
                        w.user().methods = None;
                        w.change(Enforced, Enabled);
                    },
                    Fires(Medium),
                ),
                ("disabled", |w| w.change(Enforced, Disabled), Silent),
                (
                    "to be lowered, and stays",
                    |w| {
                        w.config.mfa[0].allow_downgrade = true;
                        w.promote();
                    },
                    Fires(Info),
                ),
                (
                    "thirty who stay make one finding",
                    |w| {
                        w.config.mfa[0].allow_downgrade = true;
                        w.staff(30);
                        w.promote();
                    },
                    Fires(Info),
                ),
                ("nobody asked to lower them", |w| w.promote(), Silent),
            ],
        );
    }
}
