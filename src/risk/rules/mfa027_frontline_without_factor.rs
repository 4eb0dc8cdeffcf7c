//! MFA027 frontline-without-factor: a frontline worker without a factor.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA027",
    name: "frontline-without-factor",
    title: "A frontline worker without a factor",
    grades: &[High],
    facts: &[Fact::Licenses, Fact::Registration],
    traits: Traits::PERSONAL.or(Traits::REGISTER),
    remediation: "Hand out FIDO2 keys or hardware OATH tokens first.",
    doc: RuleDoc {
        meaning: "The user has a frontline licence and no registered method.",
        why: "Frontline workers share devices and may have no telephone at work: they cannot register on the spot.",
        evidence: "The licences.",
        action: "",
        sources: &["Deploy frontline solutions: authentication for frontline workers"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let Some(skus) = &case.user.licenses else { return Verdict::Blind(Fact::Licenses) };
    if !skus.iter().any(|sku| recognise::is_frontline_sku(sku)) {
        return Verdict::Clear;
    }
    match case.registered {
        None => Verdict::Blind(Fact::Registration),
        Some(true) => Verdict::Clear,
        Some(false) => {
            Hit::new(High, "This frontline worker has no registered method and may have no device to register with.")
                .with("licenses", serde_json::json!(skus))
                .into()
        }
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
                    "F3, nothing registered",
                    |w| {
                        w.user().licenses = Some(["SPE_F3".into()].into());
                        w.user().registered = Some(false);
                    },
                    Fires(High),
                ),
                ("F3, registered", |w| w.user().licenses = Some(["SPE_F3".into()].into()), Silent),
                ("E3, nothing registered", |w| w.user().registered = Some(false), Silent),
                ("licences unknown", |w| w.user().licenses = None, Blind),
                (
                    "registration unknown",
                    |w| {
                        w.user().licenses = Some(["DESKLESSPACK".into()].into());
                        w.user().registered = None;
                        w.user().methods = None;
                    },
                    Blind,
                ),
            ],
        );
    }
}
