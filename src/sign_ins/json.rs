//! Records in JSON: the portal's download (an array in Graph's shape), a page of Graph, lines of diagnostic settings, rows
//! of Log Analytics.

use std::io::BufRead;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    analytics,
    csv::Problem,
    records::{Entry, Format, KIND_UNSAID, Sink, Tenants},
    wire::{SignIn, Str},
};
use crate::tenant::SignInKind;

/// What was read.
pub(super) struct Read {
    pub(super) format: Format,
    pub(super) skipped: u64,
}

/// Calls `sink` with every record, one at a time: a download of 100,000 records is half a gigabyte of text.
pub(super) fn read(mut input: impl BufRead, kind: Option<SignInKind>, sink: &mut dyn Sink) -> Result<Read, Problem> {
    let mut records = Records { kind, sink, number: 0, skipped: 0, format: Format::Json, line: None };
    let start = input.fill_buf().map_err(|error| Problem { line: None, message: error.to_string() })?;
    if lines(start) {
        records.lines(input)?;
    } else {
        let mut deserializer = serde_json::Deserializer::from_reader(input);
        let result = deserializer.deserialize_any(Document(&mut records)).and_then(|()| deserializer.end());
        result.map_err(|error| {
            let text = error.to_string();
            let message = text.split(" at line ").next().unwrap_or_default().to_owned();
            let line = (!error.is_data() && error.line() > 0).then_some(error.line() as u64);
            Problem { line, message }
        })?;
    }
    Ok(Read { format: records.format, skipped: records.skipped })
}

/// Is it one object a line? A page of Graph and a result of Log Analytics are one object, and say so first.
fn lines(start: &[u8]) -> bool {
    let text = start.trim_ascii_start();
    let Some(rest) = text.strip_prefix(b"{") else { return false };
    let Some(rest) = rest.trim_ascii_start().strip_prefix(b"\"") else { return false };
    let key = rest.split(|byte| *byte == b'"').next().unwrap_or_default();
    !(matches!(key, b"value" | b"tables" | b"records") || key.starts_with(b"@odata"))
}

struct Records<'f> {
    kind: Option<SignInKind>,
    sink: &'f mut dyn Sink,
    number: u64,
    skipped: u64,
    format: Format,
    line: Option<u64>,
}

/// What tells the shapes of a record apart, and the envelope of diagnostic settings.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    category: Option<Str<'a>>,
    #[serde(borrow, default)]
    properties: Option<&'a RawValue>,
    #[serde(borrow, default)]
    time: Option<Str<'a>>,
    #[serde(rename = "resultType", borrow, default)]
    result_type: Option<&'a RawValue>,
    #[serde(rename = "tenantId", borrow, default)]
    tenant: Option<Str<'a>>,
    #[serde(rename = "TimeGenerated", borrow, default)]
    generated: Option<&'a RawValue>,
    #[serde(rename = "TimeGenerated [UTC]", borrow, default)]
    generated_utc: Option<&'a RawValue>,
}

