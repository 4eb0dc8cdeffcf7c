//! Where the sign-ins of a plan come from: the store, the log, both, or nowhere.

use std::cmp::Reverse;

use jiff::SignedDuration;

use crate::{
    config::Config,
    evidence::{Dates, FullPull, PER_SECOND, Store, Stored, full_pull, merge},
    facts::{Facts, recognise},
    graph::{GraphTenant, Questions},
    plan::{self, BuildInput},
    render::words,
    sign_ins::{decided::Decided, window_start},
    tenant::{
        EvidenceStretch, EvidenceStretches, Fact, ObservedTenant, ReadRequest, SignInEvidence, SignInKind, SignInMode,
        Unavailable, UserId,
    },
};

use super::{
    Context, Failure,
    commands::evidence::duration,
    evidence,
    progress::Progress,
    runtime,
    tenant::{Port, Tenant},
    terminal,
};

/// How the log is looked at, decided before anything is read.
pub(super) struct SignInLog {
    /// As decided; nothing: the log is read whole and directly.
    mode: Option<SignInMode>,
    store: Option<Store>,
    /// Dates of last sign-ins that need not be read again.
    dates: Option<Dates>,
    live: bool,
}

impl SignInLog {
    /// By what was asked for, and by what the store knows.
    ///
    /// # Errors
    /// When the store is damaged, or another tenant's.
    pub(super) fn choose(tenant: &Tenant, config: &Config, context: &Context) -> Result<Self, Failure> {
        let live = matches!(tenant.port, Port::Graph(_));
        let asked = tenant.sign_ins();
        if asked == Some(SignInMode::None) {
            return Ok(Self { mode: asked, store: None, dates: None, live });
        }
        let store = evidence::open(config)?;
        let mode = match asked {
            Some(mode) => Some(mode),
            None if live && store.is_fresh(context.instant()) => Some(SignInMode::Stored),
            None if !live && store.exists() => Some(SignInMode::Stored),
            None if live && !tenant.is_copied() => Some(SignInMode::Decisive),
            None => None,
        };
        // A copy of the tenant is of one instant, and a selection goes by what is so now.
        let kept = live && mode.is_some() && !tenant.is_copied() && !config.asks_for_sign_in_dates();
        let dates = if kept { store.dates()?.filter(|dates| dates.is_fresh(context.instant())) } else { None };
        Ok(Self { mode, store: Some(store), dates, live })
    }

    /// What is to be read of the tenant: the log, and the dates of last sign-ins, only where nothing else stands for them.
    pub(super) fn request(&self, request: &ReadRequest) -> ReadRequest {
        let mut request = request.clone();
        if self.mode.is_some() {
            request.unneeded.insert(Fact::SignIns);
        }
        if self.dates.is_some() {
            request.unneeded.insert(Fact::SignInActivity);
        }
        request
    }

    /// Reads into the store what it lacks, where that was asked for. What the tenant has just said is kept too.
    ///
    /// # Errors
    /// When the store cannot be written. A log that is refused is a gap.
    pub(super) fn pull(
        &mut self,
        tenant: &Tenant,
        config: &Config,
        observed: &ObservedTenant,
        context: &Context,
    ) -> Result<(), Failure> {
        let Port::Graph(graph) = &tenant.port else { return Ok(()) };
        if self.mode != Some(SignInMode::Full) {
            return Ok(());
        }
        let (lock, mut store) = evidence::open_to_write(config, "plan --sign-ins full", context)?;
        if let Some(dates) = Dates::told_by(observed, context.env.now) {
            store.keep_dates(dates)?;
        }
        let progress = Progress::new(context);
        evidence::pull(&mut store, graph, context.env.now, config.tenant.sign_in_window, &progress)?;
        drop(lock);
        self.store = Some(store);
        Ok(())
    }

