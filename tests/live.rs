//! The same plan from a live tenant as from its offline copy, nothing written by planning, and applies that end right:
//! through the library first, then (`program`) through the binary.
//!
//! `MFAPLAN_LIVE_USERS=5000` sets the size of the generated tenants (a fifth of it where there is a sign-in log, of which
//! each user has hundreds of records); the default is fit for every push.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "live/foretold.rs"]
mod foretold;
#[path = "support/generator/mod.rs"]
mod generator;
#[path = "live/login.rs"]
mod login;
#[path = "live/program.rs"]
mod program;
mod support;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use mfaplan::testing::{
    apply::{
        self, Approval, ApprovedPlan, Clock, FreshPlan, Outcome, Preflight, Requirements, RunReport,
        journal::{By, Store},
    },
    config::{self, Config, LoadInput},
    graph::{Cloud, Endpoints, GraphTenant, Options, Pacing, Patience, credentials::Credential},
    plan::{self, BuildInput, Change, Plan},
    risk,
    sign_ins::SignInFiles,
    snapshot,
    tenant::{MfaState, ObservedTenant, ReadProgress, TenantRead},
};
use support::fake_graph::{BulkState, FakeGraph, FakeOptions, Faults};

const CAPTURED: &str = "2026-11-20T08:00:00Z";

struct Silent;
impl ReadProgress for Silent {
    fn progress(&self, _: &str, _: u64, _: Option<u64>) {}
    fn waiting(&self, _: f64, _: &str) {}
}

fn now() -> Timestamp {
    CAPTURED.parse().unwrap()
}

fn load(dir: &Path) -> Config {
    let input = LoadInput {
        dir,
        policy_dir: None,
        assignments: &[],
        environment: &[],
        instant: now(),
        allow_files: &[],
        known_rules: &risk::known_rules(),
    };
    config::load(input).unwrap_or_else(|failure| panic!("{:#?}", failure.diagnostics))
}

fn planned(config: &Config, tenant: &ObservedTenant) -> Plan {
    plan::build(&BuildInput { config, tenant, targets: &[], waivers: &[], created_at: now(), assumed: None })
        .unwrap()
        .plan
}

/// Sign-in files come on top of what was read, whatever it was read from.
fn with_files(config: &Config, mut tenant: ObservedTenant) -> ObservedTenant {
    if config.tenant.sign_ins.is_empty() {
        return tenant;
    }
    let mut files = SignInFiles::new(&tenant, config.instant, config.tenant.sign_in_window);
    for file in &config.tenant.sign_ins {
        files.read(file, &file.path.display().to_string(), fs::File::open(&file.path).unwrap()).unwrap();
    }
    files.finish().merge_into(&mut tenant);
    tenant
}

async fn connect(fake: &FakeGraph) -> GraphTenant {
    let origin = fake.origin();
    let lookup = |name: &str| match name {
        "AZURE_CLIENT_ID" | "AZURE_CLIENT_SECRET" => Some("any".to_owned()),
        name => name.starts_with("MFAPLAN_").then(|| origin.clone()),
    };
    let endpoints = Endpoints::from_env(Cloud::Global, &lookup).unwrap();
    let credential = Credential::from_env(&lookup, false).unwrap();
    let mut options = Options::new(endpoints, credential, fake.tenant_id().parse().unwrap(), now());
    options.patience = Patience { first: Duration::from_millis(4), cap: Duration::from_millis(40), ..options.patience };
    options.pacing = Pacing::Adaptive;
    // Faults may hit the sign-in's own check, which gives up like any other read.
    for _ in 0..20 {
        if let Ok(graph) = GraphTenant::connect(options.clone()).await {
            return graph;
        }
    }
    panic!("no connection");
}

async fn observe(graph: &GraphTenant, config: &Config) -> ObservedTenant {
    let request = config.reads();
    with_files(config, graph.read(&request, &Silent).await.unwrap())
}

