//! `mfaplan init`

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome, connect,
        load::{self, DIRECTORY, TenantArgs},
        runtime,
        tenant::{self, From},
    },
    config::CloudName,
    facts::Facts,
    import,
    render::words,
    tenant::ObservedTenant,
};

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan init                                           a commented starting configuration
  mfaplan init --tenant contoso.com                      the same, for the tenant of that domain
  mfaplan init --from-tenant --snapshot tenant.json      one that says what the tenant has now
  mfaplan init --from-tenant --tenant contoso.com        the same, from Microsoft Graph

Never overwrites a file. The plan of what --from-tenant writes is empty: change it from there.")]
pub(crate) struct Args {
    /// Write what the tenant is like now
    #[arg(long)]
    from_tenant: bool,
    /// The tenant, by a domain name or its id [default: AZURE_TENANT_ID]
    #[arg(long = "tenant", value_name = "DOMAIN|ID", conflicts_with = "snapshot")]
    named: Option<String>,
    /// The tenant's cloud: global, usgov, usgov_dod or china
    #[arg(long, value_name = "CLOUD", default_value = "global", value_parser = load::cloud)]
    cloud: CloudName,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
}

const FILE: &str = "main.mfa.hcl";
const TEMPLATE: &str = include_str!("init.mfa.hcl");
/// The dates in the template, and how many days after today each of them is written instead.
const DATES: [(&str, i64); 7] = [
    ("2026-12-01", 7),
    ("2026-12-15", 21),
    ("2026-12-29", 35),
    ("2027-01-12", 49),
    ("2027-01-26", 63),
    ("2027-03-01", 97),
    ("2026-12-31", 180),
];
/// The id in the template that stands for nobody's.
const NO_TENANT: &str = "00000000-0000-0000-0000-000000000000";

/// Writes a starting configuration.
///
/// # Errors
/// When there is a configuration already, or the tenant cannot be read.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    refuse_existing()?;
    if !args.from_tenant {
        if args.tenant.snapshot.is_some() {
            return Err(Failure::new("--snapshot goes with --from-tenant"));
        }
        return template(args, context);
    }
    let from = from(args, context)?;
    let observed = tenant::observe_whole(&from, args.cloud, &args.tenant, context)?;
    let snapshot = args.tenant.snapshot.as_deref().map(relative);
    let facts = Facts::of(&observed, &crate::config::SignalSettings::default(), context.instant());
    let options = import::Options { snapshot, cloud: args.cloud, ..import::Options::default() };
    let imported = import::fold(&facts, &options);
    let files = imported.files();
    refuse_oversized(&files, options.largest_file)?;
    prove(&imported, &observed, context)?;
    // None is written where one cannot be: half a configuration is a wrong one.
    if let Some((name, _)) = files.iter().find(|(name, _)| Path::new(DIRECTORY).join(name).exists()) {
        return Err(Failure::new(format!("there is a {name} already; nothing was written")));
    }
    for (name, text) in &files {
        create(name, text)?;
    }
    let (written, its) = match files.as_slice() {
        [(only, _)] => (only.clone(), "its"),
        [(first, _), .., (last, _)] => (format!("{} files, {first} to {last}", files.len()), "their"),
        [] => return Err(Failure::new("there is nothing to write")),
    };
    context.note(&format!(
        "Wrote {written}: {} blocks that claim {} users; {its} plan is empty.",
        imported.blocks, imported.claimed
    ))?;
    let protected = imported.guesses.iter().filter(|guess| guess.kind.protects()).count() as u64;
    let suspected = imported.guesses.len() as u64 - protected;
    let were = |count: u64| format!("{} {}", words::count(count, "account"), if count == 1 { "was" } else { "were" });
    if protected > 0 {
        context.note(&format!(
            "{} taken for emergency or service accounts: {its} blocks protect them. Check each.",
            were(protected)
        ))?;
    }
    if suspected > 0 {
        context.note(&format!(
            "{} only suspected of being a workload: marked in a comment, not protected. Decide on each.",
            were(suspected)
        ))?;
    }
    Ok(Exit::Done)
}

