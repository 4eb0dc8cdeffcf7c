//! `mfaplan login`

use crate::{
    cli::{
        Context, Exit, Failure, Outcome, connect,
        load::{self, ConfigArgs, TenantArgs},
        runtime,
    },
    config::CloudName,
};

/// Arguments of `login`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan login                         sign in to the configuration's tenant, and say who that is
  mfaplan login --tenant contoso.com    the same before there is a configuration

Nothing is stored: every command signs in anew, and a device code is asked for at a terminal only.")]
pub(crate) struct Args {
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

/// Signs in and says as whom, to which tenant, with which permissions.
///
/// # Errors
/// When signing in fails.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let signed_in = runtime::online()?.block_on(async {
        let tenant = match named(args, context)? {
            Some((name, cloud)) => {
                let id = connect::named(&name, cloud, context).await?;
                connect::to(id, cloud, &TenantArgs::default(), context).await?
            }
            None => {
                let config = load::config(&args.config, context)?;
                connect::connect(&config, &TenantArgs::default(), context).await?
            }
        };
        tenant.signed_in().await.map_err(Failure::from)
    })?;
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
    Ok(Exit::Done)
}

/// The tenant that is named beside the configuration; none where the configuration says which.
///
/// Signing in is what one tries first, often before a configuration is written: without one, the command line or the
/// environment says which tenant is meant.
fn named(args: &Args, context: &Context) -> Result<Option<(String, CloudName)>, Failure> {
    if let Some(tenant) = &args.tenant {
        return Ok(Some((tenant.clone(), args.cloud)));
    }
    if load::is_configured() {
        return Ok(None);
    }
    match connect::of_environment(context) {
        Some(tenant) => Ok(Some((tenant, args.cloud))),
        None => Err(Failure::new("which tenant? There is no configuration in this directory that names one")
            .hint("mfaplan login --tenant contoso.com")),
    }
}
