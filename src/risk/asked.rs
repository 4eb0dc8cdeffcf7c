//! Who really asked for MFA at the sign-ins of the window, counted. It shows a reviewer what policies did, and never makes
//! cover of a gap: what asked yesterday need not ask tomorrow.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tenant::{ObservedTenant, Outcome, SignIns, Text};

/// Policies named, and ways in that nobody asked at; the most frequent ones.
const NAMED: usize = 10;

/// Counts over successful sign-ins.
#[derive(Default)]
pub(super) struct Asked<'a> {
    sign_ins: u64,
    by: BTreeMap<&'a Text, u64>,
    by_user: u64,
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
            let user = shape.asked_by.iter().flatten().any(|who| who.eq_ignore_ascii_case("user"));
            let elsewhere = shape.asked_by.iter().flatten().any(|who| {
                ["request", "servicePrincipal", "securityDefaults"].iter().any(|one| one.eq_ignore_ascii_case(who))
            });
            let mut any = user || elsewhere;
            self.by_user += if user { count } else { 0 };
            for policy in shape.policies.iter().flatten().filter(|one| one.result.eq_ignore_ascii_case("success")) {
                *self.by.entry(&policy.id).or_default() += count;
                any = true;
            }
            if !any {
                self.by_nobody += count;
                let app = shape.app_name.as_ref().unwrap_or(&shape.app);
                *self.nobody.entry((&shape.client, app)).or_default() += count;
            }
        }
    }

    /// The evidence; nothing where no record says who asked.
    pub(super) fn evidence(self, tenant: &ObservedTenant) -> Option<Value> {
        let Self { sign_ins, by, by_user, by_nobody, nobody, said } = self;
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
        let nobody: Vec<String> =
            most(nobody).into_iter().map(|((client, app), count)| format!("{count}: {client} from {app}")).collect();
        Some(json!({
            "sign_ins": sign_ins, "by": named, "by_user": by_user, "by_nobody": by_nobody, "nobody": nobody,
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
    use std::sync::Arc;

    use super::*;
    use crate::tenant::{
        Cell, CellPolicy, Mfa, ObservedTenant, Protocol, Requirement, SignInKind, SignInShape, Source, TenantId,
    };

    fn cell(client: &str, count: u32, asked: Option<&[&str]>, policies: Option<&[(&str, &str)]>) -> Cell {
        let at = "2026-11-20T08:00:00Z".parse().unwrap();
        let policy = |(id, result): &(&str, &str)| CellPolicy { id: (*id).into(), result: (*result).into() };
        Cell {
            day: "2026-11-20".parse().unwrap(),
            shape: Arc::new(SignInShape {
                app: "a".into(),
                app_name: Some("Exchange".into()),
                resource: None,
                client: client.into(),
                kind: SignInKind::Interactive,
                protocol: Protocol::Other,
                requirement: Some(Requirement::Multi),
                mfa: Mfa::Done,
                outcome: Outcome::Success,
                error_code: None,
                asked_by: asked.map(|all| all.iter().map(|one| (*one).into()).collect()),
                policies: policies.map(|all| all.iter().map(policy).collect()),
                app_password: false,
                product: None,
            }),
            hours: 0,
            addresses: Box::default(),
            addresses_cut: false,
            count,
            first: at,
            last: at,
        }
    }

    #[test]
    fn thirteen_of_many_were_asked_for_by_nobody() {
        let id: TenantId = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890".parse().unwrap();
        let at = "2026-11-20T08:00:00Z".parse().unwrap();
        let tenant = ObservedTenant::new(id, "Contoso".into(), Source::Snapshot, at, Vec::new());
        let cells = [
            cell("Browser", 13_000, Some(&["multiConditionalAccess"]), Some(&[("ca2", "success")])),
            cell("Browser", 190, Some(&["user"]), Some(&[("ca2", "success"), ("ca3", "reportOnlySuccess")])),
            cell("IMAP4", 13, None, None),
        ];
        let known = SignIns::from_cells(cells.into(), Some(30));
        let mut asked = Asked::default();
        asked.add(Some(&known));
        assert_eq!(
            asked.evidence(&tenant).unwrap(),
            json!({"sign_ins": 13_203, "by": {"ca2": 13_190}, "by_user": 190, "by_nobody": 13,
                "nobody": ["13: IMAP4 from Exchange"]})
        );
        let silent = SignIns::from_cells([cell("Browser", 5, None, None)].into(), Some(30));
        let mut asked = Asked::default();
        asked.add(Some(&silent));
        asked.add(None);
        assert_eq!(asked.evidence(&tenant), None, "records that do not say who asked tell nothing");
    }
}
