//! The aggregation itself.

use std::{
    collections::{HashMap, HashSet, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
};

use jiff::{Timestamp, civil::Weekday, tz::TimeZone};

use crate::tenant::{AppSignIns, LegacySignIns, SignIns, Text};

/// Distinct addresses counted per user and protocol. Beyond it the number says "at least": a thousand addresses make
/// the same point as a million, and memory stays bounded by users.
const MAX_ADDRESSES: usize = 1024;
/// Distinct applications and protocols kept per user.
const MAX_NAMES: usize = 128;
/// Distinct clients kept per user.
const MAX_CLIENTS: usize = 32;
/// Longest client product kept, in bytes.
const MAX_CLIENT_LENGTH: usize = 64;

/// How a sign-in came about (Graph's `signInEventTypes`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// A person at a prompt.
    Interactive,
    /// A client renewing tokens on the user's behalf.
    NonInteractive,
    /// Neither is said.
    Other,
}

/// One sign-in record, borrowed from the page it came with.
#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    /// When.
    pub at: Option<Timestamp>,
    /// Interactive or not.
    pub kind: EventKind,
    /// `errorCode` is 0.
    pub succeeded: bool,
    /// `errorCode`, where it is said.
    pub error_code: Option<i64>,
    /// `authenticationRequirement` is `multiFactorAuthentication`.
    pub multi_factor: bool,
    /// `authenticationProtocol` is `ropc`.
    pub ropc: bool,
    /// An app password was used.
    pub app_password: bool,
    /// `clientAppUsed`.
    pub client_app: &'a str,
    /// The client's address.
    pub address: &'a str,
    /// The application's id.
    pub app_id: &'a str,
    /// The application's name.
    pub app_name: &'a str,
    /// The user agent.
    pub user_agent: &'a str,
}

/// Is this `clientAppUsed` a legacy protocol? Legacy is everything that is said and is not one of the two modern
/// clients (Microsoft Entra, "Sign-ins using legacy authentication" workbook).
#[must_use]
pub(crate) fn is_legacy(client_app: &str) -> bool {
    let modern = ["", "Unknown", "Browser", "Mobile Apps and Desktop clients"];
    !modern.iter().any(|name| name.eq_ignore_ascii_case(client_app.trim()))
}

/// Error codes of sign-ins that end because MFA is asked for and not done (Microsoft Entra authentication and
/// authorization error codes): enrolment needed (50072, 50079), the second factor needed (50074, 50076). They also occur
/// in the middle of sign-ins that go on to succeed, so they say "look here", not "locked out".
const MFA_ERRORS: [i64; 4] = [50_072, 50_074, 50_076, 50_079];

#[derive(Default)]
struct Protocol {
    count: u32,
    last: Option<Timestamp>,
    addresses: HashSet<u64>,
}

#[derive(Default)]
struct App {
    name: Option<Text>,
    count: u32,
}

/// What is kept of one user.
#[derive(Default)]
struct Tally {
    interactive: u32,
    interactive_mfa: u32,
    non_interactive: u32,
    other: u32,
    failed: u32,
    failed_mfa: u32,
    ropc: u32,
    app_password: u32,
    weekend: u32,
    dated: u32,
    hours: u32,
    addresses: HashSet<u64>,
    legacy: HashMap<Text, Protocol>,
    apps: HashMap<Text, App>,
    clients: HashSet<Text>,
}

/// Aggregates records by user. `K` names the user: an object id, or also a sign-in name where files lack the id.
pub(crate) struct Aggregator<K> {
    users: HashMap<K, Box<Tally>>,
    names: HashSet<Text>,
    records: u64,
}

impl<K> Default for Aggregator<K> {
    fn default() -> Self {
        Self { users: HashMap::new(), names: HashSet::new(), records: 0 }
    }
}

