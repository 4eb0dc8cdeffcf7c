//! The matrix: what a policy means for one user, with the expected coverage written by hand.
//!
//! Dana is a member of group A (and, through nesting, of group B: `memberOf` is transitive), holds the role User
//! Administrator, and is no guest. Every row starts from a policy that requires MFA of everybody, everywhere.

use serde_json::json;
use uuid::Uuid;

use super::{CompiledPolicies, Coverage, Gap, LegacyClients};
use crate::{
    risk::testing_policies::policy,
    tenant::{
        AuthenticationStrength, ExternalUsers, Fact, Group, GroupId, MfaState, ObservedTenant, OtherMembers, Policy,
        PolicyState, RoleAssignment, Source, TenantId, Text, User, UserId, UserType,
    },
};

pub(super) const GROUP_A: &str = "aaaaaaaa-0000-0000-0000-000000000001";
pub(super) const GROUP_B: &str = "aaaaaaaa-0000-0000-0000-000000000002";
pub(super) const GROUP_C: &str = "aaaaaaaa-0000-0000-0000-000000000003";
pub(super) const USER_ADMIN: &str = "fe930be7-5e62-47db-91af-98c3a49a38b1";
pub(super) const HELPDESK: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";
pub(super) const DANA: &str = "dddddddd-0000-0000-0000-000000000001";
pub(super) const OTHER: &str = "dddddddd-0000-0000-0000-000000000002";

#[derive(Debug, PartialEq)]
enum Is {
    Full,
    Partial,
    Open,
    Undecided,
}
use Is::{Full, Open, Partial, Undecided};

pub(super) fn dana() -> User {
    let mut user = User::new(DANA.parse().unwrap(), "dana@contoso.com".into(), MfaState::Enforced.into());
    user.user_type = Some(UserType::Member);
    user.member_of = Some([GROUP_A.parse().unwrap(), GROUP_B.parse().unwrap()].into());
    user.directory_roles = Some(
        [RoleAssignment {
            template_id: USER_ADMIN.parse().unwrap(),
            display_name: "User Administrator".into(),
            permanent: true,
            scope: None,
        }]
        .into(),
    );
    user
}

pub(super) fn tenant(policies: Vec<Policy>) -> ObservedTenant {
    let at = "2026-11-20T08:00:00Z".parse().unwrap();
    let mut tenant =
        ObservedTenant::new(TenantId::new(Uuid::nil()), "Contoso".into(), Source::Snapshot, at, Vec::new());
    tenant.groups = vec![Group { id: GROUP_B.parse().unwrap(), display_name: "SG-Exempt".into(), mail: None }];
    tenant.conditional_access = Some(policies);
    tenant
}

fn judge(policies: Vec<Policy>, user: &User) -> (Is, Coverage) {
    judge_in(&tenant(policies), user)
}

fn judge_in(tenant: &ObservedTenant, user: &User) -> (Is, Coverage) {
    let compiled = CompiledPolicies::new(tenant);
    let coverage = compiled.coverage(user);
    let is = match &coverage {
        Coverage::Full { .. } => Full,
        Coverage::Partial { .. } => Partial,
        Coverage::None { .. } => Open,
        Coverage::Unknown { .. } => Undecided,
    };
    let quick = match compiled.covers(user) {
        Some(true) => vec![Full],
        Some(false) => vec![Partial, Open],
        None => vec![Undecided, Partial],
    };
    assert!(quick.contains(&is), "the quick answer {quick:?} and the explained one {is:?} differ");
    (is, coverage)
}

pub(super) fn text(one: &str) -> Vec<Text> {
    vec![one.into()]
}

fn of_a_unit(user: &mut User) {
    user.directory_roles.iter_mut().flatten().for_each(|role| role.scope = Some("/administrativeUnits/7".into()));
}

pub(super) fn eligible(user: &mut User) {
    user.directory_roles.iter_mut().flatten().for_each(|role| role.permanent = false);
}

fn other(members: &mut OtherMembers, value: serde_json::Value) {
    members.insert("futureMember".into(), value);
}

fn nobody(p: &mut Policy) {
    p.conditions.users.include_users.clear();
}

