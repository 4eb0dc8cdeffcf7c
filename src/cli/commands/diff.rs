//! `mfaplan diff`

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome,
        load::{self, ConfigArgs},
        planning,
        present::PresentArgs,
        tenant,
    },
    plan::{
        Plan,
        compare::{PlanDiff, compare},
        digest, file,
    },
    render::{
        Format, Options,
        plan_diff::{self, DiffFormat},
        redact::redact,
    },
};

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan diff old.mfaplan new.mfaplan                   two saved plans
  mfaplan diff main/ branch/ --snapshot tenant.json      two configurations, no credential needed
  mfaplan diff main/ branch/ --snapshot tenant.json --format markdown

Formats: text, markdown, html and json.")]
pub(crate) struct Args {
    /// A saved plan, or a configuration directory
    old: PathBuf,
    /// The same, newer
    new: PathBuf,
    /// The offline copy that both configurations are planned against
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    /// Variables.
    #[command(flatten)]
    config: ConfigArgs,
    /// Showing.
    #[command(flatten)]
    present: PresentArgs,
    /// Exit with 2 when there are differences
    #[arg(long)]
    detailed_exitcode: bool,
}

/// Shows what differs.
///
/// # Errors
/// When a plan or a configuration cannot be read, or one is a plan and the other a configuration.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    args.present.be_discreet(context);
    let (mut old, mut new) = match (args.old.is_dir(), args.new.is_dir()) {
        (true, true) => (planned(&args.old, args, context)?, planned(&args.new, args, context)?),
        (false, false) => {
            if args.snapshot.is_some() {
                return Err(Failure::new("--snapshot is for two configuration directories, but these are two files"));
            }
            let (old, new) = rayon::join(|| saved(&args.old), || saved(&args.new));
            (old?, new?)
        }
        _ => {
            return Err(Failure::new("one of the two is a directory and the other a file")
                .hint("compare two saved plans, or two configuration directories"));
        }
    };
    if old.tenant.id != new.tenant.id {
        return Err(Failure::new(format!("the two are of different tenants: {} and {}", old.tenant.id, new.tenant.id)));
    }
    if args.present.redact {
        redact(&mut old);
        redact(&mut new);
    }
    let difference = compare(&old, &new);
    let differs = !difference.is_empty();
    show(&difference, args.present.format(), context)?;
    // The process ends now, which frees both plans in one piece rather than change by change.
    drop(difference);
    std::mem::forget((old, new));
    Ok(if differs && args.detailed_exitcode { Exit::Changes } else { Exit::Done })
}

fn saved(path: &Path) -> Result<Plan, Failure> {
    file::read_path(path, digest::compute).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn planned(dir: &Path, args: &Args, context: &mut Context) -> Result<Plan, Failure> {
    let config = load::config_in(dir, &args.config, context)?;
    let mut tenant_args = load::TenantArgs { snapshot: args.snapshot.clone(), ..load::TenantArgs::default() };
    if tenant_args.snapshot.is_none() && config.tenant.snapshot.is_none() {
        return Err(Failure::new(format!("{}: the configuration names no snapshot", dir.display()))
            .hint("two configurations are compared offline: add --snapshot FILE"));
    }
    let source = tenant::open(&config, &tenant_args, context)?;
    tenant_args.snapshot = None;
    let observed = tenant::observe(&source, &config, context)?;
    planning::build(&config, &observed, planning::Targets::NONE, &[], context)
}

/// Shows what differs between two plans, as text.
pub(super) fn show_plans(old: &Plan, new: &Plan, context: &mut Context) -> Result<(), Failure> {
    show(&compare(old, new), Format::Text, context)
}

fn show(difference: &PlanDiff<'_>, format: Format, context: &mut Context) -> Result<(), Failure> {
    let format = match format {
        Format::Text => DiffFormat::Text,
        Format::Markdown => DiffFormat::Markdown,
        Format::Json => DiffFormat::Json,
        Format::Html => DiffFormat::Html,
        other => {
            return Err(Failure::new(format!("a difference has no {other} format"))
                .hint("text, markdown, html and json are there"));
        }
    };
    let options = Options {
        width: context.width(),
        color: context.out_color,
        verbose: context.global.verbose > 0,
        ..Options::default()
    };
    let out: &mut dyn Write = if format == DiffFormat::Text { &mut context.out } else { context.out.data()? };
    plan_diff::write(difference, format, &options, out)?;
    context.out.flush()?;
    Ok(())
}
