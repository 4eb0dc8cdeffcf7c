//! `tenant "<name>" { … }`

use super::{
    super::{
        CloudName, TenantSettings,
        args::{Block, Env, invalid},
    },
    allowed, declared, sign_in_files,
};
use crate::{diag::Diagnostics, tenant::TenantId};

/// Reads the tenant block.
pub(crate) fn tenant(block: &Block<'_>, env: &Env<'_>, diags: &mut Diagnostics) -> Option<TenantSettings> {
    let reader = block.reader(env, None);
    let id = reader.text("id", diags);
    let cloud = reader.one_of("cloud", allowed(block.raw, "cloud"), diags).value();
    let snapshot = reader.words("snapshot", diags).value();
    let sign_in_window = reader.count("sign_in_window", 1, 30, diags).value().map_or(30, |(days, _)| days);
    let sign_ins = reader
        .value("sign_ins", diags)
        .value()
        .map(|(value, span)| sign_in_files("sign_ins", &value, span, &|path| env.path(path), diags));
    let (id, id_span) = id.value()?;
    // The parser of GUIDs also takes braces and no hyphens; ids in the portal have neither form.
    let Some(tenant_id) = id.parse::<TenantId>().ok().filter(|_| id.len() == 36) else {
        let diagnostic = invalid(
            "id",
            "`id` must be the tenant's id, a GUID such as `6f1c0c0e-3f0a-4b52-9f4e-0d2f5a1b7c11`.",
            id_span,
        );
        diags.push(if id.contains('.') {
            diagnostic.hint("a domain name is not enough; the Entra portal shows the id as \"Tenant ID\"")
        } else {
            diagnostic
        });
        return None;
    };
    Some(TenantSettings {
        declared: declared(block.raw, env),
        name: block.raw.name(),
        id: tenant_id,
        id_span,
        cloud: cloud
            .and_then(|(name, _)| CloudName::ALL.into_iter().find(|one| one.as_str() == name))
            .unwrap_or_default(),
        snapshot: snapshot.map(|path| env.path(&path)),
        sign_in_window: sign_in_window as u16,
        sign_ins: sign_ins.unwrap_or_default(),
    })
}
