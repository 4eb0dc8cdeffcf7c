//! Who really asked for MFA at the sign-ins of the window, counted. It shows a reviewer what policies did, and never makes
//! cover of a gap: what asked yesterday need not ask tomorrow.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tenant::{CellPolicy, ObservedTenant, Outcome, SignIns, Text};

/// Policies named, and ways in that nobody asked at; the most frequent ones.
const NAMED: usize = 10;

/// Counts over successful sign-ins.
#[derive(Default)]
pub(super) struct Asked<'a> {
    sign_ins: u64,
    /// By the policy's id.
    by: BTreeMap<&'a Text, u64>,
    by_user: u64,
    /// By what else the record names, where it names no policy.
    by_others: BTreeMap<&'a Text, u64>,
    by_nobody: u64,
    /// By client and application.
    nobody: BTreeMap<(&'a Text, &'a Text), u64>,
    /// Does any record say who asked?
    said: bool,
}

impl<'a> Asked<'a> {
    /// Adds the sign-ins of a user, where they are known one by one. What a record does not say counts as nobody.
    pub(super) fn add(&mut self, sign_ins: Option<&'a SignIns>) {
        let cells = sign_ins.and_then(|one| one.cells.as_deref()).unwrap_or_default();
        for cell in cells.iter().filter(|cell| cell.shape.outcome == Outcome::Success) {
            let (shape, count) = (&*cell.shape, u64::from(cell.count));
            self.said |= shape.asked_by.is_some() || shape.policies.is_some();
            self.sign_ins += count;
            let success = |one: &&'a CellPolicy| one.result.eq_ignore_ascii_case("success");
            let mut policies = shape.policies.iter().flatten().filter(success).peekable();
            let (named, mut anybody) = (policies.peek().is_some(), false);
            for policy in policies {
                *self.by.entry(&policy.id).or_default() += count;
                anybody = true;
            }
            for who in shape.asked_by.iter().flatten() {
                if who.eq_ignore_ascii_case("user") {
                    self.by_user += count;
                } else if !named {
                    *self.by_others.entry(who).or_default() += count;
                }
                anybody = true;
            }
            if !anybody {
                self.by_nobody += count;
                let app = shape.app_name.as_ref().unwrap_or(&shape.app);
                *self.nobody.entry((&shape.client, app)).or_default() += count;
            }
        }
    }

    /// The evidence; nothing where no record says who asked.
    pub(super) fn evidence(self, tenant: &ObservedTenant) -> Option<Value> {
        let Self { sign_ins, by, by_user, by_others, by_nobody, nobody, said } = self;
        if !said {
            return None;
        }
        let name = |id: &'a Text| {
            let known = tenant.conditional_access.iter().flatten().find(|one| one.id == *id);
            known.map_or_else(|| id.to_string(), |one| one.display_name.to_string())
        };
        // Two policies may have one name.
        let mut named: BTreeMap<String, u64> = BTreeMap::new();
        for (id, count) in most(by) {
            *named.entry(name(id)).or_default() += count;
        }
        let others: BTreeMap<&Text, u64> = most(by_others).into_iter().collect();
        let nobody: Vec<String> =
            most(nobody).into_iter().map(|((client, app), count)| format!("{count}: {client} from {app}")).collect();
        Some(json!({
            "sign_ins": sign_ins,
            "by": named,
            "by_user": by_user,
            "by_others": others,
            "by_nobody": by_nobody,
            "nobody": nobody,
        }))
    }
}

/// The most frequent, in a stable order.
fn most<K: Ord + Copy>(counts: BTreeMap<K, u64>) -> Vec<(K, u64)> {
    let mut all: Vec<(K, u64)> = counts.into_iter().collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    all.truncate(NAMED);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::testing::cell;

    fn tenant() -> ObservedTenant {
        ObservedTenant::new(
            "6f1c2d3e-4a5b-4c6d-8e7f-901234567890".parse().unwrap(),
            "Contoso".into(),
            crate::tenant::Source::Snapshot,
            "2026-11-20T08:00:00Z".parse().unwrap(),
            Vec::new(),
        )
    }

    fn evidence(cells: &[crate::tenant::Cell]) -> Option<Value> {
        evidence_in(&tenant(), cells)
    }

    fn evidence_in(tenant: &ObservedTenant, cells: &[crate::tenant::Cell]) -> Option<Value> {
        let known = SignIns::from_cells(cells.into(), Some(30));
        let mut asked = Asked::default();
        asked.add(None);
        asked.add(Some(&known));
        asked.evidence(tenant)
    }

    #[test]
    fn thirteen_of_many_were_asked_for_by_nobody() {
        let counted = evidence(&[
            cell("Browser", 13_000, Some(&["multiConditionalAccess"]), Some(&[("ca2", "success")])),
            cell("Browser", 190, Some(&["user"]), Some(&[("ca2", "success"), ("ca3", "reportOnlySuccess")])),
            cell("IMAP4", 13, None, None),
        ]);
        assert_eq!(
            counted.unwrap(),
            json!({"sign_ins": 13_203, "by": {"ca2": 13_190}, "by_user": 190, "by_others": {}, "by_nobody": 13,
                "nobody": ["13: IMAP4 from Exchange"]})
        );
    }

    #[test]
    fn a_caller_who_may_not_read_policies_still_sees_that_something_asked() {
        let counted = evidence(&[cell("Browser", 7, Some(&["multiConditionalAccess", "user"]), None)]).unwrap();
        assert_eq!(counted["by_others"], json!({"multiConditionalAccess": 7}));
        assert_eq!((&counted["by_user"], &counted["by_nobody"]), (&json!(7), &json!(0)));
    }

    /// A policy is called by its name, where the tenant has one of this id.
    #[test]
    fn policies_are_told_by_name_and_what_is_gone_by_its_id() {
        let mut tenant = tenant();
        let named = |id: &str, name: &str| crate::tenant::Policy {
            id: id.into(),
            ..crate::risk::testing_policies::policy(name)
        };
        tenant.conditional_access = Some(vec![named("ca1", "MFA for guests"), named("ca2", "MFA for all")]);
        let cells = [cell("Browser", 4, None, Some(&[("ca2", "success"), ("ca9", "Success"), ("ca1", "failure")]))];
        let counted = evidence_in(&tenant, &cells).unwrap();
        assert_eq!(counted["by"], json!({"MFA for all": 4, "ca9": 4}));
    }

    #[test]
    fn records_that_do_not_say_who_asked_tell_nothing() {
        assert_eq!(evidence(&[cell("Browser", 5, None, None)]), None);
    }
}
