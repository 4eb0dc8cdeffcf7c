//! Connecting to Microsoft Graph with what the environment offers.

use std::sync::Arc;

use crate::{
    config::{CloudName, Config},
    files,
    graph::{
        self, Allotment, Cloud, Endpoints, GraphTenant,
        credentials::{self, Credential, Keeping, SystemStore, TokenStore},
    },
    tenant::{ReadError, TenantId},
};

use super::{Context, Failure, leash, load::TenantArgs};

/// Signs in and makes sure that the configured tenant answers.
///
/// # Errors
/// When the environment offers no usable credential, signing in fails, or another tenant answers.
pub(super) async fn connect(config: &Config, args: &TenantArgs, context: &Context) -> Result<GraphTenant, Failure> {
    to(config.tenant.id, config.tenant.cloud, args, context).await
}

/// The tenant that a text names: its id, or one of its domains.
///
/// # Errors
/// When it names none, or the sign-in service cannot be asked.
pub(super) async fn named(text: &str, cloud_name: CloudName, context: &Context) -> Result<TenantId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    Ok(graph::tenant_of(text, &endpoints(cloud_name, context)?).await?)
}

fn endpoints(cloud_name: CloudName, context: &Context) -> Result<Endpoints, Failure> {
    let lookup = |name: &str| context.env.get(name);
    Endpoints::from_env(cloud(cloud_name), &lookup).map_err(|error| Failure::new(error.to_string()))
}

/// The tenant of the environment: an id or a domain name.
pub(super) fn of_environment(context: &Context) -> Option<String> {
    ["AZURE_TENANT_ID", "ARM_TENANT_ID"]
        .into_iter()
        .find_map(|name| context.env.get(name))
        .filter(|text| !text.trim().is_empty())
}

/// As [`connect`], to a tenant named otherwise.
pub(super) async fn to(
    tenant: TenantId,
    cloud_name: CloudName,
    args: &TenantArgs,
    context: &Context,
) -> Result<GraphTenant, Failure> {
    Ok(GraphTenant::connect(options(tenant, cloud_name, args, context)?).await?)
}

/// As [`to`]: what an operator signs in anew is kept for the next command.
pub(super) async fn for_good(
    tenant: TenantId,
    cloud_name: CloudName,
    context: &Context,
) -> Result<GraphTenant, Failure> {
    let mut options = options(tenant, cloud_name, &TenantArgs::default(), context)?;
    options.keeping.new = true;
    Ok(GraphTenant::connect(options).await?)
}

/// Forgets what [`for_good`] has kept for the tenant. False where nothing was.
pub(super) fn forget(tenant: TenantId, cloud_name: CloudName, context: &Context) -> Result<bool, Failure> {
    let client = credentials::operator_client(&|name| context.env.get(name));
    let name = credentials::entry(&endpoints(cloud_name, context)?, &tenant.to_string(), &client);
    SystemStore.remove(&name).map_err(|error| Failure::new(format!("no sign-in can be kept here: {error}")))
}

fn options(
    tenant: TenantId,
    cloud_name: CloudName,
    args: &TenantArgs,
    context: &Context,
) -> Result<graph::Options, Failure> {
    let lookup = |name: &str| context.env.get(name);
    let endpoints = endpoints(cloud_name, context)?;
    let credential = Credential::from_env(&lookup, context.env.stderr_is_terminal && context.env.stdin_is_terminal)
        .map_err(ReadError::from)?;
    let mut options = graph::Options::new(endpoints, credential, tenant, context.env.now);
    if let Some(parallelism) = args.parallelism {
        options.parallelism = usize::from(parallelism);
    }
    if let Some(quota) = context.env.get(leash::VARIABLE) {
        let file = files::private().read(true).write(true).create(true).open(&quota);
        let file = file.map_err(|error| Failure::new(format!("{}: {quota}: {error}", leash::VARIABLE)))?;
        options.allotment = Some(Allotment::join(file));
    }
    options.bulk_state = context.env.get("MFAPLAN_NO_BULK_STATE").is_none();
    options.writes = context.writes;
    options.keeping = Keeping { store: Some(Arc::new(SystemStore)), new: false };
    options.prompt = Some(Arc::new(|prompt: &graph::credentials::DevicePrompt| {
        super::terminal::say(&crate::escape::text(&prompt.message));
    }));
    Ok(options)
}

const fn cloud(name: CloudName) -> Cloud {
    match name {
        CloudName::Global => Cloud::Global,
        CloudName::UsGov => Cloud::UsGov,
        CloudName::UsGovDod => Cloud::UsGovDod,
        CloudName::China => Cloud::China,
    }
}
