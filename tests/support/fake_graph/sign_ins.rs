//! Sign-in records that aggregate to what the seed says of each user. Counts come out exactly; of `weekendShare` and
//! `last` as near as whole records allow. A seed whose parts exceed its totals (41 by SMTP, 16 in all) gets records
//! that are neither interactive nor non-interactive.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Weekday, tz::TimeZone};
use serde_json::{Map, Value, json};

use super::world::FakeUser;

/// Which records a user has, by kind, so that any page can be made without making those before it.
#[derive(Default)]
pub struct Log {
    /// Records before user n, for interactive and non-interactive queries.
    interactive: Vec<usize>,
    non_interactive: Vec<usize>,
    weekday: Option<Timestamp>,
    saturday: Option<Timestamp>,
    /// Records given one by one; then the seed says nothing.
    explicit: Option<Vec<(Timestamp, Value)>>,
    /// What filters found: positions, newest first.
    found: Mutex<HashMap<String, Arc<Vec<usize>>>>,
}

/// One condition of a filter, as far as the documents of `signIn` say it can be filtered by.
enum Condition {
    From(Timestamp),
    To(Timestamp),
    Is(String, Vec<String>),
}

fn conditions(filter: &str) -> Vec<Condition> {
    let one = |part: &str| {
        let part = part.trim().trim_matches(['(', ')']);
        let unquoted = |text: &str| text.trim().trim_matches('\'').replace("''", "'");
        if let Some(at) = part.strip_prefix("createdDateTime ge ") {
            return at.parse().ok().map(Condition::From);
        }
        if let Some(at) = part.strip_prefix("createdDateTime le ") {
            return at.parse().ok().map(Condition::To);
        }
        let (key, _) = part.split_once(" eq ")?;
        let values = part.split(" or ").filter_map(|one| one.split_once(" eq ")).map(|(_, value)| unquoted(value));
        (!key.contains('/')).then(|| Condition::Is(key.to_owned(), values.collect()))
    };
    filter.split(" and ").filter_map(one).collect()
}

impl Condition {
    fn fits(&self, record: &Value) -> bool {
        let at = record["createdDateTime"].as_str().and_then(|text| text.parse().ok());
        at.is_some_and(|at| self.fits_at(at, record))
    }

    fn fits_at(&self, at: Timestamp, record: &Value) -> bool {
        match self {
            Self::From(from) => at >= *from,
            Self::To(to) => at <= *to,
            Self::Is(key, values) => {
                let value = record[key.as_str()].as_str().unwrap_or_default();
                values.iter().any(|one| one.eq_ignore_ascii_case(value))
            }
        }
    }
}

fn number(map: &Map<String, Value>, key: &str) -> usize {
    map.get(key).and_then(Value::as_u64).unwrap_or(0) as usize
}

struct Shape<'a> {
    seed: &'a Map<String, Value>,
    interactive: usize,
    total: usize,
    failed: usize,
    all: usize,
}

impl<'a> Shape<'a> {
    fn of(user: &'a FakeUser) -> Option<Self> {
        let seed = user.seed.get("signIns")?.as_object()?;
        let interactive = number(seed, "interactive");
        let total = interactive + number(seed, "nonInteractive");
        let counts = |key: &str| -> usize {
            match seed.get(key) {
                Some(Value::Object(map)) => map.values().map(|one| one["count"].as_u64().unwrap_or(0) as usize).sum(),
                Some(Value::Array(all)) => all.iter().map(|one| one["count"].as_u64().unwrap_or(0) as usize).sum(),
                _ => 0,
            }
        };
        let parts = [
            counts("legacy"),
            counts("apps"),
            number(seed, "ropc"),
            number(seed, "appPassword"),
            number(seed, "distinctIps"),
            number(seed, "activeHours"),
            seed.get("clients").and_then(Value::as_array).map_or(0, Vec::len),
        ];
        let all = parts.into_iter().fold(total, usize::max);
        Some(Self { seed, interactive, total, failed: number(seed, "failed"), all })
    }
}

