//! `fleet.json`: the plans of a set, and the digest that approves them all.

use std::{
    collections::HashMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{eval::hash, plan::Digest};

/// The version of the file; additions raise the minor one.
pub(crate) const FORMAT_VERSION: &str = "1.0";

/// The name of the file.
pub(crate) const FILE: &str = "fleet.json";

/// The file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Set {
    /// `1.0`
    pub(crate) format_version: String,
    /// The fleet's name.
    pub(crate) fleet: String,
    /// When it was planned.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub(crate) created_at: Timestamp,
    /// For which instant.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    pub(crate) as_of: Timestamp,
    /// The set digest: `sha256:…`
    pub(crate) digest: String,
    /// The rings in their order, with their stop rules.
    pub(crate) rings: Vec<Ring>,
    /// In the order of rings, then names.
    pub(crate) tenants: Vec<Planned>,
}

/// A ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Ring {
    /// Its name.
    pub(crate) name: String,
    /// After so many tenants that did not come through no other begins.
    pub(crate) stop_after_failed: Option<u32>,
}

/// Is there a plan?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum PlannedStatus {
    /// Yes.
    Planned,
    /// No.
    Error,
}

/// A tenant of the set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Planned {
    /// Its name in the fleet; its plan is `<name>.mfaplan`.
    pub(crate) tenant: String,
    /// Its id; null where there is no plan.
    pub(crate) tenant_id: Option<String>,
    /// Its ring.
    pub(crate) ring: Option<String>,
    /// Its configuration directory, seen from the fleet's.
    pub(crate) directory: String,
    /// Is there a plan?
    pub(crate) status: PlannedStatus,
    /// The plan's digest: `sha256:…`
    pub(crate) digest: Option<String>,
    /// How many reasons refuse it.
    pub(crate) refused: u64,
    /// How many users would change, wait or are withheld.
    pub(crate) changes: u64,
    /// The exit code of its plan.
    pub(crate) exit_code: Option<i32>,
    /// Why there is none.
    pub(crate) error: Option<String>,
}

impl Planned {
    /// Where its plan is.
    pub(crate) fn file(&self, dir: &Path) -> PathBuf {
        dir.join(format!("{}.mfaplan", self.tenant))
    }
}

/// A set that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {message}")]
pub(crate) struct SetError {
    path: String,
    message: String,
}

impl Set {
    /// Reads the set of a directory. What stands in it is held to its digest.
    ///
    /// # Errors
    /// That it is not there, no set, or not the set of its digest.
    pub(crate) fn read(dir: &Path) -> Result<Self, SetError> {
        let path = dir.join(FILE);
        let error = |message: String| SetError { path: path.display().to_string(), message };
        let bytes = std::fs::read(&path).map_err(|failed| error(format!("cannot be read: {failed}")))?;
        let set: Self = serde_json::from_slice(&bytes).map_err(|failed| error(format!("is no set: {failed}")))?;
        if set.format_version.split('.').next() != FORMAT_VERSION.split('.').next() {
            return Err(error(format!("was written by another version (format {})", set.format_version)));
        }
        if let Some(twice) = twice(&set.tenants) {
            return Err(error(twice));
        }
        let name = |text: &str| !text.is_empty() && !text.contains(['/', '\\']) && !text.starts_with('.');
        if let Some(wrong) = set.tenants.iter().find(|one| !name(&one.tenant)) {
            return Err(error(format!("`{}` is no tenant's name", wrong.tenant.escape_debug())));
        }
        let computed = set_digest(&set.tenants);
        if computed != set.digest {
            return Err(error(format!("says {}, but its tenants make {computed}: plan again", set.digest)));
        }
        Ok(set)
    }
}

/// Two of one name, or two plans for one tenant: one approval would be two.
fn twice(tenants: &[Planned]) -> Option<String> {
    let mut names: HashMap<&str, ()> = HashMap::new();
    let mut ids: HashMap<String, &str> = HashMap::new();
    for one in tenants {
        if names.insert(&one.tenant, ()).is_some() {
            return Some(format!("{} stands there twice", one.tenant));
        }
        if let Some(id) = &one.tenant_id
            && let Some(other) = ids.insert(id.to_lowercase(), &one.tenant)
        {
            return Some(format!("{other} and {} are both tenant {id}", one.tenant));
        }
    }
    None
}