impl<K: Eq + Hash> Aggregator<K> {
    /// How many records were added.
    #[must_use]
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// Adds one record of `user`.
    pub(crate) fn add(&mut self, user: K, record: &Record<'_>) {
        self.records += 1;
        let names = &mut self.names;
        let tally = self.users.entry(user).or_default();
        if !record.succeeded {
            bump(&mut tally.failed);
            if is_legacy(record.client_app) || record.error_code.is_some_and(|code| MFA_ERRORS.contains(&code)) {
                bump(&mut tally.failed_mfa);
            }
            return;
        }
        match record.kind {
            EventKind::Interactive => {
                bump(&mut tally.interactive);
                if record.multi_factor {
                    bump(&mut tally.interactive_mfa);
                }
            }
            EventKind::NonInteractive => bump(&mut tally.non_interactive),
            EventKind::Other => bump(&mut tally.other),
        }
        if record.ropc {
            bump(&mut tally.ropc);
        }
        if record.app_password {
            bump(&mut tally.app_password);
        }
        if let Some(at) = record.at {
            let when = TimeZone::UTC.to_datetime(at);
            bump(&mut tally.dated);
            tally.hours |= 1 << when.hour();
            if matches!(when.weekday(), Weekday::Saturday | Weekday::Sunday) {
                bump(&mut tally.weekend);
            }
        }
        note_address(&mut tally.addresses, record.address);
        if is_legacy(record.client_app) && roomy(&tally.legacy, record.client_app.trim()) {
            let protocol = tally.legacy.entry(intern(names, record.client_app.trim())).or_default();
            bump(&mut protocol.count);
            protocol.last = protocol.last.max(record.at);
            note_address(&mut protocol.addresses, record.address);
        }
        if !record.app_id.is_empty() && roomy(&tally.apps, record.app_id) {
            let app = tally.apps.entry(intern(names, record.app_id)).or_default();
            bump(&mut app.count);
            if app.name.is_none() && !record.app_name.is_empty() {
                app.name = Some(intern(names, record.app_name));
            }
        }
        if let Some(product) = first_product(record.user_agent)
            && tally.clients.len() < MAX_CLIENTS
        {
            tally.clients.insert(intern(names, product));
        }
    }

    /// What was recorded of `user`, or nothing where there was no record.
    #[must_use]
    pub(crate) fn of<Q>(&self, user: &Q, window_days: u16) -> Option<SignIns>
    where
        K: std::borrow::Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.users.get(user).map(|tally| tally.sign_ins(window_days))
    }

    /// What it means that a complete log has no record of a user: all counts are known to be zero.
    #[must_use]
    pub(crate) fn nothing(window_days: u16) -> SignIns {
        Tally::default().sign_ins(window_days)
    }
}

impl Tally {
    fn sign_ins(&self, window_days: u16) -> SignIns {
        let mut legacy: Vec<LegacySignIns> = self
            .legacy
            .iter()
            .map(|(protocol, seen)| LegacySignIns {
                protocol: protocol.clone(),
                count: seen.count,
                last: seen.last,
                distinct_ips: Some(seen.addresses.len() as u32),
            })
            .collect();
        legacy.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.protocol.cmp(&b.protocol)));
        let mut apps: Vec<AppSignIns> = self
            .apps
            .iter()
            .map(|(id, app)| AppSignIns { id: id.clone(), display_name: app.name.clone(), count: app.count })
            .collect();
        apps.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.id.cmp(&b.id)));
        let mut clients: Vec<Text> = self.clients.iter().cloned().collect();
        clients.sort_unstable();
        SignIns {
            window_days: Some(window_days),
            interactive: Some(self.interactive),
            interactive_mfa: Some(self.interactive_mfa),
            non_interactive: Some(self.non_interactive),
            failed: Some(self.failed),
            failed_mfa: Some(self.failed_mfa),
            ropc: Some(self.ropc),
            app_password: Some(self.app_password),
            distinct_ips: Some(self.addresses.len() as u32),
            active_hours: Some(self.hours.count_ones() as u8),
            weekend_share: Some(if self.dated == 0 { 0.0 } else { self.weekend as f32 / self.dated as f32 }),
            legacy: Some(legacy.into()),
            apps: Some(apps.into()),
            clients: Some(clients.into()),
        }
    }
}

fn bump(count: &mut u32) {
    *count = count.saturating_add(1);
}

fn note_address(addresses: &mut HashSet<u64>, address: &str) {
    if !address.is_empty() && addresses.len() < MAX_ADDRESSES {
        // A hash stands for the address: eight bytes instead of up to forty; a collision would lower a count by one.
        let mut hasher = DefaultHasher::new();
        address.hash(&mut hasher);
        addresses.insert(hasher.finish());
    }
}

