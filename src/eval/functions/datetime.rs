//! Points in time: RFC 3339 strings.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::Offset};

use super::{Args, Fail, Function, Outcome, Takes, function, param};
use crate::eval::Value;

const GROUP: &str = "Dates and times";
const TIMESTAMP: super::Param = param("timestamp", Takes::String);

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "formatdate",
        GROUP,
        &[param("format", Takes::String), param("time", Takes::String)],
        formatdate,
        "A point in time in another format: `YYYY YY`, `MMMM MMM MM M`, `DD D`, `EEEE EEE`, `hh h` (24 hours), `HH H` (12 hours), `AA aa`, `mm m`, `ss s`, `ZZZZZ ZZZZ ZZZ Z`; letters in single quotes stand for themselves.",
        "formatdate(\"DD MMM YYYY hh:mm ZZZ\", \"2026-11-20T08:00:00Z\")",
    ),
    function(
        "plantimestamp",
        GROUP,
        &[],
        now,
        "The plan's instant: `--as-of`, or now.",
        "timecmp(plantimestamp(), timestamp())",
    )
    .impure(),
    function(
        "timeadd",
        GROUP,
        &[TIMESTAMP, param("duration", Takes::String)],
        timeadd,
        "A point in time moved by a duration such as `\"10m\"`, `\"-36h\"` or `\"1h30m\"` (units `h m s ms us ns`).",
        "timeadd(\"2026-11-20T08:00:00Z\", \"36h\")",
    ),
    function(
        "timecmp",
        GROUP,
        &[param("timestamp_a", Takes::String), param("timestamp_b", Takes::String)],
        timecmp,
        "-1, 0 or 1: is the first point in time before, at or after the second?",
        "timecmp(\"2026-11-20T08:00:00Z\", \"2026-11-20T09:00:00+01:00\")",
    ),
    function(
        "timestamp",
        GROUP,
        &[],
        now,
        "The plan's instant, like `plantimestamp`: one plan has one instant.",
        "formatdate(\"YYYY\", timestamp()) != \"\"",
    )
    .impure(),
];

/// A point in time and the offset it was written with.
struct Moment {
    local: DateTime,
    offset: Offset,
}

impl Moment {
    /// RFC 3339 and nothing looser, as Terraform wants it.
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| format!("not a valid RFC3339 timestamp: {text:?} {why}");
        let bytes = text.as_bytes();
        let shape = b"dddd-dd-ddTdd:dd:dd";
        if bytes.len() < shape.len() + 1 {
            return Err(wrong("is too short; it should look like \"2026-11-20T08:00:00Z\""));
        }
        let fits = shape
            .iter()
            .zip(bytes)
            .all(|(want, byte)| if *want == b'd' { byte.is_ascii_digit() } else { want == byte });
        let rest = match text.get(shape.len()..) {
            Some(rest) if fits => rest,
            _ => return Err(wrong("should look like \"2026-11-20T08:00:00Z\"")),
        };
        let rest = match rest.strip_prefix('.') {
            Some(fraction) => {
                let zone = fraction.trim_start_matches(|char: char| char.is_ascii_digit());
                if zone.len() == fraction.len() {
                    return Err(wrong("has no digits after the point"));
                }
                zone
            }
            None => rest,
        };
        let zone = rest.as_bytes();
        let offset = match zone {
            b"Z" => Offset::UTC,
            [sign @ (b'+' | b'-'), h1 @ b'0'..=b'2', h2 @ b'0'..=b'9', b':', m1 @ b'0'..=b'5', m2 @ b'0'..=b'9']
                if *h1 < b'2' || *h2 < b'4' =>
            {
                let digit = |byte: &u8| i32::from(byte - b'0');
                let seconds = ((digit(h1) * 10 + digit(h2)) * 60 + digit(m1) * 10 + digit(m2)) * 60;
                let signed = if *sign == b'-' { -seconds } else { seconds };
                Offset::from_seconds(signed).map_err(|_| wrong("has an offset out of range"))?
            }
            _ => return Err(wrong("must end in \"Z\" or an offset such as \"+01:00\"")),
        };
        // The parser takes a leap second for the one before it.
        if bytes.get(17) == Some(&b'6') {
            return Err(wrong("has a second that does not exist"));
        }
        let end = text.len() - rest.len();
        let local = text
            .get(..end)
            .unwrap_or(text)
            .parse::<DateTime>()
            .map_err(|_| wrong("is not a date and time that exists"))?;
        Ok(Self { local, offset })
    }

    fn instant(&self) -> Result<Timestamp, String> {
        self.offset.to_timestamp(self.local).map_err(|_| "the point in time is out of range".into())
    }
}

