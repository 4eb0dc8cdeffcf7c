//! Nothing from a tenant ends a header, a line or a cell.

use base64::{Engine, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use super::{eml, files, ics, merge};
use crate::{
    desired::RolloutWave,
    readiness::{Letter, Notices},
    render::testing::sample,
    tenant::{Text, UserId},
};

fn wave() -> RolloutWave {
    RolloutWave {
        rollout: "winter".into(),
        name: "first".into(),
        from: "2026-12-01T00:00:00Z".parse().unwrap(),
        gate: None,
        closed: None,
    }
}

fn letter(to: &str, subject: &str, body: &str) -> Letter {
    Letter {
        send_on: jiff::civil::date(2026, 11, 17),
        notice: "announce".into(),
        days_before: 14,
        wave: wave(),
        user: UserId::new(uuid::Uuid::from_u128(9)),
        display_name: Some(Text::from(subject)),
        to: to.into(),
        subject: subject.into(),
        body: body.into(),
    }
}

#[test]
fn a_letter_is_a_draft() {
    let bytes = eml::letter(&letter("kim@contoso.com", "MFA from 1 December", "Hello Kim\nregister\n"));
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text,
        "To: kim@contoso.com\r\nSubject: MFA from 1 December\r\nDate: Tue, 17 Nov 2026 08:00:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\
         X-Unsent: 1\r\n\r\nSGVsbG8gS2ltDQpyZWdpc3Rlcg0K\r\n"
    );
}

#[test]
fn names_of_files_never_meet() {
    let mut plan = sample();
    plan.as_of = "2026-11-10T09:00:00Z".parse().unwrap();
    let named = |rollout: &str, name: &str| RolloutWave { rollout: rollout.into(), name: name.into(), ..wave() };
    let notices = Notices {
        letters: vec![letter("kim@contoso.com", "s", "b")],
        waves: vec![(named("a-b", "c"), 1), (named("a", "b-c"), 2)],
        ..Notices::default()
    };
    let paths: Vec<_> = files(&plan, &notices).map(|file| file.path).collect();
    assert_eq!(
        paths,
        ["2026-11-17/announce/00000000-0000-0000-0000-000000000009.eml", "mail-merge.csv", "a-b-c.ics", "a-b-c_.ics"]
    );
    let entry = String::from_utf8(ics::entry(&plan, &wave(), 12)).unwrap();
    assert!(entry.contains("DTSTART;VALUE=DATE:20261201\r\n"), "{entry}");
    assert!(entry.contains("DTSTAMP:20261110T090000Z\r\n"), "{entry}");
    assert!(entry.contains("SUMMARY:MFA: wave first of rollout winter (12 users)\r\n"), "{entry}");
}

proptest! {
    #[test]
    fn whatever_a_tenant_holds_stays_in_its_place(to in ".{0,40}", subject in "(?s).{0,200}", body in "(?s).{0,300}") {
        let one = letter(&to, &subject, &body);
        let text = String::from_utf8(eml::letter(&one)).unwrap();
        let (head, coded) = text.split_once("\r\n\r\n").unwrap();
        let unfolded = head.replace("\r\n ", " ");
        let names: Vec<&str> = unfolded.split("\r\n").map(|line| line.split_once(": ").unwrap().0).collect();
        prop_assert_eq!(
            names,
            ["To", "Subject", "Date", "MIME-Version", "Content-Type", "Content-Transfer-Encoding", "X-Unsent"]
        );
        prop_assert!(head.split("\r\n").all(|line| line.len() <= 90 && line.is_ascii()), "{head}");
        prop_assert!(!head.replace("\r\n", "").contains(['\r', '\n']));
        let decoded = STANDARD.decode(coded.replace("\r\n", "")).unwrap();
        prop_assert!(String::from_utf8(decoded).is_ok());

        let table = merge::table(&[one]);
        let mut reader = csv::Reader::from_reader(&table[3..]);
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        prop_assert_eq!(rows.len(), 1);
        for cell in &rows[0] {
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }
    }

    #[test]
    fn lines_of_a_calendar_are_folded_and_whole(raw in "(?s).{0,200}") {
        let value = ics::text(&raw);
        prop_assert!(!value.contains(['\r', '\n']));
        let mut out = Vec::new();
        ics::fold(&format!("SUMMARY:{value}"), &mut out);
        let text = String::from_utf8(out).unwrap();
        prop_assert!(text.split("\r\n").all(|line| line.len() <= 75));
        prop_assert_eq!(text.strip_suffix("\r\n").unwrap().replace("\r\n ", ""), format!("SUMMARY:{value}"));
    }
}
