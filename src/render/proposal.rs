//! A proposed rollout as a block of the language, in the canonical layout.

use std::{borrow::Cow, io, io::Write};

use super::{escape, words};
use crate::{
    plan::{Plan, file::user_id_text},
    readiness::Proposal,
    tenant::{Text, UserId},
};

/// Writes the block, and in comments what is in it and what is not.
///
/// # Errors
/// Those of the writer.
pub(crate) fn write(plan: &Plan, proposal: &Proposal, out: &mut dyn Write) -> io::Result<()> {
    let mut out = io::BufWriter::new(out);
    let Proposal { waves, blocked } = proposal;
    let name = escape::text(&plan.tenant.name);
    let users = waves.iter().map(|wave| wave.users.len() as u64).sum();
    if waves.is_empty() {
        writeln!(out, "# {name}, {}: nobody is to be raised.", words::instant(plan.as_of))?;
    } else {
        let (users, days) = (words::count(users, "user"), words::count(waves.len() as u64, "wave"));
        writeln!(out, "# {name}, {}: {users} in {days}.", words::instant(plan.as_of))?;
        writeln!(out, "# It holds for the mfa blocks that say rollout = \"proposed\".")?;
    }
    if !blocked.is_empty() {
        let count = words::count(blocked.len() as u64, "user");
        writeln!(out, "#\n# In no wave, as the plan withholds their change ({count}):")?;
        for member in blocked {
            writeln!(out, "#   {}", escape::text(&member.user_principal_name))?;
        }
    }
    if waves.is_empty() {
        return out.flush();
    }
    out.write_all(b"rollout \"proposed\" {\n")?;
    for (at, wave) in waves.iter().enumerate() {
        let gap = if at > 0 { "\n" } else { "" };
        write!(out, "{gap}  wave \"{}\" {{\n    from = \"{}\"\n    users = [\n", wave.name, wave.from)?;
        for member in &wave.users {
            writeln!(out, "      \"{}\",", reference(&member.user_principal_name, member.id))?;
        }
        out.write_all(b"    ]\n  }\n")?;
    }
    out.write_all(b"}\n")?;
    out.flush()
}

/// The sign-in name; the object id where the name would not be read back as it stands.
pub(super) fn reference(user_principal_name: &Text, id: UserId) -> Cow<'_, str> {
    let name = user_principal_name.as_str();
    let plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '\'' | '#' | '@' | '~' | '!' | '^' | '&')
    };
    let is_id = uuid::Uuid::try_parse(name).is_ok();
    if name.contains('@') && name.chars().all(plain) && !is_id {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(user_id_text(id))
    }
}
