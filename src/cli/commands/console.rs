//! `mfaplan console`

use std::{fs, io, path::Path};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        load::{self, ConfigArgs, DIRECTORY, TenantArgs},
        planning, tenant,
    },
    config::Config,
    desired::{self, Desired, ProtectionKind},
    diag::render::RenderOptions,
    facts::{Facts, UserKind, UserView},
    plan, repl,
    tenant::ObservedTenant,
};

/// Arguments of `console`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan console                                                    ask and be answered
  echo 'user(\"jdoe@contoso.com\").mfa_state' | mfaplan console        line by line, from a pipe
  echo 'formatdate(\"YYYY-MM-DD\", timestamp())' | mfaplan console     without a configuration, too

Besides var, local, tenant and plan there are user(\"NAME\"), users and groups. On a terminal an
expression goes on in the next line while a bracket is open; from a pipe it stands on one line.")]
pub(crate) struct Args {
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
    /// Read the tenant through Microsoft Graph where there is no offline copy
    #[arg(long)]
    live: bool,
}

/// Evaluates expressions.
///
/// # Errors
/// When the configuration or the tenant cannot be read. From a pipe, a wrong line is told and ends in exit code 1.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let config = if has_configuration()? { Some(load::config(&args.config, context)?) } else { None };
    let observed = match &config {
        Some(config) if args.live || args.tenant.snapshot.is_some() || config.tenant.snapshot.is_some() => {
            let source = tenant::open(config, &args.tenant, context)?;
            Some(tenant::observe(&source, config, context)?)
        }
        _ => None,
    };
    let facts = match (&config, &observed) {
        (Some(config), Some(observed)) => Some(Facts::of(observed, &config.guardrails.signal, config.instant)),
        _ => None,
    };
    let desired = match (&config, &observed, &facts) {
        (Some(config), Some(observed), Some(facts)) => desired(config, observed, facts),
        _ => None,
    };
    let session = session(args, config.as_ref(), observed.as_ref(), facts.as_ref(), desired.as_ref(), context)?;
    let options = RenderOptions {
        color: context.err_color,
        unicode: context.env.stderr_is_terminal,
        width: context.width(),
        ..RenderOptions::default()
    };
    if context.env.stdin_is_terminal && context.env.stdout_is_terminal {
        repl::run_terminal(&session, None, &mut context.out, &mut context.err, options)?;
        return Ok(Exit::Done);
    }
    let mut input = io::stdin().lock();
    let fine = repl::run_piped(&session, &mut input, &mut context.out, &mut context.err, options)?;
    Ok(if fine { Exit::Done } else { Exit::Error })
}

fn has_configuration() -> Result<bool, Failure> {
    let entries =
        fs::read_dir(DIRECTORY).map_err(|error| Failure::new(format!("the directory cannot be read: {error}")))?;
    Ok(entries.filter_map(Result::ok).any(|entry| entry.file_name().to_string_lossy().ends_with(".mfa.hcl")))
}

/// Whom the configuration protects: that is part of what kind of account a user is. Where it does not fit the tenant,
/// making the plan says so.
fn desired(config: &Config, observed: &ObservedTenant, facts: &Facts<'_>) -> Option<Desired> {
    let view = |index, protection: Option<ProtectionKind>| UserView::new(facts, index, protection.map(UserKind::from));
    desired::resolve(config, observed, plan::tenant_value(config, observed), view).ok().map(|(desired, _)| desired)
}

fn session<'a>(
    args: &'a Args,
    config: Option<&'a Config>,
    observed: Option<&'a ObservedTenant>,
    facts: Option<&'a Facts<'a>>,
    desired: Option<&'a Desired>,
    context: &mut Context,
) -> Result<repl::Session<'a>, Failure> {
    let session = repl::Session::new(Path::new(DIRECTORY), context.instant()).with_files(&args.config.allow_files);
    let Some(config) = config else { return Ok(session) };
    let session = session.with_config(config);
    let (Some(observed), Some(facts)) = (observed, facts) else { return Ok(session) };
    let session = session.with_tenant(config, facts, desired);
    // A configuration whose plan cannot be made still has variables and a tenant to ask about.
    match planning::build(config, observed, planning::Targets::NONE, &[], context) {
        Ok(plan) => Ok(session.with_plan(&plan.summary)),
        Err(failure) => {
            context.note(&format!("note: `plan` is not there: {failure}"))?;
            Ok(session)
        }
    }
}
