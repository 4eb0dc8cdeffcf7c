//! Every example is valid and plans, and the migration example says what its page claims.

use std::{
    fs,
    path::{Path, PathBuf},
};

use mfaplan::testing::{
    config::{self, Config, LoadInput},
    plan::{self, BuildInput, Plan},
    risk, snapshot,
};

use crate::world::{json_of, told};

fn load(dir: &Path, policy: Option<&Path>, at: &str) -> Config {
    let input = LoadInput {
        dir,
        policy_dir: policy,
        assignments: &[],
        environment: &[],
        instant: at.parse().unwrap(),
        allow_files: &[],
        known_rules: &risk::known_rules(),
    };
    config::load(input).unwrap_or_else(|failure| panic!("{}: {}", dir.display(), told(&failure.diagnostics)))
}

fn plan_of(dir: &Path, policy: Option<&Path>, at: &str) -> Plan {
    let config = load(dir, policy, at);
    let tenant = snapshot::read(config.tenant.snapshot.as_deref().unwrap()).unwrap();
    assert_eq!(tenant.id, config.tenant.id);
    let created_at = "2026-11-20T09:00:00Z".parse().unwrap();
    let input = BuildInput { config: &config, tenant: &tenant, targets: &[], waivers: &[], created_at, assumed: None };
    plan::build(&input).unwrap_or_else(|error| panic!("{}: {error:?}", dir.display())).plan
}

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let dirs = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    dirs.filter(|path| path.join("main.mfa.hcl").is_file()).collect()
}

#[test]
fn every_example_is_valid_and_plans() {
    let found = examples();
    assert!(found.len() >= 3, "{found:?}");
    for dir in found {
        assert!(dir.join("README.md").is_file(), "{} has no README.md", dir.display());
        let plan = plan_of(&dir, None, "2026-11-20T00:00:00Z");
        assert!(plan.summary.has_changes(), "{} shows nothing", dir.display());
        assert!(!plan.is_refused(), "{}: {:?}", dir.display(), plan.refused);
        assert_eq!(json_of(&plan), json_of(&plan_of(&dir, None, "2026-11-20T00:00:00Z")));
        let policy = dir.join("policy");
        if policy.is_dir() {
            plan_of(&dir, Some(&policy), "2026-11-20T00:00:00Z");
        }
    }
}

#[test]
fn the_migration_lowers_only_those_whom_conditional_access_covers() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/migrate-to-conditional-access");
    for at in ["2026-11-20T00:00:00Z", "2026-12-01T00:00:00Z", "2027-01-11T00:00:00Z"] {
        let plan = plan_of(&dir, None, at);
        for change in plan.changes.iter().filter(|change| !change.decision.is_block()) {
            let rules: Vec<_> = change.findings.iter().map(|one| &*one.rule).collect();
            assert!(!rules.iter().any(|rule| ["MFA060", "MFA061", "MFA062"].contains(rule)), "{change:?}");
        }
        let mut blocked: Vec<_> = plan
            .changes
            .iter()
            .filter(|change| change.decision.is_block())
            .map(|change| change.user.user_principal_name.split('@').next().unwrap())
            .collect();
        blocked.sort_unstable();
        assert_eq!(blocked, ["adm.weber", "ines.costa", "lars.holm", "omar.haddad"], "at {at}");
    }
    let last = plan_of(&dir, None, "2027-01-11T00:00:00Z");
    assert_eq!((last.summary.disable, last.summary.hold), (6, 0));
}
