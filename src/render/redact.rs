//! `--redact`: a plan for public places, which names no user and no tenant.
//!
//! Names occur not only where they belong: a message, a piece of evidence, the reason of a waiver may hold them. So every
//! text of the plan is searched, in three passes:
//!
//! 1. the user principal names, mail addresses and ids that are known, with their user's pseudonym;
//! 2. whatever else looks like an address or a GUID (users that occur in evidence only), with one made of its text;
//! 3. display names, the tenant's name, and the domains of all addresses seen.
//!
//! Searching finds names, not what an expression made of them: `base64encode(user.user_principal_name)` is a name to
//! everybody who can read it. What the configuration writes itself over users and the tenant (messages of own rules and
//! checks, texts in outputs) is therefore withheld as a whole.
//!
//! The digest stays that of the real plan: a comment without names still says what is approved. Names of files and of
//! rules are the configuration's own and stay.

mod names;

use std::{borrow::Cow, cell::RefCell, collections::HashMap, sync::Arc};

use rayon::prelude::*;
use serde_json::Value;

use crate::{
    desired::Hold,
    diff::Decision,
    plan::{
        Bystander, Change, ChangeUser, CheckResult, Execution, Impact, OutputValue, Plan, PlanBlock, PlanObserved,
        PlanOrigin, PlanTenant, Refusal, Waiver,
        file::{pseudonymous_tenant, pseudonymous_user, tenant_id_text, user_id_text},
    },
    replay::{Replay, ReplayedUser},
    risk::{self, Accepted, Evidence, Finding, FindingUser, Place, PlanFinding},
    tenant::{ObservedTenant, TenantId, Text, UserId},
};
use names::{Names, User};

/// Puts pseudonyms in place of the plan's names: the same name gets the same pseudonym, in every plan of the tenant. In
/// place, since two plans of a large tenant are twice the memory.
pub fn redact(plan: &mut Plan) {
    Redaction::new(plan, None).plan(plan);
}

/// As [`redact`], knowing the names of all users of the tenant, changed or not. To be preferred where the tenant is at
/// hand: a display name of somebody outside the plan cannot be told from other words.
pub fn redact_observed(plan: &mut Plan, tenant: &ObservedTenant) {
    Redaction::new(plan, Some(tenant)).plan(plan);
}

/// Names to be found in whatever is said beside a plan: errors, warnings, notes.
#[derive(Debug)]
pub(crate) struct Pseudonyms(Names);

impl Pseudonyms {
    /// What looks like a name, as long as nobody's is known.
    pub(crate) fn of_anybody() -> Self {
        Self(Names::new(TenantId::new(uuid::Uuid::nil())))
    }

    /// The names of everybody in the tenant, and whatever else looks like one.
    pub(crate) fn of_tenant(observed: &ObservedTenant) -> Self {
        let mut names = Names::new(observed.id);
        add(&mut names, observed.id, &of_tenant(observed).collect::<Vec<_>>());
        let pseudonymous = pseudonymous_tenant(observed.id);
        names.add_tenant(pseudonymous, &observed.name, &tenant_id_text(pseudonymous).into());
        Self(names)
    }

    /// The text without names; nothing where it has none.
    pub(crate) fn replace(&self, text: &str) -> Option<String> {
        self.0.replace(text)
    }
}

fn of_tenant(observed: &ObservedTenant) -> impl Iterator<Item = User<'_>> {
    observed.users().iter().map(|user| User {
        id: user.id,
        user_principal_name: &user.user_principal_name,
        mail: user.mail.as_deref(),
        display_name: user.display_name.as_deref(),
    })
}

