//! MFA015 room-or-equipment-mailbox: this is a room or equipment mailbox.

use crate::risk::rule::prelude::*;
use crate::tenant::MailboxPurpose;

pub(super) static RULE: Rule = Rule {
    id: "MFA015",
    name: "room-or-equipment-mailbox",
    title: "This is a room or equipment mailbox",
    grades: &[Low],
    facts: &[Fact::MailboxPurpose, Fact::SignIns],
    traits: Traits::NONE,
    remediation: "Block sign-in to the account.",
    doc: RuleDoc {
        meaning: "The mailbox is a room or equipment and nobody signs in to it, as far as known. A room that signs in is MFA012.",
        why: "The state of such an account matters to nobody while it cannot sign in.",
        evidence: "Whether sign-ins are known.",
        action: "",
        sources: &["Resource mailboxes in Exchange Online"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.user.mailbox_purpose {
        None => return Verdict::Blind(Fact::MailboxPurpose),
        Some(MailboxPurpose::Room | MailboxPurpose::Equipment) => {}
        Some(_) => return Verdict::Clear,
    }
    match case.signs_in() {
        Some(true) => Verdict::Clear,
        Some(false) => {
            Hit::new(Low, "This is a room or equipment mailbox to which nobody signs in.").with("sign_ins", 0).into()
        }
        None => Hit::new(Low, "This is a room or equipment mailbox; whether it signs in is unknown.")
            .with("sign_ins", "unknown")
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::tenant::{LastSignIn, MailboxPurpose};

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "a room asleep",
                    |w| {
                        w.user().mailbox_purpose = Some(MailboxPurpose::Room);
                        w.asleep();
                    },
                    Fires(Low),
                ),
                (
                    "equipment, sign-ins unknown",
                    |w| {
                        w.user().mailbox_purpose = Some(MailboxPurpose::Equipment);
                        w.user().sign_ins = None;
                        w.user().last_sign_in = LastSignIn::Unknown;
                    },
                    Fires(Low),
                ),
                ("a room that signs in", |w| w.user().mailbox_purpose = Some(MailboxPurpose::Room), Silent),
                ("unknown", |w| w.user().mailbox_purpose = None, Blind),
            ],
        );
    }
}
