//! MFA024 guest: this is a guest.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA024",
    name: "guest",
    title: "This is a guest",
    grades: &[Medium],
    facts: &[Fact::Directory],
    traits: Traits::NONE,
    remediation: "Require MFA of guests from elsewhere by Conditional Access, with inbound trust of their home tenants.",
    doc: RuleDoc {
        meaning: "The account is a guest by its type or by `#EXT#` in its sign-in name.",
        why: "A guest from elsewhere (`#EXT#`) must register a second time in this tenant, and the factor of the home tenant does not count. An internal guest has no home tenant: they authenticate here, and must register here.",
        evidence: "The type and the sign-in name.",
        action: "",
        sources: &["Authentication and Conditional Access for Microsoft Entra External ID"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    match case.user.is_guest() {
        None => Verdict::Blind(Fact::Directory),
        Some(false) => Verdict::Clear,
        Some(true) => {
            let hit = if case.user.is_external() {
                Hit::new(Medium, "This is a guest, who would have to register a second factor in this tenant too.")
            } else {
                Hit::new(Medium, "This is an internal guest, who authenticates here and registers here.")
                    .remedy("Have the guest register a method in this tenant first, as a member would.")
            };
            hit.with_some("user_type", case.user.user_type.map(|one| one.as_str())).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;
    use crate::tenant::UserType;

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                ("by type", |w| w.user().user_type = Some(UserType::Guest), Fires(Medium)),
                (
                    "by name",
                    |w| w.user().user_principal_name = "jo_fabrikam.com#EXT#@contoso.onmicrosoft.com".into(),
                    Fires(Medium),
                ),
                ("a member", |_| {}, Silent),
                ("type unknown", |w| w.user().user_type = None, Blind),
            ],
        );
    }
}
