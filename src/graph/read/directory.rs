//! Policies, licences, domains and devices of the tenant.

use std::collections::HashMap;

use serde::de::IgnoredAny;
use uuid::{Uuid, uuid};

use super::{collect, counted, object};
use crate::{
    graph::{
        client::{Client, Failure, encode},
        requests::{self, RequestSpec},
        wire::{
            DeviceWire, DomainWire, FederationWire, MethodsPolicyWire, MfaServicePolicyWire, OrganizationWire,
            SecurityDefaultsWire, SkuWire,
        },
    },
    tenant::{Domain, MfaServicePolicy, PoliciesRead, Policy, Text, UserId},
};

/// The policies, and how they were read.
pub(super) async fn conditional_access(client: &Client) -> Result<(Vec<Policy>, PoliciesRead), Failure> {
    let read = |spec: &'static RequestSpec| counted::<Policy>(client, spec, spec.path, "$count=true");
    let (beta, (policies, listed)) = match read(&requests::CONDITIONAL_ACCESS).await {
        Ok(all) => (true, all),
        Err(Failure::Refused(refusal)) if refusal.no_such_path() => {
            (false, read(&requests::CONDITIONAL_ACCESS_V1).await?)
        }
        Err(failure) => return Err(failure),
    };
    let plans = plans(client).await;
    let read = policies.len() as u32;
    Ok((policies, PoliciesRead { beta, read, listed: listed.map(|listed| listed as u32), plans }))
}

/// How many plans there are; nothing where that cannot be read. A service that has no such collection has none.
async fn plans(client: &Client) -> Option<u32> {
    let spec = &requests::CONDITIONAL_ACCESS_PLANS;
    match collect::<IgnoredAny>(client, spec, spec.path, "$select=id").await {
        Ok(all) => Some(all.len() as u32),
        Err(Failure::Refused(refusal)) if refusal.no_such_path() => Some(0),
        Err(_) => None,
    }
}

pub(super) async fn security_defaults(client: &Client) -> Result<bool, Failure> {
    let spec = &requests::SECURITY_DEFAULTS;
    object::<SecurityDefaultsWire>(client, spec, spec.path, "").await.map(|policy| policy.is_enabled)
}

pub(super) async fn policy_migration_state(client: &Client) -> Result<Option<Text>, Failure> {
    let spec = &requests::METHODS_POLICY;
    object::<MethodsPolicyWire>(client, spec, spec.path, "").await.map(|policy| policy.policy_migration_state)
}

pub(super) async fn mfa_service_policy(client: &Client) -> Result<MfaServicePolicy, Failure> {
    let spec = &requests::MFA_SERVICE_POLICY;
    let wire: MfaServicePolicyWire = object(client, spec, spec.path, "").await?;
    let trusted = wire.trusted_ips.unwrap_or_default();
    let remember = wire.remember_mfa_on_trusted_device.unwrap_or_default();
    Ok(MfaServicePolicy {
        allow_app_passwords: wire.allow_app_passwords,
        trusted_ips: trusted.ip_addresses,
        skip_mfa_for_federated_users: trusted.skip_mfa_for_federated_users,
        remember_mfa_days: match remember.is_enabled {
            Some(false) => Some(0),
            _ => remember.allowed_number_of_days,
        },
    })
}

/// Names of the licences, and the service plans they bring.
pub(super) struct Skus {
    pub(super) names: HashMap<Uuid, Text>,
    pub(super) plans: Vec<Text>,
}

pub(super) async fn skus(client: &Client) -> Result<Skus, Failure> {
    let spec = &requests::SKUS;
    let query = "$select=skuId,skuPartNumber,capabilityStatus,servicePlans";
    let all: Vec<SkuWire> = collect(client, spec, spec.path, query).await?;
    let live = |sku: &&SkuWire| matches!(sku.capability_status.as_deref(), None | Some("Enabled" | "Warning"));
    let mut plans: Vec<Text> = all
        .iter()
        .filter(live)
        .flat_map(|sku| &sku.service_plans)
        .filter(|plan| matches!(plan.provisioning_status.as_deref(), None | Some("Success")))
        .map(|plan| plan.service_plan_name.clone())
        .collect();
    plans.sort_unstable();
    plans.dedup();
    Ok(Skus { names: all.into_iter().map(|sku| (sku.sku_id, sku.sku_part_number)).collect(), plans })
}

/// The plans a rule asks for, from the organization: it lists ids only, but it may always be read.
pub(super) fn plans_of_organization(organization: &OrganizationWire) -> Option<Vec<Text>> {
    const KNOWN: [(Uuid, &str); 3] = [
        (uuid!("41781fb2-bc02-4b7c-bd55-b576c07bb09d"), "AAD_PREMIUM"),
        (uuid!("eec0eb4f-6444-4f95-aba0-50c24d67f998"), "AAD_PREMIUM_P2"),
        (uuid!("8a256a2b-b617-496d-b51b-e76466e88db0"), "MFA_PREMIUM"),
    ];
    let plans = organization.assigned_plans.as_ref()?;
    let held = |id: &Uuid| {
        plans.iter().any(|plan| {
            plan.service_plan_id.as_ref() == Some(id)
                && matches!(plan.capability_status.as_deref(), None | Some("Enabled" | "Warning"))
        })
    };
    Some(KNOWN.iter().filter(|(id, _)| held(id)).map(|(_, name)| Text::from(*name)).collect())
}

pub(super) async fn domains(client: &Client) -> Result<Vec<Domain>, Failure> {
    let spec = &requests::DOMAINS;
    let all: Vec<DomainWire> = collect(client, spec, spec.path, "$select=id,authenticationType,isVerified").await?;
    let mut domains = Vec::with_capacity(all.len());
    for wire in all.into_iter().filter(|domain| domain.is_verified != Some(false)) {
        let federated = wire.authentication_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("Federated"));
        let behavior = match federated {
            true => {
                let path = format!("/domains/{}/federationConfiguration", encode(&wire.id));
                // Refused: that the domain is federated is known all the same.
                let found: Result<Vec<FederationWire>, Failure> =
                    collect(client, &requests::FEDERATION, &path, "").await;
                found.ok().and_then(|all| all.into_iter().find_map(|one| one.federated_idp_mfa_behavior))
            }
            false => None,
        };
        domains.push(Domain { id: wire.id, federated, federated_idp_mfa_behavior: behavior });
    }
    Ok(domains)
}

/// Devices by their registered owner.
pub(super) async fn devices(client: &Client) -> Result<HashMap<UserId, u32>, Failure> {
    let spec = &requests::DEVICES;
    let query = "$select=id&$expand=registeredOwners($select=id)&$top=999";
    let all: Vec<DeviceWire> = collect(client, spec, spec.path, query).await?;
    let mut counts = HashMap::new();
    for owner in all.iter().flat_map(|device| &device.registered_owners) {
        *counts.entry(UserId::new(owner.id)).or_insert(0) += 1;
    }
    Ok(counts)
}
