use super::*;
use crate::sign_ins::records::KIND_UNSAID;
use crate::tenant::{LastSignIn, ObservedState, SignInFileKind, Source, Text, User};

const NOW: &str = "2026-11-20T12:00:00Z";
const HEADER: &str = "Date (UTC),Request ID,User agent,User ID,User,Username,Authentication Protocol,Application,Application ID ,IP \
                      address,Status,Sign-in error code,Client app,Multifactor authentication result,Authentication requirement\n";
const ADA: &str = "00000000-0000-0000-0000-000000000001";

fn tenant() -> ObservedTenant {
    let users = ["ada", "ben", "eve"].iter().zip(1_u128..).map(|(name, n)| {
        let id = uuid::Uuid::from_u128(n).to_string().parse().unwrap();
        User::new(id, format!("{name}@contoso.com").into(), ObservedState::from_wire(Some("disabled")))
    });
    let id = "6f1c2d3e-4a5b-4c6d-8e7f-901234567890".parse().unwrap();
    ObservedTenant::new(id, "Contoso".into(), Source::Snapshot, NOW.parse().unwrap(), users.collect())
}

fn file(name: &str) -> SignInFile {
    SignInFile { path: name.into(), kind: None, span: None }
}

fn of_kind(name: &str, kind: &str, span: Option<(&str, &str)>) -> SignInFile {
    let at = |text: &str| text.parse().unwrap();
    let span = span.map(|(from, to)| (at(from), at(to)));
    SignInFile { kind: SignInFileKind::parse(kind), span, ..file(name) }
}

fn row(at: &str, request: &str, who: &str, name: &str, status: &str, client: &str) -> String {
    format!(
        "{at},{request},python-requests/2.31 (x),{who},Someone,{name},ropc,Mail,app-1,192.0.2.1,{status},,{client},,\n"
    )
}

fn json(records: &[(&str, &str, &str)]) -> String {
    let all: Vec<_> = records
        .iter()
        .map(|(at, id, user)| {
            serde_json::json!({"id": id, "createdDateTime": at, "userId": user, "isInteractive": false,
                "clientAppUsed": "IMAP4", "status": {"errorCode": 0}})
        })
        .collect();
    serde_json::to_string(&all).unwrap()
}

/// Reads these files into a tenant.
fn merged(mut tenant: ObservedTenant, files: &[(SignInFile, &str)]) -> Result<ObservedTenant, FileError> {
    let mut all = SignInFiles::new(&tenant, NOW.parse().unwrap(), 30);
    for (file, text) in files {
        all.read(file, &file.path.display().to_string(), text.as_bytes())?;
    }
    all.finish().merge_into(&mut tenant);
    Ok(tenant)
}

fn of<'t>(tenant: &'t ObservedTenant, name: &str) -> &'t SignIns {
    let index = tenant.by_name(&format!("{name}@contoso.com")).unwrap();
    tenant.user(index).sign_ins.as_deref().unwrap()
}

fn said(files: &[(SignInFile, &str)]) -> FileError {
    merged(tenant(), files).expect_err("a file that cannot be used")
}

#[test]
fn a_user_is_matched_by_id_or_by_name_and_both_add_up() {
    let csv = [
        HEADER.to_owned(),
        row("2026-11-19T10:00:00Z", "r1", ADA, "", "Success", "IMAP4"),
        row("2026-11-18T10:00:00", "r2", "", "Ada@Contoso.com", "Success", "POP3"),
        row("2026-11-18T10:00:00", "r3", "", "Ben@Contoso.com", "Failure", "Browser"),
        row("2026-09-01T10:00:00Z", "r4", ADA, "", "Success", "IMAP4"),
        row("2026-11-19T10:00:00Z", "r5", "", "olga@fabrikam.com", "Success", "IMAP4"),
    ]
    .concat();
    let read = merged(tenant(), &[(file("InteractiveSignIns_2026.csv"), &csv)]).unwrap();
    let ada = of(&read, "ada");
    assert_eq!((ada.interactive, ada.ropc, ada.legacy_total()), (Some(2), Some(2), Some(2)));
    assert_eq!(ada.clients.as_deref().unwrap(), ["python-requests/2.31"]);
    assert_eq!(ada.non_interactive, None, "no file of the other kind");
    assert_eq!((of(&read, "ben").failed, of(&read, "ben").interactive), (Some(1), Some(0)), "whatever the case");
    assert!(!of(&read, "eve").is_known(), "one kind alone does not tell that somebody is silent");
    let note = read.notes[0].as_str();
    assert!(note.contains("of 5 records, 1 outside the window, 1 of nobody in this tenant"), "{note}");
}

