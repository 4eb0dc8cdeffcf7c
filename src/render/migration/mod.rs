//! A migration as files: Terraform for the policies, a configuration for the lowering, and the order of the steps.

mod configuration;
mod document;
mod json;
mod terraform;

pub(crate) use configuration::write as configuration;
pub(crate) use document::{unlicensed, write as document};
pub(crate) use json::write as json;
pub(crate) use terraform::write as terraform;

use crate::{
    migrate::{Loss, Migration, Wave, Why},
    tenant::ObservedTenant,
};

/// Everything the files are written from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    /// The migration.
    pub(crate) migration: &'a Migration,
    /// Its waves.
    pub(crate) waves: &'a [Wave],
    /// Who loses security defaults by it.
    pub(crate) losses: &'a [Loss],
    /// The tenant.
    pub(crate) tenant: &'a ObservedTenant,
    /// The label of the `mfa` and the `rollout` block.
    pub(crate) label: &'a str,
}

/// The file of the policies.
pub(crate) const TERRAFORM: &str = "conditional_access.tf";

/// The file of the lowering.
pub(crate) const CONFIGURATION: &str = "migration.mfa.hcl";

/// The file of the steps.
pub(crate) const DOCUMENT: &str = "MIGRATION.md";

/// Why somebody keeps per-user MFA, as one clause.
fn because(why: &Why) -> String {
    match why {
        Why::Emergency => "emergency account, outside of every policy".to_owned(),
        Why::Workload => "declared workload, outside of the policy that asks for MFA".to_owned(),
        Why::StateUnknown => "the state could not be read".to_owned(),
        Why::NotCovered(gaps) => format!("not covered at every sign-in: {gaps}"),
        Why::Withheld(by) => format!("the plan withholds it: {by}"),
    }
}
