//! MFA095 sms-voice-retirement: managed users have telephones only.

use crate::risk::names::{Names, users};
use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA095",
    name: "sms-voice-retirement",
    title: "Managed users have telephones only",
    grades: &[High, Medium],
    facts: &[Fact::Registration],
    traits: Traits::NONE,
    remediation: "Have them register a passkey or Authenticator, or move to a telecom provider of your own.",
    doc: RuleDoc {
        meaning: "At least one user whom an `mfa` block claims, changed by this plan or not, has telephones as the only methods that count for MFA. One finding a date: 2027-02-01, for Global Administrators and external users 2027-07-01. High from 180 days before the date, else medium.",
        why: "Microsoft stops text messages and calls on that date. Whoever has nothing else cannot go on before registering a passkey.",
        evidence: "How many users, the first names, and the date.",
        action: "",
        sources: &["Authentication methods in Microsoft Entra ID: phone options"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let instant = case.context.instant;
    let mut unknown = 0;
    let mut by_date = [(&deadlines::PHONES_END, Names::default()), (&deadlines::PHONES_END_LATER, Names::default())];
    for (_, user, _) in case.managed().filter(|(_, user, _)| user.account_enabled != Some(false)) {
        match methods::phone_only(user) {
            None => unknown += u64::from(methods::registered(user) != Some(false)),
            Some(false) => {}
            Some(true) => {
                let end = deadlines::phones_end(user);
                by_date.iter_mut().filter(|(date, _)| *date == end).for_each(|(_, names)| names.add(user));
            }
        }
    }
    if unknown > 0 {
        case.blind(unknown, Fact::Registration);
    }
    for (end, names) in by_date.iter().filter(|(_, names)| !names.is_empty()) {
        let severity = if end.is_within(180, instant) { High } else { Medium };
        let stop = if end.is_past(instant) { "stopped" } else { "stop" };
        let message = format!(
            "{} managed here {} registered telephones only; text messages and calls {stop} on {} for {}.",
            users(names.count()),
            if names.count() == 1 { "has" } else { "have" },
            end.from,
            end.population
        );
        case.fire(
            Hit::new(severity, message)
                .with("users", names.count())
                .with("first", names.first())
                .with("deadline", end.from.to_string()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;

    fn phone(w: &mut World) {
        w.user().methods = Some(["mobilePhone".into()].into());
    }

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                ("an employee, 73 days before", phone, Fires(High)),
                (
                    "an employee, a year before",
                    |w| {
                        phone(w);
                        w.config.instant = "2026-02-01T00:00:00Z".parse().unwrap();
                    },
                    Fires(Medium),
                ),
                (
                    "an account from elsewhere has until July",
                    |w| {
                        phone(w);
                        w.user().user_principal_name = "jo_fabrikam.com#EXT#@contoso.com".into();
                    },
                    Fires(Medium),
                ),
                (
                    "nothing is changed",
                    |w| {
                        phone(w);
                        w.changes.clear();
                    },
                    Fires(High),
                ),
                ("nobody has telephones only", |_| {}, Silent),
                ("unknown", |w| w.user().methods = None, Blind),
            ],
        );
    }
}
