//! `mfaplan set`

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome, again,
        applying::{self, ApprovalArgs, Asking, How, Surroundings},
        args::not_a,
        load::{self, ConfigArgs, DIRECTORY, TenantArgs},
        planning::{self, Protected, Targets},
        present::{self, PresentArgs},
        save, tenant,
    },
    config::{Config, Overlay},
    render::{NextStep, words},
    tenant::{MfaState, ObservedTenant, User},
};

/// Arguments of `set`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan set jdoe@contoso.com enforced --reason \"phished, INC-4711\"

For emergencies: writes a block for that one user into emergency.mfa.hcl, which wins over every other `mfa` block, plans it
alone, asks, and applies it. Protection, guardrails and approvals hold as for every other change; where they refuse, the
file stays as it was. Take the block out, in a pull request, once the case is closed.")]
pub(crate) struct Args {
    /// The user: sign-in name or object id
    #[arg(value_name = "USER")]
    user: String,
    /// The state: enforced or enabled
    #[arg(value_name = "STATE", value_parser = parse_state)]
    state: MfaState,
    /// Why
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: String,
    /// Approval.
    #[command(flatten)]
    approval: ApprovalArgs,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
}

fn parse_state(text: &str) -> Result<MfaState, String> {
    match MfaState::ALL.into_iter().find(|state| state.as_str() == text) {
        Some(MfaState::Disabled) => {
            Err("an emergency raises; to lower somebody, declare it and let it be reviewed".to_owned())
        }
        Some(state) => Ok(state),
        None => Err(not_a("state", text, &[MfaState::Enforced.as_str(), MfaState::Enabled.as_str()])),
    }
}

/// The file of the blocks.
const FILE: &str = "emergency.mfa.hcl";

/// Over every other block; each further block over those before it.
const PRIORITY: f64 = 10_000.0;

/// Raises one user, now.
///
/// # Errors
/// Whatever keeps it from being performed; then nothing was written, neither to the tenant nor to the file.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    perform(args, context).map_err(applying::unheard)
}

fn perform(args: &Args, context: &mut Context) -> Outcome {
    let lock = applying::lock("set", context)?;
    let before = load::config(&args.config, context)?;
    let source = tenant::open(&before, &args.tenant, context)?;
    let observed = tenant::observe(&source, &before, context)?;
    let user = user(&args.user, &observed)?;
    let now = user.mfa_state.known().unwrap_or(MfaState::Disabled);
    if Protected::now(&before, &observed).forbids(user.id, now, args.state) {
        return Err(Failure::new(format!("{} is protected by a block: nothing was written", shown(user)))
            .hint(format!("`mfaplan explain {}` says which", args.user))
            .exit(Exit::Refused));
    }
    let file = Path::new(DIRECTORY).join(FILE);
    let old = match fs::read_to_string(&file) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::new(format!("{FILE} cannot be read: {error}"))),
    };
    let new = block(args, user, &before, old.is_none(), context);
    let mut overlay = Overlay::default();
    overlay.insert(&file, format!("{}{new}", old.as_deref().unwrap_or_default()));
    let config = load::config_over(&overlay, &args.config, context)?;
    let target = [user.id.to_string()];
    let targets = Targets { names: &target, undeclared: Exit::Refused };
    let plan = planning::build(&config, &observed, targets, &[], context)?;
    if plan.changes.is_empty() && !plan.is_refused() {
        let state = user.mfa_state.as_str();
        context.note(&format!("Nothing to do: {} is {state}. {FILE} stays as it is.", shown(user)))?;
        return Ok(Exit::Done);
    }
    if args.json {
        context.note(&format!("Plan {}", plan.digest))?;
    } else {
        present::write(&plan, &PresentArgs::default(), None, NextStep::Nothing, context)?;
    }
    super::apply::nothing_to_do(&plan, args.json, context)?;
    if plan.applicable().next().is_none() {
        return Err(
            Failure::new(format!("{} cannot be changed now: nothing was written", shown(user))).exit(Exit::Refused)
        );
    }
    let approval = Asking::of(&plan, &args.approval, &config.guardrails).approval(context)?;
    let written = Written::with(&file, old, &new)?;
    let performed = super::apply::unchanged_since(&config, &args.config, context).and_then(|()| {
        let alone = planning::left_alone(&config, &observed, planning::writes(&plan));
        let surroundings = Surroundings::now(&config, &observed, alone, &source, &lock, context)?;
        let how = How {
            parallelism: args.tenant.parallelism,
            json: args.json,
            events: &(),
            again: again::flags(&config, &args.config, &args.tenant, context),
            comment: args.approval.comment(config.tenant.id, context),
        };
        applying::perform(plan, approval, None, &source, &surroundings, &how, context)
    });
    match performed {
        Ok(exit) => {
            context.note(&format!("{FILE} says so now: commit it, and take the block out once the case is closed."))?;
            Ok(exit)
        }
        // No run, so nobody was changed: the file must not say so.
        Err(failure) => {
            written.take_back()?;
            Err(failure)
        }
    }
}

