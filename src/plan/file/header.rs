//! Telling plan files and snapshots apart by their first members, without reading the rest.

use std::{cell::RefCell, fmt, io};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use super::PlanFileError;

/// What a JSON file holds.
#[derive(Clone, Debug)]
pub(super) enum Header {
    Plan { version: String },
    Snapshot,
}

pub(super) fn read(bytes: &[u8]) -> Result<Header, PlanFileError> {
    if bytes.trim_ascii().is_empty() {
        return Err(PlanFileError::Empty);
    }
    match seek(&mut serde_json::Deserializer::from_slice(bytes)) {
        (Some(header), _) => Ok(header),
        (None, Ok(())) => Err(PlanFileError::NoVersion),
        (None, Err(error)) if error.is_data() => Err(PlanFileError::NotJson("it is not a JSON object".to_owned())),
        (None, Err(error)) => Err(PlanFileError::syntax(&error)),
    }
}

/// As [`read`], of a file that is not in memory; `None` where a look at the whole of it has to tell what is wrong.
pub(super) fn peek(input: impl io::Read) -> Option<Header> {
    seek(&mut serde_json::Deserializer::from_reader(io::BufReader::new(input))).0
}

/// Is this a plan from before plans said what their configuration was made of?
pub(super) fn is_older(bytes: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Head {
        config: Option<Config>,
    }
    #[derive(serde::Deserialize)]
    struct Config {
        parts: Option<IgnoredAny>,
    }
    serde_json::from_slice(bytes).is_ok_and(|head: Head| head.config.is_some_and(|config| config.parts.is_none()))
}

fn seek<'de, R: serde_json::de::Read<'de>>(
    deserializer: &mut serde_json::Deserializer<R>,
) -> (Option<Header>, serde_json::Result<()>) {
    let found = RefCell::new(None);
    let result = Seek { found: &found }.deserialize(deserializer);
    (found.into_inner(), result)
}

/// Walks the members of the outer object and gives up at the one it looks for. Giving up is an error to serde, which is
/// why the answer travels beside the result.
struct Seek<'a> {
    found: &'a RefCell<Option<Header>>,
}

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            match &*key {
                "format_version" => {
                    let version = map.next_value::<serde_json::Value>()?;
                    let version = version.as_str().map_or_else(|| format!("{version} (not a string)"), str::to_owned);
                    *self.found.borrow_mut() = Some(Header::Plan { version });
                    return Err(A::Error::custom("found"));
                }
                "formatVersion" => {
                    *self.found.borrow_mut() = Some(Header::Snapshot);
                    return Err(A::Error::custom("found"));
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