#[test]
fn an_application_without_an_id_is_the_one_of_its_name() {
    let header = "Date (UTC),Request ID,User,Username,Application,IP address,Status,Client app\n";
    let older = |at: &str, request: &str, app: &str| {
        format!("{at},{request},Ada,ada@contoso.com,{app},192.0.2.1,Success,POP3\n")
    };
    let csv = [
        header.to_owned(),
        older("2026-11-18T10:00:00Z", "r2", "MAIL"),
        older("2026-11-17T10:00:00Z", "r3", "Mail"),
        older("2026-11-16T10:00:00Z", "r4", "Payroll"),
    ]
    .concat();
    let with_ids = [HEADER.to_owned(), row("2026-11-19T10:00:00Z", "r1", ADA, "", "Success", "IMAP4")].concat();
    let old = (file("InteractiveSignIns_old.csv"), &*csv);
    let read = merged(tenant(), &[(file("InteractiveSignIns_new.csv"), &with_ids), old.clone()]).unwrap();
    let apps = |read: &ObservedTenant| -> Vec<(String, u32)> {
        of(read, "ada").apps.iter().flatten().map(|app| (app.id.to_string(), app.count)).collect()
    };
    assert_eq!(apps(&read), [("app-1".into(), 3), ("Payroll".into(), 1)]);
    let alone = merged(tenant(), &[old]).unwrap();
    assert_eq!(apps(&alone).iter().map(|(_, count)| count).sum::<u32>(), 3, "all are known by their names");
}

/// A snapshot that was taken before a record was made does not hide it, and the window ends with the plan.
#[test]
fn the_window_ends_at_the_instant_of_the_plan() {
    let inside = [("2026-11-20T11:59:00Z", "a", ADA), ("2026-10-21T12:00:00Z", "b", ADA)];
    let outside = [("2026-11-20T12:00:01Z", "c", ADA), ("2026-10-20T23:59:59Z", "d", ADA)];
    let records = json(&[inside, outside].concat());
    let read = merged(tenant(), &[(file("x.json"), &records)]).unwrap();
    assert_eq!(of(&read, "ada").non_interactive, Some(2));
    let user = read.user(read.by_name("ada@contoso.com").unwrap());
    assert_eq!(user.last_sign_in, LastSignIn::At("2026-11-20T11:59:00Z".parse().unwrap()));
    assert_eq!(user.last_interactive_sign_in, LastSignIn::Unknown);
}

#[test]
fn a_request_is_counted_once_over_all_files() {
    let records = json(&[("2026-11-19T08:00:00Z", "R-1", ADA), ("2026-11-19T09:00:00Z", "r-2", ADA)]);
    let csv = [
        HEADER.to_owned(),
        row("2026-11-19T08:00:00Z", "r-1", ADA, "", "Success", "IMAP4"),
        row("2026-11-19T08:00:00Z", "", ADA, "", "Success", "IMAP4"),
        row("2026-11-19T08:00:00Z", "", ADA, "", "Success", "IMAP4"),
    ]
    .concat();
    let files = [(file("a.json"), &*records), (file("NonInteractiveSignIns.csv"), &*csv), (file("b.json"), &*records)];
    let read = merged(tenant(), &files).unwrap();
    assert_eq!(of(&read, "ada").non_interactive, Some(4), "two with an id, and two that cannot be told apart");
}

