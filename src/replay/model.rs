//! What a replay says.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Verdict;
use crate::{
    diff::DecisionKind,
    tenant::{MfaState, SignInKind, Text},
};

/// The sign-ins of a window, run through the changes of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Replay {
    /// The days looked at; null where nobody was replayed.
    pub window: Option<ReplayWindow>,
    /// How many changes were replayed.
    pub users: u64,
    /// How many sign-ins.
    pub sign_ins: u64,
    /// Whose were not, and why.
    pub not_replayed: NotReplayed,
    /// The sign-ins of changes that are applied, by verdict.
    pub verdicts: Verdicts,
    /// The sign-ins of changes that wait or are withheld.
    pub withheld: Verdicts,
    /// How many users of changes that are applied have a sign-in of a verdict.
    pub users_by_verdict: Verdicts,
    /// Sign-ins that were let off MFA and would be again, by reason.
    pub skipped: BTreeMap<Text, u64>,
    /// The same sign-ins of changes that are applied, by day, for a picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<ReplayDay>,
    /// By change, in the plan's order.
    pub changes: Vec<Replayed>,
}

/// So many rows of those who will be asked does a saved plan keep, over all its users and of each at most: two megabytes, or
/// everything there is of a thousand users.
const FURTHER: usize = 10_000;
const FURTHER_OF_EACH: usize = 10;

impl Replay {
    /// The replay as a saved plan keeps it: with the rows that somebody has to look at, and some of what users will notice; the
    /// rest is counted.
    #[must_use]
    pub fn kept(&self) -> Self {
        let room = (FURTHER / self.changes.len().max(1)).min(FURTHER_OF_EACH);
        let kept = |one: &Replayed| {
            let further = one.every_row().filter(|row| row.verdict.is_noticed()).take(room).cloned().collect();
            let Replayed { user, decision, before, after, sign_ins, verdicts, skipped, rows, further: _ } = one;
            Replayed {
                user: user.clone(),
                decision: *decision,
                before: *before,
                after: *after,
                sign_ins: *sign_ins,
                verdicts: *verdicts,
                skipped: skipped.clone(),
                rows: rows.iter().filter(|row| row.verdict.is_kept()).cloned().collect(),
                further,
            }
        };
        Self {
            window: self.window,
            users: self.users,
            sign_ins: self.sign_ins,
            not_replayed: self.not_replayed.clone(),
            verdicts: self.verdicts,
            withheld: self.withheld,
            users_by_verdict: self.users_by_verdict,
            skipped: self.skipped.clone(),
            days: self.days.clone(),
            changes: self.changes.iter().map(kept).collect(),
        }
    }

    /// The change of this user.
    #[must_use]
    pub fn of_user(&self, id: &str) -> Option<&Replayed> {
        self.changes.iter().find(|one| one.user.id == id)
    }

    /// The replay of one of its changes alone. Its days are counted for all changes together only, and left out.
    #[must_use]
    pub fn only(&self, one: &Replayed) -> Self {
        let mut replay = Self { window: self.window, changes: vec![one.clone()], ..Self::default() };
        replay.count(one);
        replay
    }

    /// Counts one of its changes into its totals.
    pub(super) fn count(&mut self, one: &Replayed) {
        self.users += 1;
        self.sign_ins = self.sign_ins.saturating_add(one.sign_ins);
        if one.decision != DecisionKind::Apply {
            self.withheld.add_all(&one.verdicts);
            return;
        }
        self.verdicts.add_all(&one.verdicts);
        for (verdict, _) in one.verdicts.iter().filter(|(_, count)| *count > 0) {
            self.users_by_verdict.add(verdict, 1);
        }
        for (reason, count) in &one.skipped {
            *self.skipped.entry(reason.clone()).or_default() += count;
        }
    }

    /// Do its totals follow from its changes? They do in every replay that this program made.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        let mut counted = Self::default();
        for one in &self.changes {
            counted.count(one);
            let in_rows =
                |verdict| one.rows.iter().filter(|row| row.verdict == verdict).map(|row| row.count).sum::<u64>();
            let fits = |(verdict, count): (Verdict, u64)| match in_rows(verdict) {
                0 => !verdict.is_kept() || count == 0,
                rows => rows == count,
            };
            let further =
                |verdict| one.further.iter().filter(|row| row.verdict == verdict).map(|row| row.count).sum::<u64>();
            let noticed = one.further.iter().all(|row| row.verdict.is_noticed())
                && one.verdicts.iter().all(|(verdict, count)| in_rows(verdict).max(further(verdict)) <= count);
            if !noticed {
                return false;
            }
            if one.verdicts.total() != one.sign_ins || !one.verdicts.iter().all(fits) {
                return false;
            }
        }
        let mut days = Verdicts::default();
        self.days.iter().for_each(|one| days.add_all(&one.verdicts));
        let totals = |of: &Self| (of.users, of.sign_ins, of.verdicts, of.withheld, of.users_by_verdict);
        totals(&counted) == totals(self) && days == self.verdicts
    }
}

