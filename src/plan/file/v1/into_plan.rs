//! Document → [`Plan`]. Destructured without `..`: a new member must be thought about.

use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData, sync::Arc};

use serde::{Deserialize, Deserializer, de};

use super::{
    super::PlanFileError, AcceptedV1, BlockV1, ChangeUserV1, ChangeV1, ConfigV1, Document, EvidenceV1, FindingUserV1,
    FindingV1, HoldV1, ImpactV1, NotEvaluatedV1, ObservedV1, OtherV1, OutputV1, PlaceV1, PlanFindingV1, PolicyV1,
    StateV1, Str, TenantV1, UnavailableV1,
};
use crate::{
    desired::Hold,
    diff::{Decision, DecisionKind},
    json::intern::{phrase, shared},
    plan::{
        BlockKind, Bystander, Change, ChangeUser, Claimed, Digest, Impact, OutputValue, Plan, PlanBlock, PlanObserved,
        PlanOrigin, PlanTenant,
    },
    risk::{Accepted, Evidence, Finding, FindingUser, NotEvaluated, Place, PlanFinding},
    tenant::{MfaState, ObservedState, Text, UserId},
};

/// A document as read.
pub type Reading<'a> = Document<'a, Read<Change>, Read<PlanFinding>, Read<Bystander>>;

/// A list whose elements became part of the plan one by one, as they were read.
#[derive(Clone, Debug)]
pub struct Read<T>(pub Vec<T>);

/// What an element of the document becomes.
pub trait FromV1: Sized {
    /// The element.
    type V1<'a>: Deserialize<'a>;

    /// Converts it.
    ///
    /// # Errors
    /// An id that is none.
    fn from_v1(element: Self::V1<'_>) -> Result<Self, PlanFileError>;
}

impl<'de, T: FromV1> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);
        impl<'de, T: FromV1> de::Visitor<'de> for Visitor<T> {
            type Value = Read<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Read<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = seq.next_element()? {
                    list.push(T::from_v1(element).map_err(|error| match error {
                        PlanFileError::Shape(what) => de::Error::custom(what),
                        other => de::Error::custom(other),
                    })?);
                }
                Ok(Read(list))
            }
        }
        deserializer.deserialize_seq(Visitor(PhantomData))
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Read<Change> {
    fn schema_name() -> Cow<'static, str> {
        Vec::<ChangeV1<'_>>::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<ChangeV1<'_>>::json_schema(generator)
    }
    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Read<Bystander> {
    fn schema_name() -> Cow<'static, str> {
        Vec::<OtherV1<'_>>::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<OtherV1<'_>>::json_schema(generator)
    }
    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
impl schemars::JsonSchema for Read<PlanFinding> {
    fn schema_name() -> Cow<'static, str> {
        Vec::<PlanFindingV1<'_>>::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<PlanFindingV1<'_>>::json_schema(generator)
    }
    fn inline_schema() -> bool {
        true
    }
}

