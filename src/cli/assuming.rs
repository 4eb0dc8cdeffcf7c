//! `--assume-policies`, and what a plan that used it asks of the tenant before it is applied.

use std::{collections::HashMap, fs, path::PathBuf};

use crate::{
    assumed::{self, AssumedFile, Assumption},
    config::Config,
    plan::{Change, Plan, digest::Document},
    tenant::{ObservedTenant, UserId},
};

use super::{
    Context, Exit, Failure,
    planning::{self, Targets},
};

/// Policies that do not stand yet.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct AssumeArgs {
    /// Plan as if these Conditional Access policies stood: JSON of Microsoft Graph, or what `terraform show -json` writes
    #[arg(long, value_name = "FILE", num_args = 1..)]
    assume_policies: Vec<PathBuf>,
}

impl AssumeArgs {
    /// Reads them.
    pub(super) fn files(&self) -> Result<Vec<AssumedFile>, Failure> {
        self.assume_policies
            .iter()
            .map(|path| {
                let name = path.display().to_string();
                let text = fs::read_to_string(path)
                    .map_err(|error| Failure::new(format!("{name}: cannot be read: {error}")))?;
                assumed::read(&name, &text).map_err(|error| Failure::new(format!("--assume-policies: {error}")))
            })
            .collect()
    }
}

/// Puts the policies into the tenant; nothing where none are given.
pub(super) fn assume(files: &[AssumedFile], observed: &mut ObservedTenant) -> Result<Option<Assumption>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    let assumption = assumed::assume(files, observed).map_err(|error| {
        Failure::new(format!("--assume-policies: {error}")).hint("reading policies needs Policy.Read.All")
    })?;
    Ok(Some(assumption))
}

/// A plan that took policies for standing is applied only on policies that stand: they must be in the tenant as assumed, and
/// whoever is to be lowered is judged again on all policies the tenant has now.
///
/// # Errors
/// What does not hold; then nothing is written.
pub(super) fn judge_again(
    plan: &Plan,
    config: &Config,
    observed: &ObservedTenant,
    context: &mut Context,
) -> Result<(), Failure> {
    let Some(assumed) = &plan.assumed else { return Ok(()) };
    let refused = |message: String| {
        Failure::new(format!("nothing was written: {message}"))
            .hint("create the policies as assumed, or plan again without --assume-policies")
            .exit(Exit::Refused)
    };
    let Some(real) = &observed.conditional_access else {
        return Err(refused(
            "the plan assumes Conditional Access policies, and the tenant's cannot be read".to_owned(),
        ));
    };
    let different = assumed.differences(real);
    if !different.is_empty() {
        return Err(refused(format!(
            "the plan assumes policies that the tenant does not have: {}",
            different.join("; ")
        )));
    }
    let targets: Vec<String> = plan.targets.iter().map(ToString::to_string).collect();
    let targets = Targets { names: &targets, ..Targets::NONE };
    let now = planning::build(config, observed, targets, &plan.waivers, context)?;
    let lowers =
        |change: &&Change| change.before.known().is_none_or(|before| before.strength() > change.after.strength());
    let fresh: HashMap<UserId, &Change> = now.applicable().map(|change| (change.user.id, change)).collect();
    let stands = |then: &&Change| {
        fresh.get(&then.user.id).is_some_and(|change| change.after == then.after && !gained(then, change))
    };
    let exposed: Vec<&str> = plan
        .applicable()
        .filter(lowers)
        .filter(|then| !stands(then))
        .map(|change| change.user.user_principal_name.as_str())
        .collect();
    match exposed.as_slice() {
        [] => Ok(()),
        [one] => Err(refused(format!("on the tenant's policies {one} is judged otherwise than in the plan"))),
        [one, ..] => {
            let count = exposed.len();
            Err(refused(format!(
                "on the tenant's policies {count} users are judged otherwise than in the plan, {one} first"
            )))
        }
    }
}

/// Has the change a finding that it did not have then?
fn gained(then: &Change, now: &Change) -> bool {
    let had = |rule: &str, severity| then.findings.iter().any(|one| one.rule == rule && one.severity >= severity);
    now.findings.iter().any(|one| one.accepted.is_none() && !had(&one.rule, one.severity))
}

/// The journal does not hold the policies that were assumed, so whether they stand still cannot be told from it.
pub(super) fn refuse_to_resume(approved: &Document) -> Result<(), Failure> {
    if approved.assumed.is_none() {
        return Ok(());
    }
    Err(Failure::new("the run rests on policies that its plan assumed; it is not resumed, nothing was written")
        .hint("they stand now: plan again without --assume-policies, and apply that plan for the rest")
        .exit(Exit::Refused))
}
