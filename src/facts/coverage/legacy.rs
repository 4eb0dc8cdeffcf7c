//! Do policies keep legacy clients out?

use super::{
    CompiledPolicies,
    compile::{One, bits},
    reach::{self, Reach},
    standing::Standing,
};
use crate::tenant::{Fact, Text, User};

/// What policies do to a user's legacy clients, Exchange ActiveSync and all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegacyClients {
    /// Both kinds are kept out, by these policies.
    Blocked(Vec<Text>),
    /// At least one kind gets in.
    Open,
    /// A fact is missing: not to be taken for blocked.
    Unknown(Fact),
}

impl CompiledPolicies {
    /// Are the user's legacy clients kept out: blocked, or asked for what they cannot do?
    #[must_use]
    pub fn legacy_clients(&self, user: &User) -> LegacyClients {
        let Some(chunks) = &self.chunks else { return LegacyClients::Unknown(Fact::ConditionalAccess) };
        let mut kept_out = [false; 2];
        let mut perhaps = [false; 2];
        let mut policies = Vec::new();
        let mut some: [Vec<&One>; 2] = Default::default();
        let mut fact = None;
        for chunk in chunks {
            let standing: Standing = chunk.audience.standing(user);
            for (index, mask) in chunk.keeps_out.into_iter().enumerate() {
                kept_out[index] |= standing.certain() & mask != 0;
                perhaps[index] |= standing.possible() & mask != 0;
                let open = standing.possible() & !standing.certain() & mask;
                if open != 0 {
                    fact = fact.or(Some(chunk.audience.missing_fact(open, user)));
                }
            }
            for (some, mask) in some.iter_mut().zip(chunk.keeps_out_of_some) {
                some.extend(bits(standing.certain() & mask).map(|bit| &chunk.policies[bit]));
            }
            let both = standing.certain() & (chunk.keeps_out[0] | chunk.keeps_out[1]);
            policies.extend(bits(both).map(|bit| chunk.policies[bit].name.clone()));
        }
        for (kept_out, some) in kept_out.iter_mut().zip(&some) {
            let reaches: Vec<&Reach> = some.iter().map(|one| &one.reach).collect();
            if !*kept_out && reach::every_application(&reaches) {
                *kept_out = true;
                for one in some {
                    if !policies.contains(&one.name) {
                        policies.push(one.name.clone());
                    }
                }
            }
        }
        match fact {
            _ if kept_out == [true; 2] => LegacyClients::Blocked(policies),
            Some(fact) if perhaps == [true; 2] => LegacyClients::Unknown(fact),
            _ => LegacyClients::Open,
        }
    }
}
