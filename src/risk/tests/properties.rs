//! Unknown is never safer than known bad; a missing fact never makes a rule fall silent; waivers touch only their own.

use proptest::{prelude::*, sample::select};

use crate::{
    facts::recognise,
    risk::{RuleKind, registry, testing::*},
    tenant::{LastSignIn, MailboxPurpose, UserType},
};

/// A change to the world that makes a fact bad, or unknown, or leaves it.
type Twist = fn(&mut World);

/// Bad facts, each by itself.
const BAD: &[Twist] = &[
    |w| w.sign_ins().ropc = Some(7),
    |w| w.legacy("Authenticated SMTP", 4),
    |w| w.legacy("IMAP4", 4),
    |w| w.sign_ins().app_password = Some(2),
    |w| {
        w.user().registered = Some(false);
        w.user().methods = Some([].into());
        w.user().mfa_capable = Some(false);
    },
    |w| w.user().mfa_capable = Some(false),
    |w| w.user().methods = Some(["mobilePhone".into()].into()),
    |w| w.user().directory_roles = Some([global_admin()].into()),
    |w| w.user().mailbox_purpose = Some(MailboxPurpose::Shared),
    |w| w.user().mailbox_purpose = Some(MailboxPurpose::Room),
    |w| w.user().user_type = Some(UserType::Guest),
    |w| w.user().licenses = Some(["SPE_F3".into()].into()),
    |w| w.user().licenses = Some(["MEETING_ROOM".into()].into()),
    |w| w.user().last_password_change = Some(days_ago(900)),
    |w| w.user().account_enabled = Some(false),
    |w| w.federate("contoso.com", None),
    |w| {
        let id = w.user().id;
        w.policies = Some(vec![excluding(policy("one"), id), excluding(policy("two"), id)]);
    },
    |w| w.policies = Some(vec![policy("all")]),
    |w| w.operator = Some(w.users[0].id),
    |w| w.user().user_principal_name = "root@contoso.onmicrosoft.com".into(),
    |w| {
        w.asleep();
        w.user().last_sign_in = LastSignIn::Never;
    },
];

/// Facts taken away.
const UNKNOWN: &[Twist] = &[
    |w| w.user().sign_ins = None,
    |w| w.user().methods = None,
    |w| {
        w.user().registered = None;
        w.user().methods = None;
        w.user().mfa_capable = None;
    },
    |w| w.user().mfa_capable = None,
    |w| w.user().directory_roles = None,
    |w| w.user().mailbox_purpose = None,
    |w| w.user().user_type = None,
    |w| w.user().licenses = None,
    |w| w.user().account_enabled = None,
    |w| w.domains = None,
    |w| w.policies = None,
    |w| w.user().member_of = None,
    |w| w.security_defaults = None,
    |w| w.user().last_sign_in = LastSignIn::Unknown,
];

/// Known bad facts that an unknown one may turn out to be; each must be at least as severe as not knowing.
const TIGHTEN: &[(Twist, Twist)] = &[
    (|w| w.user().sign_ins = None, |w| w.sign_ins().ropc = Some(3)),
    // Not the Global Administrator: their telephones go on working longer than anybody else's, which is milder.
    (|w| w.user().directory_roles = None, |w| w.user().directory_roles = Some([user_admin()].into())),
    (|w| w.policies = None, |w| w.policies = Some(Vec::new())),
    (|w| w.security_defaults = None, |w| w.security_defaults = Some(false)),
    (|w| w.user().mailbox_purpose = None, |w| w.user().mailbox_purpose = Some(MailboxPurpose::Shared)),
    (|w| w.user().user_type = None, |w| w.user().user_type = Some(UserType::Guest)),
    (|w| w.user().licenses = None, |w| w.user().licenses = Some(["MEETING_ROOM".into()].into())),
    (|w| w.user().account_enabled = None, |w| w.user().account_enabled = Some(false)),
];

fn world(moves: (MfaState, MfaState), twists: &[Twist]) -> World {
    let mut world = World::new();
    twists.iter().for_each(|twist| twist(&mut world));
    world.change(moves.0, moves.1);
    world
}

fn moves() -> impl Strategy<Value = (MfaState, MfaState)> {
    select(vec![
        (Disabled, Enabled),
        (Disabled, Enforced),
        (Enabled, Enforced),
        (Enforced, Enabled),
        (Enforced, Disabled),
    ])
}

fn twists(from: &'static [Twist]) -> impl Strategy<Value = Vec<Twist>> {
    proptest::collection::vec(select(from), 0..4)
}

/// Does the log of the world's first user have sign-ins that the date of their last one rules out? Then whichever of the
/// two is taken away, the other one says something else.
fn contradicts_itself(world: &World) -> bool {
    let user = &world.users[0];
    let is_long_ago = match user.last_sign_in {
        LastSignIn::At(at) => recognise::days_between(at, world.config.instant) > 30,
        LastSignIn::Never => true,
        LastSignIn::Unknown => false,
    };
    is_long_ago && user.sign_ins.as_deref().and_then(recognise::any_sign_in) == Some(true)
}