    /// Adds what is known beside the tenant's own answers.
    ///
    /// # Errors
    /// A sign-in file, or a file of the store, that cannot be read.
    pub(super) fn merge(
        &self,
        tenant: &Tenant,
        config: &Config,
        observed: &mut ObservedTenant,
        context: &Context,
    ) -> Result<(), Failure> {
        let days = config.tenant.sign_in_window;
        if self.mode == Some(SignInMode::None) {
            forget(observed);
            observed.evidence =
                Some(SignInEvidence { mode: SignInMode::None, covered: EvidenceStretches::default(), records: 0 });
            return Ok(());
        }
        if let Some(dates) = &self.dates {
            dates.tell(observed);
            let read_at = words::instant(dates.read_at);
            let note = format!(
                "dates of last sign-ins are those of {read_at}, and later ones are known where the log is (`mfaplan evidence \
                 pull` reads them anew)"
            );
            observed.notes.push(note.into());
        }
        let store = self.store.as_ref().filter(|_| self.mode.is_some());
        let stored = merge(store, &config.tenant.sign_ins, &config.dir, config.instant, days, observed)?;
        let Some(mode) = self.mode else { return Ok(()) };
        let mut stored = stored.unwrap_or_default();
        if let (SignInMode::Decisive, Port::Graph(graph)) = (mode, &tenant.port) {
            self.announce(config, context);
            decide(graph, config, self.store.as_ref(), &mut stored, observed, context)?;
            observed.evidence = Some(used(mode, &stored));
            return Ok(());
        }
        if self.live || mode != SignInMode::Stored || self.store.as_ref().is_some_and(Store::exists) {
            self.say_gaps(config, &stored, observed);
        }
        observed.evidence = Some(used(mode, &stored));
        Ok(())
    }

    /// Says before the log is read what is known of it, from when, and how long the rest would take.
    fn announce(&self, config: &Config, context: &Context) {
        if context.global.quiet {
            return;
        }
        let from = window_start(config.instant, config.tenant.sign_in_window);
        let known = self.store.as_ref().filter(|store| store.exists());
        let known = match known.and_then(|store| Some((store.records(), store.known_until()?))) {
            Some((records, to)) => {
                format!("{} stored, until {}", words::count(records, "record"), words::instant(to))
            }
            None => "none are stored".to_owned(),
        };
        let rest = self.store.as_ref().map(|store| full_pull(store, from, config.instant));
        let rest = match rest.and_then(|FullPull { records, seconds }| records.zip(seconds)) {
            Some((records, seconds)) => {
                format!("the rest is about {}, {} to read", words::count(records, "record"), duration(seconds))
            }
            None => "how long the rest takes the first pages tell".to_owned(),
        };
        terminal::say(&format!("Sign-ins: {known}; {rest} (`mfaplan evidence pull`). Now reading what decides."));
    }

    /// What of the window nothing is known of is said once, with the way to know it.
    fn say_gaps(&self, config: &Config, stored: &Stored, observed: &mut ObservedTenant) {
        let (from, to) = (window_start(config.instant, config.tenant.sign_in_window), config.instant);
        let gaps = |kind: SignInKind| stored.gaps(kind, from, to);
        let mut said = Vec::new();
        for (kind, name) in [(SignInKind::Interactive, "interactive"), (SignInKind::NonInteractive, "non-interactive")]
        {
            let missing = gaps(kind);
            let hours: i64 = missing.iter().map(|(from, to)| to.duration_since(*from).as_hours()).sum();
            // A day is what everybody lacks who does not plan at midnight.
            if hours > 24 {
                said.push(format!("{} days of {name} sign-ins", (hours as f64 / 24.0).round()));
            }
        }
        if said.is_empty() || observed.unavailable.iter().any(|one| one.fact == Fact::SignIns) {
            return;
        }
        let way =
            if self.live { "`mfaplan evidence pull` reads them" } else { "`mfaplan evidence import FILE` adds them" };
        let reason = format!("the store lacks {}; {way}", said.join(" and "));
        // A snapshot may know of its own what the store does not.
        if self.live {
            observed.unavailable.push(Unavailable { fact: Fact::SignIns, reason: reason.into() });
        } else {
            observed.notes.push(reason.into());
        }
    }
}

/// A program that signs in at all does so within a long weekend: where a store reaches so far, whoever it has a record of is
/// known by it.
const RECENT: SignedDuration = SignedDuration::from_hours(72);

