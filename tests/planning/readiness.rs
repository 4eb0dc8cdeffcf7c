//! Who is ready: against a second computation from the bare JSON of a tenant.

use std::{collections::BTreeMap, path::Path};

use mfaplan::testing::{
    config::{self, LoadInput, Overlay},
    plan::{self, BuildInput},
    readiness::{By, Input, report},
    render::readiness::{Format, Options},
    risk, snapshot,
};
use serde_json::{Value, json};

use crate::{
    generator::{Options as Generate, generate},
    world::{World, person, unregistered, with},
};

const STAFF: &str = r#"
mfa "staff" {
  state   = "enforced"
  where   = user.user_type != "Guest" || user.country == "Norway"
  rollout = "year"
}

rollout "year" {
  wave "pilot" {
    from    = "2026-11-01"
    percent = 10
  }
  wave "half" {
    from    = "2026-12-07"
    percent = 50
  }
  wave "finance" {
    from  = "2027-02-15"
    where = user.department == "Finance"
  }
}
"#;

/// The report of a tenant, as a program reads it.
fn document(snapshot: &Value, hcl: &str, by: Option<By>, as_of: &str, format: Format) -> String {
    let mut overlay = Overlay::alone();
    let id = snapshot["tenant"]["id"].as_str().unwrap();
    overlay.insert("config/main.mfa.hcl", format!("tenant \"contoso\" {{\n  id = \"{id}\"\n}}\n{hcl}"));
    let input = LoadInput {
        dir: Path::new("config"),
        policy_dir: None,
        assignments: &[],
        environment: &[],
        instant: as_of.parse().unwrap(),
        allow_files: &[],
        known_rules: &risk::known_rules(),
    };
    let config = config::load_over(input, &overlay).map_err(|failure| failure.diagnostics).unwrap();
    let tenant = snapshot::from_slice(Path::new("tenant.json"), &serde_json::to_vec(snapshot).unwrap()).unwrap();
    let created_at = as_of.parse().unwrap();
    let input = BuildInput { config: &config, tenant: &tenant, targets: &[], waivers: &[], created_at, assumed: None };
    let built = plan::build(&input).map_err(|_| "no plan").unwrap();
    let report = report(Input { plan: &built.plan, desired: &built.desired, tenant: &tenant, by });
    let mut out = Vec::new();
    format.write(&report, Options::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json_of(snapshot: &Value, hcl: &str, by: Option<By>, as_of: &str) -> Value {
    serde_json::from_str(&document(snapshot, hcl, by, as_of, Format::Json)).unwrap()
}

const STRONG: &[&str] = &[
    "fido2SecurityKey",
    "passKeyDeviceBound",
    "passKeyDeviceBoundAuthenticator",
    "windowsHelloForBusiness",
    "microsoftAuthenticatorPush",
    "microsoftAuthenticatorPasswordless",
    "softwareOneTimePasscode",
    "hardwareOneTimePasscode",
];
const PHONES: &[&str] = &["mobilePhone", "alternateMobilePhone", "officePhone"];
const NEITHER: &[&str] = &["email", "securityQuestion", "temporaryAccessPass", "resourceAccountKey"];

/// The class, by the words of the page rather than by the program's own tables.
fn class(user: &Value) -> &'static str {
    match user["isMfaRegistered"].as_bool() {
        None => return "unknown",
        Some(false) => return "not_registered",
        Some(true) if user["isMfaCapable"] == json!(false) => return "not_capable",
        Some(true) => {}
    }
    let Some(methods) = user["methodsRegistered"].as_array() else { return "unknown" };
    let methods: Vec<&str> = methods.iter().map(|one| one.as_str().unwrap()).collect();
    let count = |list: &[&str]| methods.iter().filter(|one| list.contains(one)).count();
    let (strong, phones, neither) = (count(STRONG), count(PHONES), count(NEITHER));
    match (strong, phones) {
        (0, 0) if neither < methods.len() => "unknown",
        (0, 0) => "not_registered",
        (0, _) => "phone_only",
        (1, 0) => "single_method",
        _ => "ready",
    }
}

fn ends(user: &Value) -> Value {
    let later = user["userPrincipalName"].as_str().unwrap().contains("#EXT#")
        || user["directoryRoles"].as_array().is_some_and(|roles| {
            roles.iter().any(|role| role["templateId"] == json!("62e90394-69f5-4237-9190-012177145e10"))
        });
    match (class(user), later) {
        ("phone_only", true) => json!("2027-07-01"),
        ("phone_only", false) => json!("2027-02-01"),
        _ => Value::Null,
    }
}

#[test]
fn twenty_tenants_equal_a_second_computation() {
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 0..20 {
        let options = Generate { users: 300, seed, sign_ins: seed % 3 != 0, ..Generate::default() };
        let mut snapshot: Value = serde_json::from_str(&generate(options).json).unwrap();
        for (at, user) in snapshot["users"].as_array_mut().unwrap().iter_mut().enumerate() {
            let registered = user["isMfaRegistered"] == json!(true);
            match at % 11 {
                3 if registered => user["isMfaCapable"] = json!(false),
                5 if registered => user["methodsRegistered"] = json!(["carrierPigeon"]),
                7 => drop(user.as_object_mut().unwrap().remove("methodsRegistered")),
                _ => {}
            }
        }
        let as_of = snapshot["capturedAt"].as_str().unwrap().to_owned();
        let found = json_of(&snapshot, STAFF, Some(By::Department), &as_of);
        let by_id: BTreeMap<&str, &Value> =
            snapshot["users"].as_array().unwrap().iter().map(|user| (user["id"].as_str().unwrap(), user)).collect();

        let mut users = 0;
        let mut names = Vec::new();
        let mut all: BTreeMap<String, u64> = BTreeMap::new();
        for cohort in found["cohorts"].as_array().unwrap() {
            names.push(cohort["name"].as_str().map(str::to_owned));
            let (mut registered, mut enabled) = (0_u64, 0_u64);
            let mut order = Vec::new();
            for row in cohort["users"].as_array().unwrap() {
                let user = by_id[row["user"]["id"].as_str().unwrap()];
                assert_eq!(user["department"].as_str(), cohort["name"].as_str());
                assert_eq!(row["class"], class(user), "{user}");
                assert_eq!(row["ends"], ends(user), "{user}");
                let count = |key: &str| user["signIns"][key].as_u64();
                let both = count("interactive").zip(count("nonInteractive")).map(|(a, b)| a + b);
                assert_eq!(row["sign_ins"].as_u64(), both, "{user}");
                *all.entry(class(user).to_owned()).or_default() += 1;
                *seen.entry(class(user)).or_default() += 1;
                users += 1;
                if user["accountEnabled"] != json!(false) {
                    enabled += 1;
                    registered += u64::from(matches!(class(user), "ready" | "single_method" | "phone_only"));
                }
                let place = ["not_registered", "not_capable", "unknown", "phone_only", "single_method", "ready"];
                order.push((
                    place.iter().position(|one| *one == class(user)),
                    row["wave"]["from"].as_str().map(str::to_owned),
                    std::cmp::Reverse(both),
                    row["user"]["user_principal_name"].as_str().unwrap().to_lowercase(),
                ));
            }
            assert!(order.is_sorted(), "{order:#?}");
            let percent = cohort["totals"]["registered_percent"].as_f64();
            assert_eq!(percent.is_some(), enabled > 0);
            let exact = 100.0 * registered as f64 / enabled.max(1) as f64;
            assert!((percent.unwrap_or_default() - exact).abs() <= 0.050_001, "{percent:?} {exact:?}");
        }
        assert!(names.is_sorted_by_key(|name| (name.is_none(), name.clone())), "{names:?}");
        let to_raise = found["totals"]["users"].as_u64().unwrap();
        assert_eq!(to_raise, users);
        for (class, count) in all {
            assert_eq!(found["totals"][&class], json!(count), "{class}");
        }
        assert!(users > 100, "{users}");
    }
    assert!(seen.len() == 6, "the tenants show too little: {seen:?}");
}

fn team() -> World {
    let phone = |name: &str, department: Value| {
        let facts = json!({"methodsRegistered": ["mobilePhone"], "department": department, "country": "Norway",
            "manager": {"id": "11111111-1111-4111-8111-111111111111", "userPrincipalName": "ada@contoso.com"},
            "mobilePhone": "+47 22 00 00 00", "businessPhones": ["+47 23 00 00 00"]});
        with(person(name), facts)
    };
    let quiet = with(unregistered("quiet"), json!({"signIns": null, "department": "Sales"}));
    let busy = with(unregistered("busy"), json!({"department": "Sales"}));
    let left = with(unregistered("left"), json!({"accountEnabled": false, "department": "Sales"}));
    World::new(
        [person("ready"), phone("phone", json!("Sales")), phone("nobody", Value::Null), quiet, busy, left],
        "mfa \"staff\" {\n  state = \"enforced\"\n  where = true\n}\n",
    )
}

#[test]
fn who_signs_in_most_is_called_first_and_a_disabled_account_is_in_no_percentage() {
    let world = team();
    let found = json_of(&world.snapshot, &world.hcl, Some(By::Department), world.as_of);
    let cohorts: Vec<_> = found["cohorts"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(cohorts, [json!("Finance"), json!("Sales"), Value::Null]);
    let sales = &found["cohorts"][1];
    let names: Vec<_> =
        sales["users"].as_array().unwrap().iter().map(|one| &one["user"]["user_principal_name"]).collect();
    assert_eq!(names, ["busy@contoso.com", "left@contoso.com", "quiet@contoso.com", "phone@contoso.com"]);
    assert_eq!(sales["totals"]["users"], 4);
    assert_eq!(sales["totals"]["disabled_accounts"], 1);
    assert_eq!(sales["totals"]["registered_percent"], 33.3);
    let phone = &sales["users"][3];
    assert_eq!((&phone["ends"], &phone["ended"]), (&json!("2027-02-01"), &json!(false)));
    assert_eq!((&phone["manager"], phone["phones"].as_array().unwrap().len()), (&json!("ada@contoso.com"), 2));
}

#[test]
fn cohorts_by_manager_country_and_wave_and_one_cohort_without() {
    let world = team();
    let names = |by| -> Vec<Value> {
        let found = json_of(&world.snapshot, &world.hcl, by, world.as_of);
        found["cohorts"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
    };
    assert_eq!(names(None), [Value::Null]);
    assert_eq!(names(Some(By::Manager)), [json!("ada@contoso.com"), Value::Null]);
    assert_eq!(names(Some(By::Country)), [json!("Norway"), Value::Null]);
    assert_eq!(names(Some(By::Wave)), [Value::Null], "no rollout, no wave");
}

#[test]
fn a_spreadsheet_gets_no_formula_and_a_page_no_markup() {
    let mut world = team();
    let evil = "=HYPERLINK(\"https://evil.example\")<script>\r\nBcc: a";
    for key in ["displayName", "department", "mail"] {
        world.snapshot["users"][0][key] = json!(evil);
    }
    world.snapshot["users"][0]["manager"] =
        json!({"id": "11111111-1111-4111-8111-111111111111", "userPrincipalName": "+cmd"});
    let csv = document(&world.snapshot, &world.hcl, Some(By::Department), world.as_of, Format::Csv);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns: Vec<_> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let expected =
        "cohort,user_principal_name,display_name,mail,class,ends,wave,wave_from,sign_ins,last_sign_in,manager,decision";
    assert_eq!(columns.join(","), expected);
    for record in reader.records() {
        for cell in &record.unwrap() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !cell.contains(['\r', '\n']), "{cell}");
        }
    }
    let html = document(&world.snapshot, &world.hcl, None, world.as_of, Format::Html);
    assert!(!html.contains("<script"), "{html}");
    let text = document(&world.snapshot, &world.hcl, None, world.as_of, Format::Text);
    assert!(text.contains("not registered: no method") && text.contains("until 2027-02-01"), "{text}");
}