impl Records<'_> {
    fn lines(&mut self, mut input: impl BufRead) -> Result<(), Problem> {
        let mut line = Vec::new();
        let mut number = 0;
        loop {
            line.clear();
            number += 1;
            let read = input.read_until(b'\n', &mut line);
            if read.map_err(|error| Problem { line: Some(number), message: error.to_string() })? == 0 {
                return Ok(());
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            self.line = Some(number);
            let text = std::str::from_utf8(&line)
                .map_err(|_| Problem { line: Some(number), message: "text that is not UTF-8".to_owned() })?;
            self.one(text).map_err(|message| Problem { line: Some(number), message })?;
        }
    }

    /// One record, in whatever shape.
    fn one(&mut self, raw: &str) -> Result<(), String> {
        self.number += 1;
        self.sink.ready()?;
        let (number, line) = (self.number, self.line);
        let at = |what: String| match line {
            Some(_) => what,
            None => format!("record {number}: {what}"),
        };
        let not_one = |error: serde_json::Error| {
            // The inner place counts from the record's start, and the outer one is past it: the number tells.
            let text = error.to_string();
            let what = text.split(" at line ").next().unwrap_or_default();
            format!("record {number} is not a sign-in: {what}")
        };
        // Graph's own shape is by far the most frequent, and has none of the keys that tell the others.
        let first = self.number == 1;
        if first {
            let envelope: Envelope<'_> = serde_json::from_str(raw).map_err(not_one)?;
            self.format = match envelope {
                Envelope { category: Some(_), properties: Some(_), .. } => Format::Diagnostic,
                Envelope { generated: None, generated_utc: None, .. } => Format::Json,
                Envelope { .. } => Format::LogAnalytics,
            };
        }
        match self.format {
            Format::Diagnostic => {
                let envelope: Envelope<'_> = serde_json::from_str(raw).map_err(not_one)?;
                self.diagnostic(&envelope, number).map_err(at)
            }
            Format::LogAnalytics => {
                let row = serde_json::from_str(raw).map_err(not_one)?;
                let kind = self.kind;
                if !analytics::row(&row, kind, self.sink).map_err(at)? {
                    self.skipped += 1;
                }
                Ok(())
            }
            _ => {
                let sign_in: SignIn<'_> = serde_json::from_str(raw).map_err(not_one)?;
                take(&sign_in, self.kind, None, self.sink).map_err(at)
            }
        }
    }

    /// A line of diagnostic settings ("Azure Monitor resource log schema"): the record is in `properties`.
    fn diagnostic(&mut self, envelope: &Envelope<'_>, number: u64) -> Result<(), String> {
        let category = envelope.category.as_ref().map_or("", |word| &word.0);
        let kind = match category {
            one if one.eq_ignore_ascii_case("SignInLogs") => SignInKind::Interactive,
            one if one.eq_ignore_ascii_case("NonInteractiveUserSignInLogs") => SignInKind::NonInteractive,
            _ => {
                self.skipped += 1;
                return Ok(());
            }
        };
        let Some(raw) = envelope.properties else { return Err("it has no `properties`".to_owned()) };
        let mut sign_in: SignIn<'_> =
            serde_json::from_str(raw.get()).map_err(|error| format!("record {number} is not a sign-in: {error}"))?;
        let result = envelope.result_type.map(|raw| raw.get().trim_matches('"'));
        sign_in.complete(envelope.time.as_ref().map_or("", |time| &time.0), result.and_then(|text| text.parse().ok()));
        take(&sign_in, Some(kind), envelope.tenant.as_ref().map(|one| &*one.0), self.sink)
    }
}

/// Hands a record on. Its own word for its kind counts for more than that of the file.
pub(super) fn take(
    sign_in: &SignIn<'_>,
    kind: Option<SignInKind>,
    log: Option<&str>,
    sink: &mut dyn Sink,
) -> Result<(), String> {
    let kind = sign_in.kind().or(kind).ok_or_else(|| KIND_UNSAID.to_owned())?;
    let record = sign_in.record(kind)?;
    let tenants = Tenants {
        log: log.unwrap_or_default(),
        resource: &sign_in.resource_tenant_id.0,
        home: &sign_in.home_tenant_id.0,
    };
    sink.record(&Entry {
        request: &sign_in.id.0,
        user_id: &sign_in.user_id.0,
        user_name: &sign_in.user_principal_name.0,
        tenants,
        record,
    });
    Ok(())
}

struct Document<'r, 'f>(&'r mut Records<'f>);

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of sign-in records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // The text of one record at a time; parsing it borrows from there.
        while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
            self.0.one(raw.get()).map_err(A::Error::custom)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "value" | "records" => {
                    found = true;
                    map.next_value_seed(Seed(&mut *self.0))?;
                }
                "tables" => {
                    found = true;
                    let (kind, sink) = (self.0.kind, &mut *self.0.sink);
                    self.0.format = Format::LogAnalytics;
                    self.0.skipped += map.next_value_seed(analytics::Tables { kind, sink })?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if found { Ok(()) } else { Err(A::Error::custom("expected an array of sign-in records")) }
    }
}

struct Seed<'r, 'f>(&'r mut Records<'f>);

impl<'de> serde::de::DeserializeSeed<'de> for Seed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(Document(self.0))
    }
}
