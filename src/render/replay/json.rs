//! The document.

use std::{io, io::Write};

use serde::Serialize;

use crate::{
    plan::{Plan, file},
    replay::Replay,
    tenant::Text,
};

#[derive(Serialize)]
struct Document<'a> {
    format_version: &'static str,
    tenant: Tenant<'a>,
    as_of: jiff::Timestamp,
    digest: String,
    replay: &'a Replay,
}

#[derive(Serialize)]
struct Tenant<'a> {
    id: String,
    name: &'a Text,
    cloud: &'a Text,
}

pub(super) fn write(plan: &Plan, replay: &Replay, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        format_version: "1.0",
        tenant: Tenant { id: file::tenant_id_text(plan.tenant.id), name: &plan.tenant.name, cloud: &plan.tenant.cloud },
        as_of: plan.as_of,
        digest: plan.digest.to_string(),
        replay,
    };
    serde_json::to_writer(&mut *out, &document)?;
    out.write_all(b"\n")
}