/// One day of the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReplayDay {
    /// Which, UTC.
    #[cfg_attr(test, schemars(with = "String"))]
    pub day: Date,
    /// Its sign-ins by verdict.
    pub verdicts: Verdicts,
}

/// The days looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReplayWindow {
    /// The first instant.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub from: Timestamp,
    /// The last: the instant of the plan.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub to: Timestamp,
    /// Its length in days.
    pub days: u16,
}

/// Changes that were not replayed: not knowing is not nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotReplayed {
    /// How many.
    pub users: u64,
    /// Why; null where there are none.
    pub reason: Option<String>,
}

/// One change, replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Replayed {
    /// Whose.
    pub user: ReplayedUser,
    /// Is it applied, does it wait, is it withheld?
    pub decision: DecisionKind,
    /// The state they have.
    pub before: MfaState,
    /// The state to be written.
    pub after: MfaState,
    /// How many sign-ins.
    pub sign_ins: u64,
    /// Theirs, by verdict.
    pub verdicts: Verdicts,
    /// Theirs that were let off MFA and would be again, by reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped: BTreeMap<Text, u64>,
    /// By verdict, application, client and kind; worst verdict first, then by number. A saved plan keeps those that
    /// somebody has to look at.
    pub rows: Vec<Row>,
    /// Of a saved plan: the largest rows of sign-ins that would be asked for MFA, ten at most, and ten thousand over all users.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Row>,
}

impl Replayed {
    /// Every row that is known.
    pub fn every_row(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().chain(&self.further)
    }
}

/// The user of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReplayedUser {
    /// Object id: a GUID, or a pseudonym in a redacted plan.
    pub id: Text,
    /// Sign-in name.
    pub user_principal_name: Text,
}

/// Sign-ins of one user with the same verdict, application, client and kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Row {
    /// What would become of them.
    pub verdict: Verdict,
    /// The application.
    pub app: RowApp,
    /// `clientAppUsed`.
    pub client: Text,
    /// `interactive` or `non_interactive`.
    #[serde(serialize_with = "write_kind", deserialize_with = "read_kind")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub kind: SignInKind,
    /// How many.
    pub count: u64,
    /// The first.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub first: Timestamp,
    /// The last.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub last: Timestamp,
    /// Facts that are unknown and were taken for the worse: `registration`.
    pub assumed: Vec<Text>,
}

/// An application.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RowApp {
    /// Its id.
    pub id: Text,
    /// Its name.
    pub display_name: Option<Text>,
}

impl RowApp {
    /// The name, or the id where there is none.
    #[must_use]
    pub fn name(&self) -> &Text {
        self.display_name.as_ref().unwrap_or(&self.id)
    }
}

/// A number for each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdicts([u64; Verdict::ALL.len()]);

impl Verdicts {
    /// The number of one verdict.
    #[must_use]
    pub const fn of(&self, verdict: Verdict) -> u64 {
        self.0[verdict as usize]
    }

    /// Adds to one verdict.
    pub const fn add(&mut self, verdict: Verdict, count: u64) {
        let number = &mut self.0[verdict as usize];
        *number = number.saturating_add(count);
    }

    /// Adds all numbers of another.
    pub fn add_all(&mut self, other: &Self) {
        for (verdict, count) in other.iter() {
            self.add(verdict, count);
        }
    }

    /// All verdicts with their numbers, worst first.
    pub fn iter(&self) -> impl Iterator<Item = (Verdict, u64)> {
        Verdict::ALL.into_iter().map(|verdict| (verdict, self.of(verdict)))
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |sum, one| sum.saturating_add(*one))
    }

    /// What stops working, or loses MFA.
    #[must_use]
    pub fn harm(&self) -> u64 {
        self.iter().filter(|(verdict, _)| verdict.is_harm()).fold(0, |sum, (_, count)| sum.saturating_add(count))
    }
}

impl Serialize for Verdicts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(verdict, count)| (verdict.as_str(), count)))
    }
}

impl<'de> Deserialize<'de> for Verdicts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut all = Self::default();
        for (verdict, count) in BTreeMap::<Verdict, u64>::deserialize(deserializer)? {
            all.add(verdict, count);
        }
        Ok(all)
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Verdicts {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Verdicts".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let number = serde_json::json!({"type": "integer", "minimum": 0});
        let members: serde_json::Map<_, _> =
            Verdict::ALL.iter().map(|one| (one.as_str().to_owned(), number.clone())).collect();
        let required: Vec<&str> = Verdict::ALL.iter().map(|one| one.as_str()).collect();
        schemars::json_schema!({
            "description": "A number for each verdict.",
            "type": "object",
            "properties": members,
            "required": required,
            "additionalProperties": false,
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn write_kind<S: Serializer>(kind: &SignInKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.snake())
}

fn read_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignInKind, D::Error> {
    let word = std::borrow::Cow::<str>::deserialize(deserializer)?;
    SignInKind::parse(&word).ok_or_else(|| serde::de::Error::custom(format!("unknown kind of sign-in {word:?}")))
}
