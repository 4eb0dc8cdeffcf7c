//! One change, as the rules see it.

use std::{borrow::Cow, cell::OnceCell};

use serde_json::{Value, json};

use super::{Context, asked::Asked, rule::On};
use crate::{
    diff::{Action, Transition},
    facts::{Coverage, methods, recognise},
    severity::Severity,
    tenant::{MfaState, SignIns, User},
};

pub(super) struct Case<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) user: &'a User,
    pub(super) transition: &'a Transition,
    /// Which kinds of change this is.
    pub(super) on: On,
    /// Has registered for MFA.
    pub(super) registered: Option<bool>,
    /// Holds a privileged role.
    pub(super) privileged: Option<bool>,
    coverage: OnceCell<Coverage>,
}

impl<'a> Case<'a> {
    pub(super) fn new(context: &'a Context<'a>, transition: &'a Transition) -> Self {
        let user = context.tenant.user(transition.user);
        let registered = methods::registered(user);
        // Enabled ends in enforced for a registered user; where registration is unknown it may.
        let may_end_enforced = transition.effective == MfaState::Enforced || registered != Some(false);
        let on = match transition.action {
            Action::Enable if may_end_enforced => On::RAISE,
            Action::Enable => On::ENABLE,
            Action::Enforce => On::ENFORCE,
            Action::Relax => On::RELAX,
            Action::Disable => On::DISABLE,
        };
        Self {
            context,
            user,
            transition,
            on,
            registered,
            privileged: recognise::privileged(user),
            coverage: OnceCell::new(),
        }
    }

    /// The service account signal.
    pub(super) fn score(&self) -> u8 {
        self.context.facts.score(self.transition.user)
    }

    /// Conditional Access coverage.
    pub(super) fn coverage(&self) -> &Coverage {
        self.coverage.get_or_init(|| self.context.policies.coverage(self.user))
    }

    pub(super) fn sign_ins(&self) -> Option<&'a SignIns> {
        self.user.sign_ins.as_deref()
    }

    /// Signed in within the window, by the counts or by the date; `None` = unknown.
    pub(super) fn signs_in(&self) -> Option<bool> {
        let counted = self.sign_ins().and_then(recognise::any_sign_in);
        let window = i64::from(self.sign_ins().and_then(|one| one.window_days).unwrap_or(30));
        let dated = match self.user.last_sign_in {
            crate::tenant::LastSignIn::At(at) => Some(recognise::days_between(at, self.context.instant) <= window),
            crate::tenant::LastSignIn::Never => Some(false),
            crate::tenant::LastSignIn::Unknown => None,
        };
        match (counted, dated) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), _) | (_, Some(false)) => Some(false),
            (None, None) => None,
        }
    }

    /// Is the change, at its end, one that legacy authentication feels?
    pub(super) fn ends_enforced(&self) -> bool {
        self.on.meets(On::ENFORCE)
    }

    /// Critical for privileged accounts or where the change ends in enforced, else high.
    pub(super) fn critical_if_enforced_or_privileged(&self) -> Severity {
        if self.ends_enforced() || self.privileged == Some(true) { Severity::Critical } else { Severity::High }
    }

    /// The methods, as evidence.
    pub(super) fn methods(&self) -> Option<Value> {
        self.user.methods.as_ref().map(|methods| json!(methods))
    }

    /// The first privileged role, as evidence.
    pub(super) fn role(&self) -> Option<Value> {
        recognise::privileged_role(self.user).map(|role| match &role.scope {
            None => json!({"role": role.display_name, "permanent": role.permanent}),
            Some(scope) => json!({"role": role.display_name, "permanent": role.permanent, "scope": scope}),
        })
    }

    /// What lowering takes away from this account, as a sentence: the only requirement there is, or what Conditional Access
    /// leaves open.
    pub(super) fn loss(&self, account: &str) -> Cow<'static, str> {
        let rest = match self.coverage() {
            Coverage::Full { .. } => return "Conditional Access requires MFA for every sign-in.".into(),
            Coverage::Unknown { .. } => "and nothing shows that Conditional Access covers it.".to_owned(),
            Coverage::None { .. } => {
                return format!("This change removes the only MFA requirement on {} {account}.", article(account))
                    .into();
            }
            Coverage::Partial { open: Some(open), .. } => format!("and Conditional Access leaves open {open}."),
            Coverage::Partial { open: None, .. } => {
                "and Conditional Access requires MFA for some sign-ins only.".to_owned()
            }
        };
        format!("This change removes per-user MFA from {} {account}, {rest}", article(account)).into()
    }

    /// Who asked for MFA at this user's sign-ins, as evidence.
    pub(super) fn asked_by(&self) -> Option<Value> {
        let mut asked = Asked::default();
        asked.add(self.sign_ins());
        asked.evidence(self.context.tenant)
    }

    /// Of a user whom policies cover in part: at how many sign-ins nothing but the per-user state asks, as evidence.
    pub(super) fn uncovered(&self) -> Option<u64> {
        if !matches!(self.coverage(), Coverage::Partial { .. }) {
            return None;
        }
        self.context.askers.uncovered(&self.context.policies, self.user)
    }

    /// The fact without which coverage is unknown.
    pub(super) fn missing_for_coverage(&self) -> Option<&'static str> {
        if let Coverage::Unknown { fact, .. } = self.coverage() { Some(fact.as_str()) } else { None }
    }

    /// The policies that mention the user and do not cover them, as evidence; at most ten.
    pub(super) fn coverage_gaps(&self) -> Option<Value> {
        let gaps = self.coverage().gaps();
        (!gaps.is_empty()).then(|| gaps.iter().take(10).map(ToString::to_string).collect())
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}