/// Writes the commented starting configuration, with the tenant's id where it is named.
fn template(args: &Args, context: &mut Context) -> Outcome {
    let mut text = TEMPLATE.to_owned();
    for (written, days) in DATES {
        let date = context.instant().checked_add(jiff::SignedDuration::from_hours(24 * days));
        let date = date.map_err(|error| Failure::new(format!("no dates can be proposed: {error}")))?;
        text = text.replace(written, &date.strftime("%Y-%m-%d").to_string());
    }
    let (mut text, todo) = match &args.named {
        None => (text, "Put in the id of your tenant and the people"),
        Some(name) => {
            let id = runtime::online()?.block_on(connect::named(name, args.cloud, context))?;
            (text.replace(NO_TENANT, &id.to_string()), "Put in the people")
        }
    };
    if args.cloud != CloudName::Global {
        let line = format!("  cloud = \"{}\"\n", args.cloud.as_str());
        text = text.replacen("\n\n  # Work offline", &format!("\n{line}\n  # Work offline"), 1);
    }
    create(FILE, &crate::fmt::format(&text).unwrap_or(text))?;
    context.note(&format!("Wrote {FILE}. {todo}, then: mfaplan plan"))?;
    Ok(Exit::Done)
}

/// What was written must change nobody: proved before it is written.
fn prove(imported: &import::Imported, observed: &ObservedTenant, context: &mut Context) -> Result<(), Failure> {
    if imported.claimed == 0 {
        return Err(Failure::new("no user's per-user MFA state could be read, so there is nothing to write"));
    }
    match import::prove(imported, observed, context.instant()) {
        Ok(plan) if plan.changes.is_empty() => Ok(()),
        Ok(plan) => Err(Failure::new(format!(
            "internal error: the plan of the generated configuration has {} changes; nothing was written",
            plan.changes.len()
        ))),
        Err(error) => {
            Err(Failure::Diagnostics { diagnostics: error.diagnostics.clone(), sources: error.sources.clone() })
        }
    }
}

pub(super) fn refuse_existing() -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(format!("the directory cannot be read: {error}"));
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(DIRECTORY).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".mfa.hcl") {
            names.push(name);
        }
    }
    names.sort();
    match names.first() {
        None => Ok(()),
        Some(name) => Err(Failure::new(format!("there is a configuration already: {name}; nothing was written"))
            .hint("`init` starts a new configuration: run it in an empty directory")),
    }
}

/// Blocks are not torn apart: one with a very long list of exceptions may be more than a file may hold.
fn refuse_oversized(files: &[(String, &str)], most: usize) -> Result<(), Failure> {
    let Some((_, text)) = files.iter().find(|(_, text)| text.len() > most) else { return Ok(()) };
    let megabytes = |bytes: usize| bytes / (1024 * 1024);
    Err(Failure::new(format!(
        "one block of this tenant's configuration has {} MB, and a file may have {} MB; nothing was written",
        megabytes(text.len()),
        megabytes(most)
    ))
    .hint("write the configuration by hand, with the users in CSV files: `users = [for row in csvdecode(file(\"users.csv\")) : row.upn]`"))
}

fn create(name: &str, text: &str) -> Result<(), Failure> {
    let path = Path::new(DIRECTORY).join(name);
    let failed = |error: io::Error| Failure::new(format!("{name} cannot be written: {error}"));
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

/// Where the tenant is read from.
fn from(args: &Args, context: &Context) -> Result<From, Failure> {
    if let Some(path) = &args.tenant.snapshot {
        return Ok(From::Copy(path.clone()));
    }
    args.named.clone().or_else(|| connect::of_environment(context)).map(From::Tenant).ok_or_else(|| {
        Failure::new("which tenant? Neither --tenant nor AZURE_TENANT_ID says so").hint(
            "mfaplan init --from-tenant --tenant contoso.com, with the credentials of docs/credentials.md; or name an \
             offline copy by --snapshot",
        )
    })
}

fn relative(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string().replace('\\', "/")
}
