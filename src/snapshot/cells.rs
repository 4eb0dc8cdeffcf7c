//! `signIns.cells` and `signIns.mfaSkipped`: single records, as they are read and written.

use std::sync::Arc;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Error as _},
};

use super::{
    row::{Entry, List, Object, list, list_of},
    time::Date,
    write::{Members, Row, rows},
};
use crate::{
    json::intern::Shared,
    tenant::{Cell, CellPolicy, Mfa, Outcome, Protocol, Requirement, SignInKind, SignInShape, Skipped, Text},
};

/// The words for what became of MFA.
pub(super) const MFA: [&str; 4] = ["none", "done", "claim", "skipped"];

/// A day such as `2026-11-20`.
pub(super) fn day(text: &str) -> Option<civil::Date> {
    (text.len() == 10).then(|| civil::Date::strptime("%Y-%m-%d", text).ok()).flatten()
}

/// Sixteen hexadecimal digits.
pub(super) fn address(text: &str) -> Option<u64> {
    let hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

/// A value written as a word.
struct Word<T>(T);

impl<'de, T: std::str::FromStr> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Shared(text) = Shared::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom(format_args!("unknown word {text:?}")))
    }
}

/// The kind is taken in either spelling.
struct KindWord(SignInKind);

impl<'de> Deserialize<'de> for KindWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Shared(text) = Shared::deserialize(deserializer)?;
        SignInKind::parse(&text).map(Self).ok_or_else(|| D::Error::custom(format_args!("unknown word {text:?}")))
    }
}

struct Day(civil::Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Shared(text) = Shared::deserialize(deserializer)?;
        day(&text).map(Self).ok_or_else(|| D::Error::custom("not a day"))
    }
}

pub(super) struct Address(u64);

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Shared(text) = Shared::deserialize(deserializer)?;
        address(&text).map(Self).ok_or_else(|| D::Error::custom("not an address"))
    }
}

impl Entry<'_> for Address {
    type Kept = u64;
    fn keep(self) -> u64 {
        self.0
    }
}

/// An hour of the day.
pub(super) struct Hour(u8);

impl<'de> Deserialize<'de> for Hour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hour = u8::deserialize(deserializer)?;
        if hour < 24 { Ok(Self(hour)) } else { Err(D::Error::custom("not an hour")) }
    }
}

impl Entry<'_> for Hour {
    type Kept = u8;
    fn keep(self) -> u8 {
        self.0
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AppRef {
    id: Shared,
    #[serde(default)]
    display_name: Option<Shared>,
}

#[derive(Deserialize)]
struct ResourceRef {
    id: Shared,
}

#[derive(Deserialize)]
pub(super) struct PolicyRow {
    id: Shared,
    result: Shared,
}

impl Entry<'_> for Object<PolicyRow> {
    type Kept = CellPolicy;
    fn keep(self) -> CellPolicy {
        let PolicyRow { id, result } = self.0;
        CellPolicy { id: id.0, result: result.0 }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CellRow {
    day: Day,
    app: Object<AppRef>,
    #[serde(default)]
    resource: Option<Object<ResourceRef>>,
    client: Shared,
    kind: KindWord,
    #[serde(default)]
    protocol: Option<Word<Protocol>>,
    #[serde(default)]
    requirement: Option<Word<Requirement>>,
    #[serde(default)]
    mfa: Option<Shared>,
    #[serde(default)]
    skipped: Option<Shared>,
    outcome: Word<Outcome>,
    #[serde(default)]
    error_code: Option<u32>,
    #[serde(default)]
    asked_by: Option<List<Text>>,
    #[serde(default)]
    policies: Option<List<CellPolicy>>,
    #[serde(default)]
    app_password: Option<bool>,
    #[serde(default)]
    product: Option<Shared>,
    #[serde(default)]
    hours: Option<List<u8>>,
    #[serde(default)]
    addresses: Option<List<u64>>,
    #[serde(default)]
    addresses_cut: Option<bool>,
    count: u32,
    #[serde(default)]
    first: Option<Date>,
    #[serde(default)]
    last: Option<Date>,
}

list_of!(Address, Hour, Object<PolicyRow>);

impl CellRow {
    fn cell(self) -> Result<Cell, &'static str> {
        let Self {
            day: Day(day),
            app: Object(AppRef { id, display_name }),
            resource,
            client,
            kind: KindWord(kind),
            protocol,
            requirement,
            mfa,
            skipped,
            outcome: Word(outcome),
            error_code,
            asked_by,
            policies,
            app_password,
            product,
            hours,
            addresses,
            addresses_cut,
            count,
            first,
            last,
        } = self;
        let mfa = match mfa.as_ref().map(|Shared(word)| word.as_str()) {
            None | Some("none") => Mfa::None,
            Some("done") => Mfa::Done,
            Some("claim") => Mfa::Claim,
            Some("skipped") => Mfa::Skipped(skipped.map_or_else(|| "not said".into(), |Shared(reason)| reason)),
            Some(_) => return Err("mfa is no word that is known"),
        };
        let start = TimeZone::UTC
            .to_timestamp(day.to_datetime(civil::Time::midnight()))
            .map_err(|_| "the day is out of range")?;
        let end = start + jiff::SignedDuration::from_secs(24 * 3600 - 1);
        let (first, last) = (first.map_or(start, |date| date.0), last.map_or(end, |date| date.0));
        let that_day = |at: Timestamp| TimeZone::UTC.to_datetime(at).date() == day;
        if first > last || !that_day(first) || !that_day(last) {
            return Err("first and last must be instants of the day, in this order");
        }
        let sorted = |list: Option<List<u64>>| {
            let mut all = list.map_or_else(Vec::new, |List(all)| all.into_vec());
            all.sort_unstable();
            all.dedup();
            all.into_boxed_slice()
        };
        let names = |list: Option<List<Text>>| {
            list.map(|List(all)| {
                let mut all = all.into_vec();
                all.sort_unstable();
                all.dedup();
                all.into_boxed_slice()
            })
        };
        Ok(Cell {
            day,
            shape: Arc::new(SignInShape {
                app: id.0,
                app_name: display_name.map(|name| name.0),
                resource: resource.map(|Object(ResourceRef { id })| id.0),
                client: client.0,
                kind,
                protocol: protocol.map_or(Protocol::Other, |word| word.0),
                requirement: requirement.map(|word| word.0),
                mfa,
                outcome,
                error_code,
                asked_by: names(asked_by),
                policies: policies.map(|List(all)| all),
                app_password: app_password.unwrap_or(false),
                product: product.map(|name| name.0),
            }),
            hours: hours.map_or(0, |List(all)| all.iter().fold(0, |bits, hour| bits | 1 << hour)),
            addresses: sorted(addresses),
            addresses_cut: addresses_cut.unwrap_or(false),
            count,
            first,
            last,
        })
    }
}

/// `signIns.cells`, in the order of cells.
pub(super) struct Cells(pub(super) Box<[Cell]>);

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Cells;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut entries: A) -> Result<Cells, A::Error> {
                let mut cells = Vec::new();
                while let Some(Object(row)) = entries.next_element::<Object<CellRow>>()? {
                    cells.push(row.cell().map_err(A::Error::custom)?);
                }
                cells.sort_unstable_by(Cell::order);
                Ok(Cells(cells.into()))
            }
        }
        deserializer.deserialize_seq(Visitor)
    }
}

