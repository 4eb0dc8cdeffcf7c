//! MFA097 automation-under-mandatory-mfa: automation signs in to Azure without MFA.

use std::collections::BTreeMap;

use crate::risk::names::{Names, users};
use crate::risk::rule::prelude::*;
use crate::tenant::{AppSignIns, Outcome, SignIns};

pub(super) static RULE: Rule = Rule {
    id: "MFA097",
    name: "automation-under-mandatory-mfa",
    title: "Automation signs in to Azure without MFA",
    grades: &[High],
    facts: &[Fact::SignIns],
    traits: Traits::NONE,
    remediation: "Replace the account by a managed identity or a service principal.",
    doc: RuleDoc {
        meaning: "A user, a declared service account included, signs in to Azure CLI, Azure PowerShell, the Azure mobile app or Azure Resource Manager, and no MFA was done in the window.",
        why: "MFA is mandatory for writes to Azure since 2025-10-01, whatever the per-user state: reading goes on, writing fails.",
        evidence: "How many users, the first names, and how many sign-ins by which client.",
        action: "",
        sources: &["Planning for mandatory multifactor authentication for Azure and other admin portals"],
    },
    check: Check::Plan(check),
};

/// Azure CLI, Azure PowerShell, the Azure mobile app.
const CLIENTS: [&str; 3] = [
    "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
    "1950a258-227b-4e31-a9cf-717495945fc2",
    "0c1307d4-29d6-4389-a11c-5cbe7f65d7fa",
];

/// Azure Resource Manager: whatever client somebody uses, this is what they sign in to. Where nobody says the resource,
/// some records have it as the application.
const RESOURCE_MANAGER: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";

/// What the user signs in to Azure with, and how often; nothing where they do not.
fn azure<'a>(log: &'a SignIns, apps: &'a [AppSignIns]) -> Vec<(&'a str, u64)> {
    let is = |id: &str, known: &str| id.eq_ignore_ascii_case(known);
    let by_client = |id: &str| is(id, RESOURCE_MANAGER) || CLIENTS.iter().any(|known| is(id, known));
    let clients = apps.iter().filter(|app| app.count > 0 && by_client(&app.id));
    let mut found: Vec<(&str, u64)> = clients.map(|app| (name(app), u64::from(app.count))).collect();
    let others = log.cells.iter().flatten().filter(|cell| {
        cell.shape.outcome == Outcome::Success
            && !by_client(&cell.shape.app)
            && cell.shape.resource.as_ref().is_some_and(|id| is(id, RESOURCE_MANAGER))
    });
    for cell in others {
        let app = cell.shape.app_name.as_ref().unwrap_or(&cell.shape.app).as_str();
        match found.iter_mut().find(|(known, _)| *known == app) {
            Some((_, count)) => *count += u64::from(cell.count),
            None => found.push((app, u64::from(cell.count))),
        }
    }
    found
}

/// The application's name in the record; else its id.
fn name(app: &AppSignIns) -> &str {
    app.display_name.as_ref().unwrap_or(&app.id)
}

fn check(case: &mut PlanCase<'_>) {
    let (mut found, mut unknown) = (Names::default(), 0);
    let mut clients: BTreeMap<&str, u64> = BTreeMap::new();
    for user in case.context.tenant.users().iter().filter(|user| user.account_enabled != Some(false)) {
        let Some(log) = user.sign_ins.as_deref() else {
            unknown += 1;
            continue;
        };
        let (Some(apps), Some(mfa)) = (&log.apps, log.interactive_mfa) else {
            unknown += 1;
            continue;
        };
        let azure = if mfa == 0 { azure(log, apps) } else { Vec::new() };
        if !azure.is_empty() {
            found.add(user);
        }
        for (client, count) in azure {
            *clients.entry(client).or_default() += count;
        }
    }
    if unknown > 0 {
        case.blind(unknown, Fact::SignIns);
    }
    if !found.is_empty() {
        let message = format!(
            "{} {} to Azure without MFA: their writes fail since {}.",
            users(found.count()),
            if found.count() == 1 { "signs in" } else { "sign in" },
            deadlines::MANDATORY_WRITES.from
        );
        case.fire(
            Hit::new(High, message)
                .with("users", found.count())
                .with("first", found.first())
                .with("sign_ins_without_mfa", serde_json::json!(clients)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{RESOURCE_MANAGER, RULE};
    use crate::{risk::testing::*, tenant::Outcome};

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                (
                    "Azure CLI without MFA",
                    |w| {
                        w.app("04b07795-8ddb-461a-bbee-02f9e1bf7b46", 40);
                        w.sign_ins().interactive_mfa = Some(0);
                    },
                    Fires(High),
                ),
                (
                    "a declared service account",
                    |w| {
                        w.app("1950a258-227b-4e31-a9cf-717495945fc2", 40);
                        w.sign_ins().interactive_mfa = Some(0);
                        w.service_account(None);
                    },
                    Fires(High),
                ),
                (
                    "another client that signs in to Azure Resource Manager",
                    |w| {
                        w.sign_ins().interactive_mfa = Some(0);
                        w.resource(RESOURCE_MANAGER, Outcome::Success);
                    },
                    Fires(High),
                ),
                (
                    "it did not get in there",
                    |w| {
                        w.sign_ins().interactive_mfa = Some(0);
                        w.resource(RESOURCE_MANAGER, Outcome::Failure);
                    },
                    Silent,
                ),
                ("with MFA", |w| w.app("04b07795-8ddb-461a-bbee-02f9e1bf7b46", 40), Silent),
                (
                    "another application",
                    |w| {
                        w.app("372140e0-b3b7-4226-8ef9-d57986796201", 40);
                        w.sign_ins().interactive_mfa = Some(0);
                    },
                    Silent,
                ),
                ("unknown", |w| w.user().sign_ins = None, Blind),
            ],
        );
    }
}
