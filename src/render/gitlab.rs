//! GitLab's terraform report artifact (GitLab documentation, "artifacts:reports:terraform"): three numbers that the merge
//! request widget shows.

use std::{io, io::Write};

use super::Options;
use crate::{diff::Action, plan::Plan, tenant::MfaState};

/// Writes the report: create = MFA begins for a user who had none, update = between enabled and enforced, delete = MFA
/// ends. Only what will be performed counts.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, _options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let (mut create, mut update, mut delete) = (0_u64, 0_u64, 0_u64);
    for change in plan.applicable() {
        match (change.action, change.before.known()) {
            (Action::Enable, _) | (Action::Enforce, Some(MfaState::Disabled)) => create += 1,
            (Action::Enforce | Action::Relax, _) => update += 1,
            (Action::Disable, _) => delete += 1,
        }
    }
    writeln!(out, "{{\"create\":{create},\"update\":{update},\"delete\":{delete}}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::testing::sample;

    #[test]
    fn counts_what_will_be_performed() {
        let mut out = Vec::new();
        write(&sample(), &Options::default(), &mut out).unwrap();
        // Enabled: rossi, garcia; enforced from disabled: doe, osei; from enabled: keller, smith; relaxed: former.
        assert_eq!(String::from_utf8(out).unwrap(), "{\"create\":4,\"update\":3,\"delete\":1}\n");
    }
}
