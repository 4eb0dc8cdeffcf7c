//! What is fuzzed: each target takes any bytes, must not panic, and must keep what is asserted in it. The same functions
//! run over `fixtures/fuzz/<target>/` in every test run.

use std::{
    io,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use mfaplan::testing::{
    apply::journal::Journal,
    config::{Config, LoadInput, Overlay, load_over},
    diag::{json, render},
    fmt,
    plan::{self, BuildError, BuildInput, Plan, digest},
    render::{Format, Options},
    risk,
    sign_ins::SignInFiles,
    snapshot,
    tenant::{ObservedTenant, SignInFile},
};

/// A name and what is done with an input.
pub type Target = (&'static str, fn(&[u8]));

/// A target by its name, for walking the recorded inputs.
pub const TARGETS: &[Target] = &[
    ("plan", plan),
    ("plan_file", plan_file),
    ("journal", journal),
    ("snapshot", snapshot),
    ("format", format),
    ("sign_ins", sign_ins),
];

const TENANT: &[u8] = include_bytes!("../../examples/contoso/tenant.json");
/// Claims everybody, so that any tenant has a plan: some are raised, some lowered.
const CONFIGURATION: &str = r#"
tenant "any" {
  id = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890"
}

mfa "lowered" {
  state = "disabled"
  where = user.department == "Finance" || user.department == "IT"
}

mfa "everybody" {
  state    = "enforced"
  where    = true
  priority = -1
}

output "facts" {
  value = plan.summary
}
"#;

fn instant() -> jiff::Timestamp {
    "2026-11-24T12:00:00Z".parse().expect("a valid instant")
}

fn contoso() -> ObservedTenant {
    snapshot::from_slice(Path::new("tenant.json"), TENANT).expect("the example is valid")
}

static CONTOSO: LazyLock<ObservedTenant> = LazyLock::new(contoso);
static CONFIG: LazyLock<Config> = LazyLock::new(|| load(CONFIGURATION).expect("it is valid"));

fn load(text: &str) -> Result<Config, Box<mfaplan::testing::config::LoadFailure>> {
    let mut overlay = Overlay::alone();
    // Nothing is on the disk there, so `file()` finds nothing.
    let dir = Path::new("/nowhere/configuration");
    overlay.insert(dir.join("main.mfa.hcl"), text);
    let known_rules = risk::known_rules();
    let input = LoadInput {
        dir,
        policy_dir: None,
        assignments: &[],
        environment: &[],
        instant: instant(),
        allow_files: &[],
        known_rules: &known_rules,
    };
    load_over(input, &overlay)
}

/// Builds a plan, shows it in every form, and reads it back from its file.
fn built(config: &Config, tenant: &ObservedTenant) {
    let input = BuildInput { config, tenant, targets: &[], waivers: &[], created_at: instant(), assumed: None };
    match plan::build(&input) {
        Ok(built) => {
            assert_eq!(digest::compute(&built.plan), built.plan.digest);
            let mut file = Vec::new();
            plan::file::write(&built.plan, &mut file).expect("memory can be written");
            let again = plan::file::read(&file, digest::compute).expect("what was saved can be read");
            let mut second = Vec::new();
            plan::file::write(&again, &mut second).expect("memory can be written");
            assert!(file == second, "a plan read back is another one");
            shown(&built.plan);
        }
        Err(BuildError::Diagnostics(diagnostics)) => {
            assert!(!diagnostics.is_empty());
            let _ = render::to_string(&diagnostics, &config.sources, render::RenderOptions::default());
        }
        Err(BuildError::Target(_)) => unreachable!("no target was given"),
    }
}

fn shown(plan: &Plan) {
    for format in Format::ALL {
        format.write(plan, &Options::default(), &mut io::sink()).expect("a sink can be written");
    }
}

/// HCL text → configuration → plan of the example's tenant.
pub fn plan(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match load(text) {
        Ok(config) => built(&config, &CONTOSO),
        Err(failure) => {
            assert!(!failure.diagnostics.is_empty());
            let _ = render::to_string(&failure.diagnostics, &failure.sources, render::RenderOptions::default());
            let _ = json::to_json(&failure.diagnostics, &failure.sources);
        }
    }
}

/// A saved plan. The input lacks its checksum, which would otherwise refuse every mutation; its digest is believed.
pub fn plan_file(data: &[u8]) {
    let _ = plan::file::read(data, digest::compute);
    let sealed = sealed(data);
    let Ok(read) = plan::file::read(&sealed, |plan| plan.digest.clone()) else { return };
    let _ = digest::compute(&read);
    shown(&read);
    let mut file = Vec::new();
    plan::file::write(&read, &mut file).expect("memory can be written");
    let again = plan::file::read(&file, |plan| plan.digest.clone()).expect("what was saved can be read");
    let mut second = Vec::new();
    plan::file::write(&again, &mut second).expect("memory can be written");
    assert!(file == second, "a plan read back is another one");
}

fn sealed(data: &[u8]) -> Vec<u8> {
    let text = data.trim_ascii_end();
    let mut sealed = text.strip_suffix(b"}").unwrap_or(text).to_vec();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &sealed);
    sealed.extend_from_slice(b",\"checksum\":\"sha256:");
    sealed.extend(digest.as_ref().iter().flat_map(|byte| format!("{byte:02x}").into_bytes()));
    sealed.extend_from_slice(b"\"}\n");
    sealed
}

/// A run's journal; what is torn at its end does not change what the whole lines say.
pub fn journal(data: &[u8]) {
    let path = Path::new("run.jsonl");
    let Ok(journal) = Journal::parse(data, path) else { return };
    let outcomes = journal.outcomes();
    assert_eq!(outcomes.len(), journal.run.changes.len());
    let _ = journal.is_finished();
    let whole = data.get(..journal.whole as usize).expect("the whole lines are part of the file");
    let again = Journal::parse(whole, path).expect("the whole lines can be read");
    assert!(again.entries == journal.entries && again.end.is_some() == journal.end.is_some());
}

/// A snapshot: what is read can be written and read again, and planned for.
pub fn snapshot(data: &[u8]) {
    let path = Path::new("tenant.json");
    let tenant = match snapshot::from_slice(path, data) {
        Ok(tenant) => tenant,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let mut first = Vec::new();
    snapshot::write(&tenant, &mut first).expect("memory can be written");
    let again = snapshot::from_slice(path, &first).expect("what was written can be read");
    let mut second = Vec::new();
    snapshot::write(&again, &mut second).expect("memory can be written");
    assert!(first == second, "a snapshot read back is another one");
    built(&CONFIG, &tenant);
}

/// The formatter: what it writes is HCL as well, and is left as it is.
pub fn format(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(once) = fmt::format(text) else { return };
    match fmt::format(&once) {
        Ok(twice) => assert_eq!(once, twice, "formatting is not idempotent"),
        Err(problems) => panic!("formatting broke the text: {problems:?}\n{once}"),
    }
}

/// Downloads of the portal's sign-in log, in both forms, merged into the example's tenant.
pub fn sign_ins(data: &[u8]) {
    let mut tenant = contoso();
    let mut files = SignInFiles::new(&tenant, instant(), 30);
    let mut read = |name: &str| files.read(&SignInFile::from(PathBuf::from(name)), name, data).is_ok();
    let (interactive, other) = (read("InteractiveSignIns.csv"), read("NonInteractiveSignIns.csv"));
    if !interactive && !other {
        return;
    }
    files.finish().merge_into(&mut tenant);
    built(&CONFIG, &tenant);
}
