//! Records → cells. Memory grows with users, days and what sign-ins look like, not with records.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::Hash,
    sync::Arc,
};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::mfa::Mfa as Said;
use crate::tenant::{
    Cell, CellPolicy, FURTHER_APPS, Mfa, Outcome, Protocol, Requirement, SignInKind, SignInShape, SignIns, TenantId,
    Text, is_legacy,
};

/// Distinct addresses kept per user and client. Beyond it the number says "at least": a thousand addresses make the
/// same point as a million.
const MAX_ADDRESSES: usize = 1024;
/// Distinct applications kept per user; the rest are counted together.
const MAX_APPS: usize = 128;
/// Distinct values of `clientAppUsed` kept per user. The service has about twenty.
const MAX_PROTOCOLS: usize = 64;
/// Distinct products, and distinct reasons of a skipped MFA, kept per user.
const MAX_CLIENTS: usize = 32;
/// Longest client product kept, in bytes.
const MAX_CLIENT_LENGTH: usize = 64;

/// One sign-in record, borrowed from the page it came with.
#[derive(Clone, Debug)]
pub(crate) struct Record<'a> {
    /// When.
    pub at: Timestamp,
    /// Interactive or not.
    pub kind: SignInKind,
    /// How it ended.
    pub outcome: Outcome,
    /// `errorCode`, where it is said and is not 0.
    pub error_code: Option<u32>,
    /// `authenticationRequirement`.
    pub requirement: Option<Requirement>,
    /// What became of MFA.
    pub mfa: Said<'a>,
    /// `authenticationProtocol`.
    pub protocol: Protocol,
    /// An app password was used.
    pub app_password: bool,
    /// Who asked for MFA, sorted; `None` = unknown.
    pub asked_by: Option<Vec<&'a str>>,
    /// Conditional Access policies (id, result) that matter, sorted; `None` = unknown.
    pub policies: Option<Vec<(&'a str, &'a str)>>,
    /// `clientAppUsed`.
    pub client_app: &'a str,
    /// The client's address.
    pub address: &'a str,
    /// The application's id.
    pub app_id: &'a str,
    /// The application's name.
    pub app_name: &'a str,
    /// The resource's id.
    pub resource: &'a str,
    /// The user agent.
    pub user_agent: &'a str,
}

/// What is kept of one day and shape.
struct Counts {
    hours: u32,
    addresses: Vec<u64>,
    cut: bool,
    count: u32,
    first: Timestamp,
    last: Timestamp,
}

/// What is kept of one user.
#[derive(Default)]
struct Tally {
    cells: HashMap<(Date, Arc<SignInShape>), Counts>,
    apps: HashSet<Text>,
    clients: HashSet<Text>,
    products: HashSet<Text>,
    reasons: HashSet<Text>,
    addresses: HashMap<Text, HashSet<u64>>,
}

/// When somebody last got in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LastSeen {
    /// In any way.
    pub any: Option<Timestamp>,
    /// At a prompt.
    pub interactive: Option<Timestamp>,
}

/// Aggregates records by user. `K` names the user: an object id, or a position in the tenant.
pub(crate) struct Aggregator<K> {
    tenant: TenantId,
    users: HashMap<K, Box<Tally>>,
    texts: HashSet<Text>,
    shapes: HashSet<Arc<SignInShape>>,
    records: u64,
    cells: usize,
}

impl<K: Eq + Hash> Aggregator<K> {
    /// For the log of this tenant: addresses are kept as hashes that only it can compare.
    #[must_use]
    pub(crate) fn new(tenant: TenantId) -> Self {
        Self { tenant, users: HashMap::new(), texts: HashSet::new(), shapes: HashSet::new(), records: 0, cells: 0 }
    }

    /// How many records were added.
    #[must_use]
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    /// How many cells they have become.
    #[must_use]
    pub(crate) fn cells(&self) -> usize {
        self.cells
    }

    /// Adds one record of `user`.
    pub(crate) fn add(&mut self, user: K, record: &Record<'_>) {
        let Self { users, texts, shapes, .. } = self;
        let tally = users.entry(user).or_default();
        let shape = shared(shapes, tally.shape(record, texts));
        let address = (!record.address.is_empty()).then(|| hashed(self.tenant, record.address));
        self.cells += usize::from(tally.count(shape, record.at, address));
        self.records += 1;
    }

