//! The blocks of `*.mfafleet.hcl` files.

use super::{
    BlockSchema, Kind, LabelSchema, NestedSchema, Times,
    tables::{BASE, FOR_EACH, LOCALS, name_label, optional, required},
};

/// All blocks that stand at the top level.
pub(crate) const TOP_LEVEL: &[&BlockSchema] = &[&FLEET, &LOCALS];

const FLEET: BlockSchema = BlockSchema {
    name: "fleet",
    label: name_label("the fleet's name"),
    doc: "Tenants that are planned, reviewed and applied as one set. Each has a configuration of its own, a plan, an approval and a journal.",
    blocks: &[NestedSchema { schema: &TENANT, times: Times::Some }, NestedSchema { schema: &RING, times: Times::Any }],
    example: "fleet \"customers\" {\n  ring \"pilot\" {\n    stop_after_failed = 1\n  }\n\n  tenant \"fabrikam\" {\n    directory = \"tenants/fabrikam\"\n    ring      = \"pilot\"\n  }\n}",
    ..BASE
};

const TENANT: BlockSchema = BlockSchema {
    name: "tenant",
    label: Some(LabelSchema { what: "the tenant's name, which also names its files", identifier: false }),
    doc: "A tenant. With `for_each` there is one for each key, and the key is its name.",
    attributes: &[
        required("directory", Kind::Text, "Its configuration directory, seen from this file's directory."),
        optional("ring", Kind::Text, "The ring in which it is applied. Tenants of none come last."),
        FOR_EACH,
    ],
    blocks: &[NestedSchema { schema: &CREDENTIALS, times: Times::Optional }],
    ..BASE
};

const CREDENTIALS: BlockSchema = BlockSchema {
    name: "credentials",
    doc: "An application of its own. Without it the tenant is signed in to with the environment's. Values are never written here, only the names of variables.",
    attributes: &[
        optional("client_id", Kind::Text, "The application's id, a GUID; else `<prefix>AZURE_CLIENT_ID`."),
        required(
            "prefix",
            Kind::Text,
            "What the environment variables of this tenant begin with: `FABRIKAM_` means `FABRIKAM_AZURE_CLIENT_SECRET` and its kin, and never the names without it.",
        ),
    ],
    ..BASE
};

const RING: BlockSchema = BlockSchema {
    name: "ring",
    label: name_label("the ring's name"),
    doc: "Tenants that are applied before those of the rings below it.",
    attributes: &[optional(
        "stop_after_failed",
        Kind::Number,
        "Once so many of its tenants have not come through, no other begins, in this ring and after it. Without it nothing stops.",
    )],
    ..BASE
};
