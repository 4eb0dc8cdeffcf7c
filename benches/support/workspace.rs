//! A directory with a generated tenant and a plain configuration for it.

#![allow(dead_code, unreachable_pub, missing_docs, reason = "each includer uses a part")]

use std::{
    fs::{self, File},
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use super::generator;

/// The plan's one instant: the tenant's day, so that the counts of a run do not depend on the clock.
pub const AS_OF: &str = "2026-11-24T12:00:00Z";

/// What the configuration says: staff, administrators and guests by `where`, workloads and emergency accounts protected,
/// guardrails wide enough for a first roll-out.
const BLOCKS: &str = r#"
mfa "staff" {
  state = "enforced"
  where = user.user_type == "Member" && user.account_enabled && user.kind == "person"
}

mfa "administrators" {
  state    = "enforced"
  priority = 100
  where    = length(user.roles) > 0 && user.account_enabled
}

mfa "guests" {
  state = "enabled"
  where = user.user_type == "Guest"
}

service_account "workloads" {
  where       = user.service_account_score >= 70
  owner       = "it@contoso.com"
  reason      = "Programs that sign in as users"
  replacement = "app_registration"
}

break_glass "emergency" {
  where  = startswith(user.user_principal_name, "emergency")
  reason = "Emergency access"
}

guardrails {
  max_changes        = 2000000
  max_change_percent = 100
  max_downgrades     = 2000000
}
"#;

/// Writes both into `directory` and returns the tenant's file.
pub fn prepare(directory: &Path, users: usize, sign_ins: bool) -> io::Result<PathBuf> {
    fs::create_dir_all(directory)?;
    let file = directory.join("tenant.json");
    let options = generator::Options { users, sign_ins, ..generator::Options::default() };
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&file)?);
    generator::write(options, &mut out)?;
    out.flush()?;
    fs::write(directory.join("main.mfa.hcl"), format!("{}{BLOCKS}", tenant_block(&file)?))?;
    Ok(file)
}

/// The `tenant` block for this snapshot.
pub fn tenant_block(file: &Path) -> io::Result<String> {
    let mut head = String::new();
    File::open(file)?.take(4096).read_to_string(&mut head)?;
    let id = head.split_once(r#""tenant": {"id": ""#).and_then(|(_, rest)| rest.split('"').next());
    let id = id.ok_or_else(|| io::Error::other("the snapshot names no tenant"))?;
    Ok(format!("tenant \"contoso\" {{\n  id       = \"{id}\"\n  snapshot = \"tenant.json\"\n}}\n"))
}