fn guests(types: &str, tenants: Option<serde_json::Value>) -> Option<ExternalUsers> {
    Some(ExternalUsers {
        guest_or_external_user_types: types.into(),
        external_tenants: tenants,
        other: OtherMembers::new(),
    })
}

fn grant(p: &mut Policy, operator: &str, controls: &[&str]) {
    let grant = p.grant_controls.get_or_insert_default();
    grant.operator = Some(operator.into());
    grant.built_in_controls = controls.iter().map(|one| (*one).into()).collect();
}

fn of_strength(p: &mut Policy, key: &str, value: serde_json::Value) {
    let strength = p.grant_controls.get_or_insert_default().authentication_strength.get_or_insert_default();
    strength.other.insert(key.into(), value);
}

fn strength(p: &mut Policy, satisfied: &str) {
    p.grant_controls.get_or_insert_default().authentication_strength =
        Some(AuthenticationStrength { requirements_satisfied: satisfied.into(), ..AuthenticationStrength::default() });
}

type Row = (&'static str, fn(&mut Policy, &mut User), Is);

#[rustfmt::skip]
const MATRIX: &[Row] = &[
    // state
    ("enabled", |_, _| {}, Full),
    ("report-only", |p, _| p.state = PolicyState::EnabledForReportingButNotEnforced, Open),
    ("disabled", |p, _| p.state = PolicyState::Disabled, Open),
    ("a state of the future", |p, _| p.state = PolicyState::Unknown, Open),
    // include
    ("includes nobody", |p, _| nobody(p), Open),
    ("includes None", |p, _| p.conditions.users.include_users = text("None"), Open),
    ("includes the user", |p, _| p.conditions.users.include_users = text(DANA), Full),
    ("includes the user, capitals", |p, _| p.conditions.users.include_users = vec![DANA.to_uppercase().into()], Full),
    ("includes another user", |p, _| p.conditions.users.include_users = text(OTHER), Open),
    ("includes their group", |p, _| { nobody(p); p.conditions.users.include_groups = text(GROUP_A); }, Full),
    ("includes the group around their group", |p, _| { nobody(p); p.conditions.users.include_groups = text(GROUP_B); }, Full),
    ("includes another group", |p, _| { nobody(p); p.conditions.users.include_groups = text(GROUP_C); }, Open),
    ("includes a group, memberships unknown", |p, u| { nobody(p); p.conditions.users.include_groups = text(GROUP_A); u.member_of = None; }, Undecided),
    ("includes the role", |p, _| { nobody(p); p.conditions.users.include_roles = text(USER_ADMIN); }, Full),
    ("includes the role, eligible only", |p, u| { nobody(p); p.conditions.users.include_roles = text(USER_ADMIN); eligible(u); }, Partial),
    ("includes everybody and the role, eligible only", |p, u| { p.conditions.users.include_roles = text(USER_ADMIN); eligible(u); }, Full),
    ("excludes the role, eligible only", |p, u| { p.conditions.users.exclude_roles = text(USER_ADMIN); eligible(u); }, Partial),
    ("includes by name, excludes the role, eligible only", |p, u| { p.conditions.users.include_users = text(DANA); p.conditions.users.exclude_roles = text(USER_ADMIN); eligible(u); }, Partial),
    ("includes and excludes the role, eligible only", |p, u| { nobody(p); p.conditions.users.include_roles = text(USER_ADMIN); p.conditions.users.exclude_roles = text(USER_ADMIN); eligible(u); }, Partial),
    ("includes the role, held over an administrative unit", |p, u| { nobody(p); p.conditions.users.include_roles = text(USER_ADMIN); of_a_unit(u); }, Open),
    ("excludes the role, held over an administrative unit", |p, u| { p.conditions.users.exclude_roles = text(USER_ADMIN); of_a_unit(u); }, Full),
    ("includes another role", |p, _| { nobody(p); p.conditions.users.include_roles = text(HELPDESK); }, Open),
    ("includes a role, roles unknown", |p, u| { nobody(p); p.conditions.users.include_roles = text(USER_ADMIN); u.directory_roles = None; }, Undecided),
    // exclude
    ("excludes the user", |p, _| p.conditions.users.exclude_users = text(DANA), Open),
    ("excludes another user", |p, _| p.conditions.users.exclude_users = text(OTHER), Full),
    ("excludes their group", |p, _| p.conditions.users.exclude_groups = text(GROUP_A), Open),
    ("excludes the group around their group", |p, _| p.conditions.users.exclude_groups = text(GROUP_B), Open),
    ("excludes another group", |p, _| p.conditions.users.exclude_groups = text(GROUP_C), Full),
    ("excludes a group, memberships unknown", |p, u| { p.conditions.users.exclude_groups = text(GROUP_C); u.member_of = None; }, Undecided),
    ("excludes their role", |p, _| p.conditions.users.exclude_roles = text(USER_ADMIN), Open),
    ("excludes another role", |p, _| p.conditions.users.exclude_roles = text(HELPDESK), Full),
    ("excludes a role, roles unknown", |p, u| { p.conditions.users.exclude_roles = text(HELPDESK); u.directory_roles = None; }, Undecided),
    ("exclusion beats inclusion by name", |p, _| { p.conditions.users.include_users = text(DANA); p.conditions.users.exclude_groups = text(GROUP_A); }, Open),
    // exclusions that cannot be resolved may exclude anybody
    ("excludes a name", |p, _| p.conditions.users.exclude_users = text("emergency1@contoso.com"), Partial),
    ("excludes All", |p, _| p.conditions.users.exclude_users = text("All"), Partial),
    ("excludes an empty text", |p, _| p.conditions.users.exclude_users = text(""), Partial),
    ("excludes a group's name", |p, _| p.conditions.users.exclude_groups = text("<EmergencyAccounts>"), Partial),
    ("excludes a role's name", |p, _| p.conditions.users.exclude_roles = text("Global Administrator"), Partial),
    ("excludes guests of the future", |p, _| p.conditions.users.exclude_guests_or_external_users = guests("marsColonist", None), Partial),
    ("excludes an unresolvable one, and the user", |p, _| p.conditions.users.exclude_users = vec!["x".into(), DANA.into()], Open),
    ("excludes an unresolvable one, report-only", |p, _| { p.conditions.users.exclude_users = text("x"); p.state = PolicyState::EnabledForReportingButNotEnforced; }, Open),
    ("includes a group's name", |p, _| { nobody(p); p.conditions.users.include_groups = text("Everybody"); }, Open),
    // guests
    ("guests by word, a member", |p, _| p.conditions.users.include_users = text("GuestsOrExternalUsers"), Open),
    ("guests by word, a guest", |p, u| { p.conditions.users.include_users = text("GuestsOrExternalUsers"); u.user_type = Some(UserType::Guest); }, Full),
    ("guests by word, type unknown", |p, u| { p.conditions.users.include_users = text("GuestsOrExternalUsers"); u.user_type = None; }, Undecided),
    ("without guests by word, a guest", |p, u| { p.conditions.users.exclude_users = text("GuestsOrExternalUsers"); u.user_type = Some(UserType::Guest); }, Open),
    ("without guests by word, a member", |p, _| p.conditions.users.exclude_users = text("GuestsOrExternalUsers"), Full),
    ("guests by object, invited guest", |p, u| { nobody(p); p.conditions.users.include_guests_or_external_users = guests("internalGuest,b2bCollaborationGuest", None); u.user_type = Some(UserType::Guest); u.user_principal_name = "d_fabrikam.com#EXT#@contoso.com".into(); }, Full),
    ("guests by object, another kind", |p, u| { nobody(p); p.conditions.users.include_guests_or_external_users = guests("serviceProvider", None); u.user_type = Some(UserType::Guest); }, Open),
    ("guests by object, some home tenants", |p, u| { nobody(p); p.conditions.users.include_guests_or_external_users = guests("internalGuest", Some(json!({"membershipKind": "enumerated", "members": ["x"]}))); u.user_type = Some(UserType::Guest); }, Open),
    ("guests by object, all home tenants", |p, u| { nobody(p); p.conditions.users.include_guests_or_external_users = guests("internalGuest", Some(json!({"membershipKind": "all"}))); u.user_type = Some(UserType::Guest); }, Full),
    ("without guests by object, a guest", |p, u| { p.conditions.users.exclude_guests_or_external_users = guests("internalGuest", None); u.user_type = Some(UserType::Guest); }, Open),
    ("without guests of some home tenants, a guest", |p, u| { p.conditions.users.exclude_guests_or_external_users = guests("internalGuest", Some(json!({"membershipKind": "enumerated"}))); u.user_type = Some(UserType::Guest); }, Open),
    ("without guests by object, a member", |p, _| p.conditions.users.exclude_guests_or_external_users = guests("internalGuest,b2bCollaborationGuest", None), Full),
    // applications
    ("one application", |p, _| p.conditions.applications.include_applications = text("Office365"), Partial),
    ("no application", |p, _| p.conditions.applications.include_applications.clear(), Open),
    ("the application None", |p, _| p.conditions.applications.include_applications = text("None"), Open),
    ("all but one", |p, _| p.conditions.applications.exclude_applications = text("797f4846-ba00-4fd7-ba43-dac1f8f63013"), Partial),
    ("a user action", |p, _| p.conditions.applications.include_user_actions = text("urn:user:registersecurityinfo"), Open),
    ("an authentication context", |p, _| p.conditions.applications.include_authentication_context_class_references = text("c1"), Partial),
    ("an application filter", |p, _| p.conditions.applications.application_filter = Some(json!({"mode": "exclude", "rule": "x"})), Partial),
    // clients
    ("browser and modern clients", |p, _| p.conditions.client_app_types = vec!["browser".into(), "mobileAppsAndDesktopClients".into()], Full),
    ("browser only", |p, _| p.conditions.client_app_types = text("browser"), Partial),
    ("legacy only", |p, _| p.conditions.client_app_types = vec!["exchangeActiveSync".into(), "other".into()], Partial),
    ("client types not given", |p, _| p.conditions.client_app_types.clear(), Partial),
    // conditions
    ("anywhere", |p, _| p.conditions.locations = Some(json!({"includeLocations": ["All"], "excludeLocations": []})), Full),
    ("not in trusted places", |p, _| p.conditions.locations = Some(json!({"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]})), Partial),
    ("any platform", |p, _| p.conditions.platforms = Some(json!({"includePlatforms": ["all"]})), Full),
    ("Android", |p, _| p.conditions.platforms = Some(json!({"includePlatforms": ["android"]})), Partial),
    ("a device filter", |p, _| p.conditions.devices = Some(json!({"deviceFilter": {"mode": "exclude", "rule": "x"}})), Partial),
    ("sign-in risk", |p, _| p.conditions.sign_in_risk_levels = text("high"), Partial),
    ("user risk", |p, _| p.conditions.user_risk_levels = text("high"), Partial),
    ("service principal risk", |p, _| p.conditions.service_principal_risk_levels = text("high"), Partial),
    ("insider risk", |p, _| p.conditions.insider_risk_levels = Some(json!("elevated")), Partial),
    ("device code flow", |p, _| p.conditions.authentication_flows = Some(json!({"transferMethods": "deviceCodeFlow"})), Partial),
    ("no flow", |p, _| p.conditions.authentication_flows = Some(json!({"transferMethods": "none"})), Full),
    ("risk none", |p, _| p.conditions.insider_risk_levels = Some(json!("none")), Full),
    ("platforms with annotations", |p, _| p.conditions.platforms = Some(json!({"includePlatforms@odata.type": "#Collection(String)", "includePlatforms": ["all"], "excludePlatforms": []})), Full),
    ("locations with a member of the future", |p, _| p.conditions.locations = Some(json!({"includeLocations": ["All"], "includeOrbits": ["All"]})), Partial),
    ("office hours", |p, _| p.conditions.times = Some(json!({"includedRanges": [{}]})), Partial),
    ("workload identities", |p, _| p.conditions.client_applications = Some(json!({"includeServicePrincipals": ["x"]})), Open),
    // grant
    ("session controls only", |p, _| p.grant_controls = None, Open),
    ("block", |p, _| grant(p, "OR", &["block"]), Open),
    ("compliant device", |p, _| grant(p, "OR", &["compliantDevice"]), Open),
    ("MFA or compliant device", |p, _| grant(p, "OR", &["mfa", "compliantDevice"]), Open),
    ("MFA and compliant device", |p, _| grant(p, "AND", &["mfa", "compliantDevice"]), Full),
    ("MFA, operator missing", |p, _| p.grant_controls.get_or_insert_default().operator = None, Full),
    ("MFA or compliant device, operator missing", |p, _| { grant(p, "OR", &["mfa", "compliantDevice"]); p.grant_controls.get_or_insert_default().operator = None; }, Open),
    ("MFA or terms of use", |p, _| p.grant_controls.get_or_insert_default().terms_of_use = text("t"), Open),
    ("MFA or a third party's factor", |p, _| p.grant_controls.get_or_insert_default().custom_authentication_factors = text("Duo"), Open),
    ("a strength that is MFA", |p, _| { grant(p, "OR", &[]); strength(p, "mfa"); }, Full),
    ("a strength with a member of the future", |p, _| { grant(p, "OR", &[]); strength(p, "mfa"); of_strength(p, "futureMember", json!(["x"])); }, Partial),
    ("a strength with what describes it", |p, _| { grant(p, "OR", &[]); strength(p, "mfa"); of_strength(p, "policyType", json!("builtIn")); }, Full),
    ("a strength with an annotation", |p, _| { grant(p, "OR", &[]); strength(p, "mfa"); of_strength(p, "combinationConfigurations@odata.context", json!("x")); }, Full),
    ("a strength that is not", |p, _| { grant(p, "OR", &[]); strength(p, "none"); }, Open),
    ("a strength or MFA", |p, _| strength(p, "mfa"), Full),
    ("a strength or compliant device", |p, _| { grant(p, "OR", &["compliantDevice"]); strength(p, "mfa"); }, Open),
    ("a weak strength and MFA", |p, _| { grant(p, "AND", &["mfa"]); strength(p, "none"); }, Full),
    ("a strength that is MFA and more", |p, _| { grant(p, "OR", &[]); strength(p, "unknownFutureValue, mfa"); }, Full),
    ("a third party's factor", |p, _| { grant(p, "OR", &[]); p.grant_controls.get_or_insert_default().custom_authentication_factors = text("Duo"); }, Open),
    ("MFA and a third party's factor", |p, _| { grant(p, "AND", &["mfa"]); p.grant_controls.get_or_insert_default().custom_authentication_factors = text("Duo"); }, Full),
    // members of the future
    ("a condition of the future", |p, _| other(&mut p.conditions.other, json!(["high"])), Partial),
    ("a number", |p, _| other(&mut p.conditions.other, json!(0)), Partial),
    ("true", |p, _| other(&mut p.conditions.other, json!(true)), Partial),
    ("a text", |p, _| other(&mut p.conditions.users.other, json!("none")), Partial),
    ("an object", |p, _| other(&mut p.conditions.applications.other, json!({"includeTrafficProfiles": "internet"})), Partial),
    ("a grant control of the future", |p, _| other(&mut p.grant_controls.get_or_insert_default().other, json!(["badge"])), Partial),
    ("a member of guests", |p, _| { p.conditions.users.exclude_guests_or_external_users = guests("internalGuest", None); other(&mut p.conditions.users.exclude_guests_or_external_users.get_or_insert_default().other, json!("x")); }, Partial),
    ("empty ones", |p, _| { other(&mut p.conditions.other, json!([])); other(&mut p.conditions.users.other, json!({"a": [], "b": null, "c": {"d": ""}, "e": false})); other(&mut p.conditions.applications.other, json!(null)); }, Full),
    ("annotations", |p, _| { for members in [&mut p.conditions.other, &mut p.conditions.users.other, &mut p.conditions.applications.other] { members.insert("users@odata.context".into(), json!("https://graph.microsoft.com")); members.insert("#microsoft.graph.restore".into(), json!({})); } }, Full),
    // combinations
    ("partial and excluded is excluded", |p, _| { p.conditions.sign_in_risk_levels = text("high"); p.conditions.users.exclude_users = text(DANA); }, Open),
    ("partial and report-only is nothing", |p, _| { p.conditions.sign_in_risk_levels = text("high"); p.state = PolicyState::EnabledForReportingButNotEnforced; }, Open),
    ("report-only decides whatever is unknown", |p, u| { p.state = PolicyState::EnabledForReportingButNotEnforced; p.conditions.users.exclude_groups = text(GROUP_C); u.member_of = None; }, Open),
];

#[test]
fn the_matrix() {
    for (story, change, expected) in MATRIX {
        let (mut policy, mut user) = (policy("P"), dana());
        change(&mut policy, &mut user);
        assert_eq!(judge(vec![policy], &user).0, *expected, "{story}");
    }
}

/// What keeps a policy from covering somebody is its own affair, whatever other policies there are.
#[test]
fn the_reasons_of_a_policy_do_not_depend_on_its_neighbours() {
    let known = format!("{:?}", dana());
    let policies: Vec<(&str, Policy)> = MATRIX
        .iter()
        .filter_map(|(story, change, _)| {
            let (mut one, mut user) = (policy(story), dana());
            change(&mut one, &mut user);
            (format!("{user:?}") == known).then_some((*story, one))
        })
        .collect();
    assert!(policies.len() > 50, "{}", policies.len());
    let mut half = dana();
    eligible(&mut half);
    for user in [dana(), half] {
        for window in policies.windows(4) {
            let (_, together) = judge(window.iter().map(|(_, one)| one.clone()).collect(), &user);
            for (story, one) in window.iter().filter(|_| !matches!(together, Coverage::Full { .. })) {
                let (_, alone) = judge(vec![one.clone()], &user);
                let of = |coverage: &Coverage| {
                    let own = coverage.gaps().iter().filter(|gap| *gap.policy == **story);
                    own.map(|gap| gap.gaps.clone()).collect::<Vec<_>>()
                };
                assert_eq!(of(&together), of(&alone), "{story}");
            }
        }
    }
}

/// Nothing is unknown, and the role adds nothing to what holds for everybody: the restriction is the whole answer.
#[test]
fn a_restriction_is_the_only_reason_where_nothing_else_keeps_the_user_out() {
    let mut one = policy("P");
    one.conditions.client_app_types = text("browser");
    one.conditions.users.include_roles = text(USER_ADMIN);
    let mut half = dana();
    eligible(&mut half);
    for user in [dana(), half] {
        let (_, coverage) = judge(vec![one.clone()], &user);
        assert_eq!(coverage.gaps()[0].gaps, [Gap::ClientAppTypes]);
    }
}

#[test]
fn a_group_that_could_not_be_read_may_hold_anybody() {
    #[rustfmt::skip]
    let rows: &[Row] = &[
        ("includes it", |p, _| { nobody(p); p.conditions.users.include_groups = text(GROUP_C); }, Undecided),
        ("includes it, and their group", |p, _| { nobody(p); p.conditions.users.include_groups = vec![GROUP_A.into(), GROUP_C.into()]; }, Full),
        ("excludes it", |p, _| p.conditions.users.exclude_groups = text(GROUP_C), Undecided),
        ("excludes it, and their group", |p, _| p.conditions.users.exclude_groups = vec![GROUP_A.into(), GROUP_C.into()], Open),
        ("excludes it, report-only", |p, _| { p.conditions.users.exclude_groups = text(GROUP_C); p.state = PolicyState::EnabledForReportingButNotEnforced; }, Open),
        ("does not name it", |p, _| p.conditions.users.exclude_groups = text(GROUP_A), Open),
    ];
    for (story, change, expected) in rows {
        let (mut one, mut user) = (policy("P"), dana());
        change(&mut one, &mut user);
        let mut half_read = tenant(vec![one]);
        half_read.unread_groups = [GROUP_C.parse().unwrap()].into();
        let (is, coverage) = judge_in(&half_read, &user);
        assert_eq!(is, *expected, "{story}");
        assert!(
            is != Undecided || matches!(coverage, Coverage::Unknown { fact: Fact::Groups, .. }),
            "{story}: {coverage:?}"
        );
    }
}

#[test]
fn one_covering_policy_is_enough_and_is_named() {
    let mut report_only = policy("Trial");
    report_only.state = PolicyState::EnabledForReportingButNotEnforced;
    let (_, coverage) = judge(vec![report_only, policy("MFA for all")], &dana());
    assert_eq!(coverage, Coverage::Full { policies: vec!["MFA for all".into()], together: false });
}

#[test]
fn reasons_name_the_group_the_role_and_every_restriction() {
    let mut one = policy("P");
    one.conditions.users.exclude_groups = text(GROUP_B);
    one.conditions.users.exclude_roles = text(USER_ADMIN);
    one.conditions.client_app_types = text("browser");
    let (_, coverage) = judge(vec![one], &dana());
    let expected =
        [Gap::ExcludedGroup("SG-Exempt".into()), Gap::ExcludedRole("User Administrator".into()), Gap::ClientAppTypes];
    assert_eq!(coverage.gaps()[0].gaps, expected);
    assert_eq!(
        coverage.gaps()[0].to_string(),
        "P: excludes the user through group SG-Exempt, excludes the user through role User Administrator, covers only \
         some client types"
    );
}

fn with(change: impl FnOnce(&mut Policy)) -> Policy {
    let mut one = policy("P");
    change(&mut one);
    one
}

fn for_clients(kind: &str) -> Policy {
    with(|p| p.conditions.client_app_types = text(kind))
}

fn without_apps(ids: &[&str]) -> Policy {
    with(|p| p.conditions.applications.exclude_applications = ids.iter().map(|one| (*one).into()).collect())
}

fn for_apps(ids: &[&str]) -> Policy {
    with(|p| p.conditions.applications.include_applications = ids.iter().map(|one| (*one).into()).collect())
}

pub(super) const ENROLLMENT: &str = "d4ebce55-015a-49b5-a083-c84d1797ae8c";
const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";

#[test]
fn several_policies_keep_legacy_clients_out_together() {
    let blocking = |mut one: Policy| {
        one.grant_controls.get_or_insert_default().built_in_controls = vec!["block".into()];
        one
    };
    let none_but = |kind: &str, mut one: Policy| {
        one.conditions.client_app_types = text(kind);
        one
    };
    let all_but_one = || without_apps(&[ENROLLMENT]);
    let rows: Vec<(&str, Vec<Policy>, bool)> = vec![
        ("all but one application, and that one, by MFA", vec![all_but_one(), for_apps(&[ENROLLMENT])], true),
        ("and that one by a block", vec![all_but_one(), blocking(for_apps(&[ENROLLMENT]))], true),
        ("all but one", vec![all_but_one()], false),
        ("all but one, and another", vec![all_but_one(), for_apps(&[EXCHANGE])], false),
        ("only named ones", vec![for_apps(&[ENROLLMENT]), for_apps(&[EXCHANGE])], false),
        ("that one for browsers only", vec![all_but_one(), none_but("browser", for_apps(&[ENROLLMENT]))], false),
        ("that one for other clients only", vec![all_but_one(), none_but("other", for_apps(&[ENROLLMENT]))], false),
    ];
    for (story, policies, expected) in rows {
        let found = CompiledPolicies::new(&tenant(policies)).legacy_clients(&dana());
        assert_eq!(matches!(found, LegacyClients::Blocked(_)), expected, "{story}: {found:?}");
    }
}

#[test]
fn several_policies_cover_together() {
    let rows: Vec<(&str, Vec<Policy>, Is)> = vec![
        ("browsers and modern clients", vec![for_clients("browser"), for_clients("mobileAppsAndDesktopClients")], Full),
        ("browsers twice", vec![for_clients("browser"), for_clients("browser")], Partial),
        ("all but one, and that one", vec![without_apps(&[ENROLLMENT]), for_apps(&[ENROLLMENT])], Full),
        (
            "all but two, and both",
            vec![without_apps(&[ENROLLMENT, EXCHANGE]), for_apps(&[EXCHANGE]), for_apps(&[ENROLLMENT])],
            Full,
        ),
        ("all but two, and one", vec![without_apps(&[ENROLLMENT, EXCHANGE]), for_apps(&[EXCHANGE])], Partial),
        ("all but one, all but another", vec![without_apps(&[ENROLLMENT]), without_apps(&[EXCHANGE])], Full),
        ("one application and another", vec![for_apps(&[EXCHANGE]), for_apps(&[ENROLLMENT])], Partial),
        (
            "all but one, and that one in browsers",
            vec![without_apps(&[ENROLLMENT]), {
                let mut p = for_apps(&[ENROLLMENT]);
                p.conditions.client_app_types = text("browser");
                p
            }],
            Partial,
        ),
        (
            "clients, one of them by risk",
            vec![for_clients("browser"), {
                let mut p = for_clients("mobileAppsAndDesktopClients");
                p.conditions.sign_in_risk_levels = text("high");
                p
            }],
            Partial,
        ),
        (
            "clients, one of them report-only",
            vec![for_clients("browser"), {
                let mut p = for_clients("mobileAppsAndDesktopClients");
                p.state = PolicyState::EnabledForReportingButNotEnforced;
                p
            }],
            Partial,
        ),
        (
            "all but one, and that one without the user",
            vec![without_apps(&[ENROLLMENT]), {
                let mut p = for_apps(&[ENROLLMENT]);
                p.conditions.users.exclude_users = text(DANA);
                p
            }],
            Partial,
        ),
    ];
    for (story, policies, expected) in rows {
        assert_eq!(judge(policies, &dana()).0, expected, "{story}");
    }
}

#[test]
fn what_is_left_open_is_said_by_name() {
    let (_, coverage) = judge(vec![without_apps(&[ENROLLMENT, EXCHANGE]), for_apps(&[EXCHANGE])], &dana());
    let Coverage::Partial { open: Some(open), .. } = coverage else { panic!("{coverage:?}") };
    assert_eq!(open.to_string(), "sign-ins to Microsoft Intune Enrollment");
    let (_, coverage) = judge(vec![for_clients("browser")], &dana());
    let Coverage::Partial { open: Some(open), .. } = coverage else { panic!("{coverage:?}") };
    assert_eq!(open.to_string(), "sign-ins by mobile apps and desktop clients");
    // What another policy blocks is not left open.
    let mut blocking = for_apps(&[ENROLLMENT]);
    blocking.grant_controls.as_mut().unwrap().built_in_controls = text("block");
    let (_, coverage) = judge(vec![without_apps(&[ENROLLMENT]), blocking], &dana());
    assert!(matches!(coverage, Coverage::Partial { open: None, .. }), "{coverage:?}");
}

#[test]
fn policies_that_were_not_given_leave_everything_open() {
    let mut blind = tenant(Vec::new());
    blind.conditional_access = None;
    let compiled = CompiledPolicies::new(&blind);
    assert_eq!(compiled.covers(&dana()), None);
    assert!(matches!(compiled.coverage(&dana()), Coverage::Unknown { fact: Fact::ConditionalAccess, .. }));
}

#[test]
fn more_than_sixty_four_policies() {
    let mut policies: Vec<Policy> = (0..150)
        .map(|number| {
            let mut one = policy(&format!("P{number}"));
            one.conditions.users.exclude_groups = text(GROUP_A);
            one
        })
        .collect();
    assert_eq!(judge(policies.clone(), &dana()).0, Open);
    policies[140].conditions.users.exclude_groups.clear();
    let compiled = CompiledPolicies::new(&tenant(policies));
    let mut covering = Vec::new();
    compiled.each_covering(&dana(), |position| covering.push(compiled.name(position).cloned().unwrap()));
    assert_eq!(covering, ["P140"]);
    let stranger = User::new(UserId::new(Uuid::from_u128(9)), "x@contoso.com".into(), MfaState::Disabled.into());
    assert_eq!(compiled.excluded_from_all(&stranger), Ok(None), "P140 excludes nobody");
    assert_eq!(GROUP_A.parse::<GroupId>().unwrap().to_string(), GROUP_A);
}
