//! A tenant of thirty, a configuration for twenty-four of them, and the program at a desk of its own.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mfaplan::testing::cli::{self, Said};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::support::fake_graph::{FakeGraph, FakeOptions, RetryAfter};

const TENANT: &str = "7f3a0d7e-4a64-4d6e-9a3f-0c1d2e3f4a5b";
const GROUP: &str = "a0000000-0000-4000-8000-000000000001";

/// The first two are emergency accounts, the last four belong to no block.
const EMERGENCY: usize = 2;
pub(crate) const USERS: usize = 30;
/// Whom the configuration declares.
pub(crate) const PLANNED: std::ops::Range<usize> = EMERGENCY..26;

const CONFIGURATION: &str = r#"
tenant "contoso" {
  id = "7f3a0d7e-4a64-4d6e-9a3f-0c1d2e3f4a5b"
}

mfa "finance" {
  state  = "enforced"
  groups = ["SG-Finance"]
}

break_glass "emergency" {
  users  = ["user00@contoso.com", "user01@contoso.com"]
  reason = "Emergency access"
}

guardrails {
  max_change_percent = 100
}
"#;

pub(crate) fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

pub(crate) fn seed() -> String {
    let users: Vec<Value> = (0..USERS)
        .map(|n| {
            let emergency = n < EMERGENCY;
            let roles = json!([{"templateId": "62e90394-69f5-4237-9190-012177145e10",
                "displayName": "Global Administrator", "permanent": true}]);
            json!({
                "id": id(n), "userPrincipalName": format!("user{n:02}@contoso.com"), "displayName": format!("User {n}"),
                "userType": "Member", "accountEnabled": true, "perUserMfaState": "disabled",
                "isMfaRegistered": true, "isMfaCapable": true,
                "methodsRegistered": ["microsoftAuthenticatorPush", "fido2SecurityKey"],
                "memberOf": if PLANNED.contains(&n) { vec![GROUP] } else { vec![] },
                "directoryRoles": if emergency { roles } else { json!([]) },
            })
        })
        .collect();
    json!({
        "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z",
        "tenant": {"id": TENANT, "displayName": "Contoso", "servicePlans": ["AAD_PREMIUM"]},
        "groups": [{"id": GROUP, "displayName": "SG-Finance", "mail": null}],
        "conditionalAccessPolicies": [], "users": users,
    })
    .to_string()
}

/// The runtime of the program and of the fake alike. Its clock stands still while there is anything to do, and jumps to
/// the next wait's end where there is not.
pub(crate) fn runtime() -> &'static Runtime {
    cli::wait_on(|| Builder::new_current_thread().enable_all().start_paused(true).build().unwrap())
}

/// A tenant and a directory to run the program in. One at a time: the directory is the process's.
pub(crate) struct Desk {
    pub(crate) fake: Arc<FakeGraph>,
    dir: tempfile::TempDir,
    variables: Vec<(String, String)>,
    _alone: MutexGuard<'static, ()>,
}

impl Desk {
    /// A service that asks to wait in this form.
    pub(crate) fn new(retry_after: RetryAfter) -> Self {
        Self::with(FakeOptions { retry_after, ..FakeOptions::default() })
    }

    pub(crate) fn with(options: FakeOptions) -> Self {
        Self::of(options, &seed())
    }

    /// A service with another tenant than the usual one.
    pub(crate) fn of(options: FakeOptions, seed: &str) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let options = FakeOptions { latency: Duration::from_millis(80), ..options };
        let fake = Arc::new(runtime().block_on(FakeGraph::start(seed, options)));
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("main.mfa.hcl"), CONFIGURATION).unwrap();
        let origin = fake.origin();
        let variables = [
            ("MFAPLAN_GRAPH_ENDPOINT", &*origin),
            ("MFAPLAN_LOGIN_ENDPOINT", &*origin),
            ("AZURE_TENANT_ID", TENANT),
            ("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555"),
            ("AZURE_CLIENT_SECRET", "canary-secret"),
        ];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { fake, dir, variables, _alone: alone }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        self.run_at(arguments, jiff::Timestamp::now())
    }

    /// As [`Desk::run`], on another day.
    pub(crate) fn run_at(&self, arguments: &[&str], now: jiff::Timestamp) -> Said {
        let dir = self.dir.path().display().to_string();
        let said = cli::run(&[arguments, &["--chdir", &dir, "--quiet"]].concat(), &self.variables, now);
        assert!(!said.out.contains("canary-") && !said.err.contains("canary-"), "{said:?}");
        said
    }

    /// The run that the journal has last.
    pub(crate) fn last_run(&self) -> String {
        let entries = fs::read_dir(self.path(".mfaplan/runs")).unwrap();
        let names = entries.filter_map(|entry| Some(entry.unwrap().path().file_stem()?.to_str()?.to_owned()));
        names.max().unwrap()
    }

    pub(crate) fn states(&self) -> BTreeMap<String, String> {
        self.fake.states().into_iter().map(|(id, state)| (id, state.unwrap())).collect()
    }
}