impl Log {
    pub fn new(users: &[FakeUser], captured_at: &str) -> Self {
        let mut log = Self::default();
        let (mut interactive, mut non_interactive) = (0, 0);
        for user in users {
            log.interactive.push(interactive);
            log.non_interactive.push(non_interactive);
            if let Some(shape) = Shape::of(user) {
                interactive += shape.interactive + shape.failed;
                non_interactive += shape.all - shape.interactive;
            }
        }
        log.interactive.push(interactive);
        log.non_interactive.push(non_interactive);
        let captured: Timestamp = captured_at.parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let day = |wanted: &dyn Fn(Weekday) -> bool| {
            let mut date = TimeZone::UTC.to_datetime(captured).date().yesterday().ok()?;
            while !wanted(date.weekday()) {
                date = date.yesterday().ok()?;
            }
            TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()
        };
        log.weekday = day(&|day| !matches!(day, Weekday::Saturday | Weekday::Sunday));
        log.saturday = day(&|day| day == Weekday::Saturday);
        log
    }

    /// The log is these records from now on.
    pub fn replace(&mut self, records: Vec<Value>) {
        let at = |record: &Value| record["createdDateTime"].as_str().and_then(|text| text.parse().ok());
        self.explicit = Some(records.into_iter().map(|one| (at(&one).unwrap_or(Timestamp::UNIX_EPOCH), one)).collect());
        self.found = Mutex::default();
    }

    /// These records are in the log too; what the seed says is not, from now on.
    pub fn add(&mut self, records: impl IntoIterator<Item = Value>) {
        let all = self.explicit.take().unwrap_or_default();
        self.replace(all.into_iter().map(|(_, record)| record).chain(records).collect());
    }

    /// Does a filter ask for more than a kind of sign-ins of the whole log?
    pub fn filters(&self, filter: &str) -> bool {
        self.explicit.is_some() || conditions(filter).iter().any(|one| !matches!(one, Condition::From(_)))
    }

    /// Records `from..from + count` of those that a filter fits, newest first; and how many there are in all.
    pub fn filtered(
        &self,
        users: &[FakeUser],
        filter: &str,
        interactive: bool,
        from: usize,
        count: usize,
    ) -> (Vec<Value>, usize) {
        let one = |at: usize| match &self.explicit {
            Some(all) => all.get(at).map(|(_, record)| record.clone()),
            None => self.page(users, interactive, at, 1).0.pop(),
        };
        let mut cache = self.found.lock().unwrap();
        let found = cache.entry(filter.to_owned()).or_insert_with(|| {
            let conditions = conditions(filter);
            let total = match &self.explicit {
                Some(all) => all.len(),
                None => self.page(users, interactive, 0, 0).1,
            };
            let kind = |record: &Value| match &self.explicit {
                Some(_) => record["isInteractive"].as_bool() == Some(interactive),
                None => true,
            };
            if let Some(all) = &self.explicit {
                let fits = |(at, record): &(Timestamp, Value)| {
                    kind(record) && conditions.iter().all(|one| one.fits_at(*at, record))
                };
                let mut fitting: Vec<(Timestamp, usize)> =
                    all.iter().enumerate().filter(|(_, one)| fits(one)).map(|(n, (at, _))| (*at, n)).collect();
                fitting.sort_by(|a, b| b.cmp(a));
                return Arc::new(fitting.into_iter().map(|(_, at)| at).collect());
            }
            let mut fitting: Vec<(String, usize)> = (0..total)
                .filter_map(|at| one(at).map(|record| (record, at)))
                .filter(|(record, _)| kind(record) && conditions.iter().all(|one| one.fits(record)))
                .map(|(record, at)| (record["createdDateTime"].as_str().unwrap_or_default().to_owned(), at))
                .collect();
            fitting.sort_by(|a, b| b.cmp(a));
            Arc::new(fitting.into_iter().map(|(_, at)| at).collect())
        });
        let found = Arc::clone(found);
        drop(cache);
        (found.iter().skip(from).take(count).filter_map(|at| one(*at)).collect(), found.len())
    }

