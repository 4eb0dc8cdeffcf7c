//! What an application may ask over all its tenants is shared by the processes that ask.

use std::collections::BTreeSet;

use crate::{
    support::fake_graph::{Application, FakeOptions, Throttle},
    world::{runtime, world},
};

/// Each tenant alone is far below its own limit of reports; all together they are above the application's.
#[test]
fn the_reports_of_all_tenants_together_stay_below_the_applications_limit() {
    let runtime = runtime();
    let tenants = 48;
    let throttle = Throttle { reporting: Some((122.0, 12.2)), ..Throttle::none() };
    let application = Application::new(&throttle);
    // A page a person: each tenant takes about the five requests that it may.
    let options = || FakeOptions {
        premium: Some(true),
        page_size: 1,
        application: Some(application.clone()),
        ..FakeOptions::default()
    };
    let (sandbox, fake) = world((0..tenants).map(|_| options()).collect(), 4, &runtime);
    sandbox.run(&["fleet", "plan", "--out", "plans", "--parallel", "24"]).exits(0);
    let log: Vec<_> = (0..tenants).flat_map(|at| fake.tenant(at).log()).collect();
    let reports = log.iter().filter(|one| one.path.starts_with("/reports/") || one.path.starts_with("/auditLogs/"));
    assert!(reports.count() > 200, "too few to meet the limit");
    let throttled: BTreeSet<_> = log.iter().filter(|one| one.status == 429).map(|one| one.path.clone()).collect();
    assert_eq!(throttled, BTreeSet::new());
}
