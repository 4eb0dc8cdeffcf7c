//! The binary over the fake Graph, with a secret and tokens that must be nowhere.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

use super::support::fake_graph::{FakeGraph, FakeOptions};

const SECRET: &str = "canary-secret-Zq8~7d1f";
/// The secret, the fake's tokens and device codes, the beginning of any JWT, and the header that carries tokens.
const CANARIES: [&str; 3] = ["canary-", "eyJhbGci", "Bearer"];
const TENANT: &str = "7f3a0d7e-4a64-4d6e-9a3f-0c1d2e3f4a5b";

/// A configuration directory, and the program in it.
pub(super) struct Desk {
    dir: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

pub(super) struct Ran {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Desk {
    pub(super) fn new(fake: &FakeGraph) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("main.mfa.hcl"), CONFIGURATION).unwrap();
        let origin = fake.origin();
        let mut desk = Self { dir, variables: Vec::new() };
        for (name, value) in [
            ("MFAPLAN_GRAPH_ENDPOINT", &*origin),
            ("MFAPLAN_LOGIN_ENDPOINT", &*origin),
            ("AZURE_CLIENT_ID", "11111111-2222-3333-4444-555555555555"),
            ("AZURE_CLIENT_SECRET", SECRET),
        ] {
            desk.set(name, value);
        }
        desk
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs the program, and searches all it said and wrote for the canaries.
    pub(super) async fn run(&self, line: &str) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_mfaplan"))
            .args(line.split(' '))
            .current_dir(self.dir.path())
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ran = Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) };
        let written = files(self.dir.path()).into_iter().map(|file| {
            let content = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            (file.display().to_string(), content)
        });
        let said = [("stdout".to_owned(), ran.out.clone()), ("stderr".to_owned(), ran.err.clone())];
        for (place, text) in written.chain(said) {
            assert!(!CANARIES.iter().any(|canary| text.contains(canary)), "{line}: {place}: {text}");
        }
        ran
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

pub(super) const CONFIGURATION: &str = r#"
tenant "contoso" {
  id = "7f3a0d7e-4a64-4d6e-9a3f-0c1d2e3f4a5b"
}

mfa "finance" {
  state  = "enforced"
  groups = ["SG-Finance"]
}

break_glass "emergency" {
  users  = ["emergency1@contoso.com", "emergency2@contoso.com"]
  reason = "Emergency access"
}

guardrails {
  max_change_percent = 100
}
"#;

pub(super) fn id(n: usize) -> String {
    format!("00000000-0000-4000-8000-{n:012}")
}

/// Two emergency accounts that hold the highest role, and four people of the finance department.
pub(super) fn seed() -> String {
    let group = "a0000000-0000-4000-8000-000000000001";
    let names = ["emergency1", "emergency2", "ada", "ben", "clara", "daniel"];
    let users: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let emergency = n < 2;
            let roles = serde_json::json!([{"templateId": "62e90394-69f5-4237-9190-012177145e10",
                "displayName": "Global Administrator", "permanent": true}]);
            serde_json::json!({
                "id": id(n), "userPrincipalName": format!("{name}@contoso.com"), "displayName": name,
                "userType": "Member", "accountEnabled": true, "perUserMfaState": "disabled",
                "isMfaRegistered": true, "isMfaCapable": true,
                "methodsRegistered": ["microsoftAuthenticatorPush", "fido2SecurityKey"],
                "memberOf": if emergency { vec![] } else { vec![group] },
                "directoryRoles": if emergency { roles } else { serde_json::json!([]) },
            })
        })
        .collect();
    serde_json::json!({
        "formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z",
        "tenant": {"id": TENANT, "displayName": "Contoso"},
        "groups": [{"id": group, "displayName": "SG-Finance", "mail": null}],
        "users": users,
    })
    .to_string()
}

async fn start(options: FakeOptions) -> (FakeGraph, Desk) {
    let fake = FakeGraph::start(&seed(), options).await;
    let desk = Desk::new(&fake);
    (fake, desk)
}