/// The report of registrations and the methods of a user name the same methods in another order.
fn in_order(change: &Change) -> Change {
    let mut change = change.clone();
    for evidence in change.findings.iter_mut().flat_map(|finding| &mut finding.evidence) {
        if let serde_json::Value::Array(values) = &mut evidence.value {
            values.sort_by_key(ToString::to_string);
        }
    }
    change
}

/// Everything that a reviewer looks at, but for MFA091 and MFA092: they say *why* a fact is missing and how old facts
/// are, and a service says that in other words than a file.
fn assert_same(live: &Plan, offline: &Plan, report: bool) {
    assert_eq!(live.changes.len(), offline.changes.len());
    for (a, b) in live.changes.iter().zip(&offline.changes) {
        assert_eq!(in_order(a), in_order(b));
    }
    let findings = |plan: &Plan| -> Vec<_> {
        plan.findings.iter().filter(|one| !["MFA091", "MFA092"].contains(&&*one.finding.rule)).cloned().collect()
    };
    assert_eq!(findings(live), findings(offline));
    // Whether somebody is *capable* of MFA is in the report only; the methods of a user do not tell (MFA022).
    let unknown = |plan: &Plan| -> Vec<_> {
        plan.not_evaluated.iter().filter(|one| report || &*one.rule != "MFA022").cloned().collect()
    };
    assert_eq!(unknown(live), unknown(offline));
    assert_eq!((&live.refused, &live.checks, &live.outputs), (&offline.refused, &offline.checks, &offline.outputs));
    assert_eq!(live.digest, offline.digest);
}

/// Planning is over: what was sent?
fn assert_only_read(fake: &FakeGraph) {
    assert_eq!(fake.problems(), Vec::<String>::new(), "only requests of the list, as the service wants them");
    assert_eq!(fake.writes(), []);
    for one in fake.log() {
        let reads = one.method == "GET" || one.path == "/$batch" || one.version == "login";
        assert!(reads, "{} {}", one.method, one.path);
        assert!(one.version != "login" || one.query.ends_with("/.default") && !one.query.contains("ReadWrite"));
    }
}

/// Live, offline, and by way of a snapshot of the live tenant: three times the same plan.
async fn three_ways(dir: &Path, seed: &str, options: FakeOptions) -> Plan {
    let config = load(dir);
    let report = options.premium != Some(false);
    let fake = FakeGraph::start(seed, options).await;
    let graph = connect(&fake).await;
    let tenant = observe(&graph, &config).await;
    let live = planned(&config, &tenant);
    assert_only_read(&fake);

    let mut file = Vec::new();
    snapshot::write(&tenant, &mut file).unwrap();
    let copied = planned(&config, &with_files(&config, snapshot::from_slice(Path::new("copy"), &file).unwrap()));
    assert_eq!(copied.digest, live.digest, "`snapshot` wrote all that the plan rests on");
    assert_eq!((&copied.changes, &copied.findings), (&live.changes, &live.findings));

    let offline =
        planned(&config, &with_files(&config, snapshot::from_slice(Path::new("seed"), seed.as_bytes()).unwrap()));
    assert_same(&live, &offline, report);
    live
}

fn contoso() -> (PathBuf, String) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/contoso");
    let seed = fs::read_to_string(dir.join("tenant.json")).unwrap();
    (dir, seed)
}

fn decision(plan: &Plan, user: &str) -> &'static str {
    let wanted = format!("{user}@contoso.com");
    let change = plan.changes.iter().find(|change| change.user.user_principal_name == *wanted);
    change.unwrap_or_else(|| panic!("{user} has no change")).decision.as_str()
}

#[tokio::test]
async fn contoso_is_planned_alike_live_and_offline() {
    let (dir, seed) = contoso();
    for (premium, bulk_state) in [(Some(true), BulkState::Absent), (Some(false), BulkState::Served)] {
        let options = FakeOptions { premium, bulk_state, page_size: 25, ..FakeOptions::default() };
        let plan = three_ways(&dir, &seed, options).await;
        for user in ["scan-warehouse", "svc-backup"] {
            assert_eq!(decision(&plan, user), "block", "the downloads of the portal tell what {user} is");
        }
    }
}

