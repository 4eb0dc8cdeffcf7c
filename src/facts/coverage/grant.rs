//! What a policy's grant controls ask for.

use crate::tenant::{AuthenticationStrength, GrantControls};

/// What it takes to satisfy a policy, as far as MFA is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grant {
    /// MFA, whatever else.
    Mfa,
    /// MFA is only one of the alternatives.
    Alternative,
    /// An authentication strength that is not MFA.
    WeakStrength,
    /// A third party's second factor, which Microsoft Entra ID does not take for MFA.
    ThirdParty,
    /// Nothing that has to do with MFA.
    None,
}

/// Does `controls` ask for every one of them, or is one enough? A null operator counts as `OR`, the weaker reading;
/// with one control there is no difference.
fn every_control_is_needed(controls: &GrantControls) -> bool {
    controls.operator.as_ref().is_some_and(|operator| operator.eq_ignore_ascii_case("AND"))
}

fn count(controls: &GrantControls) -> usize {
    let GrantControls {
        operator: _,
        built_in_controls,
        custom_authentication_factors,
        terms_of_use,
        authentication_strength,
        other: _,
    } = controls;
    built_in_controls.len()
        + custom_authentication_factors.len()
        + terms_of_use.len()
        + usize::from(authentication_strength.is_some())
}

fn built_in(controls: &GrantControls, words: &[&str]) -> usize {
    let is = |one: &&crate::tenant::Text| words.iter().any(|word| one.eq_ignore_ascii_case(word));
    controls.built_in_controls.iter().filter(is).count()
}

/// Reads grant controls.
pub(super) fn of(controls: &GrantControls) -> Grant {
    let strength = controls.authentication_strength.as_ref();
    let mfa = built_in(controls, &["mfa"]) + usize::from(strength.is_some_and(is_mfa));
    if mfa == 0 {
        return if strength.is_some() {
            Grant::WeakStrength
        } else if controls.custom_authentication_factors.is_empty() {
            Grant::None
        } else {
            Grant::ThirdParty
        };
    }
    if every_control_is_needed(controls) || mfa == count(controls) { Grant::Mfa } else { Grant::Alternative }
}

/// Does it block whoever it applies to?
pub(super) fn blocks(controls: &GrantControls) -> bool {
    built_in(controls, &["block"]) > 0
}

/// The strength that must be met, whatever else: not one of several alternatives.
pub(super) fn required_strength(controls: &GrantControls) -> Option<&AuthenticationStrength> {
    let strength = controls.authentication_strength.as_ref()?;
    (every_control_is_needed(controls) || count(controls) == 1).then_some(strength)
}

/// Can legacy clients satisfy it? Exchange ActiveSync, and all others. None of them can do MFA; all but ActiveSync cannot
/// show a device either (Microsoft, "Block legacy authentication with Conditional Access").
pub(super) fn keeps_out_legacy(controls: &GrantControls) -> (bool, bool) {
    let strength = usize::from(controls.authentication_strength.as_ref().is_some_and(is_mfa));
    let mfa = built_in(controls, &["mfa", "block"]) + strength;
    let device = built_in(controls, &["compliantDevice", "domainJoinedDevice"]);
    let enough = |unmet: usize| {
        if every_control_is_needed(controls) { unmet > 0 } else { unmet > 0 && unmet == count(controls) }
    };
    (blocks(controls) || enough(mfa), blocks(controls) || enough(mfa + device))
}

