//! The plan as a file: written once, read again by `show`, `apply`, `approve` and `diff`.
//!
//! The JSON document ([`v1`]) is the same for `--json` and for a saved plan; the saved one ends with a `checksum` member.
//! What the checksum covers is defined in [`checksum`]. It finds damage and careless edits; it is not a signature:
//! approval is bound to the plan's digest, which is recomputed from the content when a file is read.

mod check;
pub(crate) mod checksum;
mod error;
mod header;
mod pseudonym;
mod streamed;
pub mod v1;

use std::{
    io::{self, BufWriter, Write},
    path::Path,
};

pub(crate) use error::PlanFileError;
pub(crate) use pseudonym::{pseudonymous_tenant, pseudonymous_user, tenant_id_text, user_id_text};

use super::{Digest, Plan};

/// Writes the document as `--json` shows it: one line, no checksum.
///
/// # Errors
/// Those of the writer.
pub fn write_json(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let mut buffered = BufWriter::with_capacity(BUFFER, out);
    v1::write(plan, &mut buffered)?;
    buffered.write_all(b"\n")?;
    buffered.flush()
}

/// Writes a saved plan: the document and its checksum, hashed while it streams.
///
/// # Errors
/// Those of the writer.
pub fn write(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let mut sealed = BufWriter::with_capacity(BUFFER, checksum::Sealing::new(out));
    v1::write(plan, &mut sealed)?;
    sealed.into_inner().map_err(io::IntoInnerError::into_error)?.finish()
}

/// Reads a saved plan: format version, checksum, shape, digest, and whether it agrees with itself, in this order.
///
/// `digest_of` computes the digest of a plan from its content; it must equal the one the file states.
///
/// # Errors
/// What is wrong with the file, in one sentence.
pub fn read(bytes: &[u8], digest_of: impl FnOnce(&Plan) -> Digest) -> Result<Plan, PlanFileError> {
    match header::read(bytes)? {
        header::Header::Snapshot => return Err(PlanFileError::Snapshot),
        header::Header::Plan { version } => v1::accepts(&version)?,
    }
    let verdict = checksum::verify(bytes);
    let document: v1::Reading<'_> = match (serde_json::from_slice(bytes), verdict) {
        // A file that is not JSON any more is told as such: "the checksum differs" would hide that it is cut off.
        (Err(error), _) if !error.is_data() => return Err(PlanFileError::syntax(&error)),
        (_, Err(error)) => return Err(error),
        (Err(_), Ok(())) if header::is_older(bytes) => return Err(PlanFileError::Older),
        (Err(error), Ok(())) => return Err(PlanFileError::Shape(error.to_string())),
        (Ok(document), Ok(())) => document,
    };
    identified(v1::into_plan(document)?, digest_of)
}

fn identified(plan: Plan, digest_of: impl FnOnce(&Plan) -> Digest) -> Result<Plan, PlanFileError> {
    let computed = digest_of(&plan);
    if computed != plan.digest {
        return Err(PlanFileError::Digest { stated: plan.digest, computed });
    }
    check::check(&plan)?;
    Ok(plan)
}

/// Reads a saved plan from a file: a window at a time where that can be done, as [`read`] where something is wrong.
///
/// # Errors
/// As [`read`], and those of reading the file.
pub(crate) fn read_path(path: &Path, digest_of: impl FnOnce(&Plan) -> Digest) -> Result<Plan, PlanFileError> {
    match streamed::read(path) {
        streamed::Outcome::Plan(plan) => identified(plan, digest_of),
        streamed::Outcome::Snapshot => Err(PlanFileError::Snapshot),
        streamed::Outcome::Unclear => read(&std::fs::read(path).map_err(PlanFileError::Io)?, digest_of),
    }
}

/// Large enough that hashing and writing work on whole pages, and smaller than the text of 64 changes, which goes past it and is
/// not copied.
const BUFFER: usize = 16 * 1024;

#[cfg(test)]
pub(crate) mod mutation;
#[cfg(test)]
mod tests;
