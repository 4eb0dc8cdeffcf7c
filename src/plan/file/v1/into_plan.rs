//! Document → [`Plan`]. Destructured without `..`: a new member must be thought about.

use std::{borrow::Cow, sync::Arc};

use super::{
    super::PlanFileError, AcceptedV1, ChangeUserV1, ChangeV1, ConfigV1, Document, EvidenceV1, FindingUserV1, FindingV1,
    HoldV1, ImpactV1, NotEvaluatedV1, ObservedV1, OutputV1, PlaceV1, PlanFindingV1, StateV1, TenantV1, UnavailableV1,
};
use crate::{
    desired::Hold,
    plan::{Change, ChangeUser, Digest, Impact, OutputValue, Plan, PlanConfig, PlanObserved, PlanTenant},
    risk::{Accepted, Evidence, Finding, FindingUser, NotEvaluated, Place, PlanFinding},
    tenant::{MfaState, ObservedState, Text, UserId},
};

/// A document as read.
pub type Owned = Document<'static, Vec<ChangeV1<'static>>, Vec<PlanFindingV1<'static>>>;

/// The plan of a document.
///
/// # Errors
/// An id or a digest that is none.
pub fn into_plan(document: Owned) -> Result<Plan, PlanFileError> {
    let Document {
        format_version: _,
        mfaplan_version,
        created_at,
        as_of,
        tenant: TenantV1 { id, name, cloud },
        config: ConfigV1 { digest: config_digest, files },
        observed: ObservedV1 { source, captured_at, users, unavailable },
        summary,
        waivers,
        refused,
        changes,
        findings,
        not_evaluated,
        checks,
        outputs,
        execution,
        notes,
        digest,
        checksum: _,
    } = document;
    Ok(Plan {
        mfaplan_version: mfaplan_version.into(),
        created_at,
        as_of,
        tenant: PlanTenant { id: parse(&id, "tenant.id")?, name: name.into(), cloud: cloud.into() },
        config: PlanConfig { digest: config_digest.into(), files: files.into_iter().map(Text::from).collect() },
        observed: PlanObserved {
            source,
            captured_at,
            users,
            unavailable: unavailable.into_iter().map(|UnavailableV1 { fact, reason }| (fact, reason.into())).collect(),
        },
        summary,
        waivers: waivers.into_owned(),
        refused: refused.into_owned(),
        changes: changes.into_iter().map(change).collect::<Result<_, _>>()?,
        findings: findings.into_iter().map(plan_finding).collect::<Result<_, _>>()?,
        not_evaluated: not_evaluated
            .into_iter()
            .map(|NotEvaluatedV1 { rule, users, fact }| NotEvaluated { rule, users, fact })
            .collect(),
        checks: checks.into_owned(),
        outputs: outputs
            .into_iter()
            .map(|(name, OutputV1 { value, sensitive })| {
                (name.into(), OutputValue { value: value.map(Cow::into_owned), sensitive })
            })
            .collect(),
        execution: execution.into_owned(),
        notes: notes.into_owned(),
        digest: parse_digest(&digest)?,
    })
}

fn parse<T: std::str::FromStr>(text: &str, member: &str) -> Result<T, PlanFileError> {
    text.parse().map_err(|_| PlanFileError::Shape(format!("{member} is not a GUID: {text:?}")))
}

fn parse_digest(text: &str) -> Result<Digest, PlanFileError> {
    text.strip_prefix("sha256:")
        .filter(|hex| hex.len() == 64 && hex.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f')))
        .map(|hex| Digest(hex.into()))
        .ok_or_else(|| PlanFileError::Shape(format!("digest is not a SHA-256: {text:?}")))
}

fn change(change: ChangeV1<'static>) -> Result<Change, PlanFileError> {
    let ChangeV1 {
        user: ChangeUserV1 { id, user_principal_name, display_name, kind, registered },
        declared_by,
        before,
        after,
        effective,
        steps: _, // Follows from before and after.
        action,
        decision,
        hold,
        impact: ImpactV1 { modern_auth, legacy_auth },
        findings,
    } = change;
    Ok(Change {
        user: ChangeUser {
            id: parse::<UserId>(&id, "changes[].user.id")?,
            user_principal_name: user_principal_name.into(),
            display_name: display_name.map(Text::from),
            kind,
            registered,
        },
        declared_by: declared_by.map(place),
        before: match before {
            StateV1::Disabled => MfaState::Disabled.into(),
            StateV1::Enabled => MfaState::Enabled.into(),
            StateV1::Enforced => MfaState::Enforced.into(),
            StateV1::Unknown => ObservedState::Unknown(None),
        },
        after,
        effective,
        action,
        decision,
        hold: hold.map(|HoldV1 { until, reason }| Hold { until, reason: reason.into() }),
        impact: Impact {
            modern_auth: (modern_auth.before, modern_auth.after),
            legacy_auth: (legacy_auth.before, legacy_auth.after),
        },
        findings: findings.into_iter().map(finding).collect(),
    })
}

fn place(PlaceV1 { address, file, line }: PlaceV1<'static>) -> Place {
    Place { address: address.into(), file: file.into(), line }
}

fn finding(finding: FindingV1<'static>) -> Finding {
    let FindingV1 { rule, name, severity, message, evidence, remediation, accepted } = finding;
    Finding {
        rule,
        name,
        severity,
        message,
        evidence: evidence
            .into_iter()
            .map(|EvidenceV1 { fact, value }| Evidence { fact, value: value.into_owned() })
            .collect(),
        remediation,
        accepted: accepted.map(|AcceptedV1 { address, reason, expires, approved_by }| {
            Arc::new(Accepted {
                address: address.into_owned(),
                reason: reason.into_owned(),
                expires: expires.into_owned(),
                approved_by: approved_by.map(Cow::into_owned),
            })
        }),
    }
}

fn plan_finding(found: PlanFindingV1<'static>) -> Result<PlanFinding, PlanFileError> {
    let PlanFindingV1 { finding: inner, user, declared_by } = found;
    let user = match user {
        None => None,
        Some(FindingUserV1 { id, user_principal_name, display_name }) => Some(FindingUser {
            id: parse::<UserId>(&id, "findings[].user.id")?,
            user_principal_name: user_principal_name.into(),
            display_name: display_name.map(Text::from),
        }),
    };
    Ok(PlanFinding { finding: finding(inner), user, declared_by: declared_by.map(place) })
}
