//! `mfaplan replay`

use std::path::{Path, PathBuf};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        args::not_a,
        planning::{self, PlanArgs},
    },
    plan::{Plan, digest, file},
    render::{Options, redact::redact_observed, replay::ReplayFormat},
    replay::Replay,
};

/// Arguments of `replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan replay                            what the sign-ins of the last weeks would have met
  mfaplan replay staff.mfaplan              the same of a saved plan, without reading the tenant
  mfaplan replay --user jdoe@contoso.com    one user, application by application
  mfaplan replay --format csv > hit.csv     one line for each user, application and client

Sign-ins that are not known one by one are not replayed, and the last line says whose.")]
pub(crate) struct Args {
    /// A saved plan; without one, plans as `mfaplan plan` does
    #[arg(conflicts_with_all = ["targets", "waivers"])]
    plan_file: Option<PathBuf>,
    /// Planning.
    #[command(flatten)]
    plan: PlanArgs,
    /// One user only (name or id)
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// Write JSON (as --format json)
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// How to show the replay: text, json, markdown, html, csv
    #[arg(long, value_name = "FORMAT", value_parser = parse_format)]
    format: Option<ReplayFormat>,
    /// Replace names and ids of users by stable pseudonyms, for public places
    #[arg(long)]
    redact: bool,
    /// Exit with 2 when sign-ins would break, be blocked or lose MFA
    #[arg(long)]
    detailed_exitcode: bool,
}

fn parse_format(text: &str) -> Result<ReplayFormat, String> {
    text.parse().map_err(|()| not_a("format", text, &ReplayFormat::ALL.map(ReplayFormat::as_str)))
}

/// Shows what sign-ins would have met.
///
/// # Errors
/// When there is no plan, or the user is not among its changes.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let plan = match &args.plan_file {
        Some(path) => saved(path, args)?,
        None => {
            let mut planned = planning::plan(&args.plan, Exit::Error, context)?;
            checked(&planned.plan, args)?;
            if args.redact {
                redact_observed(&mut planned.plan, &planned.observed);
            }
            planned.plan
        }
    };
    show(args, &plan, context)
}

fn saved(path: &Path, args: &Args) -> Result<Plan, Failure> {
    let mut plan =
        file::read_path(path, digest::compute).map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
    checked(&plan, args)?;
    if args.redact {
        crate::render::redact(&mut plan);
    }
    Ok(plan)
}

/// The user asked for must be found by the name that was typed: after redaction nobody is.
fn checked(plan: &Plan, args: &Args) -> Result<(), Failure> {
    match &args.user {
        Some(user) if args.redact => Err(Failure::new(format!(
            "--user {user} and --redact do not go together: the one names whom the other hides"
        ))),
        Some(user) => one_user(plan, user).map(drop),
        None => Ok(()),
    }
}

fn show(args: &Args, plan: &Plan, context: &mut Context) -> Outcome {
    let nothing = Replay::default();
    let all = plan.replay.as_ref().unwrap_or(&nothing);
    let only = args.user.as_deref().map(|user| one_user(plan, user)).transpose()?;
    let replay = only.as_ref().unwrap_or(all);
    let options = Options {
        width: context.width(),
        color: context.out_color,
        verbose: context.global.verbose > 0,
        ..Options::default()
    };
    let format = if args.json { ReplayFormat::Json } else { args.format.unwrap_or(ReplayFormat::Text) };
    let out: &mut dyn std::io::Write =
        if format == ReplayFormat::Text { &mut context.out } else { context.out.data()? };
    format.write(plan, replay, &options, out)?;
    context.out.flush()?;
    let harmed = replay.verdicts.harm() > 0;
    Ok(if args.detailed_exitcode && harmed { Exit::Changes } else { Exit::Done })
}

/// The replay of one user's change, or why there is none.
fn one_user(plan: &Plan, user: &str) -> Result<Replay, Failure> {
    let is = |id: &str, name: &str| id.eq_ignore_ascii_case(user) || name.eq_ignore_ascii_case(user);
    let replayed = plan.replay.as_ref();
    let found = replayed.and_then(|all| all.changes.iter().find(|one| is(&one.user.id, &one.user.user_principal_name)));
    if let (Some(all), Some(one)) = (replayed, found) {
        return Ok(all.only(one));
    }
    let named = |one: &crate::plan::ChangeUser| is(&file::user_id_text(one.id), &one.user_principal_name);
    if let Some(change) = plan.changes.iter().find(|one| named(&one.user)) {
        let why = match change.before.known() {
            Some(_) => "no single sign-ins are known of them, or not all",
            None => "their state is unknown",
        };
        return Err(Failure::new(format!("{user} was not replayed: {why}")));
    }
    if let Some(other) = plan.others.iter().find(|one| named(&one.user)) {
        let why = match other.claim {
            crate::plan::Claimed::Unmanaged => "no block claims them",
            crate::plan::Claimed::Protected(_) => "they are protected",
            crate::plan::Claimed::Declared(..) => "they are in the declared state already",
        };
        return Err(Failure::new(format!("{user} does not change: {why}")));
    }
    let names = plan.changes.iter().map(|one| one.user.user_principal_name.as_str());
    let failure = Failure::new(format!("{user} is not in this plan"));
    Err(match crate::diag::did_you_mean(user, names) {
        Some(hint) => failure.hint(hint),
        None => failure,
    })
}
