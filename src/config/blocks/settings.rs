//! `mfaplan { required_version = … }`

use super::super::{
    args::{Block, Env, Given, invalid},
    version,
};
use crate::diag::{Diagnostic, Diagnostics};

/// Checks the tool's own settings.
pub(crate) fn settings(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) {
    let Given::Value((constraint, span)) = block.reader(env, None).text("required_version", diags) else { return };
    let here = env!("CARGO_PKG_VERSION");
    match version::meets(here, &constraint) {
        Ok(true) => {}
        Ok(false) => diags.push(
            Diagnostic::error(
                "Unsupported version",
                format!("This configuration needs mfaplan {constraint}; this is mfaplan {here}."),
            )
            .at(span, "")
            .hint("use another version of mfaplan, or change the constraint"),
        ),
        Err(part) => diags.push(
            invalid("required_version", format!("`{part}` is not a version constraint."), span)
                .hint("write for example `\">= 0.1\"`, `\"~> 1.2\"` or `\">= 1.0, < 2.0\"`"),
        ),
    }
}