/// Per user and count, what is stronger; of users in no record, what was known.
#[test]
fn files_add_to_what_the_tenant_says() {
    let mut known = tenant();
    known.update_users(|users| {
        for user in users {
            user.sign_ins = Some(Box::new(SignIns {
                window_days: Some(30),
                interactive: Some(5),
                interactive_mfa: Some(0),
                non_interactive: Some(0),
                ropc: Some(7),
                weekend_share: Some(0.9),
                legacy: Some(
                    [LegacySignIns { protocol: "SMTP".into(), count: 41, last: None, distinct_ips: Some(1) }].into(),
                ),
                clients: Some(["curl".into()].into()),
                ..SignIns::default()
            }));
        }
    });
    let records = json(&[("2026-11-19T08:00:00Z", "1", ADA)]);
    let read = merged(known, &[(file("a.json"), &records)]).unwrap();
    let ada = of(&read, "ada");
    assert_eq!((ada.interactive, ada.non_interactive, ada.ropc), (Some(5), Some(1), Some(7)));
    let legacy: Vec<_> = ada.legacy.as_deref().unwrap().iter().map(|one| (&*one.protocol, one.count)).collect();
    assert_eq!(legacy, [("SMTP", 41), ("IMAP4", 1)]);
    assert_eq!((ada.window_days, ada.weekend_share), (Some(30), Some(0.9)));
    assert_eq!(ada.cells, None, "one record of fifty would replay as if it were all");
    assert_eq!(of(&read, "eve").ropc, Some(7));
}

/// A user in no record is silent only where both logs cover the window; else the days that were looked at are all that is
/// known.
#[test]
fn silence_takes_both_logs_over_the_whole_window() {
    let month = json(&[("2026-10-22T08:00:00Z", "1", ADA), ("2026-11-20T08:00:00Z", "2", ADA)]);
    let week = json(&[("2026-11-13T12:00:00Z", "3", ADA), ("2026-11-19T12:00:00Z", "4", ADA)]);
    let interactive = |text: &str| text.replace("\"isInteractive\":false", "\"isInteractive\":true");
    let both = [(file("n.json"), &*month), (file("i.json"), &*interactive(&month).replace("\"id\":\"", "\"id\":\"i"))];
    let read = merged(tenant(), &both).unwrap();
    assert_eq!((of(&read, "eve").interactive, of(&read, "eve").window_days), (Some(0), Some(30)));
    assert_eq!(of(&read, "eve").legacy_total(), Some(0));

    for files in [
        vec![(file("n.json"), month.clone())],
        vec![(file("n.json"), month.clone()), (file("i.json"), interactive(&week))],
    ] {
        let files: Vec<_> = files.iter().map(|(file, text)| (file.clone(), &**text)).collect();
        let read = merged(tenant(), &files).unwrap();
        assert!(!of(&read, "eve").is_known(), "{:?}", of(&read, "eve"));
    }
    let read = merged(tenant(), &[(file("w.json"), &week)]).unwrap();
    assert_eq!((of(&read, "ada").window_days, of(&read, "eve").window_days), (Some(7), Some(7)));
}

/// Records of others, of another time, and no record: none of it says that these users were silent.
#[test]
fn records_of_nobody_here_leave_sign_ins_unavailable() {
    let others = json(&[("2026-11-19T08:00:00Z", "1", "00000000-0000-0000-0000-000000000099")]);
    let old = json(&[("2026-08-19T08:00:00Z", "1", ADA)]);
    let nobody = json(&[("2026-11-19T08:00:00Z", "1", "")]);
    for (records, why) in [
        (&others, "1 of nobody in this tenant"),
        (&old, "1 outside the 30 days before 2026-11-20T12:00:00Z"),
        (&nobody, "1 of nobody in this tenant"),
    ] {
        let read = merged(tenant(), &[(file("x.json"), records)]).unwrap();
        let [Unavailable { fact: Fact::SignIns, reason }] = &read.unavailable[..] else { panic!("{read:?}") };
        assert!(reason.contains("`x.json`") && reason.contains(why), "{reason}");
        assert!(read.users().iter().all(|user| user.sign_ins.is_none()));
    }
}

