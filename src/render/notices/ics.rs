//! The day of a wave as an entry in a calendar (RFC 5545). It names nobody: calendars are shared.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::tz::TimeZone;

use super::one_line;
use crate::{
    desired::RolloutWave,
    plan::{Plan, file::tenant_id_text},
    render::words,
};

/// Octets of a line, without its end (RFC 5545, 3.1).
const LINE: usize = 75;

pub(super) fn entry(plan: &Plan, wave: &RolloutWave, users: u64) -> Vec<u8> {
    let day = TimeZone::UTC.to_datetime(wave.from).date();
    let summary = format!("MFA: wave {} of rollout {} ({})", wave.name, wave.rollout, words::count(users, "user"));
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//mfaplan//readiness//EN".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}@mfaplan", identity(plan, wave)),
        format!("DTSTAMP:{}", plan.as_of.strftime("%Y%m%dT%H%M%SZ")),
        format!("DTSTART;VALUE=DATE:{}", day.strftime("%Y%m%d")),
        format!("SUMMARY:{}", text(&summary)),
        "TRANSP:TRANSPARENT".to_owned(),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    let mut out = Vec::new();
    for line in lines {
        fold(&line, &mut out);
    }
    out
}

/// The same for every plan, so that a wave that moves moves its entry too.
fn identity(plan: &Plan, wave: &RolloutWave) -> String {
    let named = format!("{},{},{}", tenant_id_text(plan.tenant.id), wave.rollout, wave.name);
    let hash = digest(&SHA256, named.as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A TEXT value (RFC 5545, 3.3.11).
pub(super) fn text(raw: &str) -> String {
    let raw = raw.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(raw.len());
    for (at, line) in raw.split('\n').enumerate() {
        if at > 0 {
            out.push_str("\\n");
        }
        for c in one_line(line).chars() {
            if matches!(c, '\\' | ';' | ',') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

/// A line and its end, continued behind a space where it is too long; characters stay whole.
pub(super) fn fold(line: &str, out: &mut Vec<u8>) {
    let mut room = LINE;
    for c in line.chars() {
        if c.len_utf8() > room {
            out.extend_from_slice(b"\r\n ");
            room = LINE - 1;
        }
        room -= c.len_utf8();
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}