/// RFC 3339, to the second.
fn rfc3339(local: DateTime, offset: Offset) -> String {
    let mut out = String::new();
    let _ = write!(
        out,
        "{}{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
        if local.year() < 0 { "-" } else { "" },
        local.year().unsigned_abs(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second()
    );
    write_offset(offset, true, true, &mut out);
    out
}

fn write_offset(offset: Offset, colon: bool, zulu: bool, out: &mut String) {
    let seconds = offset.seconds();
    if seconds == 0 && zulu {
        out.push('Z');
        return;
    }
    let minutes = seconds.abs() / 60;
    let sign = if seconds < 0 { '-' } else { '+' };
    let _ = write!(out, "{sign}{:02}{}{:02}", minutes / 60, if colon { ":" } else { "" }, minutes % 60);
}

fn now(args: &Args<'_, '_>) -> Outcome {
    let instant = args.scope.instant;
    Ok(Value::string(rfc3339(Offset::UTC.to_datetime(instant), Offset::UTC)))
}

fn moment(args: &Args<'_, '_>, at: usize) -> Result<Moment, Fail> {
    Moment::parse(args.str(at)?).map_err(|message| Fail::Argument(at, message))
}

fn timecmp(args: &Args<'_, '_>) -> Outcome {
    let (a, b) = (moment(args, 0)?.instant()?, moment(args, 1)?.instant()?);
    Ok(Value::from(a.cmp(&b) as i64))
}

fn timeadd(args: &Args<'_, '_>) -> Outcome {
    let moment = moment(args, 0)?;
    let nanoseconds = duration(args.str(1)?).map_err(|message| Fail::Argument(1, message))?;
    let moved = moment.instant()?.checked_add(SignedDuration::from_nanos(nanoseconds));
    let moved = moved.map_err(|_| "the result is out of range")?;
    Ok(Value::string(rfc3339(moment.offset.to_datetime(moved), moment.offset)))
}

/// Go's durations: signed decimal numbers with units, `1h15m30.5s`. In nanoseconds.
fn duration(text: &str) -> Result<i64, String> {
    let wrong = || format!("not a valid duration: {text:?}; write it like \"36h\" or \"1h30m\"");
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let after = rest.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
        let number = rest.get(..rest.len() - after.len()).unwrap_or_default();
        let unit_end = after.find(|char: char| char.is_ascii_digit() || char == '.').unwrap_or(after.len());
        let (unit, next) = after.split_at(unit_end);
        let size: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(wrong()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.len() + fraction.len() == 0 || whole.len() > 18 || fraction.contains('.') {
            return Err(wrong());
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| wrong())? };
        let fraction = fraction.get(..fraction.len().min(15)).unwrap_or_default();
        let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| wrong())? };
        total += whole * size + part * size / 10i128.pow(fraction.len() as u32);
        rest = next;
    }
    i64::try_from(if negative { -total } else { total }).map_err(|_| wrong())
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn formatdate(args: &Args<'_, '_>) -> Outcome {
    let moment = moment(args, 1)?;
    let mut out = String::new();
    let mut rest = args.str(0)?;
    while let Some(first) = rest.chars().next() {
        // Two quotes stand for one, outside a literal as well as in it.
        if let Some(after) = rest.strip_prefix("''") {
            out.push('\'');
            rest = after;
            continue;
        }
        if first == '\'' {
            let (literal, after) = quoted(rest).ok_or_else(|| Fail::Argument(0, "unterminated literal '".into()))?;
            out.push_str(&literal);
            rest = after;
            continue;
        }
        let after = if first.is_ascii_alphabetic() {
            rest.trim_start_matches(first)
        } else {
            rest.get(first.len_utf8()..).unwrap_or_default()
        };
        let token = rest.get(..rest.len() - after.len()).unwrap_or_default();
        if first.is_ascii_alphabetic() {
            verb(token, &moment, &mut out).map_err(|message| Fail::Argument(0, message))?;
        } else {
            out.push_str(token);
        }
        rest = after;
    }
    Ok(Value::string(out))
}

