//! `--target`: limits a plan to users and blocks. What no block declares a state for is told, never planned as "nothing
//! to do": an empty plan would read as "all is well".

use std::collections::BTreeSet;

use crate::{
    config::{Config, Declared, kind_of_address},
    desired::{Claim, Desired, Protection, ProtectionKind},
    diag::did_you_mean,
    diff::{Cause, Transition},
    tenant::{ObservedTenant, UserIndex},
};

use super::{BuildError, TargetProblem, build::place};

/// Limits transitions to the targets: users by name or id, blocks by address.
///
/// # Errors
/// All targets at once of which nothing can be planned.
pub(super) fn limit(
    config: &Config,
    tenant: &ObservedTenant,
    desired: &Desired,
    all: Vec<Transition>,
    targets: &[String],
) -> Result<Vec<Transition>, BuildError> {
    if targets.is_empty() {
        return Ok(all);
    }
    let mut users = BTreeSet::new();
    let mut causes = Vec::new();
    let mut problems = Vec::new();
    for target in targets {
        match tenant.meant(target) {
            Some(user) => match undeclared(config, tenant, desired, target, user) {
                None => drop(users.insert(user)),
                Some(problem) => problems.push(problem),
            },
            None => match blocks(config, tenant, target) {
                Ok(found) => causes.extend(found),
                Err(problem) => problems.push(problem),
            },
        }
    }
    if !problems.is_empty() {
        return Err(BuildError::Target(problems));
    }
    Ok(all.into_iter().filter(|one| users.contains(&one.user) || causes.contains(&one.cause)).collect())
}

/// Why nothing can be planned for this user.
fn undeclared(
    config: &Config,
    tenant: &ObservedTenant,
    desired: &Desired,
    target: &str,
    user: UserIndex,
) -> Option<TargetProblem> {
    let name = &tenant.user(user).user_principal_name;
    match desired.claim(user) {
        Claim::Managed(_) | Claim::Protected(Protection { lower: true, .. }) => None,
        Claim::Protected(protection) => {
            let at = place(config, protecting(config, protection));
            Some(TargetProblem {
                message: format!(
                    "--target {target}: {name} is protected by {} ({}:{}), so no plan changes them",
                    at.address, at.file, at.line
                ),
                hint: Some(format!("to manage {name}, take the user out of {}", at.address)),
                undeclared: true,
            })
        }
        Claim::Unmanaged => Some(TargetProblem {
            message: format!(
                "--target {target}: no block claims {name}, so nothing is declared and nothing is planned"
            ),
            hint: Some(format!(
                "add a block to the configuration, or add the user to one:\n\
                 mfa \"{}\" {{\n  state = \"enforced\"\n  users = [\"{name}\"]\n}}",
                label(name)
            )),
            undeclared: true,
        }),
    }
}

/// A label for a block about this user.
fn label(name: &str) -> String {
    let local = name.split('@').next().unwrap_or_default();
    let label: String = local.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let label = label.trim_matches('_').to_ascii_lowercase();
    if label.starts_with(|c: char| c.is_ascii_alphabetic()) { label } else { format!("user_{label}") }
}

fn protecting<'a>(config: &'a Config, protection: &Protection) -> &'a Declared {
    match protection.kind {
        ProtectionKind::BreakGlass => &config.break_glass[protection.block as usize].declared,
        ProtectionKind::ServiceAccount => &config.service_accounts[protection.block as usize].declared,
    }
}

/// The causes of a block's changes; of a block with `for_each` those of all its instances.
fn blocks(config: &Config, tenant: &ObservedTenant, target: &str) -> Result<Vec<Cause>, TargetProblem> {
    // `module.msp` means all that stands in it.
    let whole_module = target.starts_with("module.") && kind_of_address(target).is_empty();
    let wanted = |declared: &Declared| {
        let rest = declared.address.strip_prefix(target);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('[') || whole_module && rest.starts_with('.'))
    };
    let mfa = (0..).zip(&config.mfa).filter(|(_, one)| wanted(&one.declared)).map(|(at, _)| Cause::Mfa(at));
    let lowered = (0..)
        .zip(&config.service_accounts)
        .filter(|(_, one)| one.lower && wanted(&one.declared))
        .map(|(at, _)| Cause::ServiceAccount(at));
    let causes: Vec<_> = mfa.chain(lowered).collect();
    if !causes.is_empty() {
        return Ok(causes);
    }
    let protecting = || {
        let break_glass = config.break_glass.iter().map(|one| &one.declared);
        break_glass.chain(config.service_accounts.iter().map(|one| &one.declared))
    };
    if let Some(declared) = protecting().find(|one| wanted(one)) {
        let at = place(config, declared);
        return Err(TargetProblem {
            message: format!(
                "--target {target}: {} ({}:{}) protects its users, so no plan changes them",
                at.address, at.file, at.line
            ),
            hint: Some("target an `mfa` block, or a user whom one claims".to_owned()),
            undeclared: true,
        });
    }
    let others =
        config.accepts.iter().map(|one| &one.declared).chain(config.rollouts.values().map(|one| &one.declared));
    if let Some(declared) = others.into_iter().find(|one| wanted(one)) {
        return Err(TargetProblem {
            message: format!("--target {target}: {} declares no state, so nothing is planned for it", declared.address),
            hint: Some("target an `mfa` block, or a user whom one claims".to_owned()),
            undeclared: true,
        });
    }
    let names = tenant.users().iter().map(|user| user.user_principal_name.as_str());
    let addresses = config.mfa.iter().map(|one| &one.declared).chain(protecting()).map(|one| one.address.as_str());
    Err(TargetProblem {
        message: format!("--target {target}: the tenant has no such user and the configuration no such block"),
        hint: did_you_mean(target, addresses.chain(names)),
        undeclared: false,
    })
}
