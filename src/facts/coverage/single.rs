//! Sign-ins that no policy asks at, counted against an evaluation of every policy at every sign-in, by the definitions of
//! Microsoft's pages "Conditional Access: Conditions" and "Conditional Access: Target resources".

use std::sync::Arc;

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    CompiledPolicies, Coverage,
    tests::{DANA, ENROLLMENT, GROUP_A, GROUP_C, dana, tenant, text},
};
use crate::{
    facts::Askers,
    risk::testing_policies::policy,
    tenant::{
        Cell, CellPolicy, Mfa, Outcome, Policy, PolicyState, Protocol, Requirement, SignInKind, SignInShape, SignIns,
        Text,
    },
};

const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
const PAYROLL: &str = "3f0e6a52-88a1-4f6d-9b8e-0a1b2c3d4e5f";

/// What a policy says, in the words of this test.
#[derive(Clone, Debug)]
struct Says {
    enabled: bool,
    /// 0 everybody, 1 a group Dana is in, 2 a group she is not in, 3 everybody but her.
    whom: u8,
    /// All resources but these, or these only.
    all_but: bool,
    resources: Vec<&'static str>,
    browser: bool,
    modern: bool,
    /// Only outside the office.
    outside: bool,
    /// Or a compliant device.
    or_device: bool,
}

#[derive(Clone, Debug)]
struct Visit {
    resource: &'static str,
    browser: bool,
    outside: bool,
    /// Did the record say which policies applied?
    told: bool,
    count: u32,
}

impl Says {
    fn asks(&self, visit: &Visit) -> bool {
        self.enabled
            && self.whom < 2
            && self.resources.contains(&visit.resource) != self.all_but
            && (if visit.browser { self.browser } else { self.modern })
            && (!self.outside || visit.outside)
            && !self.or_device
    }