/// A literal in single quotes, in which two of them stand for one; and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut literal = String::new();
    let mut rest = text.strip_prefix('\'')?;
    loop {
        let (before, after) = rest.split_once('\'')?;
        literal.push_str(before);
        match after.strip_prefix('\'') {
            Some(more) => {
                literal.push('\'');
                rest = more;
            }
            None => return Some((literal, after)),
        }
    }
}

fn verb(token: &str, moment: &Moment, out: &mut String) -> Result<(), String> {
    let local = moment.local;
    let name = |names: &[&'static str], at: i8, length: usize| {
        let name = usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default();
        name.get(..length.min(name.len())).unwrap_or(name)
    };
    let hour12 = if local.hour() % 12 == 0 { 12 } else { local.hour() % 12 };
    let day = local.weekday().to_monday_zero_offset();
    let half = if local.hour() < 12 { "am" } else { "pm" };
    let _ = match token {
        "YYYY" => write!(out, "{:04}", local.year()),
        "YY" => write!(out, "{:02}", local.year() % 100),
        "MMMM" => write!(out, "{}", name(&MONTHS, local.month() - 1, 9)),
        "MMM" => write!(out, "{}", name(&MONTHS, local.month() - 1, 3)),
        "MM" => write!(out, "{:02}", local.month()),
        "M" => write!(out, "{}", local.month()),
        "DD" => write!(out, "{:02}", local.day()),
        "D" => write!(out, "{}", local.day()),
        "EEEE" => write!(out, "{}", name(&DAYS, day, 9)),
        "EEE" => write!(out, "{}", name(&DAYS, day, 3)),
        "hh" => write!(out, "{:02}", local.hour()),
        "h" => write!(out, "{}", local.hour()),
        "HH" => write!(out, "{hour12:02}"),
        "H" => write!(out, "{hour12}"),
        "AA" => write!(out, "{}", half.to_uppercase()),
        "aa" => write!(out, "{half}"),
        "mm" => write!(out, "{:02}", local.minute()),
        "m" => write!(out, "{}", local.minute()),
        "ss" => write!(out, "{:02}", local.second()),
        "s" => write!(out, "{}", local.second()),
        "ZZZZZ" => {
            write_offset(moment.offset, true, false, out);
            Ok(())
        }
        "ZZZZ" => {
            write_offset(moment.offset, false, false, out);
            Ok(())
        }
        "ZZZ" if moment.offset == Offset::UTC => write!(out, "UTC"),
        "ZZZ" => {
            write_offset(moment.offset, false, false, out);
            Ok(())
        }
        "Z" => {
            write_offset(moment.offset, true, true, out);
            Ok(())
        }
        other => {
            let right = match other.chars().next() {
                Some('Y') => "year must either be \"YYYY\" or \"YY\"",
                Some('M') => "month must be \"M\", \"MM\", \"MMM\", or \"MMMM\"",
                Some('D') => "day of month must either be \"D\" or \"DD\"",
                Some('E') => "day of week must either be \"EEE\" or \"EEEE\"",
                Some('h') => "24-hour must either be \"h\" or \"hh\"",
                Some('H') => "12-hour must either be \"H\" or \"HH\"",
                Some('A' | 'a') => "AM or PM must be \"AA\" or \"aa\"",
                Some('m') => "minute must either be \"m\" or \"mm\"",
                Some('s') => "second must either be \"s\" or \"ss\"",
                Some('Z') => "timezone must be \"Z\", \"ZZZ\", \"ZZZZ\", or \"ZZZZZ\"",
                _ => "put letters that stand for themselves into single quotes",
            };
            return Err(format!("invalid date format verb {other:?}: {right}"));
        }
    };
    Ok(())
}
