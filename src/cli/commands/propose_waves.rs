//! `mfaplan propose-waves`

use jiff::civil::Date;

use super::readiness::one_of;
use crate::{
    cli::{
        Context, Exit, Outcome,
        planning::{self, PlanArgs, Resolved},
        tenant::Contacts,
    },
    facts::Facts,
    readiness::{Bounds, TeamBy, propose},
    render::proposal,
};

/// Arguments of `propose-waves`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan propose-waves > rollout.mfa.hcl        a rollout to edit
  mfaplan propose-waves --per-day 40 --start 2027-01-11
  mfaplan propose-waves --team manager           never half of a manager's reports on one day

Administrators with a strong method first, then who can answer when asked, then who has to register first, and
what might be a workload last. The block is used by the `mfa` blocks that say rollout = \"proposed\".")]
pub(crate) struct Args {
    /// How many users who have to register first may be in one wave [default: 25]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), default_value_t = 25, hide_default_value = true)]
    per_day: u32,
    /// How much of a team may be in one wave, 1 to 100 [default: 50]
    #[arg(long, value_name = "P", value_parser = clap::value_parser!(u8).range(1..=100), default_value_t = 50, hide_default_value = true)]
    max_team_percent: u8,
    /// What a team is: department, manager [default: department]
    #[arg(long, value_name = "WHAT", value_parser = parse_team, default_value = "department", hide_default_value = true)]
    team: TeamBy,
    /// The first day [default: the next working day]
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    start: Option<Date>,
    /// Planning.
    #[command(flatten)]
    plan: PlanArgs,
}

fn parse_team(text: &str) -> Result<TeamBy, String> {
    one_of(text, &TeamBy::ALL, TeamBy::as_str)
}

pub(super) fn parse_day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "not a date like 2027-01-11".to_owned())
}

/// Writes a rollout for everybody whom the plan raises.
///
/// # Errors
/// When there is no plan, or the tenant cannot be read.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let Args { per_day, max_team_percent, team, start, plan } = args;
    let contacts = Contacts { manager: *team == TeamBy::Manager, phones: false };
    let Resolved { config, observed, plan, desired: _ } = planning::resolved(plan, contacts, context)?;
    let facts = Facts::of(&observed, &config.guardrails.signal, config.instant);
    let bounds = Bounds {
        per_day: *per_day as usize,
        max_team_percent: *max_team_percent,
        team: *team,
        canary: config.guardrails.canary as usize,
        start: *start,
    };
    proposal::write(&plan, &propose(&plan, &facts, bounds), context.out.data()?)?;
    Ok(Exit::Done)
}
