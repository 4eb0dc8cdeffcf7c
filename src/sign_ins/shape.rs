//! What a record looks like, apart from whose it is and when: the shape that many records share.

use super::{Record, Set, mfa::Mfa as Said};
use crate::tenant::{CellPolicy, Mfa, SignInShape, Text};

/// Longest client product kept, in bytes.
const MAX_PRODUCT: usize = 64;

/// The shape of a record, its texts out of `texts` where they are known.
pub(super) fn of(record: &Record<'_>, texts: &mut Set<Text>) -> SignInShape {
    let Record {
        at: _,
        kind,
        outcome,
        error_code,
        requirement,
        mfa,
        protocol,
        app_password,
        asked_by,
        policies,
        client_app,
        address: _,
        app_id,
        app_name,
        resource,
        user_agent,
    } = record;
    let mut text = |text: &str| intern(texts, text);
    SignInShape {
        app: text(app_id),
        app_name: Some(*app_name).filter(|name| !name.is_empty()).map(&mut text),
        resource: Some(*resource).filter(|id| !id.is_empty()).map(&mut text),
        client: text(client_app.trim()),
        kind: *kind,
        protocol: *protocol,
        requirement: *requirement,
        mfa: match mfa {
            Said::Done => Mfa::Done,
            Said::Claim => Mfa::Claim,
            Said::None => Mfa::None,
            Said::Skipped(reason) => Mfa::Skipped(text(reason)),
        },
        outcome: *outcome,
        error_code: *error_code,
        asked_by: asked_by.as_ref().map(|all| all.iter().map(|one| text(one)).collect()),
        policies: policies
            .as_ref()
            .map(|all| all.iter().map(|(id, result)| CellPolicy { id: text(id), result: text(result) }).collect()),
        app_password: *app_password,
        product: first_product(user_agent).map(&mut text),
    }
}

/// Writes what makes the shape of a record, so that equal shapes and no others are spelled alike: every text with its
/// length before it, every list with its own, and a length that none can have where there is nothing.
pub(super) fn spell(record: &Record<'_>, out: &mut Vec<u8>) {
    let Record {
        at: _,
        kind,
        outcome,
        error_code,
        requirement,
        mfa,
        protocol,
        app_password,
        asked_by,
        policies,
        client_app,
        address: _,
        app_id,
        app_name,
        resource,
        user_agent,
    } = record;
    out.clear();
    let requirement = requirement.map_or(0, |one| 1 + one as u8);
    let (mfa, reason) = match mfa {
        Said::Done => (0, ""),
        Said::Claim => (1, ""),
        Said::None => (2, ""),
        Said::Skipped(reason) => (3, *reason),
    };
    out.extend([*kind as u8, *outcome as u8, *protocol as u8, u8::from(*app_password), requirement, mfa]);
    out.extend(error_code.map_or(u64::MAX, u64::from).to_le_bytes());
    let length = |out: &mut Vec<u8>, length: Option<usize>| {
        out.extend(length.map_or(u32::MAX, |length| length as u32).to_le_bytes());
    };
    let text = |out: &mut Vec<u8>, text: &str| {
        length(out, Some(text.len()));
        out.extend(text.as_bytes());
    };
    for one in [app_id, app_name, resource, client_app.trim(), reason, first_product(user_agent).unwrap_or_default()] {
        text(out, one);
    }
    length(out, asked_by.as_ref().map(Vec::len));
    asked_by.iter().flatten().for_each(|one| text(out, one));
    length(out, policies.as_ref().map(Vec::len));
    for (id, result) in policies.iter().flatten() {
        text(out, id);
        text(out, result);
    }
}

/// The first product of a user agent: `python-requests/2.31.0` of `python-requests/2.31.0 (x; y)`.
fn first_product(agent: &str) -> Option<&str> {
    let product = agent.split_whitespace().next()?;
    Some(&product[..product.floor_char_boundary(MAX_PRODUCT)])
}

/// The one copy of a text.
pub(super) fn intern(texts: &mut Set<Text>, text: &str) -> Text {
    if let Some(known) = texts.get(text) {
        return known.clone();
    }
    let new = Text::from(text);
    texts.insert(new.clone());
    new
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tenant::{Outcome, Protocol, Requirement, SignInKind};

    /// Texts that would be mistaken for one another if they were only written one after the other.
    fn word() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["", "a", "b", "ab", "?", " a "])
    }

    fn records() -> impl Strategy<Value = Record<'static>> {
        let words = || prop::option::of(prop::collection::vec(word(), 0..3));
        let pairs = prop::option::of(prop::collection::vec((word(), word()), 0..3));
        let code = prop::option::of(0..3_u32);
        let mfa = prop_oneof![Just(Said::None), Just(Said::Done), word().prop_map(Said::Skipped)];
        (word(), word(), word(), word(), words(), pairs, code, mfa).prop_map(
            |(client_app, app_id, app_name, user_agent, asked_by, policies, error_code, mfa)| Record {
                at: jiff::Timestamp::UNIX_EPOCH,
                kind: SignInKind::Interactive,
                outcome: Outcome::Success,
                error_code,
                requirement: error_code.map(|_| Requirement::Multi),
                mfa,
                protocol: Protocol::Other,
                app_password: false,
                asked_by,
                policies,
                client_app,
                address: "",
                app_id,
                app_name,
                resource: "",
                user_agent,
            },
        )
    }

    proptest! {
        #[test]
        fn equal_shapes_and_no_others_are_spelled_alike(one in records(), other in records()) {
            let spelled = |record: &Record<'_>| {
                let mut out = Vec::new();
                spell(record, &mut out);
                out
            };
            let mut texts = Set::default();
            let alike = of(&one, &mut texts) == of(&other, &mut texts);
            prop_assert_eq!(spelled(&one) == spelled(&other), alike);
        }
    }
}
