//! Records → cells. Memory grows with users, days and what sign-ins look like, not with records.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
    sync::Arc,
};

use aws_lc_rs::digest::{SHA256, digest};
use indexmap::IndexSet;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Map, Set, mfa::Mfa as Said, register::Kept, shape};
use crate::tenant::{
    Cell, FURTHER_APPS, Mfa, Outcome, Protocol, Requirement, SignInDates, SignInKind, SignInShape, SignIns, TenantId,
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
/// Numbers of shapes remembered per user; with more they are looked at anew.
const MAX_KNOWN: usize = 1024;

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

/// Shapes by number.
type Shapes = IndexSet<Arc<SignInShape>, foldhash::fast::RandomState>;

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
    /// By day, and by the number of the shape among those of the aggregator.
    cells: Map<(Date, u32), Counts>,
    /// What became of shapes by their number in a register: their number here, within what is kept of a user.
    known: Map<u32, u32>,
    apps: Set<Text>,
    clients: Set<Text>,
    products: Set<Text>,
    reasons: Set<Text>,
    addresses: Map<Text, Set<u64>>,
}

/// Aggregates records by user. `K` names the user: an object id, or a position in the tenant.
pub(crate) struct Aggregator<K> {
    tenant: TenantId,
    users: Map<K, Box<Tally>>,
    texts: Set<Text>,
    shapes: Shapes,
    records: u64,
    cells: usize,
}

impl<K: Eq + Hash> Aggregator<K> {
    /// For the log of this tenant: addresses are kept as hashes that only it can compare.
    #[must_use]
    pub(crate) fn new(tenant: TenantId) -> Self {
        Self { tenant, users: Map::default(), texts: Set::default(), shapes: Shapes::default(), records: 0, cells: 0 }
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
        let Self { tenant, users, texts, shapes, .. } = self;
        let tally = users.entry(user).or_default();
        let number = numbered(shapes, tally.fitting(shape::of(record, texts)));
        let address = (!record.address.is_empty()).then(|| hashed(*tenant, record.address));
        self.cells += usize::from(tally.count(number, &shapes[number as usize], record.at, address));
        self.records += 1;
    }

    /// Adds records by the number of their shape in a register, which has these shapes. Those of a user are added one after
    /// the other, in the order given: what is kept of thousands of users does not stay at hand.
    pub(crate) fn count(&mut self, records: &[(K, Kept)], register: &[Arc<SignInShape>])
    where
        K: Copy + Ord,
    {
        let Self { users, shapes, .. } = self;
        let mut order: Vec<(K, usize)> = records.iter().enumerate().map(|(place, (user, _))| (*user, place)).collect();
        order.sort_unstable();
        for one in order.chunk_by(|one, other| one.0 == other.0) {
            let tally = users.entry(one[0].0).or_default();
            for (_, place) in one {
                let record = &records[*place].1;
                let number = match tally.known.get(&record.shape) {
                    Some(own) => *own,
                    None => {
                        let shape = SignInShape::clone(&register[record.shape as usize]);
                        let own = numbered(shapes, tally.fitting(shape));
                        if tally.known.len() >= MAX_KNOWN {
                            tally.known.clear();
                        }
                        tally.known.insert(record.shape, own);
                        own
                    }
                };
                self.cells += usize::from(tally.count(number, &shapes[number as usize], record.at, record.address));
            }
        }
        self.records += records.len() as u64;
    }

    /// The register numbers its shapes anew.
    pub(crate) fn forget_numbers(&mut self) {
        for tally in self.users.values_mut() {
            tally.known = Map::default();
        }
    }

    /// Adds records that were counted before.
    pub(crate) fn add_cell(&mut self, user: K, cell: Cell) {
        let number = match self.shapes.get_index_of(&cell.shape) {
            Some(known) => known as u32,
            None => self.shapes.insert_full(Arc::clone(&cell.shape)).0 as u32,
        };
        self.records += u64::from(cell.count);
        let tally = self.users.entry(user).or_default();
        self.cells += usize::from(tally.merge(number, cell));
    }

    /// Gives everything away, user by user, and begins anew.
    pub(crate) fn drain(&mut self) -> Vec<(K, Vec<Cell>)> {
        self.cells = 0;
        let shapes = &self.shapes;
        let all = self.users.drain().filter(|(_, tally)| !tally.cells.is_empty());
        all.map(|(user, tally)| (user, tally.cells(shapes))).collect()
    }

    /// What was recorded of `user`, or nothing where there was no record. The records are given away.
    #[must_use]
    pub(crate) fn take(&mut self, user: &K, window_days: u16) -> Option<(SignIns, SignInDates)> {
        let tally = self.users.remove(user)?;
        Some(tally.seen(&self.shapes, window_days))
    }

    /// What was recorded of everybody who was in a record. One after the other: what somebody's counts took is free for the
    /// next one's cells, where threads would each take new memory for them, and be no faster.
    #[must_use]
    pub(crate) fn everybody(self, window_days: u16) -> HashMap<K, (SignIns, SignInDates)> {
        let Self { users, shapes, .. } = self;
        users.into_iter().map(|(user, tally)| (user, tally.seen(&shapes, window_days))).collect()
    }
}

/// The number of a shape among these.
fn numbered(shapes: &mut Shapes, shape: SignInShape) -> u32 {
    let number = match shapes.get_index_of(&shape) {
        Some(known) => known,
        None => shapes.insert_full(Arc::new(shape)).0,
    };
    // Four billion shapes do not fit in memory.
    number as u32
}

/// What it means that a complete log has no record of a user: all counts are known to be zero.
#[must_use]
pub(crate) fn nothing(window_days: u16) -> SignIns {
    SignIns::from_cells(Box::default(), Some(window_days))
}