/// Reads what decides, and says what is thereby known and what is not, and how long the rest would take. What a store knows
/// is not asked again.
fn decide(
    graph: &GraphTenant,
    config: &Config,
    store: Option<&Store>,
    stored: &mut Stored,
    observed: &mut ObservedTenant,
    context: &Context,
) -> Result<(), Failure> {
    let days = config.tenant.sign_in_window;
    let window = (window_start(config.instant, days), config.instant);
    let store = store.filter(|store| store.exists());
    let unknown = [SignInKind::Interactive, SignInKind::NonInteractive]
        .map(|kind| (stored.unknown_since(kind, window.0, window.1), window.1));
    let since = unknown[0].0.min(unknown[1].0);
    let counted = store.map(|store| store.counted_since(since)).transpose()?;
    let all = suspects(config, observed, context);
    let unsure = |id: &UserId| {
        let user = observed.by_id(*id).map(|index| observed.user(index));
        since < window.1 - RECENT || !user.is_some_and(recognise::sign_ins_known)
    };
    let asked: Vec<UserId> = all.iter().copied().filter(unsure).collect();
    let expected = store.and_then(|store| full_pull(store, window.0, window.1).records);
    let questions = Questions { unknown, expected, suspects: &asked };
    let mut decided = Decided::new(config.tenant.id, counted.unwrap_or_default());
    let progress = Progress::new(context);
    if let Err(error) = runtime::online()?.block_on(graph.decisive(&questions, &mut decided, &progress)) {
        observed.unavailable.retain(|one| one.fact != Fact::SignIns);
        observed.unavailable.push(Unavailable { fact: Fact::SignIns, reason: error.message.into() });
        return Ok(());
    }
    drop(progress);
    for kind in SignInKind::ALL.iter().copied().filter(|kind| decided.whole[*kind as usize]) {
        // Everything before was known, and everything after was read.
        stored.covered[kind as usize] = vec![window];
    }
    stored.records += decided.records();
    observed.unavailable.retain(|one| one.fact != Fact::SignIns);
    if decided.whole != [true, true] {
        let legacy = match (0..2).all(|kind| decided.whole[kind] || decided.legacy[kind]) {
            true => "legacy clients of everybody",
            false => "no more than the latest sign-ins, as there are very many by legacy clients",
        };
        let known = decided.known_users(&asked) + all.len() - asked.len();
        let time = duration(decided.estimate.div_ceil(PER_SECOND));
        let rest = if store.is_some() { "what is newer than the store" } else { "the whole log" };
        let reason = format!(
            "decisive only: known are {legacy} and all sign-ins of {known} of {} users who look like workloads; {rest} has \
             about {} records, which take {time} (`mfaplan evidence pull`)",
            all.len(),
            decided.estimate
        );
        observed.unavailable.push(Unavailable { fact: Fact::SignIns, reason: reason.into() });
    }
    decided.merge_into(observed, days);
    Ok(())
}

/// The users whom the plan raises and who look like workloads by what the directory says, the most suspect first. Whom it
/// raises is a plan's business, so one is made on what is known so far; what is wrong with it, the real one will say.
fn suspects(config: &Config, observed: &ObservedTenant, context: &Context) -> Vec<UserId> {
    let input =
        BuildInput { config, tenant: observed, targets: &[], waivers: &[], created_at: context.env.now, assumed: None };
    let Ok(built) = plan::build(&input) else { return Vec::new() };
    let facts = Facts::of(observed, &config.guardrails.signal, config.instant);
    let mut found: Vec<(Reverse<u8>, UserId)> = built
        .plan
        .changes
        .iter()
        .filter(|change| change.action.raises())
        .filter_map(|change| Some((change.user.id, observed.by_id(change.user.id)?)))
        .filter(|(_, index)| facts.is_probably_a_machine(*index))
        .map(|(id, index)| (Reverse(facts.score(index)), id))
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, id)| id).collect()
}

/// As if there were no log.
fn forget(observed: &mut ObservedTenant) {
    observed.update_users(|users| users.iter_mut().for_each(|user| user.sign_ins = None));
    observed.unavailable.retain(|one| one.fact != Fact::SignIns);
    let reason = "not looked at: --sign-ins none".into();
    observed.unavailable.push(Unavailable { fact: Fact::SignIns, reason });
}

fn used(mode: SignInMode, stored: &Stored) -> SignInEvidence {
    let stretches = |kind: SignInKind| -> Vec<EvidenceStretch> {
        stored.covered[kind as usize].iter().map(|&(from, to)| EvidenceStretch { from, to }).collect()
    };
    SignInEvidence {
        mode,
        covered: EvidenceStretches {
            interactive: stretches(SignInKind::Interactive),
            non_interactive: stretches(SignInKind::NonInteractive),
        },
        records: stored.records,
    }
}
