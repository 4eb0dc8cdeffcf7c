//! `MIGRATION.md`: the order of the steps, what to check at each, and how to go back.

use std::fmt::Write as _;

use super::{CONFIGURATION, TERRAFORM, Written, because};
use crate::{
    migrate::{Account, Migration, Step},
    render::{escape, words},
    tenant::ObservedTenant,
};

/// So many accounts are named in a list of the document; the other files have them all.
const NAMED: usize = 50;

/// The document of a tenant that may have Conditional Access.
#[must_use]
pub(crate) fn write(written: &Written<'_>) -> String {
    let Written { migration, waves, losses, tenant, label } = *written;
    let Migration {
        policies: _,
        emergency,
        workloads,
        suspects,
        weak_administrators,
        reached,
        unregistered,
        lowered,
        leftovers,
    } = migration;
    let mut out = format!("# {}: from per-user MFA to Conditional Access\n\n", prose(&tenant.name));
    let _ = writeln!(
        out,
        "Facts of {}. Of {}, {} can be lowered once the policies stand; {} with per-user MFA, or of an unknown state, stay \
         as they are and are named below.\n",
        words::instant(tenant.captured_at),
        words::count(tenant.users().len() as u64, "user"),
        words::number(words::len(lowered)),
        words::number(words::len(leftovers)),
    );
    let _ = writeln!(
        out,
        "`{TERRAFORM}` has the policies, `{CONFIGURATION}` the lowering. Nothing here changes the tenant by itself.\n"
    );
    out.push_str("## Before you begin\n\n");
    licences(tenant, *reached, &mut out);
    if emergency.len() < 2 {
        let _ = writeln!(
            out,
            "- **Emergency accounts: {}.** Declare two `break_glass` accounts before any policy is enforced, and run `mfaplan \
             migrate` again: nobody else is left out of the policies (Microsoft Entra ID, [Manage emergency access \
             accounts](https://learn.microsoft.com/entra/identity/role-based-access-control/security-emergency-access)).",
            emergency.len()
        );
    } else {
        let _ =
            writeln!(out, "- Emergency accounts: {}, in no policy. Try one of them after every step.", emergency.len());
    }
    if *unregistered > 0 {
        let _ = writeln!(
            out,
            "- {} of those whom the policy reaches have registered nothing: they register at their next sign-in. \
             `mfaplan readiness` says whom to call first.",
            words::number(*unregistered)
        );
    }
    if !workloads.is_empty() {
        let _ = writeln!(
            out,
            "- Declared workloads: {}, outside of the policy that asks for MFA. No MFA protects them: restrict each by \
             location, or replace it by a workload identity.",
            words::number(words::len(workloads))
        );
        let by_legacy = workloads.iter().filter(|one| one.legacy == Some(true)).count();
        let unknown = workloads.iter().filter(|one| one.legacy.is_none()).count();
        let _ = writeln!(
            out,
            "  {by_legacy} of them sign in by legacy protocols and are left out of the block as well; of {unknown} that is not \
             known, and the block reaches them."
        );
        for one in workloads.iter().take(NAMED) {
            let who = escape::markdown_code(&one.account.user_principal_name);
            let _ = writeln!(out, "   - {who} ({})", prose(&one.address));
        }
        cut(workloads.len(), &mut out);
    }
    if !suspects.is_empty() {
        let _ = writeln!(
            out,
            "- **{} look like workloads and are not declared.** The policies would break them. Declare each as \
             `service_account`, or convince yourself that a person signs in:",
            accounts(suspects)
        );
        list(suspects, &mut out);
    }
    out.push_str("\n## The steps\n\n");
    let _ = writeln!(
        out,
        "1. **Policies, report-only.** `terraform apply` with `{TERRAFORM}` as it is. Look at the sign-in log for a week: \
         what the policies would have done stands at every sign-in (Microsoft Entra ID, [Conditional Access report-only \
         mode](https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-report-only)).\n   \
         To go back: `terraform destroy`."
    );
    let defaults = tenant.security_defaults_enabled;
    let sitting = match defaults {
        Some(true) => {
            " In one sitting: security defaults are on, and have to be switched off first; until the policies are enabled, \
             nobody but those with per-user MFA is asked."
        }
        Some(false) => "",
        None => " Whether security defaults are on is not known; they have to be off, in the same sitting.",
    };
    let _ = writeln!(
        out,
        "2. **Policies in force.** `terraform apply -var conditional_access_state=enabled`.{sitting} Per-user MFA is still on: \
         for those who have it nothing changes.\n   To go back: the same with `enabledForReportingButNotEnforced`."
    );
    let exposed: Vec<&Account> =
        losses.iter().filter(|loss| loss.at == Step::Enforce).map(|loss| &loss.account).collect();
    if !exposed.is_empty() {
        let _ = writeln!(
            out,
            "   **{} need MFA today only because of security defaults, and none afterwards**, as they are outside of the \
             policies. Before this step set their per-user MFA to Enforced where they can answer, or restrict them by \
             location:",
            words::count(words::len(&exposed), "account")
        );
        let named: Vec<Account> = exposed.into_iter().cloned().collect();
        list(&named, &mut out);
    }
    let _ = writeln!(
        out,
        "3. **Snapshot and plan.** Put `{CONFIGURATION}` beside the configuration and run `mfaplan plan`. The waves wait for \
         their dates, and each opens only while the policies in the tenant cover all of its users."
    );
    let mut number = 4;
    for wave in waves {
        let _ = writeln!(
            out,
            "{number}. **Wave {} of rollout {label}, {}: {}.** `mfaplan plan`, review, `mfaplan apply`.\n   To go back: \
             `mfaplan rollback RUN`.",
            wave.name,
            wave.from,
            words::count(words::len(&wave.users), "user"),
        );
        number += 1;
    }
    let _ = writeln!(
        out,
        "{number}. **What is left.** Go through the list below. Keep the block: it tells when somebody's per-user MFA comes back."
    );
    out.push_str("\nAt no step does a sign-in that needed MFA need none");
    out.push_str(if losses.is_empty() { ".\n" } else { ", but for the accounts named at step 2.\n" });
    out.push_str("\n## Administrators\n\n");
    if weak_administrators.is_empty() {
        out.push_str(
            "Every holder of an administrator role has a phishing-resistant method. Set `admin_strength_state = \"enabled\"` at \
             step 2.\n",
        );
    } else {
        let _ = writeln!(
            out,
            "The third policy would lock out {} without a phishing-resistant method, or of whom that is not known. It stays \
             report-only (`admin_strength_state`) until they have one; the first policy asks them for MFA meanwhile.\n",
            accounts(weak_administrators)
        );
        list(weak_administrators, &mut out);
    }
    out.push_str("\n## Who keeps per-user MFA\n\n");
    if leftovers.is_empty() {
        out.push_str("Nobody.\n");
    }
    for one in leftovers.iter().take(NAMED) {
        let who = escape::markdown_code(&one.account.user_principal_name);
        let _ = writeln!(out, "- {who}: {}", prose(&because(&one.why)));
    }
    more(leftovers.len(), &mut out);
    out
}

