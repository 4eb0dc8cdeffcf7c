//! What accounts seem to be, where nobody has declared it yet. Every guess carries its reason, for the operator to check.

use crate::{
    facts::{
        CompiledPolicies, Facts, UserKind,
        recognise::{self, LastSeen},
    },
    tenant::{User, UserIndex, is_global_administrator},
};

/// What an account was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum GuessKind {
    /// An emergency account.
    BreakGlass,
    /// The account of a directory synchronisation.
    Sync,
    /// A Teams Rooms device.
    TeamsRoom,
    /// A bulk enrolment token.
    BulkEnrolment,
    /// A workload, by what it does.
    ServiceAccount,
    /// Perhaps an emergency account: told to the operator, not protected.
    PossibleBreakGlass,
    /// Perhaps a workload: told to the operator, not protected.
    PossibleServiceAccount,
}

impl GuessKind {
    /// Is the account written into a block that protects it from changes?
    #[must_use]
    pub(crate) const fn protects(self) -> bool {
        !matches!(self, Self::PossibleBreakGlass | Self::PossibleServiceAccount)
    }
}

/// One account and what it was taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guess {
    /// Who.
    pub user: UserIndex,
    /// As what.
    pub kind: GuessKind,
    /// Why, as a clause.
    pub reason: String,
}

/// Days without a sign-in after which an idle administrator looks like an emergency account (rule MFA002).
const IDLE_DAYS: i64 = 30;

pub(super) fn guess(facts: &Facts<'_>) -> Vec<Guess> {
    let policies = CompiledPolicies::new(facts.tenant);
    let one = |(index, user)| {
        let (kind, reason) = kind(facts, &policies, index, user)?;
        Some(Guess { user: index, kind, reason })
    };
    facts.tenant.indexed().filter_map(one).collect()
}

/// Workloads that give themselves away come first: they too are excluded from policies.
fn kind(facts: &Facts<'_>, policies: &CompiledPolicies, index: UserIndex, user: &User) -> Option<(GuessKind, String)> {
    let kind = facts.kind(index, None);
    match kind {
        UserKind::Sync => {
            let by = recognise::sync_account(user).unwrap_or("its facts");
            return Some((GuessKind::Sync, format!("known by its {by}")));
        }
        UserKind::TeamsRoom | UserKind::SharedDevice => {
            let by = recognise::shared_device(user).unwrap_or("its facts");
            return Some((GuessKind::TeamsRoom, format!("known by its {by}")));
        }
        UserKind::BulkEnrolment => return Some((GuessKind::BulkEnrolment, "known by its user principal name".into())),
        _ => {}
    }
    if let Some(guessed) = emergency(facts, user) {
        return Some(guessed);
    }
    if kind == UserKind::ServiceAccount {
        return Some((GuessKind::ServiceAccount, signal(facts, user)));
    }
    if recognise::privileged(user) == Some(true)
        && let Ok(Some(count)) = policies.excluded_from_all(user)
    {
        return Some((GuessKind::BreakGlass, format!("excluded from all {count} enabled Conditional Access policies")));
    }
    (kind == UserKind::Unknown).then(|| (GuessKind::PossibleServiceAccount, signal(facts, user)))
}

fn emergency(facts: &Facts<'_>, user: &User) -> Option<(GuessKind, String)> {
    let first = user.extension_attributes.as_ref().and_then(|all| all[0].as_deref());
    if first.is_some_and(|text| text.trim().eq_ignore_ascii_case("BG")) {
        return Some((GuessKind::BreakGlass, "extension attribute 1 says \"BG\"".into()));
    }
    if recognise::privileged(user) == Some(false) {
        return None;
    }
    if let Some(words) = emergency_words(user) {
        return Some((GuessKind::BreakGlass, format!("\"{words}\" in the name")));
    }
    let permanent = user.directory_roles.iter().flatten().any(|one| one.permanent && is_global_administrator(one));
    let cloud_only = user.on_premises_sync_enabled != Some(true);
    let initial_domain = user.domain().is_some_and(|domain| domain.to_ascii_lowercase().ends_with(".onmicrosoft.com"));
    if !(permanent && cloud_only && initial_domain) {
        return None;
    }
    let what = "permanent Global Administrator in the initial domain";
    match recognise::last_sign_in(user, facts.instant) {
        LastSeen::At(at) if recognise::days_between(at, facts.instant) <= IDLE_DAYS => None,
        LastSeen::NotIn(days) if i64::from(days) < IDLE_DAYS => {
            Some((GuessKind::PossibleBreakGlass, format!("{what}, not seen in {days} days")))
        }
        LastSeen::At(_) | LastSeen::Never | LastSeen::NotIn(_) => {
            Some((GuessKind::BreakGlass, format!("{what}, without a sign-in in {IDLE_DAYS} days")))
        }
        // Protecting an administrator who works every day would keep MFA from them: that takes more than not knowing.
        LastSeen::Unknown => Some((GuessKind::PossibleBreakGlass, format!("{what}, sign-ins unknown"))),
    }
}

/// Names by which organisations call these accounts. Whole words: Glassbreaker is somebody's surname somewhere.
fn emergency_words(user: &User) -> Option<&'static str> {
    const NAMES: &[&str] = &["break glass", "breakglass", "emergency", "notfall", "urgence", "emergencia"];
    let local = user.user_principal_name.split('@').next().unwrap_or_default();
    let display = user.display_name.as_deref().unwrap_or_default();
    let words = |text: &str| {
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).collect();
        format!(" {} ", words.join(" "))
    };
    let (local, display) = (words(local), words(display));
    NAMES.iter().copied().find(|name| {
        let name = format!(" {name} ");
        local.contains(&name) || display.contains(&name)
    })
}

/// The score and its two strongest lines.
pub(super) fn signal(facts: &Facts<'_>, user: &User) -> String {
    let signal = facts.signal(user);
    let mut lines = signal.lines;
    lines.retain(|line| line.points() > 0);
    lines.sort_by_key(|line| std::cmp::Reverse(line.points()));
    let lines: Vec<String> = lines.iter().take(2).map(ToString::to_string).collect();
    format!("signal {}: {}", signal.score, lines.join("; "))
}
