//! What a store must never do: count a record twice, lose one, cover what was not read, or differ from the files it was made of.

use std::{collections::BTreeSet, fs, io::Write, path::PathBuf};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{
    sign_ins::{merge_files, records::Tenants, wire::SignIn},
    tenant::{ObservedState, ObservedTenant, SignInFile, SignInFileKind, SignInKind, Source, User},
};

pub(super) mod kill {
    //! A process that dies at the n-th step of writing, and leaves what it has written.

    use std::{cell::Cell, io, path::Path};

    use super::super::EvidenceError;

    thread_local! {
        static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
        static DEAD: Cell<bool> = const { Cell::new(false) };
    }

    pub(in super::super) fn step(path: &Path) -> Result<(), EvidenceError> {
        match LEFT.get() {
            Some(0) => {
                DEAD.set(true);
                Err(EvidenceError::io(path, io::Error::other("killed")))
            }
            Some(left) => {
                LEFT.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(in super::super) fn dead() -> bool {
        DEAD.get()
    }

    pub(super) fn after(steps: Option<u32>) {
        LEFT.set(steps);
        DEAD.set(false);
    }
}

const TENANT: &str = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890";
const NOW: &str = "2026-11-20T12:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn tenant() -> TenantId {
    TENANT.parse().unwrap()
}

fn user(n: u8) -> Uuid {
    Uuid::from_u128(u128::from(n) + 1)
}

fn observed(users: u8) -> ObservedTenant {
    let users = (0..users).map(|n| {
        let state = ObservedState::from_wire(Some("disabled"));
        User::new(user(n).to_string().parse().unwrap(), format!("user{n}@contoso.com").into(), state)
    });
    ObservedTenant::new(tenant(), "Contoso".into(), Source::Snapshot, at(NOW), users.collect())
}

/// A record, in few dimensions that cells differ in.
#[derive(Clone, Debug)]
struct Sample {
    id: u32,
    user: u8,
    minutes: i64,
    interactive: bool,
    app: u8,
    legacy: bool,
    code: u32,
    address: u8,
    by_name: bool,
}

impl Sample {
    /// A person at a browser, so many minutes ago.
    fn web(id: u32, minutes: i64) -> Self {
        Self { id, user: 0, minutes, interactive: true, app: 0, legacy: false, code: 0, address: 0, by_name: false }
    }

    fn at(&self) -> Timestamp {
        at(NOW) - SignedDuration::from_mins(self.minutes)
    }

    fn kind(&self) -> SignInKind {
        if self.interactive { SignInKind::Interactive } else { SignInKind::NonInteractive }
    }

    fn json(&self) -> String {
        let client = if self.legacy { "IMAP4" } else { "Browser" };
        let who = if self.by_name { String::new() } else { user(self.user).to_string() };
        format!(
            r#"{{"id":"REQ-{}","createdDateTime":"{}","userId":"{who}","userPrincipalName":"User{}@contoso.com","appId":"app-{}","appDisplayName":"App {}","clientAppUsed":"{client}","ipAddress":"198.51.100.{}","isInteractive":{},"userAgent":"Mozilla/5.0 (x)","authenticationRequirement":"multiFactorAuthentication","authenticationRequirementPolicies":[{{"requirementProvider":"user"}}],"appliedConditionalAccessPolicies":[{{"id":"p1","result":"success","enforcedGrantControls":["Mfa"]}}],"status":{{"errorCode":{}}}}}"#,
            self.id,
            self.at(),
            self.user,
            self.app,
            self.app,
            self.address,
            self.interactive,
            self.code
        )
    }
}

fn samples(count: usize) -> impl Strategy<Value = Vec<Sample>> {
    let one = (0..6_u8, 0..50_000_i64, any::<bool>(), 0..3_u8, any::<bool>(), 0..4_usize, 0..5_u8, any::<bool>());
    prop::collection::vec(one, 1..count).prop_map(|all| {
        let codes = [0, 0, 50_126, 50_076];
        let record = |(id, (user, minutes, interactive, app, legacy, code, address, by_name)): (u32, _)| {
            let code: usize = code;
            Sample { id, user, minutes, interactive, app, legacy, code: codes[code], address, by_name }
        };
        (0..).zip(all).map(record).collect()
    })
}

fn write(dir: &TempDir, name: &str, records: &[&Sample]) -> PathBuf {
    let path = dir.path().join(name);
    let text: Vec<_> = records.iter().map(|one| one.json()).collect();
    fs::write(&path, format!("[{}]", text.join(","))).unwrap();
    path
}

fn file(path: &Path) -> SignInFile {
    SignInFile { path: path.to_owned(), kind: None, span: None }
}

fn facts(tenant: &ObservedTenant) -> String {
    let of = |user: &User| format!("{} {:?} {:?}", user.user_principal_name, user.last_sign_in, user.sign_ins);
    let users: Vec<_> = tenant.users().iter().map(of).collect();
    format!("{}\n{:?}", users.join("\n"), tenant.unavailable.iter().map(|one| one.fact).collect::<Vec<_>>())
}

fn store(dir: &TempDir) -> Store {
    Store::open(dir.path(), tenant()).unwrap()
}

fn take(append: &mut Append<'_>, sample: &Sample) {
    let text = sample.json();
    let record: SignIn<'_> = serde_json::from_str(&text).unwrap();
    append.add(&crate::sign_ins::records::Entry {
        request: &record.id.0,
        user_id: &record.user_id.0,
        user_name: &record.user_principal_name.0,
        tenants: Tenants::default(),
        record: record.record(sample.kind()).unwrap(),
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The store says what its files would have said, in whatever parts and order they came, and however often.
    #[test]
    fn a_plan_from_the_store_is_a_plan_from_its_files(all in samples(120), cut in 0.0..1.0_f64, again in any::<bool>()) {
        let dir = tempfile::tempdir().unwrap();
        let at = (all.len() as f64 * cut) as usize;
        let overlap = at.saturating_sub(5);
        let parts: Vec<Vec<&Sample>> = vec![all[..at].iter().collect(), all[overlap..].iter().collect()];
        let paths: Vec<PathBuf> = parts
            .iter()
            .enumerate()
            .filter(|(_, part)| !part.is_empty())
            .map(|(n, part)| write(&dir, &format!("{n}.json"), part))
            .collect();
        let mut store = store(&dir);
        let mut counted = 0;
        for path in paths.iter().rev().chain(again.then_some(&paths).into_iter().flatten()) {
            counted += import_file(&mut store, &file(path)).unwrap().taken.counted;
        }
        prop_assert_eq!(counted as usize, all.len());
        prop_assert_eq!(store.records() as usize, all.len());
        let files: Vec<SignInFile> = paths.iter().map(|path| file(path)).collect();
        let mut direct = observed(6);
        merge_files(&files, dir.path(), NOW.parse().unwrap(), 30, &mut direct).unwrap();
        let mut stored = observed(6);
        let store = Store::open(dir.path(), tenant()).unwrap();
        merge(Some(&store), &[], dir.path(), NOW.parse().unwrap(), 30, &mut stored).unwrap();
        prop_assert_eq!(facts(&direct), facts(&stored));
        // Both at once say it once.
        let mut both = observed(6);
        merge(Some(&store), &files, dir.path(), NOW.parse().unwrap(), 30, &mut both).unwrap();
        prop_assert_eq!(facts(&direct), facts(&both));
    }
}

/// Reads a log as `evidence pull` does: slice by slice, newest first.
fn pull(dir: &TempDir, log: &[Sample], now: Timestamp) -> Result<(), EvidenceError> {
    let mut store = Store::open(dir.path(), tenant())?;
    for slice in slices(&store, now - SignedDuration::from_hours(24), now) {
        let mut append = Append::begin(&mut store)?;
        for (n, one) in log.iter().enumerate() {
            if one.kind() == slice.kind && (slice.from..=slice.to).contains(&one.at()) {
                take(&mut append, one);
                if n % 7 == 0 {
                    append.settle()?;
                }
            }
        }
        append.covers(slice.kind, slice.from, slice.to);
        append.commit("graph")?;
    }
    Ok(())
}

/// Killed at any step and begun again, the store ends with every record once, and is whole at every instant.
#[test]
fn a_pull_that_is_killed_loses_nothing_and_counts_nothing_twice() {
    let log: Vec<Sample> = (0..200)
        .map(|id| Sample {
            id,
            user: (id % 5) as u8,
            minutes: i64::from(id * 37 % 1_400),
            interactive: id % 3 == 0,
            app: (id % 2) as u8,
            legacy: id % 11 == 0,
            code: if id % 13 == 0 { 50_126 } else { 0 },
            address: (id % 4) as u8,
            by_name: false,
        })
        .collect();
    let whole = tempfile::tempdir().unwrap();
    pull(&whole, &log, at(NOW)).unwrap();
    let mut expected = observed(5);
    merge(Some(&store(&whole)), &[], whole.path(), at(NOW), 30, &mut expected).unwrap();
    let mut died = 0;
    for seed in 0..200_u32 {
        let dir = tempfile::tempdir().unwrap();
        let mut steps = seed * 7 % 31;
        for life in 0..20 {
            // Each life is a little longer than the one before, so that it ends.
            kill::after((life < 19).then_some(steps));
            steps = steps * 3 / 2 + 1;
            let result = pull(&dir, &log, at(NOW));
            kill::after(None);
            // What a reader sees between two lives is whole.
            let between = Store::open(dir.path(), tenant()).unwrap();
            let mut seen = observed(5);
            merge(Some(&between), &[], dir.path(), at(NOW), 30, &mut seen).unwrap();
            match result {
                Ok(()) => break,
                Err(_) => died += 1,
            }
        }
        let mut found = observed(5);
        let end = store(&dir);
        merge(Some(&end), &[], dir.path(), at(NOW), 30, &mut found).unwrap();
        assert_eq!(end.records(), 200, "seed {seed}");
        assert_eq!(facts(&found), facts(&expected), "seed {seed}");
        end.sweep();
        let left: BTreeSet<String> = fs::read_dir(end.dir())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| name != "store.json")
            .collect();
        assert_eq!(left.len(), end.manifest.files().len(), "seed {seed}: nothing is left behind");
    }
    assert!(died > 200, "{died}");
}

#[test]
fn the_next_pull_reads_the_last_hour_again_and_what_came_late() {
    let dir = tempfile::tempdir().unwrap();
    let sample = Sample::web;
    let first = [sample(1, 200), sample(2, 70)];
    pull(&dir, &first, at(NOW) - SignedDuration::from_hours(1)).unwrap();
    // A record from before the end of the first pull comes late.
    let log = [sample(1, 200), sample(2, 70), sample(3, 80), sample(4, 10)];
    let planned = slices(&store(&dir), at(NOW) - SignedDuration::from_hours(24), at(NOW));
    let bound = at(NOW) - SignedDuration::from_hours(2);
    assert!(planned.iter().all(|slice| slice.from >= bound), "{planned:?}");
    pull(&dir, &log, at(NOW)).unwrap();
    assert_eq!(store(&dir).records(), 4);
    assert!(store(&dir).is_fresh(at(NOW)));
    assert!(!store(&dir).is_fresh(at(NOW) + SignedDuration::from_hours(25)));
}

#[test]
fn a_broken_file_counts_nothing_and_the_others_do() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(&dir);
    let good = Sample::web(1, 10);
    let path = dir.path().join("broken.json");
    fs::write(&path, format!("[{},{{\"createdDateTime\":", good.json())).unwrap();
    let error = import_file(&mut store, &file(&path)).unwrap_err();
    assert!(error.to_string().contains("broken.json"), "{error}");
    assert_eq!(store.records(), 0);
    let whole = write(&dir, "whole.json", &[&good]);
    assert_eq!(import_file(&mut store, &file(&whole)).unwrap().taken.counted, 1);
}

/// One request, told by every source in its own words.
#[test]
fn a_record_is_the_same_from_every_source() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(&dir);
    let id = "9b3a1c2d-0000-4000-8000-00000000abcd";
    let who = user(0);
    let graph = format!(
        r#"{{"value":[{{"id":"{id}","createdDateTime":"2026-11-20T08:12:03Z","userId":"{who}","clientAppUsed":"Browser","isInteractive":true,"status":{{"errorCode":0}}}}]}}"#
    );
    let diagnostic = format!(
        "{}\n{}\n",
        format_args!(
            r#"{{"time":"2026-11-20T08:15:00Z","category":"SignInLogs","tenantId":"{TENANT}","resultType":"0","properties":{{"id":"{}","createdDateTime":"2026-11-20T08:12:03.5Z","userId":"{who}","clientAppUsed":"Browser"}}}}"#,
            id.to_uppercase()
        ),
        r#"{"time":"2026-11-20T08:15:00Z","category":"AuditLogs","properties":{}}"#
    );
    let analytics = format!(
        r#"[{{"TimeGenerated":"2026-11-20T08:12:03.000Z","Id":"{id}","Type":"SigninLogs","UserId":"{who}","ClientAppUsed":"Browser","ResultType":"0","TenantId":"11111111-1111-4111-8111-111111111111","AADTenantId":"{TENANT}","AuthenticationDetails":"[{{\"authenticationMethod\":\"Password\",\"succeeded\":true}}]","Status":"{{\"errorCode\":0}}"}}]"#
    );
    let tables = format!(
        r#"{{"tables":[{{"name":"PrimaryResult","columns":[{{"name":"TimeGenerated"}},{{"name":"Id"}},{{"name":"UserId"}},{{"name":"ClientAppUsed"}},{{"name":"IsInteractive"}},{{"name":"ResultType"}}],"rows":[["2026-11-20T08:12:03Z","{id}","{who}","Browser",true,"0"]]}}]}}"#
    );
    let portal = format!(
        "Date (UTC),Request ID,User ID,Username,Status,Client app,isInteractive\n2026-11-20T08:12:03Z,{id},{who},a@contoso.com,Success,Browser,true\n"
    );
    let table = format!(
        "\"TimeGenerated [UTC]\",Id,UserId,ClientAppUsed,IsInteractive,ResultType,AADTenantId,AuthenticationDetails\n\"11/20/2026, 8:12:03.000 AM\",{id},{who},Browser,true,0,{TENANT},\"[{{\"\"authenticationMethod\"\":\"\"Password\"\"}}]\"\n"
    );
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(diagnostic.as_bytes()).unwrap();
    for (name, bytes, format, counted, skipped) in [
        ("graph.json", graph.into_bytes(), "json", 1, 0),
        ("y=2026/m=11/d=20/h=08/m=00/PT1H.json", diagnostic.into_bytes(), "diagnostic", 0, 1),
        ("PT1H.json.gz", packed.finish().unwrap(), "diagnostic", 0, 1),
        ("query_data.json", analytics.into_bytes(), "log_analytics", 0, 0),
        ("tables.json", tables.into_bytes(), "log_analytics", 0, 0),
        ("portal.csv", portal.into_bytes(), "csv", 0, 0),
        ("query_data.csv", table.into_bytes(), "log_analytics", 0, 0),
    ] {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        let read = import_file(&mut store, &file(&path)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((read.format.as_str(), read.taken.counted, read.skipped), (format, counted, skipped), "{name}");
        assert_eq!(read.taken.counted + read.taken.duplicates, 1, "{name}");
    }
    assert_eq!(store.records(), 1);
    let hour = store.manifest.cover(0);
    assert_eq!(hour.stretches(), [(at("2026-11-20T08:00:00Z"), at("2026-11-20T09:00:00Z"))], "the blob's own hour");
}

#[test]
fn another_tenants_records_are_told_and_cover_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(&dir);
    let line = |log: &str, home: &str, resource: &str| {
        format!(
            r#"{{"time":"2026-11-20T08:15:00Z","category":"SignInLogs","tenantId":"{log}","properties":{{"id":"{}","createdDateTime":"2026-11-20T08:12:03Z","userId":"{}","homeTenantId":"{home}","resourceTenantId":"{resource}","clientAppUsed":"Browser","status":{{"errorCode":0}}}}}}"#,
            Uuid::new_v4(),
            user(0)
        )
    };
    let other = "22222222-2222-4222-8222-222222222222";
    let path = dir.path().join("lines.json");
    fs::write(&path, line(other, TENANT, TENANT)).unwrap();
    let read = import_file(&mut store, &file(&path)).unwrap();
    assert_eq!((read.taken.other_tenant, read.taken.counted), (1, 0));
    assert!(store.manifest.cover(0).is_empty());
    // A guest has another home, and a member may go elsewhere.
    fs::write(
        &path,
        [line(TENANT, other, TENANT), line("", other, TENANT), line("", TENANT, other), line("", other, other)]
            .join("\n"),
    )
    .unwrap();
    let read = import_file(&mut store, &file(&path)).unwrap();
    assert_eq!((read.taken.other_tenant, read.taken.counted), (1, 3));
    let error = Store::open(dir.path(), other.parse().unwrap()).unwrap_err();
    assert!(error.to_string().contains("holds sign-ins of tenant 6f1c2d3e"), "{error}");
}

#[test]
fn what_is_pruned_does_not_come_back_and_an_empty_store_takes_all() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(&dir);
    let old = Sample::web(1, 40_000);
    let new = Sample { id: 2, minutes: 10, ..old.clone() };
    let path = write(&dir, "all.json", &[&old, &new]);
    import_file(&mut store, &file(&path)).unwrap();
    assert_eq!(store.prune(day_of(at(NOW) - SignedDuration::from_hours(24 * 7))).unwrap(), 1);
    assert_eq!(store.records(), 1);
    assert!(store.manifest.cover(0).stretches()[0].0 >= at("2026-11-13T00:00:00Z"));
    let again = import_file(&mut store, &file(&path)).unwrap();
    assert_eq!((again.taken.pruned, again.taken.duplicates, again.taken.counted), (1, 1, 0));
    assert_eq!(store.empty().unwrap(), 1);
    assert_eq!(import_file(&mut store, &file(&path)).unwrap().taken.counted, 2);
}

