//! Planning, as every command that needs a plan does it.

use std::collections::HashSet;

use crate::{
    config::{Config, Layer},
    desired,
    facts::{Facts, UserView},
    plan::{self, BuildError, BuildInput, Plan, TargetProblem, Waiver},
    tenant::{ObservedTenant, Text, UserId, UserIndex},
};

use super::{
    Context, Exit, Failure,
    load::{self, ConfigArgs, TenantArgs},
    tenant::{self, Tenant},
};

/// Flags of every command that plans.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct PlanArgs {
    /// Variables.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Limit the plan to a user (name or id) or a block (mfa.staff)
    #[arg(long = "target", value_name = "USER|ADDRESS", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub targets: Vec<String>,
    /// Waive one guardrail: max_changes=800, max_change_percent=60, max_downgrades=5, window=now
    #[arg(long = "waive", value_name = "NAME=VALUE", requires = "reason")]
    pub waivers: Vec<String>,
    /// Why the guardrail is waived
    #[arg(long, value_name = "TEXT", requires = "waivers")]
    pub reason: Option<String>,
}

/// A plan and everything it was made from.
pub(super) struct Planned {
    pub(super) config: Config,
    pub(super) tenant: Tenant,
    pub(super) observed: ObservedTenant,
    pub(super) plan: Plan,
}

/// Loads, reads, plans; shows the configuration's warnings on the way.
///
/// `undeclared` is the exit code of a target for which nothing is declared.
pub(super) fn plan(args: &PlanArgs, undeclared: Exit, context: &mut Context) -> Result<Planned, Failure> {
    let config = load::config(&args.config, context)?;
    let waivers = waivers(&config, &args.waivers, args.reason.as_deref())?;
    let tenant = tenant::open(&config, &args.tenant, context)?;
    let observed = tenant::observe(&tenant, &config, context)?;
    let targets = Targets { names: &args.targets, undeclared };
    let plan = build(&config, &observed, targets, &waivers, context)?;
    Ok(Planned { config, tenant, observed, plan })
}

/// What a plan is limited to.
#[derive(Clone, Copy)]
pub(super) struct Targets<'a> {
    /// Users and addresses; none = everything.
    pub(super) names: &'a [String],
    /// The exit code where one of them exists and the configuration declares nothing for it.
    pub(super) undeclared: Exit,
}

impl Targets<'_> {
    /// The whole configuration.
    pub(super) const NONE: Targets<'static> = Targets { names: &[], undeclared: Exit::Error };
}

/// One failure that tells all of them.
fn target_failure(problems: Vec<TargetProblem>, undeclared: Exit) -> Failure {
    let messages: Vec<_> = problems.iter().map(|one| one.message.as_str()).collect();
    // A misspelt name is a slip of the command line, whatever else was asked for.
    let exit = if problems.iter().all(|one| one.undeclared) { undeclared } else { Exit::Error };
    let failure = Failure::new(messages.join("; ")).exit(exit);
    problems.into_iter().filter_map(|one| one.hint).fold(failure, Failure::hint)
}

/// Plans what was loaded and read.
pub(super) fn build(
    config: &Config,
    observed: &ObservedTenant,
    targets: Targets<'_>,
    waivers: &[Waiver],
    context: &mut Context,
) -> Result<Plan, Failure> {
    let input = BuildInput { config, tenant: observed, targets: targets.names, waivers, created_at: context.env.now };
    match plan::build(&input) {
        Ok(built) => {
            load::show_warnings(&built.warnings, config, context)?;
            Ok(built.plan)
        }
        Err(BuildError::Diagnostics(diagnostics)) => {
            Err(Failure::Diagnostics { diagnostics, sources: config.sources.clone() })
        }
        Err(BuildError::Target(problems)) => Err(target_failure(problems, targets.undeclared)),
    }
}

/// The waivers of the command line, each checked against the guardrails.
pub(super) fn waivers(config: &Config, given: &[String], reason: Option<&str>) -> Result<Vec<Waiver>, Failure> {
    let reason = reason.unwrap_or_default();
    let mut waivers: Vec<Waiver> = Vec::new();
    for text in given {
        let Some((guardrail, bound)) = text.split_once('=') else {
            return Err(Failure::new(format!("--waive {text}: write it like --waive max_changes=800")));
        };
        let waiver = Waiver {
            guardrail: Text::from(guardrail.trim()),
            bound: Text::from(bound.trim()),
            reason: Text::from(reason),
        };
        plan::validate_waiver(&config.guardrails, &waiver).map_err(Failure::new)?;
        if waivers.iter().any(|one| one.guardrail == waiver.guardrail) {
            return Err(Failure::new(format!("--waive {guardrail}: given twice")));
        }
        waivers.push(waiver);
    }
    waivers.sort_by(|a, b| a.guardrail.cmp(&b.guardrail));
    Ok(waivers)
}

/// Users whom any `break_glass` block protects now.
pub(super) fn protected(config: &Config, observed: &ObservedTenant) -> HashSet<UserId> {
    emergency(config, observed, |_| true)
}

/// Users whom a `break_glass` block of the policy directory protects now, whatever an older plan says.
pub(super) fn protected_by_policy(config: &Config, observed: &ObservedTenant) -> HashSet<UserId> {
    emergency(config, observed, |layer| layer == Layer::Policy)
}

fn emergency(config: &Config, observed: &ObservedTenant, counts: impl Fn(Layer) -> bool) -> HashSet<UserId> {
    let facts = Facts::of(observed, &config.guardrails.signal, config.instant);
    let view = |index: UserIndex, _| UserView::new(&facts, index, None);
    let blocks = config.break_glass.iter().filter(|block| counts(block.declared.layer));
    let selectors: Vec<_> = blocks.map(|block| &block.selector).collect();
    desired::selected(config, observed, plan::tenant_value(config, observed), view, &selectors)
        .into_iter()
        .map(|index| observed.user(index).id)
        .collect()
}