fn add(names: &mut Names, tenant: TenantId, users: &[User<'_>]) {
    for users in users.chunks(1 << 16) {
        let pseudonyms: Vec<_> = users.par_iter().map(|user| pseudonym(user.id, tenant)).collect();
        names.add_users(users, &pseudonyms);
    }
}

/// All names, and what stands for them.
struct Redaction {
    names: Names,
    tenant: TenantId,
}

/// Redacts one thing after the other, remembering what it has seen. Each core has its own.
struct Redactor<'a> {
    names: &'a Names,
    tenant: TenantId,
    /// Waivers are shared by thousands of findings, and stay shared.
    accepted: RefCell<HashMap<*const Accepted, [Arc<Accepted>; 2]>>,
    /// Messages and remediations repeat for thousands of users: each is searched once.
    known: RefCell<HashMap<String, Option<String>>>,
}

/// So many changes are redacted by one redactor at least: what it remembers has to pay.
const CHUNK: usize = 2_048;

/// So many texts are remembered; those with a name in them are mostly new, and must not fill the memory.
const KNOWN: usize = 4_096;

impl Redaction {
    fn new(plan: &Plan, observed: Option<&ObservedTenant>) -> Self {
        let tenant = plan.tenant.id;
        let mut names = Names::new(tenant);
        let of_others = plan.others.iter().map(|one| &one.user);
        let of_changes = plan.changes.iter().map(|change| &change.user).chain(of_others).map(|user| User {
            id: user.id,
            user_principal_name: &user.user_principal_name,
            mail: None,
            display_name: user.display_name.as_deref(),
        });
        let of_findings = plan.findings.iter().filter_map(|one| one.user.as_ref()).map(|user| User {
            id: user.id,
            user_principal_name: &user.user_principal_name,
            mail: None,
            display_name: user.display_name.as_deref(),
        });
        let users: Vec<_> = of_changes.chain(of_findings).chain(observed.into_iter().flat_map(of_tenant)).collect();
        add(&mut names, tenant, &users);
        let pseudonymous = pseudonymous_tenant(tenant);
        names.add_tenant(pseudonymous, &plan.tenant.name, &tenant_id_text(pseudonymous).into());
        Self { names, tenant }
    }

    fn redactor(&self) -> Redactor<'_> {
        let Self { names, tenant } = self;
        Redactor { names, tenant: *tenant, accepted: RefCell::default(), known: RefCell::default() }
    }

    fn plan(&self, plan: &mut Plan) {
        plan.changes.par_chunks_mut(CHUNK).for_each(|chunk| {
            let redactor = self.redactor();
            chunk.iter_mut().for_each(|one| redactor.change(one));
        });
        self.redactor().plan(plan);
    }
}

/// In place of what an own rule says.
const OWN: &str = "This rule of the configuration applies; its text is withheld.";

/// In place of what a check says.
const CHECK: &str = "What this check of the configuration says is withheld.";