#[test]
fn a_damaged_file_is_told_and_not_read_as_something_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(&dir);
    let one = Sample::web(1, 10);
    let path = write(&dir, "all.json", &[&one]);
    import_file(&mut store, &file(&path)).unwrap();
    let cells = store.dir().join(&store.manifest.days.values().next().unwrap().cells[0]);
    let bytes = fs::read(&cells).unwrap();
    for at in 0..bytes.len() {
        let mut other = bytes.clone();
        other[at] ^= 0x20;
        fs::write(&cells, &other).unwrap();
        let error = merge(Some(&store), &[], dir.path(), NOW.parse().unwrap(), 30, &mut observed(1)).unwrap_err();
        assert!(error.to_string().contains("the store is damaged"), "{at}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn its_files_are_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(&dir);
    let one = Sample::web(1, 10);
    let path = write(&dir, "all.json", &[&one]);
    import_file(&mut store, &file(&path)).unwrap();
    for entry in fs::read_dir(store.dir()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}

#[test]
fn a_report_of_smtp_is_kept_beside_the_records() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = store(&dir);
    let path = dir.path().join("smtp.csv");
    fs::write(
        &path,
        "Sender address,Domain,TLS 1.0,TLS 1.1,TLS 1.2,Messages sent\nuser0@contoso.com,contoso.com,0,0,41,41\n",
    )
    .unwrap();
    let span = Some((at("2026-11-01T00:00:00Z"), at("2026-11-19T00:00:00Z")));
    let report = SignInFile { path, kind: Some(SignInFileKind::SmtpReport), span };
    let read = import_file(&mut store, &report).unwrap();
    assert_eq!((read.senders, store.records()), ((1, 0), 0));
    let mut tenant = observed(2);
    merge(Some(&store), &[], dir.path(), NOW.parse().unwrap(), 30, &mut tenant).unwrap();
    let smtp = tenant.users()[0].sign_ins.as_ref().unwrap().legacy.as_ref().unwrap();
    assert_eq!((smtp[0].protocol.as_str(), smtp[0].count), ("Authenticated SMTP", 41));
}