    /// What a record looks like, and its address: for a record that may turn out to be counted already.
    pub(crate) fn shape(&mut self, user: K, record: &Record<'_>) -> (Arc<SignInShape>, Option<u64>) {
        let Self { users, texts, shapes, .. } = self;
        let tally = users.entry(user).or_default();
        let shape = shared(shapes, tally.shape(record, texts));
        (shape, (!record.address.is_empty()).then(|| hashed(self.tenant, record.address)))
    }

    /// Adds a record of this shape.
    pub(crate) fn count(&mut self, user: K, shape: Arc<SignInShape>, at: Timestamp, address: Option<u64>) {
        let tally = self.users.entry(user).or_default();
        self.cells += usize::from(tally.count(shape, at, address));
        self.records += 1;
    }

    /// Adds records that were counted before.
    pub(crate) fn add_cell(&mut self, user: K, cell: Cell) {
        let shape = match self.shapes.get(&cell.shape) {
            Some(known) => Arc::clone(known),
            None => {
                self.shapes.insert(Arc::clone(&cell.shape));
                cell.shape
            }
        };
        let cell = Cell { shape, ..cell };
        self.records += u64::from(cell.count);
        let tally = self.users.entry(user).or_default();
        self.cells += usize::from(tally.merge(cell));
    }

    /// Gives everything away, user by user, and begins anew.
    pub(crate) fn drain(&mut self) -> Vec<(K, Vec<Cell>)> {
        self.cells = 0;
        let all = self.users.drain().filter(|(_, tally)| !tally.cells.is_empty());
        all.map(|(user, tally)| (user, tally.cells())).collect()
    }

    /// What was recorded of `user`, or nothing where there was no record. The records are given away.
    #[must_use]
    pub(crate) fn take(&mut self, user: &K, window_days: u16) -> Option<(SignIns, LastSeen)> {
        let tally = self.users.remove(user)?;
        let mut seen = LastSeen::default();
        let cells = tally.cells();
        for cell in cells.iter().filter(|cell| cell.shape.outcome == Outcome::Success) {
            seen.any = seen.any.max(Some(cell.last));
            if cell.shape.kind == SignInKind::Interactive {
                seen.interactive = seen.interactive.max(Some(cell.last));
            }
        }
        Some((SignIns::from_cells(cells.into(), Some(window_days)), seen))
    }
}

/// The one copy of a shape.
fn shared(shapes: &mut HashSet<Arc<SignInShape>>, shape: SignInShape) -> Arc<SignInShape> {
    match shapes.get(&shape) {
        Some(known) => Arc::clone(known),
        None => {
            let new = Arc::new(shape);
            shapes.insert(Arc::clone(&new));
            new
        }
    }
}

/// What it means that a complete log has no record of a user: all counts are known to be zero.
#[must_use]
pub(crate) fn nothing(window_days: u16) -> SignIns {
    SignIns::from_cells(Box::default(), Some(window_days))
}

impl Tally {
    /// The cells, in their order.
    fn cells(self) -> Vec<Cell> {
        let mut cells: Vec<Cell> = self
            .cells
            .into_iter()
            .map(|((day, shape), counts)| {
                let Counts { hours, addresses, cut, count, first, last } = counts;
                Cell { day, shape, hours, addresses: addresses.into(), addresses_cut: cut, count, first, last }
            })
            .collect();
        cells.sort_unstable_by(Cell::order);
        cells
    }

    /// Counts a record; `true` where it begins a cell.
    fn count(&mut self, shape: Arc<SignInShape>, at: Timestamp, address: Option<u64>) -> bool {
        let when = TimeZone::UTC.to_datetime(at);
        let fits = address.is_none_or(|address| self.fits(&shape.client, address));
        let mut new = false;
        let counts = self.cells.entry((when.date(), shape)).or_insert_with(|| {
            new = true;
            Counts { hours: 0, addresses: Vec::new(), cut: false, count: 0, first: at, last: at }
        });
        counts.count = counts.count.saturating_add(1);
        counts.hours |= 1 << when.hour();
        counts.first = counts.first.min(at);
        counts.last = counts.last.max(at);
        counts.cut |= !fits;
        if let Some(address) = address.filter(|_| fits)
            && let Err(place) = counts.addresses.binary_search(&address)
        {
            counts.addresses.insert(place, address);
        }
        new
    }

