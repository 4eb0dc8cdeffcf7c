//! Sign-ins for the tests of rules, one by one.

use std::sync::Arc;

use super::testing::{World, days_ago, excluding, policy};
use crate::tenant::{
    Cell, CellPolicy, Mfa, MfaState, Outcome, Policy, Protocol, Requirement, SignInKind, SignInShape, SignIns, Skipped,
};

/// Sign-ins of one kind, and who asked for MFA at them.
pub(super) fn cell(client: &str, count: u32, asked: Option<&[&str]>, policies: Option<&[(&str, &str)]>) -> Cell {
    let policy = |(id, result): &(&str, &str)| CellPolicy { id: (*id).into(), result: (*result).into() };
    Cell {
        day: "2026-11-19".parse().unwrap(),
        shape: Arc::new(SignInShape {
            app: "00000002-0000-0ff1-ce00-000000000000".into(),
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
        first: days_ago(1),
        last: days_ago(1),
    }
}

/// Who asked at [`World::asked_at`], as a finding says it.
pub(super) fn asked_by() -> serde_json::Value {
    serde_json::json!({
        "sign_ins": 13_203, "by": {"MFA for all": 13_190}, "by_user": 190, "by_others": {}, "by_nobody": 13,
        "nobody": ["13: IMAP4 from Exchange"],
    })
}

impl World {
    /// Jo's sign-ins one by one: most asked for by this policy, some by the per-user state too, the last by nobody.
    pub(super) fn asked_at(&mut self, policy: &Policy) {
        let by = [(&*policy.id, "success")];
        let cells = [
            cell("Browser", 13_000, Some(&["multiConditionalAccess"]), Some(&by)),
            cell("Browser", 190, Some(&["user"]), Some(&by)),
            cell("IMAP4", 13, None, None),
        ];
        self.user().sign_ins = Some(Box::new(SignIns::from_cells(cells.into(), Some(30))));
    }

    /// Jo is lowered. A policy that leaves them out, and of which the log says that it asked, is all there is.
    pub(super) fn asked_but_not_covered(&mut self) {
        let policy = excluding(policy("MFA for all"), self.user().id);
        self.asked_at(&policy);
        self.policies = Some(vec![policy]);
        self.change(MfaState::Enforced, MfaState::Disabled);
    }

    /// So many of Jo's sign-ins skipped MFA for this reason.
    pub(super) fn skipped(&mut self, reason: &str, count: u32) {
        self.sign_ins().mfa_skipped = Some([Skipped { reason: reason.into(), count }].into());
    }

    /// Jo's sign-ins to a resource.
    pub(super) fn resource(&mut self, id: &str, outcome: Outcome) {
        let mut one = cell("Mobile Apps and Desktop clients", 4, None, None);
        let shape = Arc::make_mut(&mut one.shape);
        (shape.resource, shape.outcome) = (Some(id.into()), outcome);
        self.sign_ins().cells = Some([one].into());
    }
}
