//! The portal's JSON download: an array of records in Graph's shape (a Graph page with `value` is taken, too).

use std::io::BufRead;

use serde::{
    Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::wire::SignIn;

/// Calls `each` with every record, one at a time: a download of 100,000 records is half a gigabyte of text.
pub(super) fn read(
    input: impl BufRead,
    each: &mut dyn FnMut(&SignIn<'_>) -> Result<(), String>,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    deserializer.deserialize_any(Records(each))?;
    deserializer.end()
}

struct Records<'f>(&'f mut dyn FnMut(&SignIn<'_>) -> Result<(), String>);

impl<'de> Visitor<'de> for Records<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of sign-in records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        // The text of one record at a time; parsing it borrows from there.
        let mut number = 0;
        while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
            number += 1;
            let record: SignIn<'_> = serde_json::from_str(raw.get()).map_err(|error| {
                // The inner place counts from the record's start, and the outer one is past it: the number tells.
                let text = error.to_string();
                let what = text.split(" at line ").next().unwrap_or_default();
                serde::de::Error::custom(format_args!("record {number} is not a sign-in: {what}"))
            })?;
            (self.0)(&record).map_err(|what| serde::de::Error::custom(format_args!("record {number}: {what}")))?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "value" {
                found = true;
                map.next_value_seed(Seed(&mut *self.0))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if found { Ok(()) } else { Err(serde::de::Error::custom("expected an array of sign-in records")) }
    }
}

struct Seed<'f>(&'f mut dyn FnMut(&SignIn<'_>) -> Result<(), String>);

impl<'de> serde::de::DeserializeSeed<'de> for Seed<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(Records(self.0))
    }
}