impl Tally {
    /// The cells, and when the user last got in: attempts that failed do not count.
    fn seen(self, shapes: &Shapes, window_days: u16) -> (SignIns, SignInDates) {
        let mut seen = SignInDates::default();
        let cells = self.cells(shapes);
        for cell in cells.iter().filter(|cell| cell.shape.outcome == Outcome::Success) {
            seen.any = seen.any.max(Some(cell.last));
            if cell.shape.kind == SignInKind::Interactive {
                seen.interactive = seen.interactive.max(Some(cell.last));
            }
        }
        (SignIns::from_cells(cells.into(), Some(window_days)), seen)
    }

    /// The cells, in their order.
    fn cells(self, shapes: &Shapes) -> Vec<Cell> {
        let mut cells: Vec<Cell> = self
            .cells
            .into_iter()
            .map(|((day, shape), counts)| {
                let Counts { hours, addresses, cut, count, first, last } = counts;
                let shape = Arc::clone(&shapes[shape as usize]);
                Cell { day, shape, hours, addresses: addresses.into(), addresses_cut: cut, count, first, last }
            })
            .collect();
        cells.sort_unstable_by(Cell::order);
        cells
    }

    /// Counts a record; `true` where it begins a cell.
    fn count(&mut self, number: u32, shape: &SignInShape, at: Timestamp, address: Option<u64>) -> bool {
        let when = TimeZone::UTC.to_datetime(at);
        let Self { cells, addresses, .. } = self;
        let mut new = false;
        let counts = cells.entry((when.date(), number)).or_insert_with(|| {
            new = true;
            Counts { hours: 0, addresses: Vec::new(), cut: false, count: 0, first: at, last: at }
        });
        counts.count = counts.count.saturating_add(1);
        counts.hours |= 1 << when.hour();
        counts.first = counts.first.min(at);
        counts.last = counts.last.max(at);
        if let Some(address) = address {
            counts.address(address, || fits(addresses, &shape.client, address));
        }
        new
    }

    /// Adds a cell; `true` where there was none of its day and shape.
    fn merge(&mut self, number: u32, cell: Cell) -> bool {
        let Cell { day, shape, hours, addresses: more, addresses_cut, count, first, last } = cell;
        let Self { cells, addresses, .. } = self;
        let mut new = false;
        let counts = match cells.entry((day, number)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                new = true;
                place.insert(Counts { hours, addresses: Vec::new(), cut: false, count: 0, first, last })
            }
        };
        counts.count = counts.count.saturating_add(count);
        counts.hours |= hours;
        counts.first = counts.first.min(first);
        counts.last = counts.last.max(last);
        counts.cut |= addresses_cut;
        counts.addresses.reserve_exact(if new { more.len() } else { 0 });
        for address in more {
            counts.address(address, || fits(addresses, &shape.client, address));
        }
        new
    }

    /// The shape within what is kept of a user: what is beyond that is counted together. Of the same shape the answer
    /// is always the same, since a name that found room keeps it and a list that is full stays full.
    fn fitting(&mut self, shape: SignInShape) -> SignInShape {
        let further = !bounded(&mut self.apps, MAX_APPS, &shape.app);
        let client = if shape.client.is_empty() || bounded(&mut self.clients, MAX_PROTOCOLS, &shape.client) {
            shape.client
        } else if is_legacy(&shape.client) {
            "Other clients".into()
        } else {
            "Unknown".into()
        };
        SignInShape {
            app: if further { FURTHER_APPS.into() } else { shape.app },
            app_name: shape.app_name.filter(|_| !further),
            resource: shape.resource.filter(|_| !further),
            client,
            mfa: match shape.mfa {
                Mfa::Skipped(reason) if !bounded(&mut self.reasons, MAX_CLIENTS, &reason) => {
                    Mfa::Skipped("other".into())
                }
                fitting => fitting,
            },
            product: shape.product.filter(|product| bounded(&mut self.products, MAX_CLIENTS, product)),
            ..shape
        }
    }
}

impl Counts {
    /// Notes an address. One that is noted has found room before; else `fits` tells whether there is some.
    fn address(&mut self, address: u64, fits: impl FnOnce() -> bool) {
        if let Err(place) = self.addresses.binary_search(&address) {
            if fits() {
                // Most cells have one address or two.
                if self.addresses.len() < 2 {
                    self.addresses.reserve_exact(1);
                }
                self.addresses.insert(place, address);
            } else {
                self.cut = true;
            }
        }
    }
}

/// Is there room for this address among those of the client?
fn fits(addresses: &mut Map<Text, Set<u64>>, client: &Text, address: u64) -> bool {
    let known = match addresses.get_mut(client) {
        Some(known) => known,
        None => addresses.entry(client.clone()).or_default(),
    };
    known.contains(&address) || (known.len() < MAX_ADDRESSES && known.insert(address))
}

/// Notes a name among at most `most`; `false` where there is no room for it.
fn bounded(names: &mut Set<Text>, most: usize, name: &Text) -> bool {
    names.contains(name) || (names.len() < most && names.insert(name.clone()))
}

/// Eight bytes stand for an address: it can be counted and compared within the tenant, and not read back by who does not
/// know the tenant. A collision would lower a count by one.
pub(super) fn hashed(tenant: TenantId, address: &str) -> u64 {
    first_eight(digest(&SHA256, format!("{tenant}\0{address}").as_bytes()).as_ref())
}

/// The first eight bytes of a hash, as a number.
pub(crate) fn first_eight(hash: &[u8]) -> u64 {
    hash.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
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
