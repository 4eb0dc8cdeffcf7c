//! `mfaplan start`

use std::{collections::BTreeMap, fs, path::PathBuf};

use crate::{
    cli::{
        Context, Exit, Failure, Outcome, connect,
        load::{self, ConfigArgs, TenantArgs},
        planning::{self, Targets},
        present::{self, PresentArgs},
        question::Interview,
        save,
        tenant::{self, From},
    },
    config::{CloudName, SignalSettings},
    facts::Facts,
    import::{self, Guess, GuessKind, Options, Start},
    render::{Flags, NextStep},
    snapshot,
    tenant::UserIndex,
};

/// Arguments of `start`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  mfaplan start                                  asks which tenant, and whatever else is to be known
  mfaplan start --domain contoso.com             signs in to the tenant of that domain
  mfaplan start --snapshot copy.json --yes       from an offline copy, with everything as proposed

Writes main.mfa.hcl and tenant.json (a copy of the tenant) into the current directory, and shows the plan. The first wave
is five people who can answer when they are asked. Nothing is written to the tenant.")]
pub(crate) struct Args {
    /// Sign in to the tenant of this domain name
    #[arg(long, value_name = "DOMAIN|ID", conflicts_with = "snapshot")]
    domain: Option<String>,
    /// The emergency accounts, with commas between; none for nobody
    #[arg(long, value_name = "USER,…", value_delimiter = ',')]
    break_glass: Option<Vec<String>>,
    /// Is this account a program or a device?
    #[arg(long = "workload", value_name = "USER=yes|no", value_parser = parse_workload)]
    workloads: Vec<(String, bool)>,
    /// How many people go first [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=500))]
    wave_size: Option<u16>,
    /// Take what is proposed for everything that no flag answers
    #[arg(long)]
    yes: bool,
    /// The tenant's cloud: global, usgov, usgov_dod or china
    #[arg(long, value_name = "CLOUD", default_value = "global", value_parser = load::cloud)]
    cloud: CloudName,
    /// The tenant.
    #[command(flatten)]
    tenant: TenantArgs,
}

fn parse_workload(text: &str) -> Result<(String, bool), String> {
    match text.rsplit_once('=') {
        Some((user, "yes")) => Ok((user.to_owned(), true)),
        Some((user, "no")) => Ok((user.to_owned(), false)),
        _ => Err("write it like scan-4@contoso.com=yes".to_owned()),
    }
}

const CONFIGURATION: &str = "main.mfa.hcl";
const COPY: &str = "tenant.json";

/// Days until the wave of those who have registered, and from there to that of everybody.
const WEEKS: [i64; 2] = [14, 14];

/// So many people go first where nobody says otherwise.
const FIRST: u16 = 5;

/// Asks what is to be known, writes a configuration and shows its plan.
///
/// # Errors
/// When there is a configuration already, a question has no answer, or the tenant cannot be read.
pub(crate) fn run(args: &Args, context: &mut Context) -> Outcome {
    super::init::refuse_existing()?;
    let mut interview = Interview::new(args.yes, context);
    let from = which(args, &mut interview, context)?;
    let observed = tenant::observe_whole(&from, args.cloud, &args.tenant, context)?;
    let facts = Facts::of(&observed, &SignalSettings::default(), context.instant());
    let protected = answered(args, &facts, &mut interview, context)?;
    let size = match args.wave_size {
        Some(size) => size,
        None => {
            let question = "How many people go first? Ordinary people who can answer when they are asked.";
            let flag = || format!("--wave-size {FIRST}");
            interview
                .line(question, &FIRST.to_string(), flag, context)?
                .parse()
                .map_err(|_| Failure::new("the number of people who go first is not a number: nothing was written"))?
        }
    };
    interview.complete()?;
    let first = import::first(&facts, &protected, usize::from(size));
    let found = first.len();
    let zone = jiff::tz::TimeZone::UTC;
    let start = Start { protected, first, from: zone.to_datetime(context.instant()).date(), weeks: WEEKS };
    let options = Options {
        cloud: args.cloud,
        snapshot: matches!(from, From::Copy(_)).then(|| COPY.to_owned()),
        ..Options::default()
    };
    let text = import::start(&facts, &options, &start);
    if let From::Tenant(_) = from {
        save::atomically(COPY.as_ref(), context, |out| snapshot::write(&observed, out))?;
    } else if let From::Copy(path) = &from
        && fs::canonicalize(path).ok() != fs::canonicalize(COPY).ok()
    {
        save::atomically(COPY.as_ref(), context, |out| std::io::copy(&mut fs::File::open(path)?, out).map(|_| ()))?;
    }
    save::new(CONFIGURATION.as_ref(), text.as_bytes())?;
    ignore()?;
    let config = load::config(&ConfigArgs::default(), context)?;
    let plan = planning::build(&config, &observed, Targets::NONE, &[], context)?;
    present::write(&plan, &PresentArgs::default(), None, NextStep::Unsaved { flags: Flags::default() }, context)?;
    context.note(&format!("Wrote {CONFIGURATION} and {COPY}; nothing was written to the tenant."))?;
    if found < usize::from(size) {
        context.note(&format!(
            "Only {found} people are known to be able to answer when they are asked, so the first wave has no more."
        ))?;
    }
    Ok(Exit::Done)
}

