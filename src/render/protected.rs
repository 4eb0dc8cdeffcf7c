//! The blocks that protect users, with what they say of themselves: who is left out of MFA, and on whose word.

use crate::plan::{BlockKind, Plan, PlanBlock};

use super::words;

/// Every protecting block of the plan, and how many users it protects who do not change.
#[must_use]
pub(super) fn protecting(plan: &Plan) -> Vec<(&PlanBlock, u64)> {
    let mut counts = vec![0_u64; plan.blocks.len()];
    for other in &plan.others {
        if let Some(count) = other.claim.block().and_then(|at| counts.get_mut(at as usize)) {
            *count += 1;
        }
    }
    plan.blocks.iter().zip(counts).filter(|(block, _)| block.kind != BlockKind::Mfa).collect()
}

/// `service_account.scanners (workloads.mfa.hcl:3): 4 users`
#[must_use]
pub(super) fn head(block: &PlanBlock, users: u64) -> String {
    let place = &block.place;
    format!("{} ({}:{}): {}", place.address, place.file, place.line, words::count(users, "user"))
}

/// `reason: scan to mail; owner: facilities; until 2026-12-31; replacement: certificate_auth`
#[must_use]
pub(super) fn says(block: &PlanBlock) -> String {
    let PlanBlock { place: _, kind: _, owner, reason, until, replacement } = block;
    let parts = [("reason: ", reason), ("owner: ", owner), ("until ", until), ("replacement: ", replacement)];
    let parts: Vec<_> =
        parts.into_iter().filter_map(|(what, value)| Some(format!("{what}{}", value.as_ref()?))).collect();
    parts.join("; ")
}

/// What the block that declares a change says of itself.
#[must_use]
pub(super) fn declaring<'a>(plan: &'a Plan, address: &str) -> Option<&'a PlanBlock> {
    plan.blocks.iter().find(|block| block.place.address.as_str() == address)
}