    /// Adds a cell; `true` where there was none of its day and shape.
    fn merge(&mut self, cell: Cell) -> bool {
        let Cell { day, shape, hours, addresses, addresses_cut, count, first, last } = cell;
        let mut fitting = Vec::with_capacity(addresses.len());
        let mut cut = addresses_cut;
        for address in addresses {
            if self.fits(&shape.client, address) {
                fitting.push(address);
            } else {
                cut = true;
            }
        }
        match self.cells.entry((day, shape)) {
            Entry::Vacant(place) => {
                place.insert(Counts { hours, addresses: fitting, cut, count, first, last });
                true
            }
            Entry::Occupied(mut known) => {
                let known = known.get_mut();
                known.count = known.count.saturating_add(count);
                known.hours |= hours;
                known.first = known.first.min(first);
                known.last = known.last.max(last);
                known.cut |= cut;
                for address in fitting {
                    if let Err(place) = known.addresses.binary_search(&address) {
                        known.addresses.insert(place, address);
                    }
                }
                false
            }
        }
    }

    fn shape(&mut self, record: &Record<'_>, texts: &mut HashSet<Text>) -> SignInShape {
        let Record {
            at: _,
            kind,
            outcome,
            error_code,
            requirement,
            mfa,
            protocol,
            app_password,
            asked_by,
            policies,
            client_app,
            address: _,
            app_id,
            app_name,
            resource,
            user_agent,
        } = record;
        let further = !bounded(&mut self.apps, MAX_APPS, app_id, texts);
        let client = client_app.trim();
        let client = match client {
            "" => "",
            _ if bounded(&mut self.clients, MAX_PROTOCOLS, client, texts) => client,
            _ if is_legacy(client) => "Other clients",
            _ => "Unknown",
        };
        let product = first_product(user_agent).filter(|one| bounded(&mut self.products, MAX_CLIENTS, one, texts));
        let said = |text: &str, texts: &mut HashSet<Text>| (!text.is_empty()).then(|| intern(texts, text));
        SignInShape {
            app: if further { FURTHER_APPS.into() } else { intern(texts, app_id) },
            app_name: if further { None } else { said(app_name, texts) },
            resource: if further { None } else { said(resource, texts) },
            client: intern(texts, client),
            kind: *kind,
            protocol: *protocol,
            requirement: *requirement,
            mfa: match mfa {
                Said::Done => Mfa::Done,
                Said::Claim => Mfa::Claim,
                Said::None => Mfa::None,
                Said::Skipped(reason) if bounded(&mut self.reasons, MAX_CLIENTS, reason, texts) => {
                    Mfa::Skipped(intern(texts, reason))
                }
                Said::Skipped(_) => Mfa::Skipped("other".into()),
            },
            outcome: *outcome,
            error_code: *error_code,
            asked_by: asked_by.as_ref().map(|all| all.iter().map(|one| intern(texts, one)).collect()),
            policies: policies.as_ref().map(|all| {
                all.iter()
                    .map(|(id, result)| CellPolicy { id: intern(texts, id), result: intern(texts, result) })
                    .collect()
            }),
            app_password: *app_password,
            product: product.map(|one| intern(texts, one)),
        }
    }

    /// Is there room for this address among those of the client?
    fn fits(&mut self, client: &Text, address: u64) -> bool {
        let known = self.addresses.entry(client.clone()).or_default();
        known.contains(&address) || (known.len() < MAX_ADDRESSES && known.insert(address))
    }
}

/// Notes a name among at most `most`; `false` where there is no room for it.
fn bounded(names: &mut HashSet<Text>, most: usize, name: &str, texts: &mut HashSet<Text>) -> bool {
    names.contains(name) || (names.len() < most && names.insert(intern(texts, name)))
}

/// Eight bytes stand for an address: it can be counted and compared within the tenant, and not read back by who does not
/// know the tenant. A collision would lower a count by one.
fn hashed(tenant: TenantId, address: &str) -> u64 {
    let mut context = Context::new(&SHA256);
    context.update(tenant.to_string().as_bytes());
    context.update(&[0]);
    context.update(address.as_bytes());
    first_eight(context.finish().as_ref())
}