/// Why a cell that fits the table cannot be one.
pub(super) fn contradiction(token: &[u8]) -> Option<&'static str> {
    serde_json::from_slice::<Object<CellRow>>(token).ok().and_then(|Object(row)| row.cell().err())
}

/// `signIns.mfaSkipped`: reason → count.
pub(super) struct SkippedRows(pub(super) Box<[Skipped]>);

impl<'de> Deserialize<'de> for SkippedRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = SkippedRows;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<SkippedRows, A::Error> {
                let mut all = Vec::new();
                while let Some((Shared(reason), count)) = entries.next_entry::<Shared, u32>()? {
                    all.push(Skipped { reason, count });
                }
                all.sort_by(|a, b| a.reason.cmp(&b.reason));
                if all.windows(2).any(|pair| matches!(pair, [a, b] if a.reason == b.reason)) {
                    return Err(A::Error::custom("a reason is given twice"));
                }
                Ok(SkippedRows(all.into()))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

/// `signIns.mfaSkipped`, written.
pub(super) struct SkippedMap<'a>(pub(super) &'a [Skipped]);

impl Serialize for SkippedMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|Skipped { reason, count }| (reason, count)))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AppOut<'a> {
    id: &'a Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a Text>,
}

#[derive(Serialize)]
struct ResourceOut<'a> {
    id: &'a Text,
}

impl Serialize for Row<'_, CellPolicy> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let CellPolicy { id, result } = self.0;
        let mut object = Members::new(serializer)?;
        object.always("id", id)?;
        object.always("result", result)?;
        object.end()
    }
}

/// Defaults are left out: a tenant has millions of cells.
impl Serialize for Row<'_, Cell> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Cell { day, shape, hours, addresses, addresses_cut, count, first, last } = self.0;
        let SignInShape {
            app,
            app_name,
            resource,
            client,
            kind,
            protocol,
            requirement,
            mfa,
            outcome,
            error_code,
            asked_by,
            policies,
            app_password,
            product,
        } = &**shape;
        let mut object = Members::new(serializer)?;
        object.always("day", &day.to_string())?;
        object.always("app", &AppOut { id: app, display_name: app_name.as_ref() })?;
        object.known("resource", resource.as_ref().map(|id| ResourceOut { id }))?;
        object.always("client", client)?;
        object.always("kind", kind.as_str())?;
        object.known("protocol", (*protocol != Protocol::Other).then(|| protocol.as_str()))?;
        object.known("requirement", requirement.map(Requirement::as_str))?;
        object.known("mfa", (*mfa != Mfa::None).then(|| mfa.as_str()))?;
        if let Mfa::Skipped(reason) = mfa {
            object.always("skipped", reason)?;
        }
        object.always("outcome", outcome.as_str())?;
        object.known("errorCode", *error_code)?;
        object.known("askedBy", asked_by.as_ref())?;
        object.known("policies", policies.as_deref().map(rows))?;
        object.known("appPassword", app_password.then_some(true))?;
        object.known("product", product.as_ref())?;
        let hours: Vec<u8> = (0..24).filter(|hour| hours & (1 << hour) != 0).collect();
        object.known("hours", (!hours.is_empty()).then_some(hours))?;
        let addresses: Vec<String> = addresses.iter().map(|one| format!("{one:016x}")).collect();
        object.known("addresses", (!addresses.is_empty()).then_some(addresses))?;
        object.known("addressesCut", addresses_cut.then_some(true))?;
        object.always("count", count)?;
        object.always("first", first)?;
        object.always("last", last)?;
        object.end()
    }
}