/// What the rules say of a world, and the same world without a fact; nothing where the world contradicts itself.
fn with_and_without(moves: (MfaState, MfaState), bad: &[Twist], unknown: Twist) -> Option<(Outcome, World)> {
    let before = world(moves, bad);
    if contradicts_itself(&before) {
        return None;
    }
    let twisted = [bad, &[unknown]].concat();
    Some((before.run(), world(moves, &twisted)))
}

/// The rules for which the change of the world's first user is withheld.
fn withheld(outcome: &Outcome) -> Vec<&str> {
    let critical = outcome.changes.findings[0].iter().filter(|one| one.severity == Severity::Critical);
    let unknown = outcome.changes.behaviour_unknown[0].then_some("MFA009");
    critical.map(|one| &*one.rule).chain(unknown).collect()
}

fn worst(world: World) -> Option<Severity> {
    world.run().changes.findings.iter().flatten().map(|one| one.severity).max()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_missing_fact_never_makes_a_rule_silent(moves in moves(), bad in twists(BAD), unknown in select(UNKNOWN)) {
        let Some((before, twisted)) = with_and_without(moves, &bad, unknown) else { return Ok(()) };
        let counted = twisted.users[0].sign_ins.as_deref().and_then(recognise::any_sign_in);
        let after = twisted.run();
        for rule in registry().iter().filter(|rule| rule.kind() == RuleKind::Change) {
            let known_otherwise = match rule.id {
                // A score is a sum: what is not known adds nothing, and the lines say so.
                "MFA008" | "MFA009" | "MFA010" | "MFA011" => true,
                // Registered methods count unless the report says that they cannot use them: MFA022 says if it does not.
                "MFA020" => after.of("MFA022") == Blind,
                // Without a date, the counts tell whether somebody uses the account.
                "MFA028" => counted == Some(true),
                _ => false,
            };
            if !known_otherwise && matches!(before.of(rule.id), Fires(_)) {
                prop_assert_ne!(after.of(rule.id), Silent, "{} fell silent", rule.id);
            }
        }
    }

    #[test]
    fn what_a_fact_made_worse_is_not_made_better_unseen_when_the_fact_goes(
        moves in moves(), bad in twists(BAD), unknown in select(UNKNOWN),
    ) {
        let Some((before, twisted)) = with_and_without(moves, &bad, unknown) else { return Ok(()) };
        let after = twisted.run();
        let is_blind = |rule: &str| after.not_evaluated.iter().any(|one| one.rule == rule);
        // Whether the registered methods can be used is what MFA022 says, or says that nobody knows.
        let is_told = |rule: &str| is_blind(rule) || (["MFA004", "MFA020"].contains(&rule) && is_blind("MFA022"));
        for rule in registry().iter().filter(|rule| rule.kind() == RuleKind::Change) {
            if let (Fires(was), Fires(is)) = (before.of(rule.id), after.of(rule.id)) {
                prop_assert!(is >= was || is_told(rule.id), "{} fell from {was:?} to {is:?}", rule.id);
            }
        }
        let (was, is) = (withheld(&before), withheld(&after));
        prop_assert!(was.is_empty() || !is.is_empty() || was.iter().any(|rule| is_told(rule)), "nothing is said of {was:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn turning_out_bad_is_never_milder_than_not_knowing(
        moves in moves(), bad in twists(BAD), (unknown, known) in select(TIGHTEN),
    ) {
        let mut before = bad.clone();
        before.push(unknown);
        let mut after = before.clone();
        after.push(known);
        prop_assert!(worst(world(moves, &after)) >= worst(world(moves, &before)));
    }

    #[test]
    fn unreadable_policies_are_never_safer_than_readable_ones(
        moves in select(vec![(Enforced, Enabled), (Enforced, Disabled)]), bad in twists(BAD),
    ) {
        let readable = worst(world(moves, &bad));
        let mut twisted = bad.clone();
        twisted.push(|w| w.policies = None);
        prop_assert!(worst(world(moves, &twisted)) >= readable);
    }

    #[test]
    fn accepting_one_finding_never_hides_another(moves in moves(), bad in twists(BAD), pick in any::<prop::sample::Index>()) {
        let plain = world(moves, &bad).run();
        let findings = &plain.changes.findings[0];
        prop_assume!(!findings.is_empty());
        let rule = findings[pick.index(findings.len())].rule.to_string();
        let mut waived = world(moves, &bad);
        waived.accept(&rule, days_ago(-30));
        let waived = waived.run();
        let mut expected = findings.clone();
        for finding in &waived.changes.findings[0] {
            prop_assert_eq!(finding.accepted.is_some(), finding.rule == rule.as_str());
        }
        for finding in expected.iter_mut().filter(|one| one.rule == rule.as_str()) {
            finding.accepted = waived.changes.findings[0].iter().find_map(|one| one.accepted.clone());
        }
        prop_assert_eq!(&waived.changes.findings[0], &expected);
    }
}
