//! `mfaplan verify`

use std::path::PathBuf;

use crate::{
    apply::{
        journal::v1::PlannedUser,
        verify::{self, Expected, Registration, Standing, VerifyReport},
    },
    cli::{
        Context, Exit, Outcome, applying,
        events::Log,
        load::{self, ConfigArgs, TenantArgs},
        planning, tenant,
    },
    escape,
    plan::Plan,
    tenant::ObservedTenant,
};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan verify                               are the users as the configuration declares?
  mfaplan verify 20261124T213000Z-3f9c2a7b     are they as that run left them?

Exit code 2 when something differs.")]
pub(crate) struct Args {
    /// A run, as `mfaplan history` lists it; without one, the configuration is the measure
    run: Option<String>,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Write events, one JSON object a line, to this file (- for standard output)
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
}

/// Reads the tenant again and compares.
///
/// # Errors
/// When the journal, the configuration or the tenant cannot be read.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let events = Log::open_verify(args.events.as_deref(), context)?;
    let outcome = compare(args, &events, context);
    events.close(&outcome)?;
    outcome
}

fn compare(args: &Args, events: &Log, context: &mut Context) -> Outcome {
    let config = load::config(&args.config, context)?;
    let journal = args.run.as_deref().map(applying::journal).transpose()?;
    let source = tenant::open(&config, &args.tenant, context)?;
    let observed = tenant::observe(&source, &config, context)?;
    let (run, expected) = match &journal {
        Some((run, journal)) => (Some(run.clone()), Expected::of_run(journal)),
        None => {
            let plan = planning::build(&config, &observed, &[], &[], context)?;
            (None, declared(&plan, &observed))
        }
    };
    let states = verify::observed_states(&expected, &observed);
    let report = verify::verify(run, &expected, &states, Some(&observed), context.env.now);
    events.verified(&report);
    if args.json {
        let out = context.out.data()?;
        serde_json::to_writer(&mut *out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        show(&report, context)?;
    }
    let summary = &report.summary;
    let differs = summary.drifted + summary.gone + summary.unread > 0;
    Ok(if differs { Exit::Changes } else { Exit::Done })
}

/// Users whom the plan would change now are not as declared. Those who wait for a date or a decision are not expected
/// to be there yet.
fn declared(plan: &Plan, observed: &ObservedTenant) -> Vec<Expected> {
    plan.changes
        .iter()
        .filter(|change| change.decision.is_apply())
        .filter_map(|change| {
            let user = observed.user(observed.by_id(change.user.id)?);
            let planned = PlannedUser {
                id: user.id,
                user_principal_name: user.user_principal_name.clone(),
                display_name: user.display_name.clone(),
                kind: change.user.kind,
                registered: user.registered,
            };
            Some(Expected::declared(planned, change.after))
        })
        .collect()
}

/// How many users of one kind are listed before "and N more".
const LISTED: usize = 20;

fn users(count: u64) -> String {
    if count == 1 { "1 user".to_owned() } else { format!("{count} users") }
}

fn show(report: &VerifyReport, context: &mut Context) -> Result<(), crate::cli::Failure> {
    let all = context.global.verbose > 0;
    let out = &mut context.out;
    let summary = &report.summary;
    match &report.run {
        Some(run) => {
            let at = report.verified_at.strftime("%Y-%m-%d %H:%M UTC");
            writeln!(out, "Run {run}: {} verified at {at}", users(summary.users))?;
        }
        None if summary.users == 0 => writeln!(out, "Everybody is as declared.")?,
        None => writeln!(out, "Not as declared: {}", users(summary.users))?,
    }
    for (name, count) in [
        ("as expected", summary.as_expected),
        ("promoted by the service", summary.promoted),
        ("drifted", summary.drifted),
        ("gone", summary.gone),
        ("not readable", summary.unread),
        ("registered since", summary.registered_since),
        ("still to register", summary.registration_pending),
    ] {
        if count > 0 {
            writeln!(out, "  {name:<24}{count:>8}")?;
        }
    }
    let mut listed = 0;
    for user in &report.users {
        let what = match user.standing {
            Standing::Drifted | Standing::Gone => {
                let seen = user.observed.map_or("not readable", crate::cli::report::seen);
                format!("drifted: expected {}, is {seen}", user.expected)
            }
            Standing::Unread => "not readable".to_owned(),
            Standing::AsExpected | Standing::Promoted if user.registration == Some(Registration::Pending) => {
                let waiting =
                    user.waiting_seconds.map_or(String::new(), |seconds| format!(" for {} days", seconds / 86_400));
                format!("still to register{waiting}: the \"More information required\" wizard is his to finish")
            }
            Standing::AsExpected | Standing::Promoted => continue,
        };
        listed += 1;
        if listed <= LISTED || all {
            writeln!(out, "  {}  {what}", escape::text(&user.user_principal_name))?;
        }
    }
    if listed > LISTED && !all {
        writeln!(out, "  … and {} more (--verbose lists them all)", listed - LISTED)?;
    }
    for user in report.failing.iter().flatten().take(if all { usize::MAX } else { LISTED }) {
        let workload = if user.looks_like_workload { "; looks like a workload that broke" } else { "" };
        let plural = if user.failed == 1 { "" } else { "s" };
        let of_mfa = user.failed_mfa.map_or(String::new(), |count| format!(", {count} of them for want of MFA"));
        writeln!(
            out,
            "  {}  {} failed sign-in{plural}{of_mfa}{workload}",
            escape::text(&user.user_principal_name),
            user.failed
        )?;
    }
    if report.failing.is_none() {
        writeln!(out, "  Who started failing is not known: the sign-in log is not readable.")?;
    }
    Ok(())
}