/// The set digest: SHA-256 over a line `<tenant id> <plan digest>` for every plan, sorted. The id and not the name, which
/// could be pointed elsewhere.
pub(crate) fn set_digest(tenants: &[Planned]) -> String {
    digest(tenants).to_string()
}

/// The same, as a digest.
pub(crate) fn digest(tenants: &[Planned]) -> Digest {
    let planned = tenants.iter().filter(|one| one.status == PlannedStatus::Planned);
    let mut lines: Vec<String> = planned
        .filter_map(|one| Some(format!("{} {}\n", one.tenant_id.as_ref()?.to_lowercase(), one.digest.as_ref()?)))
        .collect();
    lines.sort_unstable();
    let mut text = String::new();
    for line in lines {
        let _ = write!(text, "{line}");
    }
    Digest(hash(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(name: &str, id: &str, digest: char) -> Planned {
        Planned {
            tenant: name.into(),
            tenant_id: Some(id.into()),
            ring: None,
            directory: name.into(),
            status: PlannedStatus::Planned,
            digest: Some(format!("sha256:{}", digest.to_string().repeat(64))),
            refused: 0,
            changes: 1,
            exit_code: Some(0),
            error: None,
        }
    }

    #[test]
    fn the_digest_is_that_of_sorted_lines_and_knows_no_names() {
        let (a, b) = (
            planned("a", "AAAAAAAA-0000-4000-8000-000000000001", '1'),
            planned("b", "bbbbbbbb-0000-4000-8000-000000000001", '2'),
        );
        let text = format!(
            "aaaaaaaa-0000-4000-8000-000000000001 sha256:{}\nbbbbbbbb-0000-4000-8000-000000000001 sha256:{}\n",
            "1".repeat(64),
            "2".repeat(64)
        );
        let expected = format!("sha256:{}", hash(text.as_bytes()));
        assert_eq!(set_digest(&[b.clone(), a.clone()]), expected);
        let renamed = Planned { tenant: "z".into(), ring: Some("pilot".into()), directory: "x".into(), ..a.clone() };
        assert_eq!(set_digest(&[renamed, b.clone()]), expected);
        let broken = Planned { status: PlannedStatus::Error, digest: None, tenant_id: None, ..planned("c", "c", '3') };
        assert_eq!(set_digest(&[a.clone(), b.clone(), broken]), expected, "what has no plan is in no approval");
        assert_ne!(set_digest(std::slice::from_ref(&a)), expected);
        let other = Planned { tenant_id: Some("cccccccc-0000-4000-8000-000000000001".into()), ..b };
        assert_ne!(set_digest(&[a, other]), expected, "a plan of another tenant is another set");
    }

    #[test]
    fn a_set_that_was_changed_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let tenants = vec![planned("a", "aaaaaaaa-0000-4000-8000-000000000001", '1')];
        let set = Set {
            format_version: FORMAT_VERSION.into(),
            fleet: "f".into(),
            created_at: Timestamp::UNIX_EPOCH,
            as_of: Timestamp::UNIX_EPOCH,
            digest: set_digest(&tenants),
            rings: Vec::new(),
            tenants,
        };
        let write = |set: &Set| std::fs::write(dir.path().join(FILE), serde_json::to_vec(set).unwrap()).unwrap();
        let said = || Set::read(dir.path()).map(|_| ()).map_err(|error| error.to_string());
        assert!(said().unwrap_err().contains("cannot be read"));
        write(&set);
        assert_eq!(said(), Ok(()));
        let mut other = set.clone();
        other.tenants[0].digest = Some(format!("sha256:{}", "9".repeat(64)));
        write(&other);
        assert!(said().unwrap_err().contains("plan again"));
        let mut twice = set.clone();
        twice.tenants.push(Planned { tenant: "b".into(), ..set.tenants[0].clone() });
        twice.digest = set_digest(&twice.tenants);
        write(&twice);
        assert!(said().unwrap_err().contains("both tenant"));
        let mut out = set;
        out.tenants[0].tenant = "../a".into();
        write(&out);
        assert!(said().unwrap_err().contains("no tenant's name"));
    }
}
