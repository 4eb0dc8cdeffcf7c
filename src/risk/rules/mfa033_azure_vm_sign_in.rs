//! MFA033 azure-vm-sign-in: signs in to Azure virtual machines.

use crate::risk::rule::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "MFA033",
    name: "azure-vm-sign-in",
    title: "Signs in to Azure virtual machines",
    grades: &[High],
    facts: &[Fact::SignIns],
    traits: Traits::NONE,
    remediation: "Leave the user out, and require MFA for these sign-ins by Conditional Access.",
    doc: RuleDoc {
        meaning: "There were sign-ins to Azure Windows or Linux virtual machines with Microsoft Entra ID in the window.",
        why: "Microsoft does not support per-user MFA for them: the user could no longer sign in to the machines.",
        evidence: "How many.",
        action: "",
        sources: &["Sign in to a Windows virtual machine in Azure by using Microsoft Entra ID"],
    },
    check: Check::Change(On::RAISE, check),
};

fn check(case: &Case<'_>) -> Verdict {
    const MACHINES: [&str; 2] = ["372140e0-b3b7-4226-8ef9-d57986796201", "ce6ff14a-7fdc-4685-bbe0-f6afdfcfa8e0"];
    let Some(apps) = case.sign_ins().and_then(|one| one.apps.as_ref()) else { return Verdict::Blind(Fact::SignIns) };
    let to_machines = apps.iter().filter(|app| MACHINES.iter().any(|id| app.id.eq_ignore_ascii_case(id)));
    let count: u64 = to_machines.map(|app| u64::from(app.count)).sum();
    if count == 0 {
        return Verdict::Clear;
    }
    Hit::new(High, "This user signs in to Azure virtual machines, which does not work with per-user MFA.")
        .with("azure_vm_sign_ins", count)
        .into()
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
                ("Windows", |w| w.app("372140e0-b3b7-4226-8ef9-d57986796201", 3), Fires(High)),
                (
                    "Linux, only enabled",
                    |w| {
                        w.app("CE6FF14A-7fdc-4685-bbe0-f6afdfcfa8e0", 1);
                        w.change(Disabled, Enabled);
                    },
                    Fires(High),
                ),
                (
                    "lowered",
                    |w| {
                        w.app("372140e0-b3b7-4226-8ef9-d57986796201", 3);
                        w.change(Enforced, Disabled);
                    },
                    Silent,
                ),
                ("another application", |w| w.app("04b07795-8ddb-461a-bbee-02f9e1bf7b46", 3), Silent),
                ("unknown", |w| w.user().sign_ins = None, Blind),
            ],
        );
    }
}
