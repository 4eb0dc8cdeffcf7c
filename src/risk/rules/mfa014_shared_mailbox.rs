//! MFA014 shared-mailbox: this is a shared mailbox.

use crate::risk::rule::prelude::*;
use crate::tenant::MailboxPurpose;

pub(super) static RULE: Rule = Rule {
    id: "MFA014",
    name: "shared-mailbox",
    title: "This is a shared mailbox",
    grades: &[High, Medium],
    facts: &[Fact::MailboxPurpose, Fact::SignIns],
    traits: Traits::NONE,
    remediation: "Block sign-in to the account and delegate access to the mailbox.",
    doc: RuleDoc {
        meaning: "The mailbox is a shared one. High when the account signs in, by the counts of the window or by its last sign-in; else medium.",
        why: "Several people share the password: the one who registers first locks the others out.",
        evidence: "Whether it signs in, and how often.",
        action: "",
        sources: &["Create a shared mailbox: block sign-in for the shared mailbox account"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.user.mailbox_purpose {
        None => return Verdict::Blind(Fact::MailboxPurpose),
        Some(MailboxPurpose::Shared) => {}
        Some(_) => return Verdict::Clear,
    }
    let sign_ins = case.sign_ins();
    let hit = match case.signs_in() {
        Some(true) => {
            Hit::new(High, "People sign in to this shared mailbox with its password: with MFA only one of them can.")
        }
        Some(false) => Hit::new(Medium, "This is a shared mailbox: nobody should sign in to it."),
        None => Hit::new(Medium, "This is a shared mailbox; whether somebody signs in to it is unknown."),
    };
    let hit = hit
        .with_some("interactive", sign_ins.and_then(|one| one.interactive))
        .with_some("non_interactive", sign_ins.and_then(|one| one.non_interactive));
    match case.signs_in() {
        None => Verdict::AtLeast(hit, Fact::SignIns),
        Some(_) => hit.into(),
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
                ("signs in", |w| w.user().mailbox_purpose = Some(MailboxPurpose::Shared), Fires(High)),
                (
                    "asleep",
                    |w| {
                        w.user().mailbox_purpose = Some(MailboxPurpose::Shared);
                        w.asleep();
                    },
                    Fires(Medium),
                ),
                ("a user's mailbox", |w| w.user().mailbox_purpose = Some(MailboxPurpose::User), Silent),
                ("unknown", |w| w.user().mailbox_purpose = None, Blind),
            ],
        );
    }
}