/// The plan of a document.
///
/// # Errors
/// An id or a digest that is none.
pub fn into_plan(document: Reading<'_>) -> Result<Plan, PlanFileError> {
    let Document {
        format_version: _,
        mfaplan_version,
        created_at,
        as_of,
        tenant: TenantV1 { id, name, cloud },
        config,
        policy,
        assumed_policies,
        observed: ObservedV1 { source, captured_at, users, unavailable, evidence },
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
        targets,
        rolls_back,
        blocks,
        others,
        replay,
        digest,
        checksum: _,
    } = document;
    let blocks: Vec<_> = blocks.into_iter().map(block).collect();
    check_claims(&blocks, &others.0)?;
    if replay.as_ref().is_some_and(|replay| !replay.is_consistent()) {
        return Err(PlanFileError::Shape("replay: its totals are not those of its changes".to_owned()));
    }
    Ok(Plan {
        mfaplan_version: text(&mfaplan_version),
        created_at,
        as_of,
        tenant: PlanTenant { id: parse(&id, "tenant.id")?, name: text(&name), cloud: text(&cloud) },
        config: {
            let ConfigV1 { digest, files, parts } = config;
            PlanOrigin { digest: text(&digest), files: files.iter().map(text).collect(), parts: texts(&parts) }
        },
        policy: policy.map(|PolicyV1 { digest, files, parts }| PlanOrigin {
            digest: text(&digest),
            files: files.iter().map(text).collect(),
            parts: texts(&parts),
        }),
        assumed: assumed_policies.map(Cow::into_owned),
        observed: PlanObserved {
            source,
            captured_at,
            users,
            unavailable: unavailable.iter().map(|UnavailableV1 { fact, reason }| (*fact, text(reason))).collect(),
            evidence,
        },
        summary,
        waivers: waivers.into_owned(),
        refused: refused.into_owned(),
        changes: changes.0,
        targets: targets.iter().map(text).collect(),
        rolls_back: rolls_back.as_ref().map(text),
        blocks,
        others: others.0,
        replay: replay.map(Cow::into_owned),
        findings: findings.0,
        not_evaluated: not_evaluated
            .into_iter()
            .map(|NotEvaluatedV1 { rule, users, fact }| NotEvaluated {
                rule: phrase(&rule),
                users,
                fact: phrase(&fact),
            })
            .collect(),
        checks: checks.into_owned(),
        outputs: outputs
            .into_iter()
            .map(|(name, OutputV1 { value, sensitive, description })| {
                let description = description.as_ref().map(text);
                (text(&name), OutputValue { value: value.map(Cow::into_owned), sensitive, description })
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

fn text(text: &Str<'_>) -> Text {
    Text::from(&**text)
}

fn texts(parts: &BTreeMap<Str<'_>, Str<'_>>) -> BTreeMap<Text, Text> {
    parts.iter().map(|(name, hash)| (text(name), text(hash))).collect()
}

/// Exactly as long as needed: lists of one or two elements are what a plan in memory mostly consists of.
fn exact<T, U>(list: Vec<T>, convert: impl FnMut(T) -> U) -> Vec<U> {
    let mut converted = Vec::with_capacity(list.len());
    converted.extend(list.into_iter().map(convert));
    converted
}

fn block(BlockV1 { place: at, kind, owner, reason, until, replacement }: BlockV1<'_>) -> PlanBlock {
    let text = |one: Option<Str<'_>>| one.as_ref().map(text);
    PlanBlock {
        place: place(&at),
        kind,
        owner: text(owner),
        reason: text(reason),
        until: text(until),
        replacement: text(replacement),
    }
}

/// Every claim names a block that is there, of a kind that makes such claims.
fn check_claims(blocks: &[PlanBlock], others: &[Bystander]) -> Result<(), PlanFileError> {
    let fits = |one: &Bystander| match one.claim {
        Claimed::Unmanaged => true,
        Claimed::Protected(block) => blocks.get(block as usize).is_some_and(|one| one.kind != BlockKind::Mfa),
        Claimed::Declared(block, _) => blocks.get(block as usize).is_some_and(|one| one.kind == BlockKind::Mfa),
    };
    match others.iter().position(|one| !fits(one)) {
        None => Ok(()),
        Some(at) => Err(PlanFileError::Shape(format!("others[{at}].block names no block that claims users so"))),
    }
}

impl FromV1 for Bystander {
    type V1<'a> = OtherV1<'a>;

    fn from_v1(OtherV1 { user, state, declared, block }: OtherV1<'_>) -> Result<Self, PlanFileError> {
        let claim = match (block, declared) {
            (None, None) => Claimed::Unmanaged,
            (Some(block), None) => Claimed::Protected(block),
            (Some(block), Some(state)) => Claimed::Declared(block, state),
            (None, Some(_)) => {
                return Err(PlanFileError::Shape("others[]: a state is declared and no block declares it".to_owned()));
            }
        };
        Ok(Self { user: change_user(user, "others[].user.id")?, state: observed_state(state), claim })
    }
}

fn change_user(user: ChangeUserV1<'_>, member: &str) -> Result<ChangeUser, PlanFileError> {
    let ChangeUserV1 { id, user_principal_name, display_name, kind, registered } = user;
    Ok(ChangeUser {
        id: parse::<UserId>(&id, member)?,
        user_principal_name: text(&user_principal_name),
        display_name: display_name.as_ref().map(text),
        kind,
        registered,
    })
}

const fn observed_state(state: StateV1) -> ObservedState {
    match state {
        StateV1::Disabled => ObservedState::Known(MfaState::Disabled),
        StateV1::Enabled => ObservedState::Known(MfaState::Enabled),
        StateV1::Enforced => ObservedState::Known(MfaState::Enforced),
        StateV1::Unknown => ObservedState::Unknown(None),
    }
}

impl FromV1 for Change {
    type V1<'a> = ChangeV1<'a>;

    fn from_v1(change: ChangeV1<'_>) -> Result<Self, PlanFileError> {
        let ChangeV1 {
            user,
            declared_by,
            before,
            after,
            effective,
            steps,
            action,
            decision: word,
            blocked_by,
            wave,
            hold,
            impact: ImpactV1 { modern_auth, legacy_auth },
            findings,
        } = change;
        let change = Self {
            user: change_user(user, "changes[].user.id")?,
            declared_by: declared_by.as_ref().map(place),
            before: observed_state(before),
            after,
            effective,
            action,
            decision: decision(word, &blocked_by, hold)?,
            wave: wave.as_ref().map(|wave| shared(wave)),
            impact: Impact {
                modern_auth: (modern_auth.before, modern_auth.after),
                legacy_auth: (legacy_auth.before, legacy_auth.after),
                modern_policies: modern_auth.policies.iter().map(|one| shared(one)).collect(),
                legacy_policies: legacy_auth.policies.iter().map(|one| shared(one)).collect(),
            },
            findings: exact(findings, finding),
        };
        if *steps != *change.steps() {
            let of = change.user.user_principal_name.escape_debug();
            return Err(PlanFileError::Disagrees {
                member: "changes[].steps".to_owned(),
                what: format!("of {of} are not those from {} to {after}", change.before.as_str()),
            });
        }
        Ok(change)
    }
}

fn decision(kind: DecisionKind, by: &[Str<'_>], hold: Option<HoldV1<'_>>) -> Result<Decision, PlanFileError> {
    let hold = hold.map(|HoldV1 { kind, until, reason, gate }| Hold {
        kind,
        until,
        reason: shared(&reason),
        gate: gate.map(Box::new),
    });
    let wrong = |what: &str| Err(PlanFileError::Shape(format!("changes[].decision is \"{}\" {what}", kind.as_str())));
    match (kind, by, hold) {
        (DecisionKind::Apply, [], then) => Ok(Decision::Apply { then }),
        (DecisionKind::Hold, [], Some(hold)) => Ok(Decision::Hold(hold)),
        (DecisionKind::Hold, [], None) => wrong("and says not why: `hold` is missing"),
        (DecisionKind::Block, [], _) => wrong("and says not by what: `blocked_by` is missing"),
        (DecisionKind::Block, by, hold) => {
            Ok(Decision::Block { by: by.iter().map(|rule| phrase(rule)).collect(), hold })
        }
        (DecisionKind::Apply | DecisionKind::Hold, _, _) => wrong("and has `blocked_by`"),
    }
}

fn place(PlaceV1 { address, file, line }: &PlaceV1<'_>) -> Place {
    Place { address: shared(address), file: shared(file), line: *line }
}

fn finding(finding: FindingV1<'_>) -> Finding {
    let FindingV1 { rule, name, severity, message, evidence, remediation, accepted } = finding;
    Finding {
        rule: phrase(&rule),
        name: phrase(&name),
        severity,
        message: phrase(&message),
        evidence: exact(evidence, |EvidenceV1 { fact, value }| Evidence {
            fact: phrase(&fact),
            value: value.into_owned(),
        }),
        remediation: phrase(&remediation),
        accepted: accepted.map(|AcceptedV1 { address, reason, expires, approved_by }| {
            Arc::new(Accepted {
                address: address.0.into_owned(),
                reason: reason.0.into_owned(),
                expires: expires.0.into_owned(),
                approved_by: approved_by.map(|by| by.0.into_owned()),
            })
        }),
    }
}

impl FromV1 for PlanFinding {
    type V1<'a> = PlanFindingV1<'a>;

    fn from_v1(found: PlanFindingV1<'_>) -> Result<Self, PlanFileError> {
        let PlanFindingV1 { finding: inner, user, declared_by } = found;
        let user = match user {
            None => None,
            Some(FindingUserV1 { id, user_principal_name, display_name }) => Some(FindingUser {
                id: parse::<UserId>(&id, "findings[].user.id")?,
                user_principal_name: text(&user_principal_name),
                display_name: display_name.as_ref().map(text),
            }),
        };
        Ok(Self { finding: finding(inner), user, declared_by: declared_by.as_ref().map(place) })
    }
}
