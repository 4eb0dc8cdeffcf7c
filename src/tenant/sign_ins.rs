//! What the sign-in log says of one user, aggregated over the window.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use jiff::{Timestamp, civil::Weekday};

use super::{Cell, Mfa, Outcome, Protocol, SignInKind, Text};

/// Counts over successful sign-ins of the window unless said otherwise. `None` = unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignIns {
    /// Length of the window in days.
    pub window_days: Option<u16>,
    /// Interactive sign-ins.
    pub interactive: Option<u32>,
    /// Interactive sign-ins in which MFA was done: a method answered, or a claim that says so.
    pub interactive_mfa: Option<u32>,
    /// Sign-ins for which MFA was required and skipped, by reason, in the order of reasons.
    pub mfa_skipped: Option<Box<[Skipped]>>,
    /// Non-interactive sign-ins (tokens renewed by a client on behalf of the user).
    pub non_interactive: Option<u32>,
    /// Failed sign-ins.
    pub failed: Option<u32>,
    /// Failed sign-ins that MFA explains: error 50072, 50074, 50076 or 50079, or a legacy protocol, which cannot do MFA.
    pub failed_mfa: Option<u32>,
    /// Sign-ins by the resource owner password credential grant: a program holding the password.
    pub ropc: Option<u32>,
    /// Sign-ins with an app password.
    pub app_password: Option<u32>,
    /// Distinct client addresses.
    pub distinct_ips: Option<u32>,
    /// Distinct UTC hours of day with at least one sign-in, 0–24.
    pub active_hours: Option<u8>,
    /// Share of sign-ins on Saturday and Sunday (UTC), 0–1.
    pub weekend_share: Option<f32>,
    /// Legacy protocols, by Graph's `clientAppUsed`.
    pub legacy: Option<Box<[LegacySignIns]>>,
    /// Applications signed in to.
    pub apps: Option<Box<[AppSignIns]>>,
    /// First products of the user agents.
    pub clients: Option<Box<[Text]>>,
    /// The same, record by record, where records were read.
    pub cells: Option<Box<[Cell]>>,
}

/// Error codes of sign-ins that end because MFA is asked for and not done (Microsoft Entra authentication and
/// authorization error codes): enrolment needed (50072, 50079), the second factor needed (50074, 50076). They also occur
/// in the middle of sign-ins that go on to succeed, so they say "look here", not "locked out".
const MFA_ERRORS: [u32; 4] = [50_072, 50_074, 50_076, 50_079];

/// The application under which the sign-ins to all further ones are counted, where a user has very many.
pub(crate) const FURTHER_APPS: &str = "further applications";

/// Is this `clientAppUsed` a legacy protocol? Legacy is everything that is said and is not one of the two modern
/// clients (Microsoft Entra, "Sign-ins using legacy authentication" workbook).
#[must_use]
pub(crate) fn is_legacy(client_app: &str) -> bool {
    let modern = ["", "Unknown", "Browser", "Mobile Apps and Desktop clients"];
    !modern.iter().any(|name| name.eq_ignore_ascii_case(client_app.trim()))
}

impl Cell {
    /// Did these sign-ins fail for want of MFA: one of its errors, or a legacy protocol, which cannot do MFA?
    #[must_use]
    pub(crate) fn failed_for_mfa(&self) -> bool {
        let shape = &*self.shape;
        shape.outcome != Outcome::Success
            && (is_legacy(&shape.client) || shape.error_code.is_some_and(|code| MFA_ERRORS.contains(&code)))
    }
}

