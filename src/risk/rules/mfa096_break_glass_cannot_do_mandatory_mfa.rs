//! MFA096 break-glass-cannot-do-mandatory-mfa: an emergency account cannot do mandatory MFA.

use crate::risk::rule::prelude::*;
use crate::{
    desired::{Claim, ProtectionKind},
    risk::names::{Names, users},
    tenant::{User, is_global_administrator},
};

pub(super) static RULE: Rule = Rule {
    id: "MFA096",
    name: "break-glass-cannot-do-mandatory-mfa",
    title: "An emergency account cannot do mandatory MFA",
    grades: &[High],
    facts: &[Fact::Registration, Fact::Roles, Fact::Domains],
    traits: Traits::NONE,
    remediation: "Give every emergency account a passkey or certificate, a permanent role and an onmicrosoft.com name in the cloud.",
    doc: RuleDoc {
        meaning: "A user declared as `break_glass` has no phishing-resistant method, is only eligible for Global Administrator, is synchronised or federated, or has a name outside `onmicrosoft.com`.",
        why: "MFA in the portals is mandatory for everybody, emergency accounts included; and an account that depends on another system fails with it.",
        evidence: "The accounts, each with its reasons.",
        action: "",
        sources: &[
            "Manage emergency access accounts in Microsoft Entra ID",
            "Planning for mandatory multifactor authentication for Azure and other admin portals",
        ],
    },
    check: Check::Plan(check),
};

fn check(case: &mut PlanCase<'_>) {
    let context = case.context;
    let (mut no_methods, mut no_roles) = (0, 0);
    let mut found = Names::default();
    let mut reasons = Vec::new();
    for ((_, user), claim) in context.tenant.indexed().zip(&context.desired.claims) {
        let Claim::Protected(protection) = claim else { continue };
        if protection.kind != ProtectionKind::BreakGlass {
            continue;
        }
        let why = reasons_of(user, context.domain(user).ok().flatten().is_some_and(|kind| kind.federated));
        if !why.is_empty() {
            found.add(user);
            if reasons.len() < 10 {
                reasons.push(format!("{}: {}", user.user_principal_name, why.join(", ")));
            }
        }
        no_methods += u64::from(resistant(user).is_none());
        no_roles += u64::from(user.directory_roles.is_none());
    }
    if no_methods > 0 {
        case.blind(no_methods, Fact::Registration);
    }
    if no_roles > 0 {
        case.blind(no_roles, Fact::Roles);
    }
    if !found.is_empty() {
        let message =
            format!("{} declared for emergencies cannot be relied on when MFA is mandatory.", users(found.count()));
        case.fire(
            Hit::new(High, message).with("users", found.count()).with("first", found.first()).with("reasons", reasons),
        );
    }
}

/// Has the account a phishing-resistant method? `None` where methods are unknown, or only a name that this version does
/// not know could be one.
fn resistant(user: &User) -> Option<bool> {
    let methods = user.methods.as_ref()?;
    if methods.iter().any(|one| methods::is_phishing_resistant(one)) {
        return Some(true);
    }
    methods::unknown(user).next().is_none().then_some(false)
}

fn reasons_of(user: &User, federated: bool) -> Vec<&'static str> {
    let mut why = Vec::new();
    if resistant(user) == Some(false) {
        why.push("no phishing-resistant method");
    }
    let mut global = user.directory_roles.iter().flatten().filter(|one| is_global_administrator(one));
    if global.clone().next().is_some() && global.all(|one| !one.permanent) {
        why.push("only eligible for Global Administrator");
    }
    if user.on_premises_sync_enabled == Some(true) {
        why.push("synchronised from on-premises");
    }
    if federated {
        why.push("federated domain");
    }
    if !user.domain().is_some_and(|domain| domain.to_ascii_lowercase().ends_with(".onmicrosoft.com")) {
        why.push("not an onmicrosoft.com name");
    }
    why
}

#[cfg(test)]
mod tests {
    use super::RULE;
    use crate::risk::testing::*;

    fn ready(w: &mut World) {
        for user in &mut w.users[2..4] {
            user.user_principal_name = format!("{}@contoso.onmicrosoft.com", user.given_name.clone().unwrap()).into();
            user.directory_roles = Some([global_admin()].into());
            user.methods = Some(["fido2SecurityKey".into()].into());
        }
    }

    #[test]
    fn fires_and_near_misses() {
        rows(
            &RULE,
            &[
                ("both are ready", ready, Silent),
                (
                    "no key",
                    |w| {
                        ready(w);
                        w.users[2].methods = Some(["microsoftAuthenticatorPush".into()].into());
                    },
                    Fires(High),
                ),
                (
                    "eligible only",
                    |w| {
                        ready(w);
                        w.users[2].directory_roles = Some([eligible(global_admin())].into());
                    },
                    Fires(High),
                ),
                (
                    "synchronised",
                    |w| {
                        ready(w);
                        w.users[3].on_premises_sync_enabled = Some(true);
                    },
                    Fires(High),
                ),
                (
                    "the organisation's own domain",
                    |w| {
                        ready(w);
                        w.users[3].user_principal_name = "bg2@contoso.com".into();
                    },
                    Fires(High),
                ),
                (
                    "methods unknown",
                    |w| {
                        ready(w);
                        w.users[2].methods = None;
                    },
                    Blind,
                ),
                (
                    "roles unknown",
                    |w| {
                        ready(w);
                        w.users[2].directory_roles = None;
                    },
                    Blind,
                ),
            ],
        );
    }
}
