//! One line a tenant, for those who read a set.

use serde::Serialize;

use super::{Planned, PlannedStatus};
use crate::plan::Plan;

/// A set as it is reported.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    /// The fleet's name.
    pub(crate) fleet: String,
    /// The set digest.
    pub(crate) digest: String,
    /// The sums.
    pub(crate) totals: Totals,
    /// In the order of rings, then names.
    pub(crate) tenants: Vec<Row>,
}

/// Sums over all tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Totals {
    /// How many tenants.
    pub(crate) tenants: u64,
    /// Of how many there is a plan.
    pub(crate) planned: u64,
    /// Of how many there is none.
    pub(crate) errors: u64,
    /// Users to be enforced.
    pub(crate) enforce: u64,
    /// Users to be enabled.
    pub(crate) enable: u64,
    /// Users to be relaxed.
    pub(crate) relax: u64,
    /// Users to be disabled.
    pub(crate) disable: u64,
    /// Users who wait.
    pub(crate) held: u64,
    /// Users who are withheld.
    pub(crate) blocked: u64,
    /// Reasons that refuse plans.
    pub(crate) refused: u64,
    /// Tenants of which a fact could not be read.
    pub(crate) blind: u64,
    /// Exceptions that end soon or have ended.
    pub(crate) expiring: u64,
}

/// One tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Row {
    /// Its name in the fleet.
    pub(crate) tenant: String,
    /// Its id.
    pub(crate) tenant_id: Option<String>,
    /// Its ring.
    pub(crate) ring: Option<String>,
    /// Is there a plan?
    pub(crate) status: PlannedStatus,
    /// The plan's digest.
    pub(crate) digest: Option<String>,
    /// Users to be enforced.
    pub(crate) enforce: u64,
    /// Users to be enabled.
    pub(crate) enable: u64,
    /// Users to be relaxed.
    pub(crate) relax: u64,
    /// Users to be disabled.
    pub(crate) disable: u64,
    /// Users who wait.
    pub(crate) held: u64,
    /// Users who are withheld.
    pub(crate) blocked: u64,
    /// How many reasons refuse the plan.
    pub(crate) refused: u64,
    /// Facts that could not be read.
    pub(crate) blind: Vec<String>,
    /// Exceptions that end soon or have ended.
    pub(crate) expiring: u64,
    /// Why there is no plan.
    pub(crate) error: Option<String>,
}

/// Facts without which a plan sees too little of everybody.
const BLIND: [&str; 3] = ["sign_ins", "registration", "roles"];

/// Exceptions that end soon, and those that need care.
const EXPIRING: [&str; 2] = ["MFA090", "MFA094"];

impl Row {
    /// A tenant without a plan.
    pub(crate) fn broken(of: &Planned, error: String) -> Self {
        Self {
            tenant: of.tenant.clone(),
            tenant_id: of.tenant_id.clone(),
            ring: of.ring.clone(),
            status: PlannedStatus::Error,
            digest: None,
            enforce: 0,
            enable: 0,
            relax: 0,
            disable: 0,
            held: 0,
            blocked: 0,
            refused: 0,
            blind: Vec::new(),
            expiring: 0,
            error: Some(error),
        }
    }

    /// A tenant with its plan.
    pub(crate) fn planned(of: &Planned, plan: &Plan) -> Self {
        let summary = &plan.summary;
        let findings = plan.changes.iter().flat_map(|one| &one.findings);
        let findings = findings.chain(plan.findings.iter().map(|one| &one.finding));
        // A copy without a fact says as little as a refused read; what single users lack is no blindness of the tenant.
        let missing = plan.not_evaluated.iter().map(|one| &*one.fact).filter(|fact| BLIND.contains(fact));
        let refused = plan.observed.unavailable.iter().map(|(fact, _)| fact.as_str());
        let mut blind: Vec<String> = refused.chain(missing).map(str::to_owned).collect();
        blind.sort_unstable();
        blind.dedup();
        Self {
            tenant: of.tenant.clone(),
            tenant_id: Some(plan.tenant.id.to_string()),
            ring: of.ring.clone(),
            status: PlannedStatus::Planned,
            digest: Some(plan.digest.to_string()),
            enforce: summary.enforce,
            enable: summary.enable,
            relax: summary.relax,
            disable: summary.disable,
            held: summary.hold,
            blocked: summary.block,
            refused: plan.refused.len() as u64,
            blind,
            expiring: findings.filter(|one| EXPIRING.contains(&&*one.rule)).count() as u64,
            error: None,
        }
    }

    /// How many users would be written.
    pub(crate) const fn written(&self) -> u64 {
        self.enforce + self.enable + self.relax + self.disable
    }
}

impl Report {
    /// A report of these rows.
    pub(crate) fn new(fleet: String, digest: String, tenants: Vec<Row>) -> Self {
        let mut totals = Totals { tenants: tenants.len() as u64, ..Totals::default() };
        for row in &tenants {
            totals.planned += u64::from(row.status == PlannedStatus::Planned);
            totals.errors += u64::from(row.status == PlannedStatus::Error);
            totals.enforce += row.enforce;
            totals.enable += row.enable;
            totals.relax += row.relax;
            totals.disable += row.disable;
            totals.held += row.held;
            totals.blocked += row.blocked;
            totals.refused += row.refused;
            totals.blind += u64::from(!row.blind.is_empty());
            totals.expiring += row.expiring;
        }
        Self { fleet, digest, totals, tenants }
    }
}
