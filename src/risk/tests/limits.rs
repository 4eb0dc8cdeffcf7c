//! Exact limits, and what a rule says it could not look at: beside the stories that stand with each rule.

use crate::{
    risk::{registry, testing::*, waivable},
    tenant::{Fact, LastSignIn},
};

/// Which rule, what is told, what is changed, what is expected, and of how many users which facts are missing.
type Limit = (&'static str, &'static str, fn(&mut World), Expect, &'static [(Fact, u64)]);

/// A Global Administrator in the cloud only, seen last so many days ago.
fn cloud_admin(w: &mut World, days: i64) {
    let user = w.user();
    user.user_principal_name = "root@contoso.onmicrosoft.com".into();
    user.directory_roles = Some([global_admin()].into());
    user.last_sign_in = LastSignIn::At(days_ago(days));
}

/// As [`cloud_admin`], of whom a log of so many days shows nothing.
fn not_in_the_log(w: &mut World, days: u16) {
    w.asleep();
    w.sign_ins().window_days = Some(days);
    cloud_admin(w, 0);
    w.user().last_sign_in = LastSignIn::Unknown;
}

/// Ada, the Global Administrator, who does not change: enforced, with these methods.
fn ada(w: &mut World, methods: Option<&[&str]>) {
    let ada = &mut w.users[1];
    ada.mfa_state = Enforced.into();
    ada.methods = methods.map(|all| all.iter().map(|one| (*one).into()).collect());
    ada.registered = methods.map(|all| !all.is_empty());
    ada.mfa_capable = ada.registered;
}

/// Jo and Ada are declared service accounts, and nothing changes.
fn two_accounts(w: &mut World) {
    w.service_account(None);
    let (jo, ada) = (w.users[0].id, w.users[1].id);
    let claim = w.claims[&jo].clone();
    w.claims.insert(ada, claim);
}

/// Only these rules run, and those that cannot be switched off.
pub(super) fn only(w: &mut World, rules: &[&str]) {
    for rule in registry().iter().filter(|rule| waivable(rule.id) && !rules.contains(&rule.id)) {
        let (declared, rule) = (declared("risk"), rule.id.into());
        w.config.risks.push(crate::config::RiskOverride { declared, rule, severity: None, enabled: false });
    }
}

const LIMITS: &[Limit] = &[
    ("MFA002", "seen 31 days ago", |w| cloud_admin(w, 31), Fires(Critical), &[]),
    ("MFA002", "seen 30 days ago", |w| cloud_admin(w, 30), Silent, &[]),
    (
        "MFA002",
        "seen 25 days before the copy, which is old by now",
        |w| {
            cloud_admin(w, 35);
            w.captured_at = days_ago(10);
        },
        Silent,
        &[],
    ),
    ("MFA002", "in no log of 30 days", |w| not_in_the_log(w, 30), Fires(Critical), &[]),
    ("MFA002", "in no log of 29 days", |w| not_in_the_log(w, 29), Blind, &[(Fact::SignInActivity, 1)]),
    (
        "MFA002",
        "idle, and no administrator",
        |w| {
            cloud_admin(w, 90);
            w.user().directory_roles = Some([].into());
        },
        Silent,
        &[],
    ),
    (
        "MFA002",
        "idle, and only eligible",
        |w| {
            cloud_admin(w, 90);
            w.user().directory_roles = Some([eligible(global_admin())].into());
        },
        Silent,
        &[],
    ),
    (
        "MFA002",
        "idle, with another permanent role",
        |w| {
            cloud_admin(w, 90);
            w.user().directory_roles = Some([user_admin()].into());
        },
        Silent,
        &[],
    ),
    (
        "MFA002",
        "of an employee nothing need be known",
        |w| {
            not_in_the_log(w, 7);
            w.user().directory_roles = Some([].into());
        },
        Silent,
        &[],
    ),
    (
        "MFA002",
        "idle, under the organisation's own name",
        |w| {
            cloud_admin(w, 90);
            w.user().user_principal_name = "root@contoso.com".into();
        },
        Silent,
        &[],
    ),
    (
        "MFA002",
        "roles unknown",
        |w| {
            cloud_admin(w, 90);
            w.user().directory_roles = None;
        },
        Blind,
        &[(Fact::Roles, 1)],
    ),
    ("MFA002", "marks unknown", |w| w.user().extension_attributes = None, Blind, &[(Fact::Directory, 1)]),
    (
        "MFA003",
        "nobody is raised of those whose methods are unknown",
        |w| ada(w, None),
        Blind,
        &[(Fact::Registration, 1)],
    ),
    ("MFA003", "nobody is raised of those who have none", |w| ada(w, Some(&[])), Fires(Critical), &[]),
    ("MFA003", "one has a passkey", |w| ada(w, Some(&["fido2SecurityKey"])), Silent, &[]),
    (
        "MFA003",
        "the one who could sign in is a disabled account",
        |w| {
            w.only_admin();
            w.user().methods = Some([].into());
            w.user().registered = Some(false);
            let mut left = person(9, "left");
            left.directory_roles = Some([global_admin()].into());
            left.account_enabled = Some(false);
            w.users.push(left);
        },
        Fires(Critical),
        &[],
    ),
    (
        "MFA003",
        "roles unknown of two",
        |w| w.users.iter_mut().take(2).for_each(|user| user.directory_roles = None),
        Blind,
        &[(Fact::Roles, 2)],
    ),
    (
        "MFA011",
        "listed without a sign-in",
        |w| {
            w.workload();
            w.app("04b07795-8ddb-461a-bbee-02f9e1bf7b46", 0);
        },
        Silent,
        &[],
    ),
    ("MFA017", "Power Automate by name", |w| by_name(w, "Microsoft Power Automate"), Fires(Medium), &[]),
    ("MFA017", "Power Apps by name", |w| by_name(w, "Power Apps Studio"), Fires(Medium), &[]),
    ("MFA017", "another name", |w| by_name(w, "PowerPoint"), Silent, &[]),
    (
        "MFA019",
        "the role unknown, a young password",
        |w| unregistered(w, None, Some(10)),
        Fires(Medium),
        &[(Fact::Roles, 1)],
    ),
    ("MFA019", "the role unknown, an old password", |w| unregistered(w, None, Some(366)), Fires(High), &[]),
    (
        "MFA019",
        "no role, the password's age unknown",
        |w| unregistered(w, Some(false), None),
        Fires(Medium),
        &[(Fact::Directory, 1)],
    ),
    ("MFA019", "privileged, the password's age unknown", |w| unregistered(w, Some(true), None), Fires(High), &[]),
    ("MFA019", "neither is known", |w| unregistered(w, None, None), Fires(Medium), &[(Fact::Roles, 1)]),
    ("MFA019", "both are known", |w| unregistered(w, Some(false), Some(10)), Fires(Medium), &[]),
    ("MFA025", "federated, registration unknown", |w| federated(w, None), Fires(Medium), &[(Fact::Registration, 1)]),
    (
        "MFA025",
        "the provider does MFA, registration unknown",
        |w| federated(w, Some("enforceMfaByFederatedIdp")),
        Fires(High),
        &[],
    ),
    (
        "MFA063",
        "two who would be lowered, of one is not known whether they registered",
        |w| {
            w.config.mfa[0].allow_downgrade = true;
            w.promote();
            w.user().registered = None;
        },
        Fires(Info),
        &[(Fact::Registration, 1)],
    ),
    (
        "MFA063",
        "of both it is known",
        |w| {
            w.config.mfa[0].allow_downgrade = true;
            w.promote();
        },
        Fires(Info),
        &[],
    ),
    (
        "MFA065",
        "four of eighty",
        |w| {
            w.staff(78);
            w.change_all(4, Enforced, Disabled);
        },
        Silent,
        &[],
    ),
    (
        "MFA065",
        "four of seventy-nine",
        |w| {
            w.staff(77);
            w.change_all(4, Enforced, Disabled);
        },
        Fires(High),
        &[],
    ),
    ("MFA068", "no methods known", |w| needs(w, "fido2", None), Blind, &[(Fact::Registration, 1)]),
    ("MFA068", "a method of the future", |w| needs(w, "fido2", Some("quantumKey")), Blind, &[(Fact::Registration, 1)]),
    (
        "MFA068",
        "a combination of the future",
        |w| needs(w, "quantumKey", Some("fido2SecurityKey")),
        Blind,
        &[(Fact::ConditionalAccess, 1)],
    ),
    (
        "MFA081",
        "policies unknown, and nobody is raised",
        |w| {
            w.policies = None;
            w.change(Enforced, Disabled);
        },
        Silent,
        &[],
    ),
    ("MFA081", "policies unknown", |w| w.policies = None, Blind, &[(Fact::ConditionalAccess, 1)]),
    ("MFA087", "enforced with one emergency account", |w| w.undeclare_break_glass(), Fires(High), &[]),
    (
        "MFA087",
        "the change is withheld",
        |w| {
            w.undeclare_break_glass();
            w.decide(crate::diff::Decision::new(crate::desired::Timing::Now, vec!["MFA006".into()]));
        },
        Silent,
        &[],
    ),
    (
        "MFA087",
        "lowered to enabled, where the service promotes them back",
        |w| {
            w.undeclare_break_glass();
            w.change(Enforced, Enabled);
        },
        Silent,
        &[],
    ),
    (
        "MFA087",
        "raised to enabled, and not registered",
        |w| {
            w.undeclare_break_glass();
            w.user().registered = Some(false);
            w.change(Disabled, Enabled);
        },
        Silent,
        &[],
    ),
    ("MFA089", "a quarter of eighty-four", |w| at_once(w, 84, 21), Silent, &[]),
    ("MFA089", "more than a quarter of eighty-three", |w| at_once(w, 83, 21), Fires(High), &[]),
    ("MFA089", "twenty are not many", |w| at_once(w, 40, 20), Silent, &[]),
    (
        "MFA091",
        "of nobody is known how they sign in, and no rule asks",
        |w| {
            w.changes.clear();
            only(w, &["MFA091"]);
            w.users.iter_mut().for_each(|user| user.sign_ins = None);
        },
        Fires(Medium),
        &[],
    ),
    (
        "MFA091",
        "of one it is known",
        |w| {
            w.changes.clear();
            only(w, &["MFA091"]);
            w.users.iter_mut().skip(1).for_each(|user| user.sign_ins = None);
        },
        Silent,
        &[],
    ),
    (
        "MFA091",
        "nobody at all",
        |w| {
            w.changes.clear();
            only(w, &["MFA091"]);
            w.users.clear();
        },
        Silent,
        &[],
    ),
    ("MFA093", "legacy sign-ins unknown", |w| w.sign_ins().legacy = None, Blind, &[(Fact::SignIns, 1)]),
    (
        "MFA096",
        "the methods of one emergency account unknown",
        |w| {
            w.users[2].methods = None;
        },
        Fires(High),
        &[(Fact::Registration, 1)],
    ),
    (
        "MFA096",
        "one emergency account has a method of the future",
        |w| {
            w.users[2].methods = Some(["quantumKey".into()].into());
        },
        Fires(High),
        &[(Fact::Registration, 1)],
    ),
    (
        "MFA097",
        "listed without a sign-in",
        |w| {
            w.app("04b07795-8ddb-461a-bbee-02f9e1bf7b46", 0);
            w.sign_ins().interactive_mfa = Some(0);
        },
        Silent,
        &[],
    ),
    (
        "MFA097",
        "of three something is unknown",
        |w| {
            w.users[1].sign_ins = None;
            w.users[2].sign_ins.as_mut().unwrap().apps = None;
            w.users[3].sign_ins.as_mut().unwrap().interactive_mfa = None;
        },
        Blind,
        &[(Fact::SignIns, 3)],
    ),
    (
        "MFA099",
        "two of whom nothing is known",
        |w| {
            two_accounts(w);
            for user in w.users.iter_mut().take(2) {
                (user.sign_ins, user.directory_roles) = (None, None);
            }
        },
        Blind,
        &[(Fact::Roles, 2), (Fact::SignIns, 2)],
    ),
];

/// An application of this name signs in without anybody.
pub(super) fn by_name(w: &mut World, name: &str) {
    w.app("00000002-0000-0ff1-ce00-000000000009", 40);
    let sign_ins = w.sign_ins();
    (sign_ins.interactive, sign_ins.non_interactive) = (Some(0), Some(40));
    sign_ins.apps.as_mut().unwrap()[0].display_name = Some(name.into());
}

/// Nothing is registered; holding a privileged role or not, with a password of this age.
fn unregistered(w: &mut World, privileged: Option<bool>, age: Option<i64>) {
    let user = w.user();
    (user.registered, user.mfa_capable, user.methods) = (Some(false), Some(false), Some([].into()));
    user.last_password_change = age.map(days_ago);
    user.directory_roles = privileged.map(|yes| if yes { [user_admin()].into() } else { [].into() });
}

fn federated(w: &mut World, behavior: Option<&str>) {
    w.federate("contoso.com", behavior);
    let user = w.user();
    (user.registered, user.methods, user.mfa_capable) = (None, None, None);
}

/// Lowered under a policy that asks for this combination, with this method or unknown ones.
fn needs(w: &mut World, combination: &str, method: Option<&str>) {
    w.user().methods = method.map(|one| [one.into()].into());
    w.policies = Some(vec![strength(policy("P"), combination)]);
    w.change(Enforced, Disabled);
}

/// So many of so many enabled users are raised at once.
fn at_once(w: &mut World, enabled: u32, raised: u32) {
    w.staff(enabled - 4);
    w.change_all(raised, Disabled, Enforced);
}

#[test]
fn limits_are_exact_and_what_is_missing_is_counted() {
    for (rule, story, change, expect, facts) in LIMITS {
        let mut world = World::new();
        change(&mut world);
        let outcome = world.run();
        assert_eq!(outcome.of(rule), *expect, "{rule}: {story}");
        let missing: Vec<(&str, u64)> =
            outcome.not_evaluated.iter().filter(|one| one.rule == *rule).map(|one| (&*one.fact, one.users)).collect();
        let facts: Vec<(&str, u64)> = facts.iter().map(|(fact, users)| (fact.as_str(), *users)).collect();
        assert_eq!(missing, facts, "{rule}: {story}");
    }
}