impl SignIns {
    /// The counts that follow from single records. All are known: zero where no cell says otherwise.
    #[must_use]
    pub fn from_cells(cells: Box<[Cell]>, window_days: Option<u16>) -> Self {
        let (mut interactive, mut interactive_mfa, mut non_interactive) = (0, 0, 0);
        let (mut failed, mut failed_mfa, mut ropc, mut app_password) = (0, 0, 0, 0);
        let (mut weekend, mut hours) = (0_u32, 0_u32);
        let mut skipped = BTreeMap::new();
        let mut addresses: BTreeSet<u64> = BTreeSet::new();
        let mut legacy: BTreeMap<&Text, (u32, Option<Timestamp>, BTreeSet<u64>)> = BTreeMap::new();
        let mut apps: BTreeMap<&Text, (Option<&Text>, u32)> = BTreeMap::new();
        let mut by_name: BTreeMap<&Text, u32> = BTreeMap::new();
        let mut clients = BTreeSet::new();
        for cell in &cells {
            let (shape, count) = (&*cell.shape, cell.count);
            let old = is_legacy(&shape.client);
            if shape.outcome != Outcome::Success {
                add(&mut failed, count);
                if cell.failed_for_mfa() {
                    add(&mut failed_mfa, count);
                }
                continue;
            }
            match shape.kind {
                SignInKind::Interactive => {
                    add(&mut interactive, count);
                    if matches!(shape.mfa, Mfa::Done | Mfa::Claim) {
                        add(&mut interactive_mfa, count);
                    }
                }
                SignInKind::NonInteractive => add(&mut non_interactive, count),
            }
            if let Mfa::Skipped(reason) = &shape.mfa {
                add(skipped.entry(reason).or_default(), count);
            }
            if shape.protocol == Protocol::Ropc {
                add(&mut ropc, count);
            }
            if shape.app_password {
                add(&mut app_password, count);
            }
            if matches!(cell.day.weekday(), Weekday::Saturday | Weekday::Sunday) {
                add(&mut weekend, count);
            }
            hours |= cell.hours;
            addresses.extend(&cell.addresses);
            if old {
                let (all, last, from) = legacy.entry(&shape.client).or_default();
                add(all, count);
                *last = (*last).max(Some(cell.last));
                from.extend(&cell.addresses);
            }
            if !shape.app.is_empty() && shape.app != FURTHER_APPS {
                let (name, all) = apps.entry(&shape.app).or_default();
                add(all, count);
                *name = name.or(shape.app_name.as_ref());
            } else if let (true, Some(name)) = (shape.app.is_empty(), &shape.app_name) {
                add(by_name.entry(name).or_default(), count);
            }
            clients.extend(shape.product.as_ref());
        }
        let mut legacy: Vec<LegacySignIns> = legacy
            .into_iter()
            .map(|(protocol, (count, last, from))| LegacySignIns {
                protocol: protocol.clone(),
                count,
                last,
                distinct_ips: Some(from.len() as u32),
            })
            .collect();
        legacy.sort_by_key(|one| std::cmp::Reverse(one.count));
        let mut apps: Vec<AppSignIns> = apps
            .into_iter()
            .map(|(id, (name, count))| AppSignIns { id: id.clone(), display_name: name.cloned(), count })
            .collect();
        // An older download names applications only: it is the one of that name, or known by its name alone.
        for (name, count) in by_name {
            let is_it =
                |one: &&mut AppSignIns| one.display_name.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(name));
            match apps.iter_mut().find(is_it) {
                Some(known) => add(&mut known.count, count),
                None => apps.push(AppSignIns { id: name.clone(), display_name: Some(name.clone()), count }),
            }
        }
        apps.sort_by_key(|one| std::cmp::Reverse(one.count));
        let succeeded = interactive + non_interactive;
        Self {
            window_days,
            interactive: Some(interactive),
            interactive_mfa: Some(interactive_mfa),
            mfa_skipped: Some(
                skipped.into_iter().map(|(reason, count)| Skipped { reason: reason.clone(), count }).collect(),
            ),
            non_interactive: Some(non_interactive),
            failed: Some(failed),
            failed_mfa: Some(failed_mfa),
            ropc: Some(ropc),
            app_password: Some(app_password),
            distinct_ips: Some(addresses.len() as u32),
            active_hours: Some(hours.count_ones() as u8),
            weekend_share: Some(if succeeded == 0 { 0.0 } else { weekend as f32 / succeeded as f32 }),
            legacy: Some(legacy.into()),
            apps: Some(apps.into()),
            clients: Some(clients.into_iter().cloned().collect()),
            cells: Some(cells),
        }
    }

    /// Where `stated` says another count than these, which were made of single records. Addresses, hours and clients are
    /// not compared: a record may lack them.
    #[must_use]
    pub fn disagreement(&self, stated: &Self) -> Option<(&'static str, u32, u32)> {
        let skipped = |of: &Self| of.mfa_skipped.as_ref().map(|all| all.iter().fold(0, |sum, one| sum + one.count));
        let smtp_and_kin = |of: &Self| of.legacy_total();
        let apps = |of: &Self| of.apps.as_ref().map(|all| all.iter().fold(0, |sum: u32, one| sum + one.count));
        let pairs = [
            ("interactive", self.interactive, stated.interactive),
            ("interactiveMfa", self.interactive_mfa, stated.interactive_mfa),
            ("mfaSkipped", skipped(self), skipped(stated)),
            ("nonInteractive", self.non_interactive, stated.non_interactive),
            ("failed", self.failed, stated.failed),
            ("failedMfa", self.failed_mfa, stated.failed_mfa),
            ("ropc", self.ropc, stated.ropc),
            ("appPassword", self.app_password, stated.app_password),
            ("legacy", smtp_and_kin(self), smtp_and_kin(stated)),
            ("apps", apps(self), apps(stated)),
        ];
        pairs.into_iter().find_map(|(key, counted, stated)| match (counted, stated) {
            (Some(counted), Some(stated)) if counted != stated => Some((key, counted, stated)),
            _ => None,
        })
    }

    /// Does any count say something? A log that was looked at for some days and has no record of the user leaves
    /// [`Self::window_days`] alone: what lies outside these days is unknown.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let Self {
            window_days: _,
            interactive,
            interactive_mfa,
            mfa_skipped,
            non_interactive,
            failed,
            failed_mfa,
            ropc,
            app_password,
            distinct_ips,
            active_hours,
            weekend_share,
            legacy,
            apps,
            clients,
            cells,
        } = self;
        [interactive, interactive_mfa, non_interactive, failed, failed_mfa, ropc, app_password, distinct_ips]
            .iter()
            .any(|count| count.is_some())
            || active_hours.is_some()
            || weekend_share.is_some()
            || mfa_skipped.is_some()
            || legacy.is_some()
            || apps.is_some()
            || clients.is_some()
            || cells.is_some()
    }

    /// Interactive and non-interactive sign-ins together, where both are known.
    #[must_use]
    pub fn total(&self) -> Option<u32> {
        Some(self.interactive?.saturating_add(self.non_interactive?))
    }

    /// Sign-ins by all legacy protocols together.
    #[must_use]
    pub fn legacy_total(&self) -> Option<u32> {
        Some(self.legacy.as_ref()?.iter().fold(0, |sum, one| one.count.saturating_add(sum)))
    }
}

