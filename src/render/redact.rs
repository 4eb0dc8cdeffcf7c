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

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

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
    risk::{self, Accepted, Evidence, Finding, FindingUser, Place, PlanFinding},
    tenant::{ObservedTenant, TenantId, Text, UserId},
};
use names::{Names, User};

/// The plan with pseudonyms: the same name gets the same pseudonym, in every plan of the tenant.
#[must_use]
pub fn redact(plan: &Plan) -> Plan {
    Redaction::new(plan, None).plan(plan)
}

/// As [`redact`], knowing the names of all users of the tenant, changed or not. To be preferred where the tenant is at
/// hand: a display name of somebody outside the plan cannot be told from other words.
#[must_use]
pub fn redact_observed(plan: &Plan, tenant: &ObservedTenant) -> Plan {
    Redaction::new(plan, Some(tenant)).plan(plan)
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
    accepted: RefCell<HashMap<*const Accepted, Arc<Accepted>>>,
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
        let of_tenant = observed.into_iter().flat_map(|tenant| tenant.users()).map(|user| User {
            id: user.id,
            user_principal_name: &user.user_principal_name,
            mail: user.mail.as_deref(),
            display_name: user.display_name.as_deref(),
        });
        let users: Vec<_> = of_changes.chain(of_findings).chain(of_tenant).collect();
        for users in users.chunks(1 << 16) {
            let pseudonyms: Vec<_> = users.par_iter().map(|user| pseudonym(user.id, tenant)).collect();
            names.add_users(users, &pseudonyms);
        }
        let pseudonymous = pseudonymous_tenant(tenant);
        names.add_tenant(pseudonymous, &plan.tenant.name, &tenant_id_text(pseudonymous).into());
        Self { names, tenant }
    }

    fn redactor(&self) -> Redactor<'_> {
        let Self { names, tenant } = self;
        Redactor { names, tenant: *tenant, accepted: RefCell::default(), known: RefCell::default() }
    }

    fn plan(&self, plan: &Plan) -> Plan {
        let changes = plan
            .changes
            .par_chunks(CHUNK)
            .flat_map_iter(|chunk| {
                let redactor = self.redactor();
                chunk.iter().map(move |one| redactor.change(one))
            })
            .collect();
        self.redactor().plan(plan, changes)
    }
}

/// In place of what an own rule says.
const OWN: &str = "This rule of the configuration applies; its text is withheld.";

/// In place of what a check says.
const CHECK: &str = "What this check of the configuration says is withheld.";

