//! One file per type of block: compiled arguments → the valid type.

mod accept;
mod check;
mod guardrails;
mod instances;
mod mfa;
mod notice;
mod output;
mod protected;
mod risk;
mod rollout;
mod rule;
mod settings;
mod sign_in_files;
mod tenant;

pub(crate) use accept::accept;
pub(crate) use check::check;
pub(crate) use guardrails::{Limits, guardrails};
pub(crate) use mfa::mfa;
pub(crate) use notice::notice;
pub(crate) use output::output;
pub(crate) use protected::{break_glass, service_account};
pub(crate) use risk::risk;
pub(crate) use rollout::rollout;
pub(crate) use rule::rule;
pub(crate) use settings::settings;
pub(crate) use sign_in_files::sign_in_files;
pub(crate) use tenant::tenant;

use instances::{Instance, declared};
pub(crate) use instances::{elements, instances};

use super::{raw::RawBlock, schema::Kind};
use crate::{
    diag::{Diagnostic, Diagnostics},
    severity::Severity,
};

/// The values an argument may have, from the schema.
fn allowed(raw: &RawBlock<'_>, name: &str) -> &'static [&'static str] {
    match raw.schema.attribute(name).map(|one| one.kind) {
        Some(Kind::OneOf(values)) => values,
        _ => &[],
    }
}

/// The built-in rules, as far as configurations name them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownRules<'a> {
    /// Id, name and worst severity of each.
    pub(crate) builtin: &'a [(&'a str, &'a str, Severity)],
}

impl KnownRules<'_> {
    pub(crate) fn has(&self, id: &str) -> bool {
        self.builtin.iter().any(|(known, ..)| *known == id)
    }

    /// The worst severity of a built-in rule.
    pub(crate) fn severity(&self, id: &str) -> Option<Severity> {
        self.builtin.iter().find(|(known, ..)| *known == id).map(|(_, _, severity)| *severity)
    }

    /// Reports a label that is the id of no rule.
    fn unknown(&self, raw: &RawBlock<'_>, own: &[&str], diags: &mut Diagnostics) {
        let Some((id, span)) = &raw.label else { return };
        let diagnostic =
            Diagnostic::error("Unknown rule", format!("There is no rule with the id `{id}`.")).at(*span, "");
        let by_name = self.builtin.iter().find(|(_, name, _)| name.eq_ignore_ascii_case(id));
        let by_case = self.builtin.iter().find(|(known, ..)| known.eq_ignore_ascii_case(id));
        diags.push(match by_name.or(by_case) {
            Some((known, name, _)) => diagnostic.hint(format!("did you mean `{known}` ({name})?")),
            None => {
                match crate::diag::nearest(id, self.builtin.iter().map(|(known, ..)| *known).chain(own.iter().copied()))
                {
                    // Ids differ in digits only, so a near one is a guess among many: say what it is.
                    Some(near) => {
                        let name = self
                            .builtin
                            .iter()
                            .find(|(known, ..)| *known == near)
                            .map(|(_, name, _)| format!(" ({name})"));
                        diagnostic.hint(format!(
                            "did you mean `{near}`{}? `mfaplan rules` lists all of them",
                            name.unwrap_or_default()
                        ))
                    }
                    None => diagnostic.hint("`mfaplan rules` lists all of them"),
                }
            }
        });
    }
}
