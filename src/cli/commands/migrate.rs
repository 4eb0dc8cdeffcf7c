//! `mfaplan migrate`

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use crate::{
    assumed::{self, AssumedFile},
    calendar,
    cli::{
        Context, Exit, Failure, Outcome, empty,
        load::{self, ConfigArgs, TenantArgs},
        planning::{self, Targets},
        save, tenant,
    },
    config::{Config, Overlay},
    facts::Facts,
    migrate::{self, Migration},
    render::migration::{self as files, Written},
    tenant::ObservedTenant,
};

/// Arguments of `migrate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan migrate --out migration                the files, from the tenant of the configuration
  mfaplan migrate --out migration --start 2027-02-01
  mfaplan migrate --out migration --json         and what they say, for programs

Writes conditional_access.tf (the policies, for Terraform), migration.mfa.hcl (who is lowered, wave by wave) and
MIGRATION.md (the order of the steps). Nothing is written to the tenant.")]
pub(crate) struct Args {
    /// The directory to write into: a new one, or an empty one
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The day of the first wave [default: the first working day in two weeks]
    #[arg(long, value_name = "DATE", value_parser = super::propose_waves::parse_day)]
    start: Option<Date>,
    /// Write what the files say as JSON
    #[arg(long)]
    json: bool,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
}

/// The policies report for a week, and are in force for one.
const BEFORE_THE_FIRST_WAVE: i8 = 14;

/// Writes the way off per-user MFA.
///
/// # Errors
/// When the tenant cannot be read, or the directory holds something already.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    let config = load::config(&args.config, context)?;
    empty::check(&args.out)?;
    let source = tenant::open(&config, &args.tenant, context)?;
    let mut observed = tenant::observe(&source, &config, context)?;
    if observed.licensed_for_conditional_access() == Some(false) {
        let document = files::unlicensed(&observed);
        write(&args.out, &[(files::DOCUMENT, document)])?;
        context.note(&format!(
            "The tenant has no licence for Conditional Access: only {} was written to {}.",
            files::DOCUMENT,
            args.out.display()
        ))?;
        if args.json {
            let migration = Migration::default();
            let written = Written { migration: &migration, waves: &[], losses: &[], tenant: &observed, label: "" };
            files::json(&written, false, context.out.data()?)?;
        }
        return Ok(Exit::Refused);
    }
    if observed.licensed_for_conditional_access().is_none() {
        context.note(
            "warning: which licences the tenant has is not known; Conditional Access needs Microsoft Entra ID P1",
        )?;
    }
    if observed.conditional_access.is_none() {
        return Err(Failure::new(
            "the tenant's Conditional Access policies are not known, so it is not known who is covered",
        )
        .hint("reading policies needs Policy.Read.All; in a snapshot they are `conditionalAccessPolicies`"));
    }
    let label = label(&config);
    let first = args.start.unwrap_or_else(|| {
        let day = calendar::day_after(context.instant());
        day.checked_add(jiff::Span::new().days(BEFORE_THE_FIRST_WAVE - 1)).unwrap_or(day)
    });
    let mut migration = migrate::design(&config, &Facts::of(&observed, &config.guardrails.signal, config.instant));
    if !migration.lowered.is_empty() {
        withhold(&mut migration, &mut observed, &config, &label, first, args, context)?;
    }
    let waves = migrate::waves(&migration, &observed, config.guardrails.canary as usize, first);
    let losses = migrate::walk(&migration, &waves, &observed);
    let written = Written { migration: &migration, waves: &waves, losses: &losses, tenant: &observed, label: &label };
    write(
        &args.out,
        &[
            (files::TERRAFORM, files::terraform(&written)),
            (files::CONFIGURATION, files::configuration(&written)),
            (files::DOCUMENT, files::document(&written)),
        ],
    )?;
    context.note(&format!(
        "Written to {}: {} users can be lowered in {} waves, {} keep per-user MFA. Begin with {}.",
        args.out.display(),
        migration.lowered.len(),
        waves.len(),
        migration.leftovers.len(),
        files::DOCUMENT
    ))?;
    if args.json {
        files::json(&written, true, context.out.data()?)?;
    }
    Ok(Exit::Done)
}

/// Plans the migration beside the configuration, as if its policies stood, and takes out whom that plan withholds.
fn withhold(
    migration: &mut Migration,
    observed: &mut ObservedTenant,
    config: &Config,
    label: &str,
    first: Date,
    args: &Args,
    context: &mut Context,
) -> Result<(), Failure> {
    let waves = migrate::waves(migration, observed, config.guardrails.canary as usize, first);
    let written = Written { migration, waves: &waves, losses: &[], tenant: observed, label };
    let mut overlay = Overlay::default();
    overlay.insert(Path::new(load::DIRECTORY).join(files::CONFIGURATION), files::configuration(&written));
    let quiet = std::mem::replace(&mut context.global.quiet, true);
    let plan = load::config_over(&overlay, &args.config, context).and_then(|config| {
        let file = AssumedFile::of(files::TERRAFORM, migration.policies.clone());
        let assumption = assumed::assume(&[file], observed)
            .map_err(|error| Failure::new(format!("the policies cannot be placed: {error}")))?;
        let built = planning::built_on(Some(&assumption), &config, observed, Targets::NONE, &[], context);
        observed.conditional_access = Some(assumption.real);
        built
    });
    context.global.quiet = quiet;
    migration.withhold(&plan?.plan, observed);
    Ok(())
}

/// A label that no block has, but for those of a file that this one takes the place of.
fn label(config: &Config) -> String {
    const LABEL: &str = "leave_per_user_mfa";
    let blocks = || config.mfa.iter().map(|one| &one.declared).chain(config.rollouts.values().map(|one| &one.declared));
    let taken = |label: &str| {
        blocks().any(|one| {
            let named = one.address.rsplit_once('.').is_some_and(|(_, name)| name == label);
            named && config.sources.file(one.span.file).name.as_ref() != files::CONFIGURATION
        })
    };
    let mut label = LABEL.to_owned();
    let mut number = 2;
    while taken(&label) {
        label = format!("{LABEL}_{number}");
        number += 1;
    }
    label
}

fn write(dir: &Path, files: &[(&str, String)]) -> Result<(), Failure> {
    empty::make(dir)?;
    files.iter().try_for_each(|(name, text)| save::new(&dir.join(name), text.as_bytes()))
}