/// An output without its texts. Numbers and truth values name nobody.
fn withheld(value: &Value) -> Value {
    match value {
        Value::String(_) => "(withheld)".into(),
        Value::Array(list) => list.iter().map(withheld).collect(),
        // Keys are texts, too.
        Value::Object(members) => members.values().map(withheld).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// Without the hashes of files and variables: a value could be guessed from its own.
fn without_parts(origin: &PlanOrigin) -> PlanOrigin {
    let PlanOrigin { digest, files, parts: _ } = origin;
    PlanOrigin { digest: digest.clone(), files: files.clone(), parts: BTreeMap::new() }
}

/// The id and the word that stand for a user.
fn pseudonym(id: UserId, tenant: TenantId) -> (UserId, Text) {
    let id = pseudonymous_user(id, tenant);
    (id, user_id_text(id).into())
}

impl Redactor<'_> {
    /// The plan, with these changes in place of its own.
    fn plan(&self, plan: &Plan, redacted: Vec<Change>) -> Plan {
        let Plan {
            mfaplan_version,
            created_at,
            as_of,
            tenant: PlanTenant { id, name: _, cloud },
            config,
            policy,
            observed: PlanObserved { source, captured_at, users, unavailable },
            summary,
            waivers,
            refused,
            changes: _,
            targets,
            blocks,
            others,
            findings,
            not_evaluated,
            checks,
            outputs,
            execution,
            notes,
            digest,
        } = plan;
        let id = pseudonymous_tenant(*id);
        Plan {
            mfaplan_version: mfaplan_version.clone(),
            created_at: *created_at,
            as_of: *as_of,
            tenant: PlanTenant { id, name: tenant_id_text(id).into(), cloud: cloud.clone() },
            config: without_parts(config),
            policy: policy.as_ref().map(without_parts),
            observed: PlanObserved {
                source: *source,
                captured_at: *captured_at,
                users: *users,
                unavailable: unavailable.iter().map(|(fact, reason)| (*fact, self.text(reason))).collect(),
            },
            summary: *summary,
            waivers: waivers
                .iter()
                .map(|Waiver { guardrail, bound, reason }| Waiver {
                    guardrail: guardrail.clone(),
                    bound: bound.clone(),
                    reason: self.text(reason),
                })
                .collect(),
            refused: refused
                .iter()
                .map(|Refusal { reason, rule, remedy }| Refusal {
                    reason: if rule.starts_with("check.") { CHECK.into() } else { self.text(reason) },
                    rule: self.text(rule),
                    remedy: self.text(remedy),
                })
                .collect(),
            changes: redacted,
            targets: targets.iter().map(|one| self.text(one)).collect(),
            blocks: blocks.iter().map(|one| self.block(one)).collect(),
            others: others.iter().map(|one| self.bystander(one)).collect(),
            findings: findings.iter().map(|one| self.plan_finding(one)).collect(),
            not_evaluated: not_evaluated.clone(),
            checks: checks
                .iter()
                .map(|CheckResult { name, passed, message }| CheckResult {
                    name: self.text(name),
                    passed: *passed,
                    message: if message.is_empty() { message.clone() } else { CHECK.into() },
                })
                .collect(),
            outputs: outputs
                .iter()
                .map(|(name, OutputValue { value, sensitive })| {
                    let value = value.as_ref().map(withheld);
                    (self.text(name), OutputValue { value, sensitive: *sensitive })
                })
                .collect(),
            execution: self.execution(execution),
            notes: notes.iter().map(|one| self.string(one)).collect(),
            digest: digest.clone(),
        }
    }

    fn execution(&self, execution: &Execution) -> Execution {
        let Execution {
            block_at,
            canary,
            stop_after_failures,
            confirm,
            approvals_required,
            auto_approve,
            estimated_seconds,
        } = execution;
        Execution {
            block_at: *block_at,
            canary: *canary,
            stop_after_failures: *stop_after_failures,
            confirm: confirm.clone(),
            approvals_required: *approvals_required,
            auto_approve: auto_approve.as_ref().map(|reason| self.text(reason)),
            estimated_seconds: *estimated_seconds,
        }
    }

    fn change(&self, change: &Change) -> Change {
        let Change { user, declared_by, before, after, effective, action, decision, impact, findings } = change;
        Change {
            user: self.change_user(user),
            declared_by: declared_by.as_ref().map(|place| self.place(place)),
            before: before.clone(),
            after: *after,
            effective: *effective,
            action: *action,
            decision: self.decision(decision),
            impact: self.impact(impact),
            findings: findings.iter().map(|one| self.finding(one)).collect(),
        }
    }

    fn impact(&self, impact: &Impact) -> Impact {
        let Impact { modern_auth, legacy_auth, modern_policies, legacy_policies } = impact;
        let names = |names: &[Text]| names.iter().map(|name| self.text(name)).collect();
        Impact {
            modern_auth: *modern_auth,
            legacy_auth: *legacy_auth,
            modern_policies: names(modern_policies),
            legacy_policies: names(legacy_policies),
        }
    }

    fn decision(&self, decision: &Decision) -> Decision {
        let hold = |Hold { kind, until, reason, gate }: &Hold| Hold {
            kind: *kind,
            until: *until,
            reason: self.text(reason),
            gate: gate.clone(),
        };
        match decision {
            Decision::Apply { then } => Decision::Apply { then: then.as_ref().map(hold) },
            Decision::Hold(waits) => Decision::Hold(hold(waits)),
            Decision::Block { by, hold: waits } => Decision::Block { by: by.clone(), hold: waits.as_ref().map(hold) },
        }
    }

    fn block(&self, PlanBlock { place, kind, owner, reason, until }: &PlanBlock) -> PlanBlock {
        let text = |one: &Option<Text>| one.as_ref().map(|one| self.text(one));
        PlanBlock {
            place: self.place(place),
            kind: *kind,
            owner: text(owner),
            reason: text(reason),
            until: until.clone(),
        }
    }

    fn bystander(&self, Bystander { user, state, claim }: &Bystander) -> Bystander {
        Bystander { user: self.change_user(user), state: state.clone(), claim: *claim }
    }

    fn change_user(&self, user: &ChangeUser) -> ChangeUser {
        let ChangeUser { id, user_principal_name: _, display_name, kind, registered } = user;
        let (id, pseudonym) = self.user(*id);
        ChangeUser {
            id,
            user_principal_name: pseudonym.clone(),
            display_name: display_name.as_ref().map(|_| pseudonym),
            kind: *kind,
            registered: *registered,
        }
    }

    fn plan_finding(&self, PlanFinding { finding, user, declared_by }: &PlanFinding) -> PlanFinding {
        PlanFinding {
            finding: self.finding(finding),
            user: user.as_ref().map(|FindingUser { id, user_principal_name: _, display_name }| {
                let (id, pseudonym) = self.user(*id);
                let display_name = display_name.as_ref().map(|_| pseudonym.clone());
                FindingUser { id, user_principal_name: pseudonym, display_name }
            }),
            declared_by: declared_by.as_ref().map(|place| self.place(place)),
        }
    }

    fn finding(&self, finding: &Finding) -> Finding {
        let Finding { rule, name, severity, message, evidence, remediation, accepted } = finding;
        Finding {
            rule: rule.clone(),
            name: name.clone(),
            severity: *severity,
            message: if risk::is_own(rule) { OWN.into() } else { self.string(message).into() },
            evidence: evidence
                .iter()
                .map(|Evidence { fact, value }| Evidence { fact: fact.clone(), value: self.value(value) })
                .collect(),
            remediation: self.string(remediation).into(),
            accepted: accepted.as_ref().map(|one| self.accepted(one)),
        }
    }

    fn accepted(&self, accepted: &Arc<Accepted>) -> Arc<Accepted> {
        let redacted = || {
            let Accepted { address, reason, expires, approved_by } = &**accepted;
            Arc::new(Accepted {
                address: self.string(address),
                reason: self.string(reason),
                expires: expires.clone(),
                approved_by: approved_by.as_ref().map(|by| self.string(by)),
            })
        };
        Arc::clone(self.accepted.borrow_mut().entry(Arc::as_ptr(accepted)).or_insert_with(redacted))
    }

    fn user(&self, id: UserId) -> (UserId, Text) {
        match self.names.pseudonym(id.as_uuid()) {
            Some((id, text)) => (UserId::new(*id), text.clone()),
            None => pseudonym(id, self.tenant),
        }
    }

    /// The keys of `for_each` are part of an address, and often users.
    fn place(&self, Place { address, file, line }: &Place) -> Place {
        Place { address: self.text(address), file: file.clone(), line: *line }
    }

    fn text(&self, text: &Text) -> Text {
        self.replaced(text).map_or_else(|| text.clone(), Text::from)
    }

    fn string(&self, text: &str) -> String {
        self.replaced(text).unwrap_or_else(|| text.to_owned())
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

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.string(text)),
            Value::Array(list) => list.iter().map(|one| self.value(one)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, one)| (self.string(name), self.value(one)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
