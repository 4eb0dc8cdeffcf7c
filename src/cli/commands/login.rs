//! `mfaplan login`

use crate::cli::{
    Context, Exit, Failure, Outcome, connect,
    load::{self, ConfigArgs, TenantArgs},
    runtime,
};

/// Arguments of `login`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan login      sign in with what the environment offers, and say who that is

Nothing is stored: every command signs in anew, and a device code is asked for at a terminal only.")]
pub(crate) struct Args {
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
}

/// Signs in and says as whom, to which tenant, with which permissions.
///
/// # Errors
/// When signing in fails.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let config = load::config(&args.config, context)?;
    let signed_in = runtime::online()?.block_on(async {
        let tenant = connect::connect(&config, &TenantArgs::default(), context).await?;
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
    let list = if permissions.is_empty() { "not told by the token".to_owned() } else { permissions.join(", ") };
    writeln!(context.out, "Permissions: {}", crate::escape::text(&list))?;
    let may_write = permissions.contains(&"Policy.ReadWrite.AuthenticationMethod");
    writeln!(
        context.out,
        "{}",
        if may_write { "This identity may apply." } else { "This identity may plan, not apply." }
    )?;
    Ok(Exit::Done)
}
