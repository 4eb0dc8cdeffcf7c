//! The language of scenario files, as data: checked and documented like the configuration's own.

use crate::config::schema::{AttributeSchema, BlockSchema, Kind, LabelSchema, NestedSchema, Over, Times};

const BASE: BlockSchema = BlockSchema {
    name: "",
    label: None,
    doc: "",
    attributes: &[],
    blocks: &[],
    open: false,
    policy: false,
    example: "",
};

const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> AttributeSchema {
    AttributeSchema { name, kind, required: false, doc, default: None }
}

const fn required(name: &'static str, kind: Kind, doc: &'static str) -> AttributeSchema {
    AttributeSchema { name, kind, required: true, doc, default: None }
}

/// Blocks at the top level of a scenario file.
pub(crate) const TOP_LEVEL: &[&BlockSchema] = &[&VARIABLES, &RUN];

/// `variables { … }`
const VARIABLES: BlockSchema = BlockSchema {
    name: "variables",
    doc: "Values of the configuration's variables: at the top of a file for all its runs, in a run for that run.",
    open: true,
    ..BASE
};

/// `run "<name>" { … }`
const RUN: BlockSchema = BlockSchema {
    name: "run",
    label: Some(LabelSchema { what: "what the run shows", identifier: false }),
    doc: "Plans the configuration once and judges the plan.",
    attributes: &[
        optional("as_of", Kind::Date, "The plan's instant. Without it, that of the command."),
        optional(
            "expect_failures",
            Kind::Any,
            "What has to go wrong: `check.<name>`, `var.<name>`, a rule id, a guardrail, or `configuration`.",
        ),
    ],
    blocks: &[
        NestedSchema { schema: &VARIABLES, times: Times::Optional },
        NestedSchema { schema: &TENANT, times: Times::Optional },
        NestedSchema { schema: &ASSERT, times: Times::Any },
    ],
    ..BASE
};

const TENANT: BlockSchema = BlockSchema {
    name: "tenant",
    doc: "The tenant of the run. Without it, the snapshot that the configuration names.",
    attributes: &[
        optional("file", Kind::Text, "A snapshot, relative to the scenario file."),
        optional(
            "users",
            Kind::Any,
            "Users, each an object with the attributes of `user`. Those of the file with the same name are changed.",
        ),
        optional(
            "sign_ins",
            Kind::Texts,
            "Files of sign-in records as the portal downloads them, relative to the scenario file.",
        ),
        optional("security_defaults_enabled", Kind::Bool, "Are security defaults on?"),
        optional("service_plans", Kind::Texts, "Service plans the tenant holds, such as `AAD_PREMIUM`."),
    ],
    ..BASE
};

const ASSERT: BlockSchema = BlockSchema {
    name: "assert",
    doc: "Something that must hold.",
    attributes: &[
        required("condition", Kind::Expression(Over::PlanAndTenant), "Must be true."),
        required("error_message", Kind::Expression(Over::PlanAndTenant), "What to say if it is not."),
    ],
    ..BASE
};
