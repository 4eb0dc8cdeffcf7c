//! `signIns` of a user, read and checked: counts that contradict each other are as wrong as a mistyped one.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::{
    json::intern::Shared,
    tenant::{AppSignIns, LegacySignIns, SignIns, Text},
};

use super::{
    cells::{Cells, SkippedRows},
    row::{Entry, Field, List, Object, list, list_of},
    time::Date,
};

/// Sign-ins to one application.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppRow {
    id: Shared,
    #[serde(default)]
    display_name: Field<Shared>,
    count: u32,
}

impl Entry<'_> for Object<AppRow> {
    type Kept = AppSignIns;
    fn keep(self) -> AppSignIns {
        let AppRow { id, display_name, count } = self.0;
        AppSignIns { id: id.0, display_name: display_name.known().map(|name| name.0), count }
    }
}

list_of!(Object<AppRow>);

/// `signIns`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignInsRow {
    #[serde(default)]
    window_days: Option<u16>,
    #[serde(default)]
    interactive: Option<u32>,
    #[serde(default)]
    interactive_mfa: Option<u32>,
    #[serde(default)]
    mfa_skipped: Option<SkippedRows>,
    #[serde(default)]
    non_interactive: Option<u32>,
    #[serde(default)]
    failed: Option<u32>,
    #[serde(default)]
    failed_mfa: Option<u32>,
    #[serde(default)]
    ropc: Option<u32>,
    #[serde(default)]
    app_password: Option<u32>,
    #[serde(default)]
    distinct_ips: Option<u32>,
    #[serde(default)]
    active_hours: Option<Hours>,
    #[serde(default)]
    weekend_share: Option<Share>,
    #[serde(default)]
    legacy: Option<LegacyRows>,
    #[serde(default)]
    apps: Option<List<AppSignIns>>,
    #[serde(default)]
    clients: Option<List<Text>>,
    #[serde(default)]
    cells: Option<Cells>,
}

/// Hours of a day with a sign-in, at most all.
struct Hours(u8);

impl<'de> Deserialize<'de> for Hours {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            hours @ 0..=24 => Ok(Self(hours)),
            _ => Err(de::Error::custom("a day has 24 hours")),
        }
    }
}

/// A share of a whole.
struct Share(f32);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = f32::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&share) { Ok(Self(share)) } else { Err(de::Error::custom("a share is 0 to 1")) }
    }
}

/// `signIns`, with counts that do not contradict each other.
pub(super) struct Checked(pub(super) SignIns);

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Object(row) = Object::<SignInsRow>::deserialize(deserializer)?;
        match row.into_sign_ins() {
            Ok(sign_ins) => Ok(Self(sign_ins)),
            Err(Contradiction { key, message }) => Err(de::Error::custom(format_args!("{key}: {message}"))),
        }
    }
}

/// Counts of one user that cannot all be true.
pub(super) struct Contradiction {
    pub(super) key: &'static str,
    pub(super) message: String,
}

/// What contradicts what in an object whose members each fit, if anything does.
pub(super) fn contradiction(token: &[u8]) -> Option<Contradiction> {
    serde_json::from_slice::<Object<SignInsRow>>(token).ok().and_then(|Object(row)| row.into_sign_ins().err())
}

/// `signIns.legacy`: protocol → counts. Kept in the order of names, whatever the file's.
struct LegacyRows(Box<[LegacySignIns]>);

impl<'de> Deserialize<'de> for LegacyRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Counts {
            count: u32,
            #[serde(default)]
            last: Option<Date>,
            #[serde(default)]
            distinct_ips: Option<u32>,
        }
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = LegacyRows;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut entries: A) -> Result<LegacyRows, A::Error> {
                let mut kept = Vec::new();
                while let Some((Shared(protocol), Object(counts))) = entries.next_entry::<Shared, Object<Counts>>()? {
                    let Counts { count, last, distinct_ips } = counts;
                    kept.push(LegacySignIns { protocol, count, last: last.map(|date| date.0), distinct_ips });
                }
                kept.sort_by(|a: &LegacySignIns, b| a.protocol.cmp(&b.protocol));
                if kept.windows(2).any(|pair| matches!(pair, [a, b] if a.protocol == b.protocol)) {
                    return Err(de::Error::custom("a protocol is given twice"));
                }
                Ok(LegacyRows(kept.into_boxed_slice()))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}

impl SignInsRow {
    fn into_sign_ins(self) -> Result<SignIns, Contradiction> {
        let Self {
            window_days,
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
        let stated = SignIns {
            window_days,
            interactive,
            interactive_mfa,
            mfa_skipped: mfa_skipped.map(|rows| rows.0),
            non_interactive,
            failed,
            failed_mfa,
            ropc,
            app_password,
            distinct_ips,
            active_hours: active_hours.map(|hours| hours.0),
            weekend_share: weekend_share.map(|share| share.0),
            legacy: legacy.map(|rows| rows.0),
            apps: apps.map(|rows| rows.0),
            clients: clients.map(|rows| rows.0),
            cells: None,
        };
        for (key, part, whole_key, whole) in [
            ("interactiveMfa", stated.interactive_mfa, "interactive", stated.interactive),
            ("failedMfa", stated.failed_mfa, "failed", stated.failed),
        ] {
            if let (Some(part), Some(whole)) = (part, whole)
                && part > whole
            {
                return Err(Contradiction {
                    key,
                    message: format!("{part} is more than {whole_key}, which is {whole}"),
                });
            }
        }
        let Some(Cells(cells)) = cells else { return Ok(stated) };
        let counted = SignIns::from_cells(cells, window_days);
        if let Some((key, cells, stated)) = counted.disagreement(&stated) {
            return Err(Contradiction { key, message: format!("{stated}, but the cells count {cells}") });
        }
        Ok(filled(stated, counted))
    }
}

/// What the file does not state follows from the cells.
fn filled(stated: SignIns, counted: SignIns) -> SignIns {
    let SignIns {
        window_days,
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
        cells: _,
    } = stated;
    SignIns {
        window_days,
        interactive: interactive.or(counted.interactive),
        interactive_mfa: interactive_mfa.or(counted.interactive_mfa),
        mfa_skipped: mfa_skipped.or(counted.mfa_skipped),
        non_interactive: non_interactive.or(counted.non_interactive),
        failed: failed.or(counted.failed),
        failed_mfa: failed_mfa.or(counted.failed_mfa),
        ropc: ropc.or(counted.ropc),
        app_password: app_password.or(counted.app_password),
        distinct_ips: distinct_ips.or(counted.distinct_ips),
        active_hours: active_hours.or(counted.active_hours),
        weekend_share: weekend_share.or(counted.weekend_share),
        legacy: legacy.or(counted.legacy),
        apps: apps.or(counted.apps),
        clients: clients.or(counted.clients),
        cells: counted.cells,
    }
}
