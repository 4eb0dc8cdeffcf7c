//! Everybody whom a plan does not change, and why: what "all is well", a difference of two plans and lists of users rest on.

use rayon::prelude::*;

use crate::{
    config::{Config, Declared},
    desired::{Claim, Desired, ProtectionKind},
    diff::Transition,
    facts::Facts,
    tenant::{Text, UserIndex},
};

use super::{BlockKind, Bystander, ChangeUser, Claimed, PlanBlock, build::place};

/// The blocks that can claim users: `mfa`, then `break_glass`, then `service_account`, each in the order of the
/// configuration.
pub(super) fn blocks(config: &Config) -> Vec<PlanBlock> {
    let block =
        |declared: &Declared, kind, owner: Option<&Text>, reason: Option<&Text>, until: Option<&Text>| PlanBlock {
            place: place(config, declared),
            kind,
            owner: owner.cloned(),
            reason: reason.cloned(),
            until: until.cloned(),
            replacement: None,
        };
    let mfa = config.mfa.iter().map(|one| block(&one.declared, BlockKind::Mfa, None, one.reason.as_ref(), None));
    let break_glass = config
        .break_glass
        .iter()
        .map(|one| block(&one.declared, BlockKind::BreakGlass, None, one.reason.as_ref(), None));
    let accounts = config.service_accounts.iter().map(|one| PlanBlock {
        replacement: one.replacement.clone(),
        ..block(&one.declared, BlockKind::ServiceAccount, Some(&one.owner), Some(&one.reason), one.until.as_ref())
    });
    mfa.chain(break_glass).chain(accounts).collect()
}

/// Everybody without a transition. Of a plan with targets nothing is known of those whom it leaves out, so it has none.
pub(super) fn others(
    config: &Config,
    facts: &Facts<'_>,
    desired: &Desired,
    transitions: &[Transition],
    targets: &[String],
) -> Vec<Bystander> {
    if !targets.is_empty() {
        return Vec::new();
    }
    let users = facts.tenant.users();
    let mut moving = vec![false; users.len()];
    for transition in transitions {
        moving[transition.user.0 as usize] = true;
    }
    (0..users.len())
        .into_par_iter()
        .with_min_len(1024)
        .filter(|at| !moving[*at])
        .map(|at| {
            let (user, claim) = (&users[at], &desired.claims[at]);
            Bystander {
                user: ChangeUser {
                    id: user.id,
                    user_principal_name: user.user_principal_name.clone(),
                    display_name: user.display_name.clone(),
                    kind: facts.kind(UserIndex(at as u32), claim.kind()),
                    registered: user.registered,
                },
                state: user.mfa_state.clone(),
                claim: claimed(config, claim),
            }
        })
        .collect()
}

/// The claim, with the block's position in [`blocks`].
fn claimed(config: &Config, claim: &Claim) -> Claimed {
    let after_mfa = config.mfa.len() as u32;
    match claim {
        Claim::Unmanaged => Claimed::Unmanaged,
        Claim::Managed(managed) => Claimed::Declared(managed.block, managed.state),
        Claim::Protected(protection) => Claimed::Protected(match protection.kind {
            ProtectionKind::BreakGlass => after_mfa + protection.block,
            ProtectionKind::ServiceAccount => after_mfa + config.break_glass.len() as u32 + protection.block,
        }),
    }
}
