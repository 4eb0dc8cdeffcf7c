//! MFA098 conditional-access-list-incomplete: there are more Conditional Access policies than the plan knows.

use crate::risk::rule::prelude::*;
use crate::tenant::PoliciesRead;

pub(super) static RULE: Rule = Rule {
    id: "MFA098",
    name: "conditional-access-list-incomplete",
    title: "There may be Conditional Access policies that the plan does not know",
    grades: &[Medium],
    facts: &[Fact::ConditionalAccessRead],
    traits: Traits::NONE,
    remediation: "Look at the policies in the portal, plans and preview settings included, before you trust what is said of coverage.",
    doc: RuleDoc {
        meaning: "Fewer Conditional Access policies were read than there are: the service lists more, the list is that of v1.0, or there are Conditional Access plans, or whether there are any could not be read.",
        why: "The list of v1.0 leaves out policies with preview settings, and the rules of a plan are no policies: they may ask for MFA, block, or exclude somebody, and nothing here knows it.",
        evidence: "The version of the list, how many policies were read and how many the service lists, and how many plans there are.",
        action: "",
        sources: &["conditionalAccessPolicyPlan resource type", "List policies (conditionalAccessRoot)"],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let tenant = case.context.tenant;
    // Where the policies themselves are unknown, every rule that asks for them says so.
    if tenant.conditional_access.is_none() || case.transitions.is_empty() {
        return;
    }
    let Some(PoliciesRead { beta, read, listed, plans }) = tenant.conditional_access_read else {
        return case.blind(tenant.users().len() as u64, Fact::ConditionalAccessRead);
    };
    let more = listed.and_then(|listed| listed.checked_sub(read)).filter(|more| *more > 0);
    let message = match (more, beta, plans) {
        (Some(more), ..) => format!(
            "The service lists {more} more Conditional Access {} than could be read.",
            if more == 1 { "policy" } else { "policies" }
        ),
        (None, false, _) => {
            "The Conditional Access policies were read from v1.0, which leaves out those with preview settings."
                .to_owned()
        }
        (None, true, None) => {
            "Whether there are Conditional Access plans beside the policies could not be read.".to_owned()
        }
        (None, true, Some(0)) => return,
        (None, true, Some(1)) => {
            "There is a Conditional Access plan, whose rules this version does not read.".to_owned()
        }
        (None, true, Some(plans)) => {
            format!("There are {plans} Conditional Access plans, whose rules this version does not read.")
        }
    };
    case.fire(
        Hit::new(Medium, message)
            .with("version", if beta { "beta" } else { "v1.0" })
            .with("read", read)
            .with_some("listed", listed)
            .with_some("plans", plans),
    );
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::{risk::testing::*, tenant::PoliciesRead};

    const ALL: PoliciesRead = PoliciesRead { beta: true, read: 3, listed: Some(3), plans: Some(0) };

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                ("all of them", |w| w.policies_read = Some(ALL), Silent),
                (
                    "the service does not say how many",
                    |w| w.policies_read = Some(PoliciesRead { listed: None, ..ALL }),
                    Silent,
                ),
                ("one more", |w| w.policies_read = Some(PoliciesRead { listed: Some(4), ..ALL }), Fires(Medium)),
                (
                    "fewer than were read: one went meanwhile",
                    |w| w.policies_read = Some(PoliciesRead { listed: Some(2), ..ALL }),
                    Silent,
                ),
                ("v1.0", |w| w.policies_read = Some(PoliciesRead { beta: false, ..ALL }), Fires(Medium)),
                ("a plan", |w| w.policies_read = Some(PoliciesRead { plans: Some(1), ..ALL }), Fires(Medium)),
                ("plans are unknown", |w| w.policies_read = Some(PoliciesRead { plans: None, ..ALL }), Fires(Medium)),
                ("a copy that does not say", |w| w.policies_read = None, Blind),
                ("no policies at all: other rules say so", |w| (w.policies, w.policies_read) = (None, None), Silent),
            ],
        );
    }
}