/// Which tenant, asked for where no flag says so.
fn which(args: &Args, interview: &mut Interview, context: &mut Context) -> Result<From, Failure> {
    let mut domain = args.domain.clone();
    let mut copy = args.tenant.snapshot.clone();
    if domain.is_none() && copy.is_none() {
        let question = "Which tenant? One of its domain names, such as contoso.com, or the file of an offline copy.";
        let proposed = connect::of_environment(context).unwrap_or_default();
        let answer =
            interview.line(question, &proposed, || "--domain NAME (or --snapshot FILE)".to_owned(), context)?;
        if answer.is_empty() {
            std::mem::take(interview).complete()?;
            return Err(Failure::new("no tenant: nothing was written").hint("mfaplan start --domain contoso.com"));
        }
        if PathBuf::from(&answer).is_file() {
            copy = Some(answer.into());
        } else {
            domain = Some(answer);
        }
    }
    Ok(match copy {
        Some(path) => From::Copy(path),
        None => From::Tenant(domain.unwrap_or_default()),
    })
}

/// Asks about emergency accounts and about whatever has any sign of a workload.
fn answered(
    args: &Args,
    facts: &Facts<'_>,
    interview: &mut Interview,
    context: &mut Context,
) -> Result<Vec<Guess>, Failure> {
    let tenant = facts.tenant;
    let name = |index: UserIndex| tenant.user(index).user_principal_name.as_str();
    let find = |text: &str| {
        tenant.meant(text.trim()).ok_or_else(|| {
            Failure::new(format!(
                "no user {} in {}: nothing was written",
                text.escape_debug(),
                crate::escape::text(&tenant.name)
            ))
        })
    };
    let said: BTreeMap<UserIndex, bool> =
        args.workloads.iter().map(|(user, is)| Ok((find(user)?, *is))).collect::<Result<_, Failure>>()?;
    let guesses = import::guesses(facts);
    let likely: Vec<&str> =
        guesses.iter().filter(|one| one.kind == GuessKind::BreakGlass).map(|one| name(one.user)).collect();
    let emergency = match &args.break_glass {
        Some(given) => given.clone(),
        None => {
            let mut question =
                "Which accounts are for emergencies? They are never changed; have two. Names with commas, or none."
                    .to_owned();
            let perhaps =
                guesses.iter().filter(|one| matches!(one.kind, GuessKind::BreakGlass | GuessKind::PossibleBreakGlass));
            for guess in perhaps {
                question +=
                    &format!("\n  {}: {}", crate::escape::text(name(guess.user)), crate::escape::text(&guess.reason));
            }
            let flag = || "--break-glass USER,USER".to_owned();
            let answer = interview.line(&question, &likely.join(","), flag, context)?;
            answer.split(',').map(str::to_owned).collect()
        }
    };
    let mut protected: Vec<Guess> = Vec::new();
    for user in emergency.iter().map(|one| one.trim()).filter(|one| !one.is_empty() && *one != "none") {
        let index = find(user)?;
        let reason = guesses.iter().find(|one| one.user == index).map_or("named at the start", |one| &one.reason);
        protected.push(Guess { user: index, kind: GuessKind::BreakGlass, reason: reason.to_owned() });
    }
    for guess in guesses {
        if protected.iter().any(|one| one.user == guess.user) {
            continue;
        }
        match guess.kind {
            GuessKind::Sync | GuessKind::TeamsRoom | GuessKind::BulkEnrolment => protected.push(guess),
            GuessKind::BreakGlass | GuessKind::PossibleBreakGlass => {}
            GuessKind::ServiceAccount | GuessKind::PossibleServiceAccount => {
                let who = crate::escape::text(name(guess.user)).into_owned();
                let question = format!(
                    "Is {who} a program or a device? Then MFA would break it, and it is left alone.\n  {}",
                    crate::escape::text(&guess.reason)
                );
                let is = match said.get(&guess.user) {
                    Some(is) => *is,
                    None => interview.yes(&question, true, || format!("--workload {who}=yes|no"), context)?,
                };
                if is {
                    protected.push(Guess { kind: GuessKind::ServiceAccount, ..guess });
                }
            }
        }
    }
    for (index, is) in said {
        if is && protected.iter().all(|one| one.user != index) {
            let reason = "named at the start".to_owned();
            protected.push(Guess { user: index, kind: GuessKind::ServiceAccount, reason });
        }
    }
    protected.sort_by_key(|one| one.user);
    Ok(protected)
}

/// A copy of a directory and the journals of runs do not belong into a repository.
fn ignore() -> Result<(), Failure> {
    const FILE: &str = ".gitignore";
    let old = fs::read_to_string(FILE).unwrap_or_default();
    let missing: Vec<&str> =
        [COPY, ".mfaplan/"].into_iter().filter(|one| !old.lines().any(|line| line == *one)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let gap = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    save::source(FILE.as_ref(), &format!("{old}{gap}{}\n", missing.join("\n")))
}
