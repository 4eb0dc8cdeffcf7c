//! `mfaplan login`

use crate::{
    cli::{
        Context, Exit, Failure, Outcome, connect,
        load::{self, ConfigArgs},
        runtime,
    },
    config::CloudName,
    graph::{Need, REQUESTS},
    tenant::TenantId,
};

/// Which tenant.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// The tenant, by a domain name or its id [default: the configuration's, else AZURE_TENANT_ID]
    #[arg(long, value_name = "DOMAIN|ID")]
    tenant: Option<String>,
    /// The tenant's cloud, with --tenant: global, usgov, usgov_dod or china
    #[arg(long, value_name = "CLOUD", default_value = "global", requires = "tenant", value_parser = load::cloud)]
    cloud: CloudName,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
}

/// Arguments of `login`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan login                         sign in to the configuration's tenant, and say who that is
  mfaplan login --tenant contoso.com    the same before there is a configuration

What an operator signs in by device code is kept in the operating system's store of credentials (Windows Credential Manager,
the macOS keychain, the Secret Service of a Linux desktop), never in a file, until `mfaplan logout`. Without such a store
every command asks for a code of its own. What the environment gives (a secret, a certificate, a job's identity) is used as
it is, and nothing is kept.")]
pub(crate) struct Args {
    #[command(flatten)]
    which: Which,
    /// Write JSON, with the permissions that are missing
    #[arg(long)]
    json: bool,
}

/// Signs in and says as whom, to which tenant, with which permissions.
///
/// # Errors
/// When signing in fails.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let (id, cloud) = args.which.tenant(context, "login")?;
    let signed_in = runtime::online()?.block_on(async {
        let tenant = connect::for_good(id, cloud, context).await?;
        tenant.signed_in().await.map_err(Failure::from)
    })?;
    if args.json {
        let permissions: Vec<String> = signed_in.claims.permissions().into_iter().map(str::to_owned).collect();
        let account = Account {
            method: signed_in.method.to_string(),
            tenant: signed_in.tenant.to_string(),
            tenant_name: signed_in.tenant_name.to_string(),
            operator: signed_in.claims.upn.clone().map(|name| name.to_string()),
            application: signed_in.claims.appid.clone().map(|id| id.to_string()),
            missing: missing(&permissions),
            permissions,
        };
        let out = context.out.data()?;
        serde_json::to_writer_pretty(&mut *out, &account).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(Exit::Done);
    }
    let who = match (&signed_in.claims.upn, &signed_in.claims.appid) {
        (Some(upn), _) => format!("operator {upn}"),
        (None, Some(app)) => format!("application {app}"),
        (None, None) => "an identity that does not say who it is".to_owned(),
    };
    writeln!(context.out, "Signed in by {} as {}", signed_in.method, crate::escape::text(&who))?;
    writeln!(context.out, "Tenant {} ({})", crate::escape::text(&signed_in.tenant_name), signed_in.tenant)?;
    let permissions = signed_in.claims.permissions();
    let list = if permissions.is_empty() { "not listed in the token".to_owned() } else { permissions.join(", ") };
    writeln!(context.out, "Permissions: {}", crate::escape::text(&list))?;
    let may_write = permissions.contains(&"Policy.ReadWrite.AuthenticationMethod");
    writeln!(
        context.out,
        "{}",
        if may_write { "This identity may apply." } else { "This identity may plan, not apply." }
    )?;
    match &signed_in.kept {
        Some(Ok(())) => writeln!(context.out, "Kept for the next commands, until `mfaplan logout`.")?,
        Some(Err(error)) => {
            let error = error.to_string();
            writeln!(context.out, "Not kept: {}. Each command asks again.", crate::escape::text(&error))?;
        }
        None if signed_in.claims.delegated() => writeln!(context.out, "Not kept: each command asks again.")?,
        None => {}
    }
    Ok(Exit::Done)
}

/// Who is signed in, as JSON.
#[derive(Debug, serde::Serialize)]
struct Account {
    method: String,
    tenant: String,
    tenant_name: String,
    operator: Option<String>,
    application: Option<String>,
    /// Empty where the token does not list them.
    permissions: Vec<String>,
    missing: Vec<Missing>,
}

/// A permission that requests take and the token does not hold.
#[derive(Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Missing {
    pub(super) permission: String,
    /// `plan`: without it there is none; `apply`; or the fact that stays unknown.
    pub(super) for_what: Vec<String>,
}

/// What is missing of all that may be asked for. A token that lists nothing says nothing.
fn missing(held: &[String]) -> Vec<Missing> {
    let mut missing: Vec<Missing> = Vec::new();
    if held.is_empty() {
        return missing;
    }
    for spec in REQUESTS {
        let what = match spec.need {
            Need::Mandatory => "plan",
            Need::Write => "apply",
            Need::Optional(fact) => fact.as_str(),
        };
        // "as the requests inside" is none.
        let wanted = spec.permission.split(" and ").filter(|name| name.contains('.'));
        for name in wanted.filter(|name| !held.iter().any(|held| held.eq_ignore_ascii_case(name))) {
            let at = missing.iter().position(|one| one.permission == name).unwrap_or_else(|| {
                missing.push(Missing { permission: name.to_owned(), for_what: Vec::new() });
                missing.len() - 1
            });
            if let Some(one) = missing.get_mut(at)
                && !one.for_what.iter().any(|known| known == what)
            {
                one.for_what.push(what.to_owned());
            }
        }
    }
    missing.sort_by(|a, b| a.permission.cmp(&b.permission));
    missing
}

impl Which {
    /// The tenant that is meant.
    ///
    /// Signing in is what one tries first, often before a configuration is written: without one, the command line or the
    /// environment says which tenant is meant.
    pub(super) fn tenant(&self, context: &mut Context, command: &str) -> Result<(TenantId, CloudName), Failure> {
        let name = match &self.tenant {
            Some(tenant) => tenant.clone(),
            None if load::is_configured() => {
                let config = load::config(&self.config, context)?;
                return Ok((config.tenant.id, config.tenant.cloud));
            }
            None => connect::of_environment(context).ok_or_else(|| {
                Failure::new("which tenant? There is no configuration in this directory that names one")
                    .hint(format!("mfaplan {command} --tenant contoso.com"))
            })?,
        };
        let id = runtime::online()?.block_on(connect::named(&name, self.cloud, context))?;
        Ok((id, self.cloud))
    }
}