fn roomy<V>(kept: &HashMap<Text, V>, name: &str) -> bool {
    kept.len() < MAX_NAMES || kept.contains_key(name)
}

fn intern(names: &mut HashSet<Text>, name: &str) -> Text {
    if let Some(known) = names.get(name) {
        return known.clone();
    }
    let text = Text::from(name);
    names.insert(text.clone());
    text
}

/// The first product of a user agent: `python-requests/2.31.0` of `python-requests/2.31.0 (x; y)`.
fn first_product(agent: &str) -> Option<&str> {
    let product = agent.split_whitespace().next()?;
    Some(&product[..product.floor_char_boundary(MAX_CLIENT_LENGTH)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(at: &str) -> Record<'static> {
        Record {
            at: Some(at.parse().unwrap()),
            kind: EventKind::Interactive,
            succeeded: true,
            error_code: None,
            multi_factor: false,
            ropc: false,
            app_password: false,
            client_app: "Browser",
            address: "198.51.100.7",
            app_id: "00000002-0000-0ff1-ce00-000000000000",
            app_name: "Office 365 Exchange Online",
            user_agent: "Mozilla/5.0 (Windows NT 10.0)",
        }
    }

    #[test]
    fn a_scanner_that_mails_by_smtp_stands_out() {
        let mut log = Aggregator::<&str>::default();
        for hour in 0..24 {
            let mut smtp = record(&format!("2026-11-21T{hour:02}:00:00Z"));
            (smtp.kind, smtp.client_app, smtp.ropc) = (EventKind::NonInteractive, "Authenticated SMTP", true);
            smtp.user_agent = "BAV2ROPC";
            log.add("scan", &smtp);
        }
        log.add("scan", &Record { succeeded: false, ..record("2026-11-20T00:00:00Z") });
        for code in [50_126, 50_076] {
            log.add("scan", &Record { succeeded: false, error_code: Some(code), ..record("2026-11-20T01:00:00Z") });
        }
        log.add("scan", &Record { succeeded: false, client_app: "IMAP4", ..record("2026-11-20T02:00:00Z") });
        let found = log.of("scan", 30).unwrap();
        assert_eq!(found.failed_mfa, Some(2), "50076 and IMAP; a wrong password (50126) is not MFA's doing");
        assert_eq!((found.non_interactive, found.interactive, found.failed), (Some(24), Some(0), Some(4)));
        assert_eq!((found.ropc, found.active_hours, found.distinct_ips), (Some(24), Some(24), Some(1)));
        assert_eq!(found.weekend_share, Some(1.0), "21 November 2026 is a Saturday");
        let legacy = &found.legacy.unwrap()[0];
        assert_eq!((legacy.protocol.as_str(), legacy.count), ("Authenticated SMTP", 24));
        assert_eq!(legacy.last, Some("2026-11-21T23:00:00Z".parse().unwrap()));
        assert_eq!(found.clients.unwrap()[..], ["BAV2ROPC"]);
    }

    #[test]
    fn legacy_is_what_is_said_and_is_not_modern() {
        for modern in ["", "unknown", "BROWSER", "Mobile Apps and Desktop clients"] {
            assert!(!is_legacy(modern), "{modern}");
        }
        for legacy in ["IMAP4", "Exchange ActiveSync", "Other clients", "SMTP"] {
            assert!(is_legacy(legacy), "{legacy}");
        }
    }

    #[test]
    fn memory_is_bounded_by_users_not_by_records() {
        let mut log = Aggregator::<u8>::default();
        for n in 0..5_000 {
            let (address, app, agent) = (format!("10.0.{}.{}", n / 250, n % 250), format!("app{n}"), format!("c/{n}"));
            let one = record("2026-11-18T00:00:00Z");
            log.add(1, &Record { address: &address, app_id: &app, user_agent: &agent, ..one });
        }
        let found = log.of(&1, 30).unwrap();
        assert_eq!((found.interactive, log.records()), (Some(5_000), 5_000));
        assert_eq!(found.distinct_ips, Some(MAX_ADDRESSES as u32));
        assert_eq!((found.apps.unwrap().len(), found.clients.unwrap().len()), (MAX_NAMES, MAX_CLIENTS));
    }
}
