//! [`Plan`] → document, borrowing. Destructured without `..`: a new field must be thought about.

use std::{borrow::Cow, collections::BTreeMap};

use rayon::prelude::*;
use serde::{
    Serialize, Serializer,
    ser::{Error, SerializeSeq},
};
use serde_json::value::to_raw_value;

use super::{
    super::pseudonym::{tenant_id_text, user_id_text},
    AcceptedV1, BlockV1, ChangeUserV1, ChangeV1, ConfigV1, Document, EvidenceV1, FORMAT_VERSION, FindingUserV1,
    FindingV1, HoldV1, ImpactV1, NotEvaluatedV1, ObservedV1, OtherV1, OutputV1, PlaceV1, PlanFindingV1, PolicyV1,
    ProtocolV1, StateV1, Str, TenantV1, UnavailableV1,
};
use crate::{
    desired::Hold,
    plan::{
        Bystander, Change, ChangeUser, Claimed, Impact, OutputValue, Plan, PlanBlock, PlanObserved, PlanOrigin,
        PlanTenant,
    },
    risk::{Accepted, Evidence, Finding, FindingUser, NotEvaluated, Place, PlanFinding},
    tenant::{MfaState, ObservedState, Text},
};

/// The document of a plan that stays where it is.
pub type View<'a> = Document<'a, Changes<'a>, Findings<'a>, Others<'a>>;

/// The changes, converted some at a time while they are written.
///
/// The text of 100,000 changes is as long as the tenant it came from, and writing it takes as long as reading that. So
/// the texts of a chunk are made on all cores and then written in their order: the same bytes as one after the other.
#[derive(Clone, Copy, Debug)]
pub struct Changes<'a>(&'a [Change]);

/// The findings, converted one at a time while they are written.
#[derive(Clone, Copy, Debug)]
pub struct Findings<'a>(&'a [PlanFinding]);

/// The users without a change, converted as the changes are.
#[derive(Clone, Copy, Debug)]
pub struct Others<'a>(&'a [Bystander]);

impl Serialize for Others<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        in_order(self.0, serializer, other)
    }
}

/// How many changes have their text in memory at once: a few megabytes.
const CHUNK: usize = 4096;

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        in_order(self.0, serializer, change)
    }
}

/// Serializes a list of what `convert` makes of each element, as [`Changes`] says.
pub(crate) fn in_order<'a, T: Sync, V: Serialize, S: Serializer>(
    list: &'a [T],
    serializer: S,
    convert: impl Fn(&'a T) -> V + Sync,
) -> Result<S::Ok, S::Error> {
    let mut written = serializer.serialize_seq(Some(list.len()))?;
    for chunk in list.chunks(CHUNK) {
        let texts: Vec<_> = chunk.par_iter().with_min_len(64).map(|one| to_raw_value(&convert(one))).collect();
        for text in texts {
            written.serialize_element(&text.map_err(S::Error::custom)?)?;
        }
    }
    written.end()
}

impl Serialize for Findings<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(plan_finding))
    }
}

/// The document of this plan, without a checksum.
#[must_use]
pub fn view(plan: &Plan) -> View<'_> {
    let Plan {
        mfaplan_version,
        created_at,
        as_of,
        tenant: PlanTenant { id, name, cloud },
        config,
        policy,
        assumed,
        observed: PlanObserved { source, captured_at, users, unavailable, evidence },
        summary,
        waivers,
        refused,
        changes,
        targets,
        rolls_back,
        blocks,
        others,
        findings,
        not_evaluated,
        replay,
        checks,
        outputs,
        execution,
        notes,
        digest,
    } = plan;
    Document {
        format_version: FORMAT_VERSION.into(),
        mfaplan_version: text(mfaplan_version),
        created_at: *created_at,
        as_of: *as_of,
        tenant: TenantV1 { id: tenant_id_text(*id).into(), name: text(name), cloud: text(cloud) },
        config: {
            let PlanOrigin { digest, files, parts } = config;
            ConfigV1 { digest: text(digest), files: files.iter().map(text).collect(), parts: texts(parts) }
        },
        policy: policy.as_ref().map(|PlanOrigin { digest, files, parts }| PolicyV1 {
            digest: text(digest),
            files: files.iter().map(text).collect(),
            parts: texts(parts),
        }),
        assumed_policies: assumed.as_ref().map(Cow::Borrowed),
        observed: ObservedV1 {
            source: *source,
            captured_at: *captured_at,
            users: *users,
            unavailable: unavailable
                .iter()
                .map(|(fact, reason)| UnavailableV1 { fact: *fact, reason: text(reason) })
                .collect(),
            evidence: evidence.clone(),
        },
        summary: *summary,
        waivers: waivers.into(),
        refused: refused.into(),
        changes: Changes(changes),
        findings: Findings(findings),
        not_evaluated: not_evaluated
            .iter()
            .map(|NotEvaluated { rule, users, fact }| NotEvaluatedV1 {
                rule: (&**rule).into(),
                users: *users,
                fact: (&**fact).into(),
            })
            .collect(),
        checks: checks.into(),
        outputs: outputs
            .iter()
            .map(|(name, OutputValue { value, sensitive, description })| {
                let value = value.as_ref().filter(|_| !sensitive).map(Cow::Borrowed);
                (text(name), OutputV1 { value, sensitive: *sensitive, description: description.as_ref().map(text) })
            })
            .collect(),
        execution: Cow::Borrowed(execution),
        notes: notes.into(),
        targets: targets.iter().map(text).collect(),
        rolls_back: rolls_back.as_ref().map(text),
        blocks: blocks.iter().map(block).collect(),
        others: Others(others),
        replay: replay.as_ref().map(|replay| Cow::Owned(replay.kept())),
        digest: digest.to_string().into(),
        checksum: None,
    }
}