    /// Records `from..from + count` of a query; and how many there are in all.
    pub fn page(&self, users: &[FakeUser], interactive: bool, from: usize, count: usize) -> (Vec<Value>, usize) {
        let starts = if interactive { &self.interactive } else { &self.non_interactive };
        let total = starts.last().copied().unwrap_or(0);
        let mut records = Vec::new();
        let mut user = starts.partition_point(|start| *start <= from).saturating_sub(1);
        for index in from..(from + count).min(total) {
            while starts.get(user + 1).is_some_and(|end| *end <= index) {
                user += 1;
            }
            let within = index - starts[user];
            if let Some(shape) = users.get(user).and_then(Shape::of) {
                let number = if interactive {
                    if within < shape.interactive { within } else { shape.all + within - shape.interactive }
                } else {
                    shape.interactive + within
                };
                records.push(self.record(&users[user], &shape, number));
            }
        }
        (records, total)
    }

    fn record(&self, user: &FakeUser, shape: &Shape<'_>, n: usize) -> Value {
        let seed = shape.seed;
        let failed = n >= shape.all;
        let weekend = (seed.get("weekendShare").and_then(Value::as_f64).unwrap_or(0.0) * shape.all as f64).round();
        let day = if (n as f64) < weekend { self.saturday } else { self.weekday }.unwrap_or(Timestamp::UNIX_EPOCH);
        let hours = number(seed, "activeHours").max(1);
        let mut at = day + SignedDuration::from_hours(((8 + n % hours) % 24) as i64);
        let mut address = n % number(seed, "distinctIps").max(1);

        let (mut client_app, mut seen) = ("Browser".to_owned(), 0);
        for (protocol, facts) in seed.get("legacy").and_then(Value::as_object).into_iter().flatten() {
            let count = facts["count"].as_u64().unwrap_or(0) as usize;
            if !failed && (seen..seen + count).contains(&n) {
                client_app = protocol.clone();
                if let Some(distinct) = facts["distinctIps"].as_u64() {
                    address = (n - seen) % (distinct as usize).max(1);
                }
                if let Some(last) = facts["last"].as_str().and_then(|last| last.parse::<Timestamp>().ok()) {
                    if n == seen {
                        at = last;
                    }
                    // Whole weeks back keep hour and day of the week.
                    while at > last {
                        at = at.checked_sub((7 * 24).hours()).unwrap_or(last);
                    }
                }
            }
            seen += count;
        }
        let mut app = (Value::Null, Value::Null);
        let mut seen = 0;
        for one in seed.get("apps").and_then(Value::as_array).into_iter().flatten() {
            let count = one["count"].as_u64().unwrap_or(0) as usize;
            if !failed && (seen..seen + count).contains(&n) {
                app = (one["id"].clone(), one["displayName"].clone());
            }
            seen += count;
        }
        let clients = seed.get("clients").and_then(Value::as_array);
        let agent = clients.filter(|all| !all.is_empty()).map(|all| all[n % all.len()].clone());
        let (interactive, types) = match n {
            n if failed || n < shape.interactive => (json!(true), json!(["interactiveUser"])),
            n if n < shape.total => (json!(false), json!(["nonInteractiveUser"])),
            _ => (Value::Null, json!([])),
        };
        let multi = n < number(seed, "interactiveMfa");
        let step = if !failed && n < number(seed, "appPassword") { "App password" } else { "Password" };
        json!({
            "id": format!("{}-{n}", user.id),
            "createdDateTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "userId": user.id,
            "userPrincipalName": user.attributes.get("userPrincipalName"),
            "appId": app.0, "appDisplayName": app.1,
            "ipAddress": format!("198.51.{}.{}", address / 250, address % 250),
            "clientAppUsed": client_app,
            "userAgent": agent,
            "isInteractive": interactive, "signInEventTypes": types,
            "authenticationRequirement": if multi { "multiFactorAuthentication" } else { "singleFactorAuthentication" },
            "authenticationProtocol": if !failed && n < number(seed, "ropc") { "ropc" } else { "none" },
            "authenticationDetails": [{"authenticationMethod": step, "succeeded": !failed}],
            "status": {"errorCode": if failed { 50126 } else { 0 }, "failureReason": if failed { "Error validating credentials" } else { "Other." }},
        })
    }
}
