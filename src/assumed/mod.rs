//! Conditional Access policies that do not stand yet: `plan --assume-policies`.
//!
//! Somebody who leaves per-user MFA writes policies first, as JSON of Microsoft Graph or in Terraform, and wants to know
//! what a plan looks like once they stand. The files are read into the tenant's own policies, in place of what they
//! replace; everything else of the plan works as ever. What was assumed is written into the plan, so that it can be
//! compared with the tenant before anything is done on its strength.

mod azuread;
mod meaning;
mod read;
mod terraform;
#[cfg(test)]
mod tests;
mod unknown;

pub(crate) use read::read;

use meaning::{digest, first_difference, meaning};

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tenant::{ObservedTenant, Policy, PolicyState, Text};

/// What one file says.
#[derive(Debug, Default)]
pub(crate) struct AssumedFile {
    /// Its name, as given.
    pub name: Text,
    /// Its policies, in order.
    policies: Vec<Policy>,
    /// Policies that a Terraform plan takes away, by id or name.
    removed: Vec<Identity>,
    /// How many resources of a Terraform file are something else.
    pub ignored: u64,
}

/// How a policy is found again in the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Identity {
    id: Text,
    display_name: Text,
}

impl AssumedFile {
    /// These policies, as if a file of this name said so.
    #[must_use]
    pub(crate) fn of(name: &str, policies: Vec<Policy>) -> Self {
        Self { name: name.into(), policies, ..Self::default() }
    }
}

impl Identity {
    fn of(policy: &Policy) -> Self {
        Self { id: policy.id.clone(), display_name: policy.display_name.clone() }
    }

    /// Is it this policy? By id where there is one, else by the exact name.
    fn is(&self, policy: &Policy) -> bool {
        if self.id.is_empty() {
            self.display_name == policy.display_name
        } else {
            self.id.eq_ignore_ascii_case(&policy.id)
        }
    }
}

/// Why policies cannot be assumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssumeError {
    /// The file.
    pub file: Text,
    /// One sentence.
    pub message: String,
}

impl fmt::Display for AssumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.message)
    }
}

/// What a plan assumes, and whether the tenant has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "AssumedPolicies"))]
#[serde(deny_unknown_fields)]
pub struct AssumedPolicies {
    /// Over the meanings: `sha256:` and 64 hex digits.
    pub digest: Text,
    /// The files, as given.
    pub files: Vec<Text>,
    /// The policies, in the order of the files.
    pub policies: Vec<AssumedPolicy>,
    /// The tenant's policies that a Terraform plan takes away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Text>,
}

/// One policy that a plan assumes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AssumedPolicy {
    /// Its id; null where it is yet to be created.
    pub id: Option<Text>,
    /// Its name.
    pub display_name: Text,
    /// Its state, as the file says; a report-only policy covers nobody here either.
    #[cfg_attr(test, schemars(with = "String"))]
    pub state: PolicyState,
    /// Does the tenant have it?
    pub in_tenant: InTenant,
    /// What the policy says, without what says nothing: name, state, conditions and grant controls.
    pub meaning: BTreeMap<String, Value>,
}

/// Does the tenant have a policy that is assumed?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum InTenant {
    /// As assumed.
    Same,
    /// Another one of this id or name.
    Different,
    /// None.
    Missing,
}

/// What was assumed of a tenant.
#[derive(Debug)]
pub struct Assumption {
    /// As a plan records it.
    pub record: AssumedPolicies,
    /// The tenant's policies as they are.
    pub real: Vec<Policy>,
    /// Things worth saying.
    pub notes: Vec<String>,
}