/// Does meeting the strength mean MFA? Microsoft's three built-in strengths do, also where an export left out
/// `requirementsSatisfied` (Microsoft Graph, "authenticationStrengthPolicy resource type").
fn is_mfa(strength: &AuthenticationStrength) -> bool {
    const BUILT_IN: [&str; 3] = [
        "00000000-0000-0000-0000-000000000002",
        "00000000-0000-0000-0000-000000000003",
        "00000000-0000-0000-0000-000000000004",
    ];
    let AuthenticationStrength { id, display_name: _, requirements_satisfied, allowed_combinations: _, other: _ } =
        strength;
    requirements_satisfied.split(',').any(|one| one.trim().eq_ignore_ascii_case("mfa"))
        || requirements_satisfied.is_empty() && BUILT_IN.iter().any(|one| *one == id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::Text;

    fn texts(all: &[&str]) -> Vec<Text> {
        all.iter().map(|one| Text::from(*one)).collect()
    }

    fn controls(operator: Option<&str>, built_in_controls: &[&str]) -> GrantControls {
        let (operator, built_in_controls) = (operator.map(Text::from), texts(built_in_controls));
        GrantControls { operator, built_in_controls, ..GrantControls::default() }
    }

    fn of_strength(id: &str, requirements_satisfied: &str) -> Option<AuthenticationStrength> {
        let (id, requirements_satisfied) = (id.into(), requirements_satisfied.into());
        Some(AuthenticationStrength { id, requirements_satisfied, ..AuthenticationStrength::default() })
    }

    /// Of each policy what it takes, and whether Exchange ActiveSync and all other legacy clients are kept out.
    #[test]
    fn one_control_suffices_unless_every_one_is_needed() {
        let (or, and) = (Some("OR"), Some("and"));
        let rows = [
            (or, &["mfa"][..], Grant::Mfa, (true, true)),
            (None, &["mfa"], Grant::Mfa, (true, true)),
            (or, &["MFA", "compliantDevice"], Grant::Alternative, (false, true)),
            (None, &["mfa", "compliantDevice"], Grant::Alternative, (false, true)),
            (and, &["mfa", "compliantDevice"], Grant::Mfa, (true, true)),
            (or, &["mfa", "approvedApplication"], Grant::Alternative, (false, false)),
            (and, &["mfa", "approvedApplication"], Grant::Mfa, (true, true)),
            (or, &["compliantDevice", "domainJoinedDevice"], Grant::None, (false, true)),
            (and, &["compliantDevice"], Grant::None, (false, true)),
            (and, &["approvedApplication"], Grant::None, (false, false)),
            (or, &["approvedApplication"], Grant::None, (false, false)),
            (or, &["block"], Grant::None, (true, true)),
            (or, &[], Grant::None, (false, false)),
            (and, &[], Grant::None, (false, false)),
        ];
        for (operator, words, grant, legacy) in rows {
            let controls = controls(operator, words);
            assert_eq!((of(&controls), keeps_out_legacy(&controls)), (grant, legacy), "{operator:?} {words:?}");
            assert_eq!(blocks(&controls), words.contains(&"block"), "{words:?}");
        }
    }

    #[test]
    fn every_other_control_is_one_more_way_in() {
        let others: [fn(&mut GrantControls); 3] = [
            |one| one.custom_authentication_factors = texts(&["Fabrikam Verify"]),
            |one| one.terms_of_use = texts(&["terms"]),
            |one| one.authentication_strength = of_strength("own", "none"),
        ];
        for (place, other) in others.into_iter().enumerate() {
            for (operator, grant, legacy) in
                [(Some("OR"), Grant::Alternative, (false, false)), (Some("AND"), Grant::Mfa, (true, true))]
            {
                let mut controls = controls(operator, &["mfa"]);
                other(&mut controls);
                assert_eq!((of(&controls), keeps_out_legacy(&controls)), (grant, legacy), "{operator:?}, {place}");
                let needed = place == 2 && operator == Some("AND");
                assert_eq!(required_strength(&controls).is_some(), needed, "{operator:?}, {place}");
            }
            let mut alone = controls(None, &[]);
            other(&mut alone);
            let grant = [Grant::ThirdParty, Grant::None, Grant::WeakStrength][place];
            assert_eq!((of(&alone), keeps_out_legacy(&alone)), (grant, (false, false)), "{place}");
            assert_eq!(required_strength(&alone).is_some(), place == 2, "{place}");
        }
    }

    #[test]
    fn a_strength_is_mfa_by_its_word_or_by_its_id_where_no_word_was_exported() {
        let built_in = "00000000-0000-0000-0000-000000000003";
        for (id, satisfied, is) in [
            ("own", "mfa", true),
            ("own", "unknownFutureValue, MFA", true),
            ("own", "none", false),
            ("own", "", false),
            (built_in, "", true),
            (built_in, "none", false),
            ("00000000-0000-0000-0000-000000000009", "", false),
        ] {
            let mut controls = controls(None, &[]);
            controls.authentication_strength = of_strength(id, satisfied);
            let grant = if is { Grant::Mfa } else { Grant::WeakStrength };
            assert_eq!((of(&controls), keeps_out_legacy(&controls)), (grant, (is, is)), "{id}: {satisfied}");
        }
    }
}
