//! `migrate --json`

use std::io::{self, Write};

use serde::Serialize;

use super::{CONFIGURATION, DOCUMENT, TERRAFORM, Written, because};
use crate::{
    plan::file::user_id_text,
    tenant::{Policy, Text},
};

#[derive(Serialize)]
struct Document<'a> {
    files: &'a [&'a str],
    /// Users who are lowered.
    covered: usize,
    not_covered: Vec<NotCovered<'a>>,
    /// In Graph's shape, as they are once all is done.
    policies: &'a [Policy],
}

#[derive(Serialize)]
struct NotCovered<'a> {
    user: User<'a>,
    reason: String,
}

#[derive(Serialize)]
struct User<'a> {
    id: String,
    user_principal_name: &'a Text,
}

/// Writes what the files say.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(written: &Written<'_>, licensed: bool, out: &mut dyn Write) -> io::Result<()> {
    let migration = written.migration;
    let all = [TERRAFORM, CONFIGURATION, DOCUMENT];
    let document = if licensed {
        Document {
            files: &all,
            covered: migration.lowered.len(),
            not_covered: migration
                .leftovers
                .iter()
                .map(|one| NotCovered {
                    user: User {
                        id: user_id_text(one.account.id),
                        user_principal_name: &one.account.user_principal_name,
                    },
                    reason: because(&one.why),
                })
                .collect(),
            policies: &migration.policies,
        }
    } else {
        Document { files: &[DOCUMENT], covered: 0, not_covered: Vec::new(), policies: &[] }
    };
    serde_json::to_writer(&mut *out, &document)?;
    writeln!(out)
}