/// The document of a tenant without a licence for Conditional Access.
#[must_use]
pub(crate) fn unlicensed(tenant: &ObservedTenant) -> String {
    let mut out = format!("# {}: no way off per-user MFA yet\n\n", prose(&tenant.name));
    out.push_str(
        "The tenant has no licence for Conditional Access (Microsoft Entra ID P1 or P2, in Microsoft 365 Business Premium, E3 \
         and E5), so nothing can take the place of per-user MFA user by user. No policy was written.\n\n\
         ## What security defaults would do, and what not\n\n\
         - They ask everybody to register within 14 days, administrators for MFA at every sign-in, and others \"when \
         necessary\": not at every sign-in.\n\
         - They block legacy authentication for everybody, emergency accounts and workloads included. There are no \
         exceptions.\n\
         - They cannot be staged: one switch, for the whole tenant.\n\n\
         (Microsoft Entra ID, [Security defaults](https://learn.microsoft.com/entra/fundamentals/security-defaults).)\n\n\
         Until there is a licence, keep per-user MFA at Enforced: it asks at every sign-in. `mfaplan plan` says who is not there \
         yet.\n",
    );
    out
}

fn licences(tenant: &ObservedTenant, reached: u64, out: &mut String) {
    let known = match tenant.licensed_for_conditional_access() {
        Some(_) => "",
        None => " Which licences the tenant has is not known: look before you begin.",
    };
    let _ = writeln!(
        out,
        "- Licences: {} enabled accounts are reached by the policies, guests among them; every member needs Microsoft Entra ID \
         P1 (Microsoft Entra ID, [What is Conditional \
         Access?](https://learn.microsoft.com/entra/identity/conditional-access/overview)).{known}",
        words::number(reached)
    );
}

fn list(accounts: &[Account], out: &mut String) {
    for one in accounts.iter().take(NAMED) {
        let _ = writeln!(out, "   - {}", escape::markdown_code(&one.user_principal_name));
    }
    cut(accounts.len(), out);
}

fn cut(count: usize, out: &mut String) {
    if count > NAMED {
        let _ = writeln!(out, "   - … and {} more", count - NAMED);
    }
}

fn more(count: usize, out: &mut String) {
    if count > NAMED {
        let _ = writeln!(out, "\n… and {} more; `{CONFIGURATION}` names them all.", count - NAMED);
    }
}

/// A text of the tenant, in Markdown.
fn prose(text: &str) -> String {
    escape::markdown(text).into_owned()
}

/// How many accounts stand in a list.
fn accounts(list: &[Account]) -> String {
    words::count(words::len(list), "account")
}
