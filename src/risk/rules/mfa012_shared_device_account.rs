//! MFA012 shared-device-account: this is the account of a shared device.

use crate::risk::rule::prelude::*;
use crate::tenant::MailboxPurpose;

pub(super) static RULE: Rule = Rule {
    id: "MFA012",
    name: "shared-device-account",
    title: "This is the account of a shared device",
    grades: &[Critical],
    facts: &[Fact::Licenses, Fact::MailboxPurpose, Fact::Registration, Fact::SignIns],
    traits: Traits::NO_PERSON.or(Traits::WORKLOAD),
    remediation: "Leave the account out; protect it by Conditional Access with locations and compliant devices.",
    doc: RuleDoc {
        meaning: "The account has a licence for Teams Rooms or for shared Teams devices, a registered key of a resource account, a room mailbox that signs in, or a sign-in name that starts with `mtr-` and signs in. The name alone is no proof: while nothing is known of its sign-ins, such an account waits (behaviour unknown).",
        why: "The device signs in unattended: with MFA the meeting room, the lobby phone or the panel goes dark.",
        evidence: "What shows it.",
        action: "Declare it as `service_account`.",
        sources: &["Supported Conditional Access and Intune device compliance policies for Microsoft Teams Rooms"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let user = case.user;
    if let Some(by) = recognise::shared_device(user) {
        return Hit::new(Critical, "This account signs a shared device in: with MFA the device goes dark.")
            .with("recognised_by", by)
            .with_some("licenses", user.licenses.as_ref().map(|skus| serde_json::json!(skus)))
            .into();
    }
    let room = user.mailbox_purpose == Some(MailboxPurpose::Room);
    let named = recognise::is_named_like_a_room(user);
    if (room || named) && case.signs_in() == Some(true) {
        let by = if room { "room mailbox that signs in" } else { "user principal name" };
        return Hit::new(Critical, "This room's account signs in: with MFA the room goes dark.")
            .with("recognised_by", by)
            .into();
    }
    if user.licenses.is_none() {
        Verdict::Blind(Fact::Licenses)
    } else if user.mailbox_purpose.is_none() {
        Verdict::Blind(Fact::MailboxPurpose)
    } else if (room || named) && case.signs_in().is_none() {
        Verdict::Blind(Fact::SignIns)
    } else {
        Verdict::Clear
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::tenant::MailboxPurpose;

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "by licence",
                    |w| w.user().licenses = Some(["Microsoft_Teams_Rooms_Pro".into()].into()),
                    Fires(Critical),
                ),
                ("by older licence", |w| w.user().licenses = Some(["MEETING_ROOM".into()].into()), Fires(Critical)),
                ("a phone in the lobby", |w| w.user().licenses = Some(["MCOCAP".into()].into()), Fires(Critical)),
                (
                    "a panel",
                    |w| w.user().licenses = Some(["microsoft_teams_shared_devices".into()].into()),
                    Fires(Critical),
                ),
                ("a device's key", |w| w.user().methods = Some(["resourceAccountKey".into()].into()), Fires(Critical)),
                (
                    "an attendant is no device",
                    |w| w.user().licenses = Some(["PHONESYSTEM_VIRTUALUSER".into()].into()),
                    Silent,
                ),
                ("by name", |w| w.user().user_principal_name = "MTR-Oslo@contoso.com".into(), Fires(Critical)),
                (
                    "by name, sign-ins unknown",
                    |w| {
                        w.user().user_principal_name = "mtr-oslo@contoso.com".into();
                        w.user().sign_ins = None;
                        w.user().last_sign_in = crate::tenant::LastSignIn::Unknown;
                    },
                    Blind,
                ),
                ("a room that signs in", |w| w.user().mailbox_purpose = Some(MailboxPurpose::Room), Fires(Critical)),
                (
                    "a room that does not",
                    |w| {
                        w.user().mailbox_purpose = Some(MailboxPurpose::Room);
                        w.asleep();
                    },
                    Silent,
                ),
                ("licences unknown", |w| w.user().licenses = None, Blind),
                ("mtrent is a person", |w| w.user().user_principal_name = "mtrent@contoso.com".into(), Silent),
            ],
        );
    }
}
