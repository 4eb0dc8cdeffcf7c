//! `accept` blocks: which findings they accept.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use super::{catalogue, finding::Accepted};
use crate::{
    config::{Accept, Config},
    desired::Desired,
    tenant::{Text, UserIndex},
};

/// The waivers that count, by rule.
#[derive(Debug, Default)]
pub(super) struct Waivers {
    by_rule: HashMap<Text, OfRule>,
    /// By index into `config.accepts`.
    accepted: Vec<Arc<Accepted>>,
}

/// The blocks of one rule: indices into `config.accepts`, ascending. By user, so that a thousand exceptions of a rule
/// that fires for everybody are not tried one after the other for each user.
#[derive(Debug, Default)]
struct OfRule {
    everybody: Vec<usize>,
    /// Sorted.
    by_user: Vec<(UserIndex, usize)>,
}

impl Waivers {
    /// Expired blocks and blocks of rules that cannot be accepted do not count.
    pub(super) fn new(config: &Config, desired: &Desired, instant: Timestamp) -> Self {
        let mut by_rule: HashMap<Text, OfRule> = HashMap::new();
        let mut accepted = Vec::with_capacity(config.accepts.len());
        for (block, accept) in config.accepts.iter().enumerate() {
            accepted.push(Arc::new(Accepted {
                address: accept.declared.address.to_string(),
                reason: accept.reason.to_string(),
                expires: accept.expires.to_string(),
                approved_by: accept.approved_by.as_ref().map(ToString::to_string),
            }));
            if is_expired(accept, instant) || !catalogue::waivable(&accept.rule) {
                continue;
            }
            // A block whose users were not resolved is about nobody: it must never widen to the whole tenant.
            let of_rule = by_rule.entry(accept.rule.clone()).or_default();
            match desired.accepted_users.get(block) {
                Some(Some(users)) => of_rule.by_user.extend(users.iter().map(|user| (*user, block))),
                Some(None) if accept.selector.is_everybody() => of_rule.everybody.push(block),
                Some(None) | None => {}
            }
        }
        for of_rule in by_rule.values_mut() {
            of_rule.by_user.sort_unstable();
        }
        Self { by_rule, accepted }
    }

    /// The waiver of a rule's finding about this user, or about the tenant; marks the block as used.
    pub(super) fn find(&self, rule: &str, user: Option<UserIndex>, used: &mut [bool]) -> Option<Arc<Accepted>> {
        let OfRule { everybody, by_user } = self.by_rule.get(rule)?;
        let of_user = user.into_iter().flat_map(move |user| {
            let from = by_user.partition_point(|(one, _)| *one < user);
            by_user.iter().skip(from).take_while(move |(one, _)| *one == user).map(|(_, block)| block)
        });
        let mut first = None;
        for block in everybody.iter().chain(of_user) {
            if let Some(used) = used.get_mut(*block) {
                *used = true;
            }
            first = Some(first.map_or(*block, |first: usize| first.min(*block)));
        }
        self.accepted.get(first?).cloned()
    }
}

/// Past its last day?
pub(super) fn is_expired(accept: &Accept, instant: Timestamp) -> bool {
    accept.expired_from <= instant
}