/// Who manages everybody: groups, roles, expressions over most facts, a stage, holds and protected accounts.
fn everybody(tenant: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        r#"
tenant "generated" {{
  id = "{tenant}"
}}

mfa "administrators" {{
  state    = "enforced"
  priority = 50
  roles    = ["Global Administrator", "User Administrator"]
}}

mfa "sales" {{
  state    = "enforced"
  priority = 20
  groups   = ["SG-Sales", "SG-Project-20"]
}}

mfa "leavers" {{
  state           = "disabled"
  priority        = 10
  allow_downgrade = true
  where           = user.department == "Legal" && user.registered == true
}}

mfa "everybody" {{
  state = "enforced"
  where = user.user_type != null

  staged {{
    until = "2026-12-31"
  }}
}}

break_glass "emergency" {{
  where  = startswith(user.user_principal_name, "emergency")
  reason = "Emergency access"
}}

guardrails {{
  max_changes        = 1000000
  max_change_percent = 100
  max_downgrades     = 1000000
}}
"#
    );
    fs::write(dir.path().join("main.mfa.hcl"), text).unwrap();
    dir
}

fn size() -> usize {
    std::env::var("MFAPLAN_LIVE_USERS").ok().and_then(|users| users.parse().ok()).unwrap_or(500)
}

fn generated(users: usize, seed: u64, sign_ins: bool) -> (tempfile::TempDir, String) {
    let options = generator::Options { users, seed, sign_ins, ..generator::Options::default() };
    let mut seed: serde_json::Value = serde_json::from_str(&generator::generate(options).json).unwrap();
    for user in seed["users"].as_array_mut().unwrap() {
        // A log counts sign-ins by a legacy protocol among the non-interactive ones; the generator states them apart.
        let Some(sign_ins) = user.get_mut("signIns").filter(|sign_ins| sign_ins.is_object()) else { continue };
        let legacy =
            sign_ins["legacy"].as_object().map_or(0, |all| all.values().filter_map(|one| one["count"].as_u64()).sum());
        let stated = sign_ins["nonInteractive"].as_u64().unwrap_or(0) + sign_ins["interactive"].as_u64().unwrap_or(0);
        if stated < legacy {
            sign_ins["nonInteractive"] = legacy.into();
        }
    }
    (everybody(seed["tenant"]["id"].as_str().unwrap()), seed.to_string())
}

#[tokio::test]
async fn a_generated_tenant_with_a_sign_in_log_is_planned_alike_live_and_offline() {
    let (dir, seed) = generated(size() / 5, 7, true);
    let plan = three_ways(dir.path(), &seed, FakeOptions::default()).await;
    assert!(plan.summary.block > 0 && plan.summary.enforce > 0, "{:?}", plan.summary);
}

#[tokio::test]
async fn a_generated_tenant_without_premium_is_planned_alike_live_and_offline() {
    let (dir, seed) = generated(size(), 8, false);
    // The report needs P1; with the seed's registration facts it is served, as the methods of each user would be.
    let options = FakeOptions { premium: Some(true), bulk_state: BulkState::Partial, ..FakeOptions::default() };
    let plan = three_ways(dir.path(), &seed, options).await;
    assert!(plan.changes.len() > size() / 3);
}

#[tokio::test]
async fn a_fifth_of_all_answers_are_faults_and_the_plan_is_the_same() {
    let (dir, seed) = contoso();
    let quiet = three_ways(&dir, &seed, FakeOptions { premium: Some(true), ..FakeOptions::default() }).await;
    for number in 1..=2 {
        let faults = Faults::mixed(number, 0.2);
        let options = FakeOptions { premium: Some(true), page_size: 20, faults, ..FakeOptions::default() };
        let plan = three_ways(&dir, &seed, options).await;
        assert_eq!(plan.digest, quiet.digest);
    }
}