#[test]
fn an_empty_download_is_an_error_until_it_is_said_to_be_true() {
    for (name, text) in [
        ("InteractiveSignIns.csv", HEADER),
        ("InteractiveSignIns.csv", &*format!("{HEADER}\n\n")),
        ("InteractiveSignIns.json", "[]"),
        ("InteractiveSignIns.json", "{\"value\": []}"),
    ] {
        let error = said(&[(file(name), text)]);
        assert!(error.message.starts_with("it holds no record"), "{error}");
        let hint = error.hint.unwrap();
        assert!(hint.contains("from = \"") && hint.contains(name), "{hint}");
    }
    let span = Some(("2026-10-21T00:00:00Z", "2026-11-20T12:00:00Z"));
    let files = [(of_kind("i.csv", "interactive", span), HEADER), (of_kind("n.json", "non_interactive", span), "[]")];
    let read = merged(tenant(), &files).unwrap();
    assert!(read.unavailable.is_empty());
    assert_eq!((of(&read, "eve").interactive, of(&read, "eve").non_interactive), (Some(0), Some(0)));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let interactive = |text: &str| said(&[(file("InteractiveSignIns.csv"), text)]);
    let good = row("2026-11-19T10:00:00Z", "r1", ADA, "", "Success", "IMAP4");
    let with = |status: &str| row("2026-11-19T10:00:00Z", "r2", ADA, "", status, "IMAP4");
    let date = row("19/11/2026 10:00", "", "x", "x@contoso.com", "Success", "Browser");
    for (rows, line, message) in [
        (format!("{good}{date}"), 3, "`19/11/2026 10:00` is not a date such as 2026-11-20T08:00:00Z"),
        (format!("{good}\n\n{date}"), 5, "`19/11/2026 10:00` is not a date"),
        (format!("{}{date}", good.replace("Someone", "\"Some\none\"")), 4, "`19/11/2026 10:00` is not a date"),
        (format!("{good}{}", with("Erfolg")), 3, "`Erfolg` is no status: Success, Failure or Interrupted was expected"),
        (with("@{ErrorCode=0; FailureReason=Other.}"), 2, "`@{ErrorCode=0; FailureReason=Other.}` is no status"),
        (with("microsoft.graph.signInStatus"), 2, "is no status"),
        (with("0"), 2, "`0` is no status"),
        (with(""), 2, "neither a status nor an error code"),
        (format!("{good}2026-11-19T10:00:00Z,r9,curl"), 3, "the row has 3 values, and the header 15"),
    ] {
        for text in [format!("{HEADER}{rows}"), format!("{HEADER}{rows}").replace('\n', "\r\n")] {
            let error = interactive(&text);
            assert_eq!(error.line, Some(line), "{error}");
            assert!(error.message.contains(message), "{error}");
            assert!(error.hint.unwrap().contains("in English, or as JSON"));
        }
    }
    let french = "Date (UTC),ID de requête,ID d’utilisateur,Nom d’utilisateur,Statut,Application cliente\n";
    let error = interactive(french);
    assert!(error.message.starts_with("the header is not that of a sign-in log in English: it lacks"), "{error}");
    let broken = "[\n{\"createdDateTime\":\"2026-11-19T11:00:00Z\",\"status\":{\"errorCode\":0},\"isInteractive\":true},\n{\"createdDateTime\":7}\n]";
    let error = said(&[(file("c.json"), broken)]);
    assert!(error.message.starts_with("record 2 is not a sign-in: invalid type"), "{error}");
    let error = said(&[(file("d.json"), "[{\"createdDateTime\"")]);
    assert_eq!(error.line, Some(1), "{error}");
}

/// What is not said is no success.
#[test]
fn a_record_that_does_not_say_how_it_ended_is_an_error() {
    for status in ["null", "{}", "\"Success\"", "{\"errorCode\":null}", "{\"errorCode\":\"\"}"] {
        let text = format!(
            "[{{\"createdDateTime\":\"2026-11-19T10:00:00Z\",\"userId\":\"{ADA}\",\"isInteractive\":true,\"status\":{status}}}]"
        );
        let error = said(&[(file("x.json"), &text)]);
        assert!(error.message.starts_with("record 1"), "{status}: {error}");
    }
}

