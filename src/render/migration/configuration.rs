//! `migration.mfa.hcl`

use std::fmt::Write as _;

use super::{Written, because};
use crate::{
    render::{escape, proposal::reference, words},
    tenant::UserIndex,
};

/// The rollout that lowers whoever the policies cover, in the canonical layout, and in a comment everybody else.
#[must_use]
pub(crate) fn write(written: &Written<'_>) -> String {
    let Written { migration, waves, losses: _, tenant, label } = *written;
    let mut out = String::new();
    let lowered = words::len(&migration.lowered);
    let name = escape::text(&tenant.name);
    let _ = writeln!(out, "# {name}: per-user MFA goes, wave by wave, for {}.", words::count(lowered, "user"));
    out.push_str(
        "# Every wave opens only while the tenant's own policies cover all of its users (gate), so nothing happens before\n\
         # the policies of conditional_access.tf are in force. This block wins by its priority; remove the older `mfa` blocks\n\
         # when all is done.\n",
    );
    if !migration.leftovers.is_empty() {
        let count = words::count(words::len(&migration.leftovers), "user");
        let _ = writeln!(out, "#\n# Not lowered ({count}):");
        for one in &migration.leftovers {
            let who = escape::text(&one.account.user_principal_name);
            let _ = writeln!(out, "#   {who}: {}", escape::text(&because(&one.why)));
        }
    }
    if waves.is_empty() {
        out.push_str("#\n# Nobody can be lowered, so there is no block.\n");
        return out;
    }
    let local = |wave: &str| format!("{label}_{}", wave.replace('-', "_"));
    out.push_str("locals {\n");
    for (at, wave) in waves.iter().enumerate() {
        let gap = if at > 0 { "\n" } else { "" };
        let _ = writeln!(out, "{gap}  {} = [", local(&wave.name));
        for index in &wave.users {
            let _ = writeln!(out, "    \"{}\",", named(*index, written));
        }
        out.push_str("  ]\n");
    }
    out.push_str("}\n\n");
    let _ = writeln!(out, "mfa \"{label}\" {{\n  state    = \"disabled\"\n  priority = 1000");
    let _ = writeln!(out, "  rollout  = \"{label}\"\n  reason   = \"Conditional Access asks for MFA instead\"\n");
    out.push_str("  users = concat(\n");
    for wave in waves {
        let _ = writeln!(out, "    local.{},", local(&wave.name));
    }
    let _ = writeln!(out, "  )\n}}\n\nrollout \"{label}\" {{");
    for (at, wave) in waves.iter().enumerate() {
        let gap = if at > 0 { "\n" } else { "" };
        let _ = writeln!(out, "{gap}  wave \"{}\" {{\n    from  = \"{}\"", wave.name, wave.from);
        let _ = writeln!(
            out,
            "    users = local.{}\n\n    gate {{\n      covered_percent = 100\n    }}\n  }}",
            local(&wave.name)
        );
    }
    out.push_str("}\n");
    out
}

fn named(index: UserIndex, written: &Written<'_>) -> String {
    let user = written.tenant.user(index);
    reference(&user.user_principal_name, user.id).into_owned()
}