fn text(text: &Text) -> Str<'_> {
    text.as_str().into()
}

fn texts(parts: &BTreeMap<Text, Text>) -> BTreeMap<Str<'_>, Str<'_>> {
    parts.iter().map(|(name, hash)| (text(name), text(hash))).collect()
}

/// A block that claims users.
#[must_use]
pub fn block(PlanBlock { place: at, kind, owner, reason, until, replacement }: &PlanBlock) -> BlockV1<'_> {
    BlockV1 {
        place: place(at),
        kind: *kind,
        owner: owner.as_ref().map(text),
        reason: reason.as_ref().map(text),
        until: until.as_ref().map(text),
        replacement: replacement.as_ref().map(text),
    }
}

fn other(Bystander { user, state, claim }: &Bystander) -> OtherV1<'_> {
    let declared = match claim {
        Claimed::Declared(_, declared) => Some(*declared),
        Claimed::Unmanaged | Claimed::Protected(_) => None,
    };
    OtherV1 { user: change_user(user), state: observed_state(state), declared, block: claim.block() }
}

/// The user of a change.
#[must_use]
pub fn change_user(user: &ChangeUser) -> ChangeUserV1<'_> {
    let ChangeUser { id, user_principal_name, display_name, kind, registered } = user;
    ChangeUserV1 {
        id: user_id_text(*id).into(),
        user_principal_name: text(user_principal_name),
        display_name: display_name.as_ref().map(text),
        kind: *kind,
        registered: *registered,
    }
}

/// The raw value of a state that is not known is evidence of MFA045; here it would be one more state a reader has to know.
const fn observed_state(state: &ObservedState) -> StateV1 {
    match state {
        ObservedState::Known(MfaState::Disabled) => StateV1::Disabled,
        ObservedState::Known(MfaState::Enabled) => StateV1::Enabled,
        ObservedState::Known(MfaState::Enforced) => StateV1::Enforced,
        ObservedState::Unknown(_) => StateV1::Unknown,
    }
}

/// One change.
#[must_use]
pub fn change(change: &Change) -> ChangeV1<'_> {
    let Change {
        user,
        declared_by,
        before,
        after,
        effective,
        action,
        decision,
        wave,
        impact: Impact { modern_auth, legacy_auth, modern_policies, legacy_policies },
        findings,
    } = change;
    ChangeV1 {
        user: change_user(user),
        declared_by: declared_by.as_ref().map(place),
        before: observed_state(before),
        after: *after,
        effective: *effective,
        steps: Cow::Borrowed(change.steps()),
        action: *action,
        decision: decision.kind(),
        blocked_by: decision.blocked_by().iter().map(|rule| (&**rule).into()).collect(),
        wave: wave.as_ref().map(text),
        hold: decision.hold().map(|Hold { kind, until, reason, gate }| HoldV1 {
            kind: *kind,
            until: *until,
            reason: text(reason),
            gate: gate.as_deref().cloned(),
        }),
        impact: ImpactV1 {
            modern_auth: ProtocolV1 {
                before: modern_auth.0,
                after: modern_auth.1,
                policies: modern_policies.iter().map(text).collect(),
            },
            legacy_auth: ProtocolV1 {
                before: legacy_auth.0,
                after: legacy_auth.1,
                policies: legacy_policies.iter().map(text).collect(),
            },
        },
        findings: findings.iter().map(finding).collect(),
    }
}

fn place(Place { address, file, line }: &Place) -> PlaceV1<'_> {
    PlaceV1 { address: text(address), file: text(file), line: *line }
}

fn finding(finding: &Finding) -> FindingV1<'_> {
    let Finding { rule, name, severity, message, evidence, remediation, accepted } = finding;
    FindingV1 {
        rule: (&**rule).into(),
        name: (&**name).into(),
        severity: *severity,
        message: (&**message).into(),
        evidence: evidence
            .iter()
            .map(|Evidence { fact, value }| EvidenceV1 { fact: (&**fact).into(), value: Cow::Borrowed(value) })
            .collect(),
        remediation: (&**remediation).into(),
        accepted: accepted.as_deref().map(|Accepted { address, reason, expires, approved_by }| AcceptedV1 {
            address: address.as_str().into(),
            reason: reason.as_str().into(),
            expires: expires.as_str().into(),
            approved_by: approved_by.as_deref().map(Str::from),
        }),
    }
}

fn plan_finding(PlanFinding { finding: found, user, declared_by }: &PlanFinding) -> PlanFindingV1<'_> {
    PlanFindingV1 {
        finding: finding(found),
        user: user.as_ref().map(|FindingUser { id, user_principal_name, display_name }| FindingUserV1 {
            id: user_id_text(*id).into(),
            user_principal_name: text(user_principal_name),
            display_name: display_name.as_ref().map(text),
        }),
        declared_by: declared_by.as_ref().map(place),
    }
}
