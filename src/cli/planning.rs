//! Planning, as every command that needs a plan does it.

use std::collections::{HashMap, HashSet};

use crate::{
    apply::Left,
    assumed::{AssumedFile, Assumption},
    config::{Config, Layer, Selector},
    desired::{self, Desired},
    facts::{Facts, UserView},
    plan::{self, BuildError, BuildInput, Built, Plan, TargetProblem, Waiver},
    tenant::{MfaState, ObservedTenant, Text, UserId, UserIndex},
};

use super::{
    Context, Exit, Failure, assuming,
    load::{self, ConfigArgs, TenantArgs},
    tenant::{self, Contacts, Tenant},
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
    pub(super) assumed: Option<Assumption>,
}

/// Loads, reads, plans; shows the configuration's warnings on the way.
///
/// `undeclared` is the exit code of a target for which nothing is declared.
pub(super) fn plan(args: &PlanArgs, undeclared: Exit, context: &mut Context) -> Result<Planned, Failure> {
    plan_assuming(args, &[], undeclared, context)
}

/// As [`plan`], as if the policies of these files stood.
pub(super) fn plan_assuming(
    args: &PlanArgs,
    files: &[AssumedFile],
    undeclared: Exit,
    context: &mut Context,
) -> Result<Planned, Failure> {
    let (config, waivers, tenant) = opened(args, context)?;
    let mut observed = tenant::observe(&tenant, &config, context)?;
    let assumed = assuming::assume(files, &mut observed)?;
    let targets = Targets { names: &args.targets, undeclared };
    let plan = built_on(assumed.as_ref(), &config, &observed, targets, &waivers, context)?.plan;
    Ok(Planned { config, tenant, observed, plan, assumed })
}

/// The configuration, what is waived of it, and its tenant, of which nothing has been read yet.
fn opened(args: &PlanArgs, context: &mut Context) -> Result<(Config, Vec<Waiver>, Tenant), Failure> {
    let config = load::config(&args.config, context)?;
    let waivers = waivers(&config, &args.waivers, args.reason.as_deref())?;
    let tenant = tenant::open(&config, &args.tenant, context)?;
    Ok((config, waivers, tenant))
}

/// A plan with what the configuration declares of everybody.
pub(super) struct Resolved {
    pub(super) config: Config,
    pub(super) observed: ObservedTenant,
    pub(super) plan: Plan,
    pub(super) desired: Desired,
}

/// As [`plan`], with contacts read of everybody.
pub(super) fn resolved(args: &PlanArgs, contacts: Contacts, context: &mut Context) -> Result<Resolved, Failure> {
    let (config, waivers, tenant) = opened(args, context)?;
    let observed = tenant::observe_with(&tenant, &config, contacts, context)?;
    let targets = Targets { names: &args.targets, undeclared: Exit::Error };
    let Built { plan, warnings: _, desired } = built(&config, &observed, targets, &waivers, context)?;
    Ok(Resolved { config, observed, plan, desired })
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
    built(config, observed, targets, waivers, context).map(|built| built.plan)
}

/// As [`build`], with what the configuration declares of everybody.
pub(super) fn built(
    config: &Config,
    observed: &ObservedTenant,
    targets: Targets<'_>,
    waivers: &[Waiver],
    context: &mut Context,
) -> Result<Built, Failure> {
    built_on(None, config, observed, targets, waivers, context)
}

/// As [`built`], on an assumption that is part of `observed` already.
pub(super) fn built_on(
    assumed: Option<&Assumption>,
    config: &Config,
    observed: &ObservedTenant,
    targets: Targets<'_>,
    waivers: &[Waiver],
    context: &mut Context,
) -> Result<Built, Failure> {
    let created_at = context.env.now;
    let input = BuildInput { config, tenant: observed, targets: targets.names, waivers, created_at, assumed };
    match plan::build(&input) {
        Ok(built) => {
            // Expressions over users may have read files that loading did not.
            context.inputs.add_configuration(config);
            load::show_warnings(&built.warnings, config, context)?;
            Ok(built)
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
        let waiver = plan::waiver(&config.guardrails, guardrail.trim(), bound.trim(), reason).map_err(Failure::new)?;
        if waivers.iter().any(|one| one.guardrail == waiver.guardrail) {
            return Err(Failure::new(format!("--waive {guardrail}: given twice")));
        }
        waivers.push(waiver);
    }
    waivers.sort_by_key(|one| one.guardrail.as_str());
    Ok(waivers)
}

/// Whom blocks protect now, whatever an older plan or run says.
pub(super) struct Protected {
    /// Emergency accounts, and accounts that the policy declares as they are.
    untouchable: HashSet<UserId>,
    /// Other service accounts: never raised.
    never_raised: HashSet<UserId>,
}

impl Protected {
    /// As the configuration and the policy at hand say.
    pub(super) fn now(config: &Config, observed: &ObservedTenant) -> Self {
        let glass = config.break_glass.iter().map(|block| (&block.selector, true));
        let service = config
            .service_accounts
            .iter()
            .map(|block| (&block.selector, block.declared.layer == Layer::Policy && !block.lower));
        let (untouchable, raised): (Vec<_>, Vec<_>) = glass.chain(service).partition(|(_, untouchable)| *untouchable);
        let facts = Facts::of(observed, &config.guardrails.signal, config.instant);
        let ids = |blocks: Vec<(&Selector, bool)>| {
            let view = |index: UserIndex, _| UserView::new(&facts, index, None);
            let selectors: Vec<_> = blocks.into_iter().map(|(selector, _)| selector).collect();
            desired::selected(config, observed, plan::tenant_value(config, observed), view, &selectors)
                .into_iter()
                .flatten()
                .map(|index| observed.user(index).id)
                .collect()
        };
        Self { untouchable: ids(untouchable), never_raised: ids(raised) }
    }

    /// Does it forbid this write?
    pub(super) fn forbids(&self, user: UserId, before: MfaState, after: MfaState) -> bool {
        self.untouchable.contains(&user) || after.strength() > before.strength() && self.never_raised.contains(&user)
    }
}

/// Which users of earlier decisions are left alone now: those who are protected, those who have another name than the one
/// that was reviewed, and those who cannot be read.
pub(super) fn left_alone<'a>(
    config: &Config,
    observed: &ObservedTenant,
    writes: impl Iterator<Item = (UserId, &'a Text, MfaState, MfaState)>,
) -> HashMap<UserId, Left> {
    let protected = Protected::now(config, observed);
    writes
        .filter_map(|(id, name, before, after)| {
            if protected.forbids(id, before, after) {
                return Some((id, Left::Protected));
            }
            if let Ok(at) = observed.unread.binary_search_by_key(&id, |one| one.user) {
                return Some((id, Left::Unread { reason: observed.unread.get(at)?.reason.clone() }));
            }
            let now = &observed.user(observed.by_id(id)?).user_principal_name;
            (now != name).then(|| (id, Left::Renamed { now: now.clone() }))
        })
        .collect()
}

/// The writes of a plan, for [`left_alone`].
pub(super) fn writes(plan: &Plan) -> impl Iterator<Item = (UserId, &Text, MfaState, MfaState)> {
    plan.applicable().filter_map(|change| {
        let before = change.before.known()?;
        Some((change.user.id, &change.user.user_principal_name, before, change.after))
    })
}
