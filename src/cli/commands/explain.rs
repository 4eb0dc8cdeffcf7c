//! `mfaplan explain`

use crate::{
    cli::{
        Context, Exit, Failure, Outcome, explanation,
        load::{self, ConfigArgs, TenantArgs},
        tenant,
    },
    risk,
};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan explain jdoe@contoso.com     why this user gets this state
  mfaplan explain MFA006               what this rule looks for, and what to do about it")]
pub(crate) struct Args {
    /// A user (name or object id) or a rule id
    what: String,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
}

/// Explains a rule or a user.
///
/// # Errors
/// When it is neither, or the configuration or the tenant cannot be read.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    if let Some(text) = explanation::rule(&args.what) {
        context.out.write_all(text.as_bytes())?;
        return Ok(Exit::Done);
    }
    let looks_like_a_rule = !args.what.contains('@') && args.what.to_ascii_uppercase().starts_with("MFA");
    if looks_like_a_rule {
        let known = risk::known_rules();
        let failure = Failure::new(format!("there is no rule {}", args.what));
        return Err(match crate::diag::did_you_mean(&args.what, known.iter().map(|(id, ..)| *id)) {
            Some(hint) => failure.hint(hint),
            None => failure.hint("`mfaplan rules` lists them all"),
        });
    }
    let config = load::config(&args.config, context)?;
    let source = tenant::open(&config, &args.tenant, context)?;
    let observed = tenant::observe(&source, &config, context)?;
    explanation::user(&args.what, &config, &observed, context)?;
    Ok(Exit::Done)
}