/// The first eight bytes of a hash, as a number.
pub(crate) fn first_eight(hash: &[u8]) -> u64 {
    hash.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
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
            at: at.parse().unwrap(),
            kind: SignInKind::Interactive,
            outcome: Outcome::Success,
            error_code: None,
            requirement: None,
            mfa: Said::None,
            protocol: Protocol::Other,
            app_password: false,
            asked_by: None,
            policies: None,
            client_app: "Browser",
            address: "198.51.100.7",
            app_id: "00000002-0000-0ff1-ce00-000000000000",
            app_name: "Office 365 Exchange Online",
            resource: "",
            user_agent: "Mozilla/5.0 (Windows NT 10.0)",
        }
    }

    fn log<K: Eq + Hash>() -> Aggregator<K> {
        Aggregator::new("6f1c2d3e-4a5b-4c6d-8e7f-901234567890".parse().unwrap())
    }

    fn failed(at: &str, code: u32) -> Record<'static> {
        Record { outcome: Outcome::Failure, error_code: Some(code), ..record(at) }
    }

    #[test]
    fn a_scanner_that_mails_by_smtp_stands_out() {
        let mut log = log::<&str>();
        for hour in 0..24 {
            let mut smtp = record(&format!("2026-11-21T{hour:02}:00:00Z"));
            (smtp.kind, smtp.client_app, smtp.protocol) =
                (SignInKind::NonInteractive, "Authenticated SMTP", Protocol::Ropc);
            smtp.user_agent = "BAV2ROPC";
            log.add("scan", &smtp);
        }
        for code in [50_053, 50_126, 50_076] {
            log.add("scan", &failed("2026-11-20T01:00:00Z", code));
        }
        log.add("scan", &Record { client_app: "IMAP4", ..failed("2026-11-20T02:00:00Z", 50_126) });
        let (found, seen) = log.take(&"scan", 30).unwrap();
        assert_eq!(found.failed_mfa, Some(2), "50076 and IMAP; a wrong password (50126) is not MFA's doing");
        assert_eq!((found.non_interactive, found.interactive, found.failed), (Some(24), Some(0), Some(4)));
        assert_eq!((found.ropc, found.active_hours, found.distinct_ips), (Some(24), Some(24), Some(1)));
        assert_eq!(found.weekend_share, Some(1.0), "21 November 2026 is a Saturday");
        let legacy = &found.legacy.unwrap()[0];
        assert_eq!((legacy.protocol.as_str(), legacy.count), ("Authenticated SMTP", 24));
        assert_eq!(legacy.last, Some("2026-11-21T23:00:00Z".parse().unwrap()));
        assert_eq!(found.clients.unwrap()[..], ["BAV2ROPC"]);
        assert_eq!((seen.any, seen.interactive), (legacy.last, None));
        assert_eq!(found.cells.unwrap().len(), 5, "one day of mail, and four ways to fail");
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
        let mut log = log::<u8>();
        for n in 0..5_000 {
            let (address, app, agent) = (format!("10.0.{}.{}", n / 250, n % 250), format!("app{n}"), format!("c/{n}"));
            let one = record("2026-11-18T00:00:00Z");
            log.add(1, &Record { address: &address, app_id: &app, user_agent: &agent, ..one });
        }
        assert_eq!(log.records(), 5_000);
        let (found, _) = log.take(&1, 30).unwrap();
        assert_eq!(found.interactive, Some(5_000));
        assert_eq!(found.distinct_ips, Some(MAX_ADDRESSES as u32));
        assert_eq!((found.apps.unwrap().len(), found.clients.unwrap().len()), (MAX_APPS, MAX_CLIENTS));
        assert!(found.cells.unwrap().len() <= MAX_APPS + 1);
    }

    /// Records that look alike share one cell, and a cell stays small.
    #[test]
    fn a_cell_takes_less_than_four_hundred_bytes() {
        let mut log = log::<u32>();
        for user in 0..100 {
            for n in 0..1_000 {
                let mut one = record("2026-11-18T00:00:00Z");
                one.at += jiff::SignedDuration::from_mins(40 * n);
                log.add(user, &one);
            }
        }
        let cells: Vec<Cell> = (0..100).flat_map(|user| log.take(&user, 30).unwrap().0.cells.unwrap()).collect();
        assert_eq!(cells.len(), 100 * 28, "100,000 records of 28 days");
        let heap: usize = cells.iter().map(|cell| cell.addresses.len() * 8).sum();
        let shared = log.shapes.len() * (size_of::<SignInShape>() + 64) / cells.len();
        let each = size_of::<Cell>() + heap / cells.len() + shared;
        assert!(each <= 400, "{each} bytes");
    }
}