    fn policy(&self, number: usize) -> Policy {
        let mut one = policy(&format!("P{number}"));
        let conditions = &mut one.conditions;
        if !self.enabled {
            one.state = PolicyState::EnabledForReportingButNotEnforced;
        }
        match self.whom {
            1 | 2 => {
                conditions.users.include_users.clear();
                conditions.users.include_groups = text(if self.whom == 1 { GROUP_A } else { GROUP_C });
            }
            3 => conditions.users.exclude_users = text(DANA),
            _ => {}
        }
        let resources: Vec<Text> = self.resources.iter().map(|id| Text::from(*id)).collect();
        if self.all_but {
            conditions.applications.exclude_applications = resources;
        } else {
            conditions.applications.include_applications = resources;
        }
        if !(self.browser && self.modern) {
            let kinds = [(self.browser, "browser"), (self.modern, "mobileAppsAndDesktopClients")];
            conditions.client_app_types = kinds.iter().filter(|one| one.0).map(|one| one.1.into()).collect();
        }
        if self.outside {
            conditions.locations =
                Some(serde_json::json!({"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}));
        }
        if self.or_device {
            one.grant_controls.get_or_insert_default().built_in_controls = vec!["mfa".into(), "compliantDevice".into()];
        }
        one
    }
}

fn says() -> impl Strategy<Value = Says> {
    let few = vec(select(vec![EXCHANGE, ENROLLMENT, PAYROLL]), 0..3);
    (
        prop::bool::weighted(0.8),
        0..4_u8,
        prop::bool::weighted(0.6),
        few,
        any::<(bool, bool)>(),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(enabled, whom, all_but, resources, (browser, modern), outside, or_device)| {
            // A policy names a kind of client at least.
            let modern = modern || !browser;
            Says { enabled, whom, all_but, resources, browser, modern, outside, or_device }
        })
}

fn visit() -> impl Strategy<Value = Visit> {
    (select(vec![EXCHANGE, ENROLLMENT, PAYROLL]), any::<[bool; 3]>(), 1..40_u32)
        .prop_map(|(resource, [browser, outside, told], count)| Visit { resource, browser, outside, told, count })
}

fn cell(visit: &Visit, asking: &[usize]) -> Cell {
    let at = "2026-11-20T08:00:00Z".parse().unwrap();
    let policies =
        asking.iter().map(|number| CellPolicy { id: format!("P{number}").as_str().into(), result: "success".into() });
    Cell {
        day: "2026-11-20".parse().unwrap(),
        shape: Arc::new(SignInShape {
            app: "d3590ed6-52b3-4102-aeff-aad2292ab01c".into(),
            app_name: None,
            resource: Some(visit.resource.into()),
            client: if visit.browser { "Browser" } else { "Mobile Apps and Desktop clients" }.into(),
            kind: SignInKind::Interactive,
            protocol: Protocol::Other,
            requirement: Some(Requirement::Multi),
            mfa: Mfa::Done,
            outcome: Outcome::Success,
            error_code: None,
            asked_by: Some([Text::from("user")].into()),
            policies: visit.told.then(|| policies.collect()),
            app_password: false,
            product: None,
        }),
        hours: 0,
        addresses: Box::default(),
        addresses_cut: false,
        count: visit.count,
        first: at,
        last: at,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn every_sign_in_that_nothing_asks_at_is_counted_and_who_is_called_covered_has_none(
        policies in vec(says(), 0..5), visits in vec(visit(), 0..8),
    ) {
        let tenant = tenant(policies.iter().enumerate().map(|(number, one)| one.policy(number)).collect());
        let (mut cells, mut certain, mut possible) = (Vec::new(), 0, 0);
        for visit in &visits {
            let asking: Vec<usize> = (0..policies.len()).filter(|number| policies[*number].asks(visit)).collect();
            cells.push(cell(visit, &asking));
            // Where the record does not say what applied, a policy with a location cannot be counted upon.
            let known = asking.iter().any(|number| visit.told || !policies[*number].outside);
            certain += if asking.is_empty() { u64::from(visit.count) } else { 0 };
            possible += if known { 0 } else { u64::from(visit.count) };
        }
        let mut user = dana();
        user.sign_ins = Some(Box::new(SignIns::from_cells(cells.into(), Some(30))));
        let compiled = CompiledPolicies::new(&tenant);
        let counted = Askers::of(&tenant).uncovered(&compiled, &user).unwrap();
        prop_assert_eq!(counted, possible);
        prop_assert!(counted >= certain);
        if visits.iter().all(|visit| visit.told) {
            prop_assert_eq!(counted, certain, "the records say all");
        }
        if let Coverage::Full { .. } = compiled.coverage(&user) {
            prop_assert_eq!(counted, 0);
            prop_assert_eq!(certain, 0, "nor is there one, whatever is counted");
        }
    }
}

/// An application of a suite that is left out is not asked at, though its own id is named nowhere; and what is not known
/// counts as open.
#[test]
fn suites_and_unknown_resources_are_open() {
    let mut all_but_office = policy("P0");
    all_but_office.conditions.applications.exclude_applications = text("Office365");
    let compiled = CompiledPolicies::new(&tenant(vec![all_but_office.clone()]));
    let user = dana();
    let asked = compiled.asked_at(&user).unwrap();
    assert!(!asked.at("Browser", Some(EXCHANGE)) && !asked.at("Browser", None));
    let mut all_but_payroll = policy("P1");
    all_but_payroll.conditions.applications.exclude_applications = text(PAYROLL);
    let compiled = CompiledPolicies::new(&tenant(vec![all_but_payroll]));
    let asked = compiled.asked_at(&user).unwrap();
    assert!(asked.at("", Some(EXCHANGE)) && !asked.at("Browser", Some(PAYROLL)) && !asked.at("Browser", None));
    assert!(
        CompiledPolicies::new(&{
            let mut tenant = tenant(Vec::new());
            tenant.conditional_access = None;
            tenant
        })
        .asked_at(&user)
        .is_none()
    );
}