fn user<'t>(named: &str, observed: &'t ObservedTenant) -> Result<&'t User, Failure> {
    let index = observed.meant(named).ok_or_else(|| {
        Failure::new(format!("no user {} in {}", named.escape_debug(), crate::escape::text(&observed.name)))
            .hint("give the whole sign-in name, or the object id")
    })?;
    match observed.namesakes(index).len() {
        1 => Ok(observed.user(index)),
        _ => Err(Failure::new(format!("{} is the name of more than one user", named.escape_debug()))
            .hint("give the object id")),
    }
}

fn shown(user: &User) -> String {
    crate::escape::text(&user.user_principal_name).into_owned()
}

/// The block, in the canonical layout, with what has to stand between it and what is there.
fn block(args: &Args, user: &User, config: &Config, first: bool, context: &Context) -> String {
    let day = context.instant().strftime("%Y_%m_%d").to_string();
    let id = user.id.to_string();
    let label = format!("emergency_{day}_{}", id.get(..8).unwrap_or(&id));
    let taken = |label: &str| config.mfa.iter().any(|one| one.declared.address.strip_prefix("mfa.") == Some(label));
    let mut free = label.clone();
    let mut number = 2;
    while taken(&free) {
        free = format!("{label}_{number}");
        number += 1;
    }
    let emergencies = config.mfa.iter().filter(|one| one.declared.address.starts_with("mfa.emergency_"));
    let highest = emergencies.map(|one| one.priority).fold(PRIORITY - 1.0, f64::max);
    let priority = highest + 1.0;
    let head = if first {
        "# Written by `mfaplan set`. Take a block out once its case is closed: whoever no other block claims keeps their state.\n"
    } else {
        ""
    };
    // By the id, which stays the same when the user is renamed.
    format!(
        "{head}\n# {}\nmfa \"{free}\" {{\n  users    = [{}]\n  state    = \"{}\"\n  priority = {priority}\n  reason   = {}\n}}\n",
        shown(user),
        words::hcl_string(&id),
        args.state,
        words::hcl_string(&args.reason),
    )
}

/// The file, with the block in it.
struct Written {
    file: PathBuf,
    old: Option<String>,
}

impl Written {
    fn with(file: &Path, old: Option<String>, new: &str) -> Result<Self, Failure> {
        save::source(file, &format!("{}{new}", old.as_deref().unwrap_or_default()))?;
        Ok(Self { file: file.to_owned(), old })
    }

    fn take_back(self) -> Result<(), Failure> {
        let Self { file, old } = self;
        match old {
            Some(text) => save::source(&file, &text),
            None => fs::remove_file(&file).map_err(|error| {
                Failure::new(format!("{FILE} cannot be removed, and says what was not done: {error}"))
            }),
        }
    }
}
