//! MFA011 azure-automation-as-user: azure automation runs as this user.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA011",
    name: "azure-automation-as-user",
    title: "Azure automation runs as this user",
    grades: &[High],
    facts: &[Fact::SignIns],
    traits: Traits::WORKLOAD,
    remediation: "Use a managed identity, or OIDC federation for pipelines.",
    doc: RuleDoc {
        meaning: "There are sign-ins to Azure CLI or Azure PowerShell and the service account signal reaches the possible score.",
        why: "Microsoft requires MFA for Azure sign-ins of users step by step; pipelines under a user account fail then, or with this change.",
        evidence: "Which tool, how often, and the score.",
        action: "",
        sources: &["Planning for mandatory multifactor authentication for Azure and other admin portals"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    let Some(apps) = case.sign_ins().and_then(|one| one.apps.as_ref()) else { return Verdict::Blind(Fact::SignIns) };
    let tool = apps.iter().find_map(|app| {
        let (_, tool) = TOOLS.iter().find(|(id, _)| app.count > 0 && app.id.eq_ignore_ascii_case(id))?;
        Some((*tool, app.count))
    });
    match tool {
        Some((tool, count)) if case.score() >= case.context.facts.model.possible => {
            Hit::new(High, "Azure automation seems to run as this user: with MFA it stops.")
                .with("app", tool)
                .with("count", count)
                .with("service_account_score", case.score())
                .into()
        }
        _ => Verdict::Clear,
    }
}

/// Microsoft's own command line tools, by application id.
const TOOLS: [(&str, &str); 2] = [
    ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Azure CLI"),
    ("1950a258-227b-4e31-a9cf-717495945fc2", "Azure PowerShell"),
];

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
                    "a pipeline",
                    |w| {
                        w.workload();
                        w.app("04b07795-8ddb-461a-bbee-02f9e1bf7b46", 300);
                    },
                    Fires(High),
                ),
                ("a person at the shell", |w| w.app("04b07795-8ddb-461a-bbee-02f9e1bf7b46", 3), Silent),
                (
                    "another application",
                    |w| {
                        w.workload();
                        w.app("00000002-0000-0ff1-ce00-000000000000", 300);
                    },
                    Silent,
                ),
                ("applications unknown", |w| w.sign_ins().apps = None, Blind),
            ],
        );
    }
}