#[test]
fn the_kind_comes_from_the_record_the_portals_name_or_the_configuration() {
    let csv = format!("{HEADER}{}", row("2026-11-19T10:00:00Z", "r1", ADA, "", "Success", "IMAP4"));
    let error = said(&[(file("week47.csv"), &csv)]);
    assert!(error.message.contains("interactive"), "{error}");
    let hint = error.hint.unwrap();
    assert!(hint.contains("sign_ins = [{ file = \"week47.csv\", kind = \"non_interactive\" }]"), "{hint}");

    let column =
        csv.replacen("Client app,", "isInteractive,", 1).replacen("Authentication requirement", "Client app", 1);
    let column = column.replace(",IMAP4,,", ",false,,IMAP4");
    for (file, text) in [
        (of_kind("week47.csv", "non_interactive", None), &csv),
        (of_kind("week47.csv", "nonInteractive", None), &csv),
        (file("NonInteractiveSignIns_2026-11-13_2026-11-20.csv"), &csv),
        (file("downloads/noninteractive-sign-ins.csv"), &csv),
        (file("week47.csv"), &column),
        (file("InteractiveSignIns.csv"), &column),
    ] {
        let read = merged(tenant(), &[(file.clone(), text)]).unwrap();
        assert_eq!((of(&read, "ada").interactive, of(&read, "ada").non_interactive), (None, Some(1)), "{file:?}");
    }
    let error = said(&[(of_kind("NonInteractiveSignIns.csv", "interactive", None), &csv)]);
    assert!(error.message.contains("its name is that of a download of non-interactive sign-ins"), "{error}");
    let silent = json(&[("2026-11-19T10:00:00Z", "1", ADA)]).replace("\"isInteractive\":false,", "");
    assert!(said(&[(file("x.json"), &silent)]).message.contains(KIND_UNSAID));
}

/// Required and skipped is not done: it is counted apart, with its reason.
#[test]
fn skipped_mfa_is_counted_apart() {
    let result = |n: u8, text: &str| {
        row("2026-11-19T10:00:00Z", &format!("r{n}"), ADA, "", "Success", "Browser")
            .replace(",Browser,,", &format!(",Browser,{text},Multifactor authentication"))
    };
    let csv = [
        HEADER.to_owned(),
        result(0, "MFA completed in Azure AD"),
        result(1, "MFA requirement satisfied by claim in the token"),
        result(2, "MFA requirement skipped due to IP address"),
        result(3, "MFA requirement skipped due to IP address"),
        result(4, "MFA requirement skipped due to app password"),
    ]
    .concat();
    let read = merged(tenant(), &[(file("InteractiveSignIns.csv"), &csv)]).unwrap();
    let ada = of(&read, "ada");
    assert_eq!((ada.interactive, ada.interactive_mfa, ada.app_password), (Some(5), Some(2), Some(1)));
    let skipped: Vec<(Text, u32)> =
        ada.mfa_skipped.as_deref().unwrap().iter().map(|one| (one.reason.clone(), one.count)).collect();
    assert_eq!(skipped, [("IP address".into(), 2), ("app password".into(), 1)]);
}

/// What stands before the names of the columns: Excel's `sep=`, PowerShell's `#TYPE`, a byte order mark, empty lines; and the
/// line of a mistake behind it.
#[test]
fn what_stands_before_the_names_of_the_columns_is_no_record() {
    let csv = format!("{HEADER}{}", row("2026-11-19T10:00:00Z", "r1", ADA, "", "Success", "IMAP4"));
    for (head, separator, line) in [
        ("", ",", 2),
        ("\u{feff}", ",", 2),
        ("sep=;\r\n", ";", 3),
        ("SEP=,\n", ",", 3),
        ("\u{feff}sep=\t\r\n", "\t", 3),
        ("sep=|\n", "|", 3),
        ("#TYPE System.Management.Automation.PSCustomObject\r\n", ",", 3),
        ("#TYPE Selected.System.Object\n", ";", 3),
        ("\n\r\n  \n", ";", 5),
        ("\r\r", ",", 4),
        ("\n#TYPE x\nsep=;\n", ";", 5),
    ] {
        let text = format!("{head}{}", csv.replace(',', separator));
        let read = merged(tenant(), &[(file("InteractiveSignIns.csv"), &text)]).unwrap();
        assert_eq!(of(&read, "ada").interactive, Some(1), "{head:?}");
        let wrong = text.replace("2026-11-19T10:00:00Z", "19.11.2026 10:00");
        assert_eq!(said(&[(file("InteractiveSignIns.csv"), &wrong)]).line, Some(line), "{head:?}");
        let cut = text.replace("Date (UTC)", "Datum");
        assert_eq!(said(&[(file("InteractiveSignIns.csv"), &cut)]).line, Some(line - 1), "{head:?}");
    }
    // What only looks like it is a header, and said to be a wrong one.
    for head in ["sep=\n", "sep=ab\n", "sep=\"\n", "# a comment\n"] {
        let error = said(&[(file("InteractiveSignIns.csv"), &format!("{head}{csv}"))]);
        assert!(error.message.contains("it lacks") && error.line == Some(1), "{error}");
    }
}

