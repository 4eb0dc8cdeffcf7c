//! MFA019 registration-takeover-window: whoever holds the password registers first.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA019",
    name: "registration-takeover-window",
    title: "Whoever holds the password registers first",
    grades: &[High, Medium],
    facts: &[Fact::Registration],
    traits: Traits::PERSONAL.or(Traits::REGISTER),
    remediation: "Issue a Temporary Access Pass and supervise the registration.",
    doc: RuleDoc {
        meaning: "The user has no registered method. High when they are privileged or the password is older than 365 days.",
        why: "Until they register, anybody who knows the password can register a method of their own and owns the account from then on.",
        evidence: "The age of the password, the role.",
        action: "",
        sources: &["Plan a Microsoft Entra multifactor authentication deployment", "Configure Temporary Access Pass"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.registered {
        None => return Verdict::Blind(Fact::Registration),
        Some(true) => return Verdict::Clear,
        Some(false) => {}
    }
    let age = case.user.last_password_change.map(|at| recognise::days_between(at, case.context.instant));
    let privileged = case.privileged == Some(true);
    let hit = if privileged {
        Hit::new(High, "This privileged user has registered nothing: whoever holds the password can register first.")
    } else if age.is_some_and(|days| days > 365) {
        Hit::new(High, "This user has registered nothing and the password is old: whoever holds it can register first.")
    } else {
        Hit::new(Medium, "This user has registered nothing: whoever holds the password can register first.")
    };
    let is_medium = !privileged && age.is_none_or(|days| days <= 365);
    let hit = hit.with("registered", false).with_some("password_age_days", age).with_some("privileged", case.role());
    match (case.privileged, age) {
        (None, _) if is_medium => Verdict::AtLeast(hit, Fact::Roles),
        (_, None) if is_medium => Verdict::AtLeast(hit, Fact::Directory),
        _ => hit.into(),
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
                ("not registered", |w| w.user().registered = Some(false), Fires(Medium)),
                (
                    "privileged",
                    |w| {
                        w.user().registered = Some(false);
                        w.user().directory_roles = Some([global_admin()].into());
                    },
                    Fires(High),
                ),
                (
                    "an old password",
                    |w| {
                        w.user().registered = Some(false);
                        w.user().last_password_change = Some(days_ago(366));
                    },
                    Fires(High),
                ),
                (
                    "not quite old",
                    |w| {
                        w.user().registered = Some(false);
                        w.user().last_password_change = Some(days_ago(365));
                    },
                    Fires(Medium),
                ),
                ("registered", |_| {}, Silent),
                (
                    "unknown",
                    |w| {
                        w.user().registered = None;
                        w.user().methods = None;
                    },
                    Blind,
                ),
            ],
        );
    }
}