/// Puts the policies of the files into the tenant: each in the place of the one of the same id, else of the same name,
/// else beside the others. A policy that the tenant does not have as assumed is called so: `NAME (assumed)`.
///
/// # Errors
/// When the tenant's own policies are unknown, or it is not clear which policy one of the file is.
pub(crate) fn assume(files: &[AssumedFile], tenant: &mut ObservedTenant) -> Result<Assumption, AssumeError> {
    let Some(real) = tenant.conditional_access.clone() else {
        return Err(AssumeError {
            file: files.first().map(|file| file.name.clone()).unwrap_or_default(),
            message: "the tenant's own policies are not known, and what is assumed has to be joined to them".to_owned(),
        });
    };
    // A policy that is replaced is taken away under its old identity and stands under its new one: it is not removed.
    let given: Vec<Identity> = files.iter().flat_map(|file| &file.policies).map(Identity::of).collect();
    let (gone, kept): (Vec<Policy>, Vec<Policy>) = real.iter().cloned().partition(|policy| {
        files.iter().flat_map(|file| &file.removed).any(|one| one.is(policy)) && !given.iter().any(|one| one.is(policy))
    });
    let mut standing = kept.clone();
    let (mut policies, mut notes) = (Vec::new(), Vec::new());
    let mut seen: Vec<Identity> = Vec::new();
    for file in files {
        let failed = |message: String| AssumeError { file: file.name.clone(), message };
        for policy in &file.policies {
            let identity = Identity::of(policy);
            let name = policy.display_name.escape_debug();
            if seen.iter().any(|one| one.is(policy)) {
                return Err(failed(format!("policy \"{name}\" is given a second time")));
            }
            let places: Vec<(usize, &Policy)> = kept.iter().enumerate().filter(|(_, one)| identity.is(one)).collect();
            let in_tenant = match *places.as_slice() {
                [] => InTenant::Missing,
                [(_, one)] if meaning(one) == meaning(policy) => InTenant::Same,
                [_] => InTenant::Different,
                _ => {
                    let count = places.len();
                    return Err(failed(format!(
                        "the tenant has {count} policies named \"{name}\": which of them is meant? Give the `id`"
                    )));
                }
            };
            if policy.state != PolicyState::Enabled {
                notes.push(format!("assumed policy \"{name}\" is not enabled: it covers nobody"));
            }
            let mut assumed = policy.clone();
            if in_tenant != InTenant::Same {
                assumed.display_name = format!("{} (assumed)", policy.display_name).into();
            }
            match places.first().and_then(|(at, _)| standing.get_mut(*at)) {
                Some(_) if in_tenant == InTenant::Same => {}
                Some(place) => {
                    assumed.id = place.id.clone();
                    *place = assumed;
                }
                None => standing.push(assumed),
            }
            policies.push(AssumedPolicy {
                id: (!policy.id.is_empty()).then(|| policy.id.clone()),
                display_name: policy.display_name.clone(),
                state: policy.state,
                in_tenant,
                meaning: meaning(policy),
            });
            seen.push(identity);
        }
    }
    let ignored: u64 = files.iter().map(|file| file.ignored).sum();
    if ignored > 0 {
        notes.push(format!(
            "--assume-policies: {ignored} resources that are no Conditional Access policies are ignored"
        ));
    }
    if tenant.security_defaults_enabled == Some(true) && policies.iter().any(|one| one.state == PolicyState::Enabled) {
        notes.push("security defaults are on: they have to be off before a policy can be enabled".to_owned());
    }
    tenant.conditional_access = Some(standing);
    let meanings = policies.iter().map(|one| &one.meaning);
    let record = AssumedPolicies {
        digest: digest(meanings),
        files: files.iter().map(|file| file.name.clone()).collect(),
        policies,
        removed: gone.into_iter().map(|policy| policy.display_name).collect(),
    };
    Ok(Assumption { record, real, notes })
}

impl AssumedPolicies {
    /// How many of the policies the tenant does not have as assumed.
    #[must_use]
    pub fn not_standing(&self) -> usize {
        self.policies.iter().filter(|one| one.in_tenant != InTenant::Same).count() + self.removed.len()
    }

    /// What has to be said of a plan that assumes these; nothing where the tenant has all of them.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let (count, files) = (self.not_standing(), self.files.join(", "));
        let policies = if count == 1 { "1 policy" } else { &format!("{count} policies") };
        (count > 0).then(|| format!("assumes {policies} of {files} that the tenant does not have"))
    }

    /// A member that does not follow from the meanings, and what is wrong with it.
    #[must_use]
    pub fn disagreement(&self) -> Option<(String, String)> {
        for (place, one) in self.policies.iter().enumerate() {
            let AssumedPolicy { id: _, display_name, state, in_tenant: _, meaning } = one;
            let said = |key: &str| meaning.get(key).and_then(Value::as_str).unwrap_or_default();
            if said("displayName") != display_name.as_str() {
                return Some((format!("policies[{place}].display_name"), "is not the name in its meaning".to_owned()));
            }
            if serde_json::to_value(state).ok().as_ref().and_then(Value::as_str) != Some(said("state")) {
                return Some((format!("policies[{place}].state"), "is not the state in its meaning".to_owned()));
            }
        }
        let digest = digest(self.policies.iter().map(|one| &one.meaning));
        (digest != self.digest).then(|| ("digest".to_owned(), "is not that of the policies".to_owned()))
    }

    /// What of this does not hold for the policies of a tenant, each as one sentence; nothing where all of it does.
    #[must_use]
    pub fn differences(&self, real: &[Policy]) -> Vec<String> {
        let mut different = Vec::new();
        for assumed in &self.policies {
            let name = assumed.display_name.escape_debug();
            let identity =
                Identity { id: assumed.id.clone().unwrap_or_default(), display_name: assumed.display_name.clone() };
            let mut found = real.iter().filter(|one| identity.is(one));
            match (found.next(), found.next()) {
                (None, _) => different.push(format!("policy \"{name}\" is not there")),
                (Some(one), None) => {
                    if let Some(member) = first_difference(&assumed.meaning, &meaning(one)) {
                        different.push(format!("policy \"{name}\" differs in `{member}`"));
                    }
                }
                (Some(_), Some(_)) => different.push(format!("policy \"{name}\" is there more than once")),
            }
        }
        for name in &self.removed {
            if real.iter().any(|one| one.display_name == *name) {
                different.push(format!("policy \"{}\" is still there", name.escape_debug()));
            }
        }
        different
    }
}