/// Waits shortened to milliseconds: what is waited for is looked at elsewhere.
struct Hasty(Instant);

impl Clock for Hasty {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration.min(Duration::from_millis(5))).await;
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

async fn perform(plan: Plan, config: &Config, graph: &GraphTenant, dir: &Path) -> RunReport {
    let approval = Approval::automatic(&plan.digest, Timestamp::now());
    let required = Requirements::of(&plan, Some(&config.guardrails));
    let (digest, tenant) = (plan.digest.clone(), plan.tenant.id);
    let approved = ApprovedPlan::new(plan, approval, required).unwrap();
    let left = HashMap::new();
    let preflight = Preflight {
        tenant,
        now: Timestamp::now(),
        guardrails: Some(&config.guardrails),
        left: &left,
        signers: None,
        by: &By::default(),
    };
    let fresh = FreshPlan::new(approved, &preflight).unwrap();
    let (run, journal) = Store::of(dir).create(Timestamp::now(), &digest).unwrap();
    let (_handle, stop) = apply::stop();
    let clock = Hasty(Instant::now());
    let parallelism = NonZeroUsize::new(16).unwrap();
    let context = apply::Context { tenant: graph, clock: &clock, stop: &stop, observer: &(), parallelism };
    apply::apply(fresh, run, journal, context).await
}

#[tokio::test]
async fn a_fifth_of_all_answers_are_faults_and_every_planned_user_is_accounted_for() {
    let (dir, seed) = generated(110, 9, false);
    let config = load(dir.path());
    for number in 1..=2 {
        let faults = Faults::mixed(number, 0.2);
        let options = FakeOptions { premium: Some(true), faults, stale_reads: 1, ..FakeOptions::default() };
        let fake = FakeGraph::start(&seed, options).await;
        let graph = connect(&fake).await;
        let tenant = observe(&graph, &config).await;
        let plan = planned(&config, &tenant);
        let wanted: BTreeMap<_, _> = plan
            .applicable()
            .map(|change| (change.user.id.to_string(), (change.before.clone(), change.effective)))
            .collect();
        assert!(wanted.len() > 50);

        // Two users move behind the plan's back: one to where they are to go, one elsewhere.
        let mut others = plan.applicable().filter(|change| {
            change.before.known() == Some(MfaState::Disabled) && change.effective == MfaState::Enforced
        });
        let skip = plan.execution.canary as usize;
        let (arrived, moved) =
            (others.nth(skip).unwrap().user.id.to_string(), others.next().unwrap().user.id.to_string());
        drop(others);
        fake.set_state(&arrived, "enforced");
        fake.set_state(&moved, "enabled");

        let report = perform(plan, &config, &graph, dir.path()).await;
        let counts = report.counts;
        assert_eq!(counts.changes as usize, wanted.len());
        assert_eq!(
            counts.done + counts.failed + counts.stale + counts.unknown + counts.not_attempted,
            counts.changes,
            "{counts:?}"
        );
        let states = fake.states();
        for user in &report.users {
            let id = user.planned.user.id.to_string();
            let (state, (before, effective)) = (states[&id].as_deref().unwrap(), &wanted[&id]);
            match user.outcome {
                _ if id == moved => assert_eq!((user.outcome, state), (Outcome::Stale, "enabled"), "not overwritten"),
                Outcome::Done => assert_eq!(state, effective.as_str()),
                Outcome::NotAttempted => assert_eq!(state, before.to_string()),
                // A failure is not a lie: the user is where they were, or where they were to go.
                _ => assert!(state == before.to_string() || state == effective.as_str(), "{:?}: {state}", user.outcome),
            }
        }
        assert!(counts.done * 100 >= counts.changes * 95, "patience gets nearly everybody there: {counts:?}");
        let planned_users: HashSet<_> = wanted.keys().cloned().collect();
        assert!(fake.writes().iter().all(|(user, _)| planned_users.contains(user)), "nobody else was written");
    }
}
