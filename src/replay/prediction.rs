//! What a replay foretells, kept to be compared with what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Replay, Replayed, Row, Verdict};
use crate::{diff::DecisionKind, tenant::Text};

/// Sign-ins of one user, application and client of which the same is foretold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PredictedRow {
    /// What would become of them.
    pub verdict: Verdict,
    /// The application's id.
    pub app: Text,
    /// `clientAppUsed`.
    pub client: Text,
    /// How many there were in the window.
    pub count: u64,
}

impl Verdict {
    /// Those that the log shows afterwards.
    pub const SHOWN_BY_THE_LOG: [Self; 5] =
        [Self::Breaks, Self::Blocked, Self::LosesMfa, Self::MustRegister, Self::Challenged];
}

impl Replay {
    /// The changes that are applied and were replayed, with what is foretold of their sign-ins.
    pub(crate) fn predictions(&self) -> impl Iterator<Item = (&Replayed, Vec<PredictedRow>)> {
        self.changes.iter().filter(|one| one.decision == DecisionKind::Apply).map(|one| (one, one.predicted()))
    }
}

impl Replayed {
    /// By verdict, application and client. Of a saved plan, those who will be asked are in it where it has all their rows.
    fn predicted(&self) -> Vec<PredictedRow> {
        let mut counts: BTreeMap<(Verdict, &Text, &Text), u64> = BTreeMap::new();
        let of = |verdict| self.further.iter().filter(|row| row.verdict == verdict).map(|row| row.count).sum::<u64>();
        let whole = |row: &&Row| of(row.verdict) == self.verdicts.of(row.verdict);
        let known = self.rows.iter().chain(self.further.iter().filter(whole));
        for row in known.filter(|row| Verdict::SHOWN_BY_THE_LOG.contains(&row.verdict)) {
            *counts.entry((row.verdict, &row.app.id, &row.client)).or_default() += row.count;
        }
        let row = |((verdict, app, client), count): ((Verdict, &Text, &Text), u64)| PredictedRow {
            verdict,
            app: app.clone(),
            client: client.clone(),
            count,
        };
        counts.into_iter().map(row).collect()
    }
}
