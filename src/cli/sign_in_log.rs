//! Where the sign-ins of a plan come from: the store, the log, both, or nowhere.

use crate::{
    config::Config,
    evidence::{Store, Stored, merge},
    sign_ins::window_start,
    tenant::{
        EvidenceStretch, EvidenceStretches, Fact, ObservedTenant, ReadRequest, SignInEvidence, SignInKind, SignInMode,
        Unavailable,
    },
};

use super::{
    Context, Failure, evidence,
    progress::Progress,
    tenant::{Port, Tenant},
};

/// How the log is looked at, decided before anything is read.
pub(super) struct SignInLog {
    /// As decided; nothing: the log is read whole and directly.
    mode: Option<SignInMode>,
    store: Option<Store>,
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
            return Ok(Self { mode: asked, store: None, live });
        }
        let store = evidence::open(config)?;
        let mode = match asked {
            Some(mode) => Some(mode),
            None if live && store.is_fresh(context.instant()) => Some(SignInMode::Stored),
            None if !live && store.exists() => Some(SignInMode::Stored),
            None => None,
        };
        Ok(Self { mode, store: Some(store), live })
    }

    /// What is to be read of the tenant: the log only where nothing else stands for it.
    pub(super) fn request(&self, request: &ReadRequest) -> ReadRequest {
        let mut request = request.clone();
        if self.mode.is_some() {
            request.unneeded.insert(Fact::SignIns);
        }
        request
    }

    /// Reads into the store what it lacks, where that was asked for.
    ///
    /// # Errors
    /// When the store cannot be written. A log that is refused is a gap.
    pub(super) fn pull(&mut self, tenant: &Tenant, config: &Config, context: &Context) -> Result<(), Failure> {
        let Port::Graph(graph) = &tenant.port else { return Ok(()) };
        if self.mode != Some(SignInMode::Full) {
            return Ok(());
        }
        let (lock, mut store) = evidence::open_to_write(config, "plan --sign-ins full", context)?;
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
    pub(super) fn merge(&self, config: &Config, observed: &mut ObservedTenant) -> Result<(), Failure> {
        let days = config.tenant.sign_in_window;
        if self.mode == Some(SignInMode::None) {
            forget(observed);
            observed.evidence =
                Some(SignInEvidence { mode: SignInMode::None, covered: EvidenceStretches::default(), records: 0 });
            return Ok(());
        }
        let store = self.store.as_ref().filter(|_| self.mode.is_some());
        let stored = merge(store, &config.tenant.sign_ins, &config.dir, config.instant, days, observed)?;
        let Some(mode) = self.mode else { return Ok(()) };
        let stored = stored.unwrap_or_default();
        if self.live || mode != SignInMode::Stored || self.store.as_ref().is_some_and(Store::exists) {
            self.say_gaps(config, &stored, observed);
        }
        observed.evidence = Some(used(mode, &stored));
        Ok(())
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