/// An output without its texts. Numbers and truth values name nobody.
fn withhold(value: &mut Value) {
    match value {
        Value::String(text) => "(withheld)".clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(withhold),
        // Keys are texts, too.
        Value::Object(members) => {
            let values = std::mem::take(members).into_iter().map(|(_, mut value)| {
                withhold(&mut value);
                value
            });
            *value = values.collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Without the hashes of files and variables: a value could be guessed from its own.
fn without_parts(origin: &mut PlanOrigin) {
    let PlanOrigin { digest: _, files: _, parts } = origin;
    parts.clear();
}

/// The id and the word that stand for a user.
fn pseudonym(id: UserId, tenant: TenantId) -> (UserId, Text) {
    let id = pseudonymous_user(id, tenant);
    (id, user_id_text(id).into())
}

impl Redactor<'_> {
    /// Everything but the changes.
    fn plan(&self, plan: &mut Plan) {
        let Plan {
            mfaplan_version: _,
            created_at: _,
            as_of: _,
            tenant: PlanTenant { id, name, cloud: _ },
            config,
            policy,
            assumed,
            observed: PlanObserved { source: _, captured_at: _, users: _, unavailable, evidence: _ },
            summary: _,
            waivers,
            refused,
            changes: _,
            targets,
            rolls_back: _,
            blocks,
            others,
            replay,
            findings,
            not_evaluated: _,
            checks,
            outputs,
            execution,
            notes,
            digest: _,
        } = plan;
        *id = pseudonymous_tenant(*id);
        *name = tenant_id_text(*id).into();
        without_parts(config);
        policy.iter_mut().for_each(without_parts);
        // Their conditions name groups and accounts by id; a note says that there are some.
        *assumed = None;
        unavailable.iter_mut().for_each(|(_, reason)| self.text(reason));
        for Waiver { guardrail: _, bound: _, reason } in waivers {
            self.text(reason);
        }
        for Refusal { reason, rule, remedy } in refused {
            if rule.starts_with("check.") {
                *reason = CHECK.into()
            } else {
                self.text(reason)
            }
            self.text(rule);
            self.text(remedy);
        }
        targets.iter_mut().for_each(|one| self.text(one));
        blocks.iter_mut().for_each(|one| self.block(one));
        others.iter_mut().for_each(|one| self.bystander(one));
        replay.iter_mut().for_each(|one| self.replay(one));
        findings.iter_mut().for_each(|one| self.plan_finding(one));
        for CheckResult { name, passed: _, message } in checks {
            self.text(name);
            if !message.is_empty() {
                *message = CHECK.into();
            }
        }
        // Names of outputs are keys, so they are put in anew.
        *outputs = std::mem::take(outputs)
            .into_iter()
            .map(|(mut name, OutputValue { mut value, sensitive, mut description })| {
                self.text(&mut name);
                value.iter_mut().for_each(withhold);
                description.iter_mut().for_each(|one| self.text(one));
                (name, OutputValue { value, sensitive, description })
            })
            .collect();
        self.execution(execution);
        notes.iter_mut().for_each(|one| self.string(one));
    }

    fn execution(&self, execution: &mut Execution) {
        let Execution {
            block_at: _,
            canary: _,
            stop_after_failures: _,
            confirm: _,
            approvals_required: _,
            auto_approve,
            estimated_seconds: _,
        } = execution;
        auto_approve.iter_mut().for_each(|reason| self.text(reason));
    }

    fn change(&self, change: &mut Change) {
        let Change {
            user,
            declared_by,
            before: _,
            after: _,
            effective: _,
            action: _,
            decision,
            wave: _,
            impact,
            findings,
        } = change;
        self.change_user(user);
        declared_by.iter_mut().for_each(|place| self.place(place));
        self.decision(decision);
        self.impact(impact);
        findings.iter_mut().for_each(|one| self.finding(one));
    }

    fn impact(&self, impact: &mut Impact) {
        let Impact { modern_auth: _, legacy_auth: _, modern_policies, legacy_policies } = impact;
        for policies in [modern_policies, legacy_policies] {
            // Thousands of changes share one list, and go on doing so where nobody is named in it.
            if policies.iter().any(|name| self.replaced(name).is_some()) {
                *policies = policies
                    .iter()
                    .cloned()
                    .map(|mut name| {
                        self.text(&mut name);
                        name
                    })
                    .collect();
            }
        }
    }

    fn decision(&self, decision: &mut Decision) {
        let hold = |Hold { kind: _, until: _, reason, gate: _ }: &mut Hold| self.text(reason);
        match decision {
            Decision::Apply { then } => then.iter_mut().for_each(hold),
            Decision::Hold(waits) => hold(waits),
            Decision::Block { by: _, hold: waits } => waits.iter_mut().for_each(hold),
        }
    }

    fn block(&self, PlanBlock { place, kind: _, owner, reason, until: _, replacement: _ }: &mut PlanBlock) {
        self.place(place);
        owner.iter_mut().chain(reason).for_each(|text| self.text(text));
    }

    fn bystander(&self, Bystander { user, state: _, claim: _ }: &mut Bystander) {
        self.change_user(user);
    }

    fn replay(&self, replay: &mut Replay) {
        for one in &mut replay.changes {
            let pseudonym = match one.user.id.parse() {
                Ok(id) => self.user(id).1,
                Err(_) => {
                    self.text(&mut one.user.id);
                    one.user.id.clone()
                }
            };
            one.user = ReplayedUser { id: pseudonym.clone(), user_principal_name: pseudonym };
            let names = one.rows.iter_mut().filter_map(|row| row.app.display_name.as_mut());
            names.for_each(|name| self.text(name));
        }
    }

    fn change_user(&self, user: &mut ChangeUser) {
        let ChangeUser { id, user_principal_name, display_name, kind: _, registered: _ } = user;
        self.names_of(id, user_principal_name, display_name);
    }

    fn plan_finding(&self, PlanFinding { finding, user, declared_by }: &mut PlanFinding) {
        self.finding(finding);
        if let Some(FindingUser { id, user_principal_name, display_name }) = user {
            self.names_of(id, user_principal_name, display_name);
        }
        declared_by.iter_mut().for_each(|place| self.place(place));
    }

    fn names_of(&self, id: &mut UserId, user_principal_name: &mut Text, display_name: &mut Option<Text>) {
        let (pseudonymous, pseudonym) = self.user(*id);
        *id = pseudonymous;
        *display_name = display_name.as_ref().map(|_| pseudonym.clone());
        *user_principal_name = pseudonym;
    }

    fn finding(&self, finding: &mut Finding) {
        let Finding { rule, name: _, severity: _, message, evidence, remediation, accepted } = finding;
        if risk::is_own(rule) {
            *message = OWN.into()
        } else {
            self.shared(message)
        }
        for Evidence { fact: _, value } in evidence {
            self.value(value);
        }
        self.shared(remediation);
        if let Some(accepted) = accepted {
            *accepted = self.accepted(accepted);
        }
    }

    fn accepted(&self, accepted: &Arc<Accepted>) -> Arc<Accepted> {
        let redacted = || {
            let mut one = Accepted::clone(accepted);
            let Accepted { address, reason, expires: _, approved_by } = &mut one;
            self.string(address);
            self.string(reason);
            approved_by.iter_mut().for_each(|by| self.string(by));
            // The original stays as long as its address is the key.
            [Arc::clone(accepted), Arc::new(one)]
        };
        let [_, redacted] = self.accepted.borrow_mut().entry(Arc::as_ptr(accepted)).or_insert_with(redacted).clone();
        redacted
    }

    fn user(&self, id: UserId) -> (UserId, Text) {
        match self.names.pseudonym(id.as_uuid()) {
            Some((id, text)) => (UserId::new(*id), text.clone()),
            None => pseudonym(id, self.tenant),
        }
    }

    /// The keys of `for_each` are part of an address, and often users.
    fn place(&self, Place { address, file: _, line: _ }: &mut Place) {
        self.text(address);
    }

    fn text(&self, text: &mut Text) {
        if let Some(replaced) = self.replaced(text) {
            *text = replaced.into();
        }
    }

    fn string(&self, text: &mut String) {
        if let Some(replaced) = self.replaced(text) {
            *text = replaced;
        }
    }

    fn shared(&self, text: &mut Cow<'static, str>) {
        if let Some(replaced) = self.replaced(text) {
            *text = replaced.into();
        }
    }

    fn replaced(&self, text: &str) -> Option<String> {
        if let Some(known) = self.known.borrow().get(text) {
            return known.clone();
        }
        let replaced = self.names.replace(text);
        let mut known = self.known.borrow_mut();
        if known.len() < KNOWN {
            known.insert(text.to_owned(), replaced.clone());
        }
        replaced
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.string(text),
            Value::Array(list) => list.iter_mut().for_each(|one| self.value(one)),
            Value::Object(members) => {
                *members = std::mem::take(members)
                    .into_iter()
                    .map(|(mut name, mut one)| {
                        self.string(&mut name);
                        self.value(&mut one);
                        (name, one)
                    })
                    .collect();
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests;