pub(super) fn digest(plan: &Ran) -> String {
    let document: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    document["digest"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_live_tenant_is_planned_copied_applied_and_planned_again() {
    let (fake, desk) = start(FakeOptions { stale_reads: 1, ..FakeOptions::default() }).await;

    let login = desk.run("login -v").await;
    assert_eq!(login.code, 0, "{}", login.err);
    assert!(login.out.contains("Signed in by client secret as application 1111"), "{}", login.out);
    assert!(login.out.contains("This identity may apply."), "{}", login.out);

    let plan = desk.run("plan --json -v --out staff.mfaplan --detailed-exitcode").await;
    assert_eq!(plan.code, 2, "{}", plan.err);
    let digest = digest(&plan);

    let copy = desk.run("snapshot --out tenant.json").await;
    assert_eq!(copy.code, 0, "{}", copy.err);
    let offline = desk.run("plan --json --snapshot tenant.json").await;
    assert_eq!(self::digest(&offline), digest, "the plan of the copy is the plan of the tenant");
    assert_eq!(fake.writes(), [], "planning and copying write nothing");
    let reads = |one: &super::support::fake_graph::Logged| one.method == "GET" || one.path == "/$batch";
    assert!(fake.log().iter().all(|one| reads(one) || one.version == "login"));

    fake.clear_log();
    let apply = desk.run(&format!("apply staff.mfaplan --approve {digest} --events events.jsonl -v")).await;
    assert_eq!(apply.code, 0, "{}{}", apply.out, apply.err);
    let written: Vec<_> = (2..6).map(|n| (id(n), "enforced".to_owned())).collect();
    let mut writes = fake.writes();
    writes.sort();
    assert_eq!(writes, written);
    let slow = |path: &str| path.contains("/reports/") || path.contains("/auditLogs/");
    assert!(!fake.log().iter().any(|one| slow(&one.path)), "a saved plan is applied without reading reports again");
    let events = fs::read_to_string(desk.path("events.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["done"], &last["verified"]), (&"summary".into(), &4.into(), &4.into()));

    let again = desk.run("plan --detailed-exitcode").await;
    assert_eq!(again.code, 0, "nothing is left to change: {}", again.out);
    assert_eq!(fake.problems(), Vec::<String>::new());
}

/// The first thing one tries, before there is a configuration: the tenant is found by a domain name.
#[tokio::test]
async fn signing_in_and_starting_need_no_configuration() {
    let (fake, mut desk) = start(FakeOptions::default()).await;
    fs::remove_file(desk.path("main.mfa.hcl")).unwrap();
    let named = desk.run("login --tenant contoso.com").await;
    assert_eq!(named.code, 0, "{}", named.err);
    assert!(named.out.contains(TENANT), "{}", named.out);
    desk.set("AZURE_TENANT_ID", TENANT);
    let of_environment = desk.run("login").await;
    assert_eq!(of_environment.code, 0, "{}", of_environment.err);
    desk.set("AZURE_TENANT_ID", "");
    let unnamed = desk.run("login").await;
    assert_eq!(unnamed.code, 1);
    assert!(unnamed.err.contains("which tenant?") && unnamed.err.contains("login --tenant"), "{}", unnamed.err);
    let nobody = desk.run("login --tenant fabrikam.example").await;
    assert_eq!(nobody.code, 1);
    assert!(nobody.err.contains("no tenant has the domain fabrikam.example"), "{}", nobody.err);
    let hostile = desk.run("login --tenant ../../common").await;
    assert!(hostile.code == 1 && hostile.err.contains("neither a tenant id"), "{}", hostile.err);

    let written = desk.run("init --tenant contoso.com").await;
    assert_eq!(written.code, 0, "{}", written.err);
    assert!(fs::read_to_string(desk.path("main.mfa.hcl")).unwrap().contains(TENANT));
    assert_eq!(fake.writes(), []);
}

#[tokio::test]
async fn without_write_permission_the_first_user_stops_the_run() {
    let denied = FakeOptions::default().without(&["Policy.ReadWrite.AuthenticationMethod"]);
    let (fake, desk) = start(denied).await;
    let login = desk.run("login").await;
    assert!(login.out.contains("This identity may plan, not apply."), "{}", login.out);
    let apply = desk.run("apply --auto-approve --json --events events.jsonl").await;
    assert_eq!(apply.code, 4, "{}", apply.err);
    let report: serde_json::Value = serde_json::from_str(&apply.out).unwrap();
    assert!(apply.err.contains("Policy.ReadWrite.AuthenticationMethod"), "{}", apply.err);
    let counts = &report["counts"];
    let (failed, not_attempted) = (counts["failed"].as_u64().unwrap(), counts["not_attempted"].as_u64().unwrap());
    assert!(failed >= 1 && failed + not_attempted == 4, "{counts}");
    assert_eq!(fake.writes(), []);
    let tried = fake.log().iter().filter(|one| one.method == "PATCH").count() as u64;
    assert_eq!(tried, failed, "the rest was not attempted");
}

#[tokio::test]
async fn what_is_wrong_with_the_sign_in_is_said_and_nothing_else_is_asked() {
    let (fake, mut desk) = start(FakeOptions::default()).await;

    desk.set("AZURE_CLIENT_SECRET", "wrong");
    let wrong = desk.run("plan -v").await;
    assert_eq!(wrong.code, 1);
    assert!(wrong.err.contains("client secret") && wrong.err.contains("AADSTS7000215"), "{}", wrong.err);
    assert!(wrong.err.contains("hint:"), "{}", wrong.err);
    desk.set("AZURE_CLIENT_SECRET", SECRET);

    // A host that is not Microsoft's gets neither a request nor a secret.
    for (name, host) in [
        ("MFAPLAN_GRAPH_ENDPOINT", "https://graph.example.com"),
        ("MFAPLAN_LOGIN_ENDPOINT", "https://login.microsoftonline.com.example.com"),
        ("MFAPLAN_GRAPH_ENDPOINT", "http://graph.microsoft.com"),
    ] {
        let (_, mut other) = (0, Desk::new(&fake));
        other.set(name, host);
        let refused = other.run("plan -v").await;
        assert_eq!(refused.code, 1);
        assert!(refused.err.contains(name), "{}", refused.err);
    }
    assert_eq!(fake.stats().requests, 0, "Graph was asked nothing");

    let elsewhere = "11111111-4a64-4d6e-9a3f-0c1d2e3f4a5b";
    fs::write(desk.path("main.mfa.hcl"), CONFIGURATION.replace(TENANT, elsewhere)).unwrap();
    let other = desk.run("plan -v").await;
    assert_eq!(other.code, 1);
    assert!(other.err.contains(TENANT) && other.err.contains(elsewhere), "{}", other.err);
    assert_eq!(fake.stats().requests, 1, "the organization, and nothing else");

    // A mandatory read that is refused: no plan, and the permission to ask for.
    let (_fake, desk) = start(FakeOptions::default().without(&["GroupMember.Read.All"])).await;
    let refused = desk.run("plan").await;
    assert_eq!(refused.code, 1);
    assert!(refused.err.contains("GroupMember.Read.All"), "{}", refused.err);
}

#[tokio::test]
async fn files_of_sign_ins_add_to_the_log_of_a_live_tenant() {
    let (fake, desk) = start(FakeOptions::default()).await;
    let files = "\n  sign_ins = [\"InteractiveSignIns.json\", \"NonInteractiveSignIns.json\"]\n}";
    let id_line = format!("id = \"{TENANT}\"");
    fs::write(desk.path("main.mfa.hcl"), CONFIGURATION.replace(&format!("{id_line}\n}}"), &(id_line.clone() + files)))
        .unwrap();

    let missing = desk.run("plan").await;
    assert_eq!(missing.code, 1);
    assert!(missing.err.contains("InteractiveSignIns.json: cannot be read"), "{}", missing.err);
    let asked = |fake: &FakeGraph, part: &str| fake.log().iter().any(|one| one.path.contains(part));
    assert!(!asked(&fake, "/users"), "noticed before anything is read");

    // Ada's account sends by SMTP AUTH, 40 times in the last hours.
    let now = jiff::Timestamp::now();
    let records: Vec<_> = (0..40)
        .map(|n| {
            let at = now - jiff::SignedDuration::from_mins(10 + n * 30);
            serde_json::json!({"id": format!("r{n}"), "createdDateTime": at.to_string(), "userId": id(2),
                "userPrincipalName": "ada@contoso.com", "clientAppUsed": "Authenticated SMTP", "ipAddress": "192.0.2.7",
                "signInEventTypes": ["nonInteractiveUser"], "isInteractive": false,
                "status": {"errorCode": 0}})
        })
        .collect();
    let records_of_ben =
        serde_json::json!([{"id": "b1", "createdDateTime": (now - jiff::SignedDuration::from_hours(2)).to_string(),
        "userId": id(3), "userPrincipalName": "ben@contoso.com", "clientAppUsed": "Browser", "isInteractive": true,
        "status": {"errorCode": 0}}])
        .to_string();
    fs::write(desk.path("InteractiveSignIns.json"), &*records_of_ben).unwrap();
    fs::write(desk.path("NonInteractiveSignIns.json"), serde_json::to_string(&records).unwrap()).unwrap();
    let plan = desk.run("plan --json").await;
    assert_eq!(plan.code, 0, "{}", plan.err);
    let document: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    let changes = document["changes"].as_array().unwrap();
    let of = |name: &str| {
        let named =
            |change: &&serde_json::Value| change["user"]["user_principal_name"] == format!("{name}@contoso.com");
        changes.iter().find(named).unwrap()["decision"].as_str().unwrap().to_owned()
    };
    assert_eq!((of("ada").as_str(), of("ben").as_str()), ("block", "apply"));
    assert!(asked(&fake, "/auditLogs/signIns"), "what the tenant says still counts");
}

/// A saved plan was reviewed under one policy directory. Under another it is refused, whatever that says of its users.
#[tokio::test]
async fn a_saved_plan_is_refused_under_a_policy_directory_that_it_does_not_know() {
    for selector in
        [r#"users = ["ada@contoso.com"]"#, r#"where = user.display_name == "ada" && user.registered == true"#]
    {
        let (fake, mut desk) = start(FakeOptions::default()).await;
        let plan = desk.run("plan --json --out staff.mfaplan").await;
        let digest = digest(&plan);
        fs::create_dir(desk.path("policy")).unwrap();
        let text = format!("break_glass \"baseline\" {{\n  {selector}\n  reason = \"Emergency access\"\n}}\n");
        fs::write(desk.path("policy/security.mfa.hcl"), text).unwrap();
        let policy = desk.path("policy").display().to_string();
        desk.set("MFAPLAN_POLICY", &policy);
        let apply = desk.run(&format!("apply staff.mfaplan --approve {digest}")).await;
        assert!(
            apply.err.contains("the policy directory (security.mfa.hcl), which the plan did not know"),
            "{}",
            apply.err
        );
        assert_eq!((apply.code, fake.writes().len()), (3, 0), "nobody was written");
    }
}