fn add(sum: &mut u32, count: u32) {
    *sum = sum.saturating_add(count);
}

/// Sign-ins for which MFA was required and skipped, for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// `IP address`, `app password`, `location` …
    pub reason: Text,
    /// How many.
    pub count: u32,
}

/// A file of sign-in records, as the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds, where neither its columns nor its name say so.
    pub kind: Option<SignInFileKind>,
    /// The stretch of time it covers, where that is known better than by its records.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInFileKind {
    /// Records of the sign-in log.
    Log(SignInKind),
    /// Exchange's report of SMTP AUTH clients.
    SmtpReport,
}

impl SignInFileKind {
    /// The words of the configuration.
    pub const WORDS: [&str; 3] = ["interactive", "non_interactive", "smtp_report"];

    /// Reads one; both spellings of the kinds are taken.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "smtp_report" { Some(Self::SmtpReport) } else { SignInKind::parse(text).map(Self::Log) }
    }
}

impl From<PathBuf> for SignInFile {
    fn from(path: PathBuf) -> Self {
        Self { path, kind: None, span: None }
    }
}

/// Sign-ins by one legacy protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacySignIns {
    /// `clientAppUsed`, for example `Authenticated SMTP`.
    pub protocol: Text,
    /// How many.
    pub count: u32,
    /// The latest.
    pub last: Option<Timestamp>,
    /// Distinct client addresses.
    pub distinct_ips: Option<u32>,
}

/// Sign-ins to one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSignIns {
    /// The application (client) id, as Graph spells it; its name where records have only that.
    pub id: Text,
    /// Its name.
    pub display_name: Option<Text>,
    /// How many.
    pub count: u32,
}
