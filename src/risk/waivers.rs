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
    by_rule: HashMap<Text, Vec<Waiver>>,
}

#[derive(Debug)]
struct Waiver {
    /// Index into `config.accepts`.
    block: usize,
    /// Sorted; `None` = the whole tenant.
    users: Option<Vec<UserIndex>>,
    accepted: Arc<Accepted>,
}

impl Waivers {
    /// Expired blocks and blocks of rules that cannot be accepted do not count.
    pub(super) fn new(config: &Config, desired: &Desired, instant: Timestamp) -> Self {
        let mut by_rule: HashMap<Text, Vec<Waiver>> = HashMap::new();
        for (block, accept) in config.accepts.iter().enumerate() {
            if is_expired(accept, instant) || !catalogue::waivable(&accept.rule) {
                continue;
            }
            // A block whose users were not resolved is about nobody: it must never widen to the whole tenant.
            let users = match desired.accepted_users.get(block) {
                Some(Some(users)) => {
                    let mut users = users.clone();
                    users.sort_unstable();
                    Some(users)
                }
                Some(None) if accept.selector.is_empty() => None,
                Some(None) | None => Some(Vec::new()),
            };
            let accepted = Arc::new(Accepted {
                address: accept.declared.address.to_string(),
                reason: accept.reason.to_string(),
                expires: accept.expires.to_string(),
                approved_by: accept.approved_by.as_ref().map(ToString::to_string),
            });
            by_rule.entry(accept.rule.clone()).or_default().push(Waiver { block, users, accepted });
        }
        Self { by_rule }
    }

    /// The waiver of a rule's finding about this user, or about the tenant; marks the block as used.
    pub(super) fn find(&self, rule: &str, user: Option<UserIndex>, used: &mut [bool]) -> Option<Arc<Accepted>> {
        let waivers = self.by_rule.get(rule)?;
        let mut found = None;
        for waiver in waivers {
            let fits = match (&waiver.users, user) {
                (None, _) => true,
                (Some(users), Some(user)) => users.binary_search(&user).is_ok(),
                (Some(_), None) => false,
            };
            if fits {
                if let Some(used) = used.get_mut(waiver.block) {
                    *used = true;
                }
                found = found.or(Some(&waiver.accepted));
            }
        }
        found.cloned()
    }
}

/// Past its last day?
pub(super) fn is_expired(accept: &Accept, instant: Timestamp) -> bool {
    accept.expired_from <= instant
}