/// How it ended stands in an object; a text in its place is said to be one.
#[test]
fn a_status_that_is_a_text_is_called_one() {
    let text = json(&[("2026-11-19T10:00:00Z", "1", ADA)]);
    let at = text.find("\"status\":").unwrap();
    let end = at + text[at..].find('}').unwrap() + 1;
    let text = format!("{}\"status\":\"Success\"{}", &text[..at], &text[end..]);
    let error = said(&[(of_kind("x.json", "interactive", None), &text)]);
    assert!(error.message.contains("its `status` is a text: an object with `errorCode` says how it ended"), "{error}");
}

#[test]
fn what_a_spreadsheet_or_a_shell_makes_of_a_download_is_called_by_its_name() {
    let csv = format!("{HEADER}{}", row("2026-11-19T10:00:00Z", "r1", ADA, "", "Success", "IMAP4"));
    let utf16: Vec<u8> = csv.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_mark = [&[0xff, 0xfe], &*utf16].concat();
    for (bytes, what) in [
        (&*utf16, "UTF-16"),
        (&*with_mark, "UTF-16"),
        (b"PK\x03\x04....".as_slice(), "zip"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
    ] {
        let tenant = tenant();
        let mut files = SignInFiles::new(&tenant, NOW.parse().unwrap(), 30);
        let error = files.read(&file("InteractiveSignIns.csv"), "InteractiveSignIns.csv", bytes).unwrap_err();
        assert!(error.message.starts_with("not a sign-in log: it is") && error.message.contains(what), "{error}");
    }
    for (separator, called) in [(";", "semicolons"), ("\t", "tabs")] {
        let text = csv.replace(',', separator);
        let read = merged(tenant(), &[(file("InteractiveSignIns.csv"), &text)]).unwrap();
        assert_eq!(of(&read, "ada").interactive, Some(1));
        assert!(read.notes[0].contains(called), "{:?}", read.notes);
        let error =
            said(&[(file("InteractiveSignIns.csv"), &text.replace("2026-11-19T10:00:00Z", "19.11.2026 10:00"))]);
        assert!(error.message.contains(called), "{error}");
    }
}

#[test]
fn the_report_of_smtp_clients_names_senders_where_there_is_no_log() {
    let report = "Sender address,Domain,TLS 1.0,TLS 1.1,TLS 1.2,Messages sent\nADA@contoso.com,contoso.com,0,0,100,\"1,204\"\n\
                  olga@fabrikam.com,fabrikam.com,0,0,100,3\n";
    let end = "2026-11-20T00:00:00Z";
    let smtp = of_kind("smtp.csv", "smtp_report", Some(("2026-10-20T00:00:00Z", end)));
    let read = merged(tenant(), &[(smtp.clone(), report)]).unwrap();
    let [one] = &of(&read, "ada").legacy.as_deref().unwrap() else { panic!("{read:?}") };
    assert_eq!((&*one.protocol, one.count, one.last), ("Authenticated SMTP", 1_204, end.parse().ok()));
    assert!(read.user(read.by_name("eve@contoso.com").unwrap()).sign_ins.is_none(), "nothing is known of the rest");
    assert!(read.notes[0].contains("1 of 2 senders"), "{:?}", read.notes);
    let error = said(&[(file("smtp.csv"), report)]);
    assert!(error.message.contains("does not say which time it is of"), "{error}");

    // Messages are no sign-ins: where the log has SMTP, it is the log that counts.
    let mut log = json(&[("2026-11-19T10:00:00Z", "1", ADA)]);
    log = log.replace("IMAP4", "SMTP");
    let read = merged(tenant(), &[(smtp, report), (file("x.json"), &log)]).unwrap();
    assert_eq!(of(&read, "ada").legacy_total(), Some(1));
}
