//! The tables: one constant per block.

use super::{super::bounds, AttributeSchema, BlockSchema, Kind, LabelSchema, NestedSchema, Over, Times};

pub(super) const BASE: BlockSchema = BlockSchema {
    name: "",
    label: None,
    doc: "",
    attributes: &[],
    blocks: &[],
    open: false,
    policy: false,
    example: "",
};

pub(super) const fn name_label(what: &'static str) -> Option<LabelSchema> {
    Some(LabelSchema { what, identifier: true })
}

pub(super) const fn required(name: &'static str, kind: Kind, doc: &'static str) -> AttributeSchema {
    AttributeSchema { name, kind, required: true, doc, default: None }
}

pub(super) const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> AttributeSchema {
    AttributeSchema { name, kind, required: false, doc, default: None }
}

const fn defaulted(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> AttributeSchema {
    AttributeSchema { name, kind, required: false, doc, default: Some(default) }
}

/// One list of arguments behind another.
const fn joined<const N: usize>(a: &[AttributeSchema], b: &[AttributeSchema]) -> [AttributeSchema; N] {
    assert!(a.len() + b.len() == N, "the number of arguments");
    let mut all = [FOR_EACH; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < a.len() { a[at] } else { b[at - a.len()] };
        at += 1;
    }
    all
}

/// The names of the four selectors.
pub(crate) const SELECTORS: [&str; 4] = ["users", "groups", "roles", "where"];

const USERS: AttributeSchema = optional("users", Kind::Texts, "User principal names or object ids. Case is ignored.");
const GROUPS: AttributeSchema = optional(
    "groups",
    Kind::Texts,
    "Groups by display name, mail address or object id. Members of nested groups count.",
);
const ROLES: AttributeSchema =
    optional("roles", Kind::Texts, "Directory roles by name, such as `Global Administrator`.");
const WHERE: AttributeSchema = optional(
    "where",
    Kind::Expression(Over::User),
    "A condition on each user. A fact the tenant does not know is `null`, and a condition that ends in `null` selects nobody.",
);

pub(super) const FOR_EACH: AttributeSchema =
    optional("for_each", Kind::Any, "A map or a set of strings: one block each, with `each.key` and `each.value`.");

const EXCEPT: NestedSchema = NestedSchema {
    schema: &BlockSchema {
        name: "except",
        doc: "Takes away from what the selectors around it select.",
        attributes: &[USERS, GROUPS, ROLES, WHERE],
        ..BASE
    },
    times: Times::Optional,
};

const CONDITION_ERROR: [AttributeSchema; 2] = [
    required("condition", Kind::Expression(Over::Variables), "Must be true."),
    required("error_message", Kind::Expression(Over::Variables), "What to say if it is not."),
];

pub(crate) const SEVERITIES: Kind = Kind::OneOf(&["info", "low", "medium", "high", "critical"]);

macro_rules! top_level {
    ($($kind:ident = $schema:ident,)*) => {
        /// A block that stands at the top level of a file. Made from the table, and `load` matches it without `_`: a block
        /// that nobody reads does not compile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum BlockKind {
            $(#[doc = concat!("`", stringify!($kind), "`")] $kind,)*
        }

        impl BlockKind {
            /// The kind of a block of this name.
            pub(crate) fn named(name: &str) -> Option<Self> {
                $(if name == $schema.name {
                    return Some(Self::$kind);
                })*
                None
            }
        }

        /// All blocks that stand at the top level of a file, in the order of the reference page.
        pub const TOP_LEVEL: &[&BlockSchema] = &[$(&$schema,)*];
    };
}

top_level! {
    Mfaplan = MFAPLAN,
    Tenant = TENANT,
    Variable = VARIABLE,
    Locals = LOCALS,
    Module = MODULE,
    Mfa = MFA,
    ServiceAccount = SERVICE_ACCOUNT,
    BreakGlass = BREAK_GLASS,
    Accept = ACCEPT,
    Risk = RISK,
    Rule = RULE,
    Rollout = ROLLOUT,
    Notice = NOTICE,
    Guardrails = GUARDRAILS,
    Check = CHECK,
    Output = OUTPUT,
}

const MFAPLAN: BlockSchema = BlockSchema {
    name: "mfaplan",
    doc: "Settings of the tool itself.",
    attributes: &[optional(
        "required_version",
        Kind::Text,
        "Which versions may read this configuration, in Terraform's operators: `>= 0.1`, `~> 1.2`, `!= 1.3.0`; several are joined by commas.",
    )],
    example: "mfaplan {\n  required_version = \">= 0.1\"\n}",
    ..BASE
};

const TENANT: BlockSchema = BlockSchema {
    name: "tenant",
    label: Some(LabelSchema { what: "the tenant's name", identifier: false }),
    doc: "The tenant this configuration is for. There is exactly one.",
    attributes: &[
        required(
            "id",
            Kind::Text,
            "The tenant's id, a GUID. It must be that of the tenant reached, or nothing is done.",
        ),
        defaulted(
            "cloud",
            Kind::OneOf(&["global", "usgov", "usgov_dod", "china"]),
            "\"global\"",
            "Which national cloud the tenant lives in.",
        ),
        optional(
            "snapshot",
            Kind::Text,
            "Path of an offline copy, relative to the configuration. Where it is set, Microsoft Graph is never contacted.",
        ),
        defaulted("sign_in_window", Kind::Number, "30", "Days of sign-in log to read, 1 to 30."),
        optional(
            "sign_ins",
            Kind::Any,
            "Files of sign-in records as the Entra portal downloads them (JSON or CSV), and Exchange's report of SMTP AUTH clients. They add to what the tenant says. Each is a path, or `{ file = …, kind = \"interactive\" | \"non_interactive\" | \"smtp_report\", from = …, to = … }` where the file does not say what it holds, or for which time.",
        ),
    ],
    example: "tenant \"Contoso\" {\n  id       = \"6f1c0c0e-3f0a-4b52-9f4e-0d2f5a1b7c11\"\n  snapshot = \"tenant.json\"\n}",
    ..BASE
};

const VARIABLE: BlockSchema = BlockSchema {
    name: "variable",
    label: name_label("the variable's name"),
    doc: "An input. Values come, later ones winning, from `default`, the environment (`MFAPLAN_VAR_<name>`), `mfaplan.mfavars.hcl` (or `.json`), `*.auto.mfavars.hcl` and `*.auto.mfavars.json` (by name), then `--var` and `--var-file` in the order of the command line. Used as `var.<name>`.",
    attributes: &[
        defaulted(
            "type",
            Kind::Type,
            "any",
            "What values it takes; a value of another type is converted where that loses nothing.",
        ),
        optional("default", Kind::Any, "The value if none is given. Without one, a value is required."),
        optional("description", Kind::Text, "What it is for."),
        defaulted("sensitive", Kind::Bool, "false", "Keep its value out of all output."),
        defaulted("nullable", Kind::Bool, "true", "May it be `null`? If not, `null` means the default."),
    ],
    blocks: &[NestedSchema {
        schema: &BlockSchema {
            name: "validation",
            doc: "A condition its value must meet.",
            attributes: &CONDITION_ERROR,
            ..BASE
        },
        times: Times::Any,
    }],
    example: "variable \"wave\" {\n  type        = number\n  default     = 1\n  description = \"How far the rollout has come.\"\n\n  validation {\n    condition     = var.wave >= 1 && var.wave <= 4\n    error_message = \"There are four waves; ${var.wave} is none of them.\"\n  }\n}",
    ..BASE
};

pub(super) const LOCALS: BlockSchema = BlockSchema {
    name: "locals",
    doc: "Named values, in any order, used as `local.<name>`. They may refer to each other, but not in a circle.",
    open: true,
    example: "locals {\n  pilots = [for upn in csvdecode(file(\"pilots.csv\")) : upn.user]\n}",
    ..BASE
};

const MODULE: BlockSchema = BlockSchema {
    name: "module",
    label: name_label("the module's name"),
    doc: "The blocks of another directory, as if they stood here: see [modules](modules.md). Every other argument is an input, a value for a `variable` of the module. Its outputs are `module.<name>.<output>`, its blocks are addressed `module.<name>.mfa.<name>`. Modules may call modules, five deep.",
    attributes: &[
        required(
            "source",
            Kind::Text,
            "The module's directory: a literal that starts with `./` or `../`, seen from this file's directory, and inside the git work tree.",
        ),
        FOR_EACH,
    ],
    open: true,
    example: "module \"msp\" {\n  source   = \"./modules/msp\"\n  grace    = \"2027-01-31\"\n  helpdesk = [\"it@contoso.com\"]\n}",
    ..BASE
};

const MFA: BlockSchema = BlockSchema {
    name: "mfa",
    label: name_label("the block's name"),
    doc: "Who must be in which state. The selectors add up; `except` takes away. Of several blocks that claim a user the one with the highest `priority` decides; two that want different states at equal priority are an error. Users that no block claims are left as they are.",
    attributes: &[
        required(
            "state",
            Kind::OneOf(&["disabled", "enabled", "enforced"]),
            "The state to be in. The service itself promotes `enabled` to `enforced` once a user has registered.",
        ),
        USERS,
        GROUPS,
        ROLES,
        WHERE,
        defaulted("priority", Kind::Number, "0", "The higher one wins where blocks disagree."),
        defaulted(
            "allow_downgrade",
            Kind::Bool,
            "false",
            "May `state = \"enabled\"` lower a user who is already enforced? Only who is known not to have registered is lowered: the service would promote everybody else back.",
        ),
        optional("rollout", Kind::Text, "The name of a `rollout` whose waves decide when a user's change is due."),
        FOR_EACH,
        optional("reason", Kind::Text, "Why; shown to reviewers."),
    ],
    blocks: &[
        EXCEPT,
        NestedSchema {
            schema: &BlockSchema {
                name: "staged",
                doc: "Until the date, a user without a registered method goes to `enabled` only and is held there; from that date on, or once registered, they are enforced.",
                attributes: &[required("until", Kind::Date, "When the grace ends (00:00 UTC of a date).")],
                ..BASE
            },
            times: Times::Optional,
        },
    ],
    example: "mfa \"staff\" {\n  state  = \"enforced\"\n  groups = [\"SG-Staff\"]\n  where  = user.department == \"Finance\"\n\n  except {\n    users = [\"scanner@contoso.com\"]\n  }\n}",
    ..BASE
};

const SERVICE_ACCOUNT: BlockSchema = BlockSchema {
    name: "service_account",
    label: name_label("the block's name"),
    doc: "User accounts that are really workloads. No `mfa` block changes them. After `until` every plan carries a finding until the block is gone.",
    attributes: &[
        USERS,
        GROUPS,
        ROLES,
        WHERE,
        required("owner", Kind::Text, "Who answers for it."),
        required("reason", Kind::Text, "Why it is a user account."),
        optional(
            "replacement",
            Kind::OneOf(&["managed_identity", "app_registration", "certificate_auth", "none"]),
            "What it will be replaced by.",
        ),
        optional("until", Kind::Date, "Until when it is tolerated; a date counts to the end of its day, UTC."),
        optional(
            "state",
            Kind::OneOf(&["disabled"]),
            "Lower an account that was raised by mistake. Without it the state stays as it is.",
        ),
        FOR_EACH,
    ],
    blocks: &[EXCEPT],
    policy: true,
    example: "service_account \"scanners\" {\n  users       = [\"scan2mail@contoso.com\"]\n  owner       = \"it-print@contoso.com\"\n  reason      = \"Devices that can only do SMTP AUTH\"\n  replacement = \"none\"\n  until       = \"2027-06-30\"\n}",
    ..BASE
};

const BREAK_GLASS: BlockSchema = BlockSchema {
    name: "break_glass",
    label: name_label("the block's name"),
    doc: "Emergency accounts. No plan ever changes them.",
    attributes: &[USERS, GROUPS, ROLES, WHERE, optional("reason", Kind::Text, "Why."), FOR_EACH],
    blocks: &[EXCEPT],
    policy: true,
    example: "break_glass \"emergency\" {\n  users  = [\"bg1@contoso.onmicrosoft.com\", \"bg2@contoso.onmicrosoft.com\"]\n  reason = \"Emergency access, keys in two safes\"\n}",
    ..BASE
};

const ACCEPT: BlockSchema = BlockSchema {
    name: "accept",
    label: Some(LabelSchema { what: "a rule's id", identifier: false }),
    doc: "A waiver: findings of this rule do not count for the selected users (without selectors: the whole tenant). Expired, it does not count and is itself a finding. `MFA044` and `MFA045` cannot be accepted.",
    attributes: &[
        USERS,
        GROUPS,
        ROLES,
        WHERE,
        required("reason", Kind::Text, "Why the risk is taken."),
        required("expires", Kind::Date, "Until when; a date counts to the end of its day, UTC."),
        optional("approved_by", Kind::Text, "Who took the decision."),
        FOR_EACH,
    ],
    blocks: &[EXCEPT],
    policy: true,
    example: "accept \"MFA201\" {\n  groups      = [\"SG-Warehouse\"]\n  reason      = \"Handhelds are replaced in March\"\n  expires     = \"2027-03-31\"\n  approved_by = \"ciso@contoso.com\"\n}",
    ..BASE
};

const RISK: BlockSchema = BlockSchema {
    name: "risk",
    label: Some(LabelSchema { what: "a rule's id", identifier: false }),
    doc: "Re-grades a built-in rule or switches it off. What a policy directory says can be made stricter here, never milder.",
    attributes: &[
        optional("severity", SEVERITIES, "The rule's severity in this tenant."),
        defaulted("enabled", Kind::Bool, "true", "Is the rule evaluated at all?"),
    ],
    policy: true,
    example: "risk \"MFA006\" {\n  severity = \"critical\"\n}",
    ..BASE
};

const RULE: BlockSchema = BlockSchema {
    name: "rule",
    label: name_label("the rule's id"),
    doc: "A rule of the organisation's own. It is evaluated for every change.",
    attributes: &[
        required("when", Kind::Expression(Over::Change), "When the finding is raised."),
        required("severity", SEVERITIES, "How bad it is."),
        required("message", Kind::Expression(Over::Change), "One sentence; a template."),
        optional("remediation", Kind::Text, "What to do about it."),
    ],
    policy: true,
    example: "rule \"CONTOSO-1\" {\n  when     = change.action == \"disable\" && contains(user.groups, \"SG-Executives\")\n  severity = \"high\"\n  message  = \"${user.display_name} is an executive and would lose MFA\"\n}",
    ..BASE
};

const ROLLOUT: BlockSchema = BlockSchema {
    name: "rollout",
    label: name_label("the rollout's name"),
    doc: "Dated waves. A user's wave is the earliest that picks them; until its date their change is on hold.",
    blocks: &[NestedSchema {
        schema: &BlockSchema {
            name: "wave",
            label: name_label("the wave's name"),
            doc: "One wave: whom it picks, and from when on. Without selectors, all users the `mfa` block claims.",
            attributes: &[
                required("from", Kind::Date, "Open from this instant on (00:00 UTC of a date)."),
                USERS,
                GROUPS,
                ROLES,
                WHERE,
                optional(
                    "percent",
                    Kind::Number,
                    "0 to 100, of those the selectors match, picked by a stable hash: whoever is picked at 10 % is still picked at 25 %.",
                ),
            ],
            blocks: &[EXCEPT, NestedSchema { schema: &GATE, times: Times::Optional }],
            ..BASE
        },
        times: Times::Some,
    }],
    example: "rollout \"q1\" {\n  wave \"pilot\" {\n    from   = \"2027-01-11\"\n    groups = [\"SG-IT\"]\n  }\n\n  wave \"all\" {\n    from    = \"2027-02-01\"\n    percent = 100\n  }\n}",
    ..BASE
};

const NOTICE: BlockSchema = BlockSchema {
    name: "notice",
    label: name_label("the notice's name"),
    doc: "What the users of a wave are told before it opens. `mfaplan readiness --notices DIR` writes the letters; nothing is sent.",
    attributes: &[
        defaulted(
            "days_before",
            Kind::Any,
            "[7]",
            "How many days before the wave each letter is due: a list of whole numbers.",
        ),
        required("subject", Kind::Expression(Over::Notice), "The subject; a template."),
        required("body", Kind::Expression(Over::Notice), "The text; a template."),
    ],
    example: "notice \"announce\" {\n  days_before = [14, 3]\n  subject     = \"MFA from ${formatdate(\"D MMMM\", wave.from)} on\"\n\n  body = <<-EOT\n    Hello ${coalesce(user.display_name, \"colleague\")},\n    please register a second method at https://aka.ms/mfasetup.\n  EOT\n}",
    ..BASE
};

const GATE: BlockSchema = BlockSchema {
    name: "gate",
    doc: "What must hold besides the date. A wave whose gate does not hold is on hold, with the figure; every plan judges it anew. Protected users and accounts that cannot sign in do not count; an empty wave is open. Nothing waives a gate.",
    attributes: &[
        optional(
            "registered_percent",
            Kind::Number,
            "At least so many percent of the wave's users to be raised, or raised already, are registered; unknown counts as not.",
        ),
        optional(
            "unknown_workloads",
            Kind::Number,
            "At most so many of them look like a workload and are not known to be none.",
        ),
        optional(
            "predicted_breaks",
            Kind::Number,
            "At most so many of their sign-ins would break or be blocked; it does not hold while that is not known of one of them.",
        ),
        optional(
            "covered_percent",
            Kind::Number,
            "For lowering: at least so many percent of the wave's users are fully covered by Conditional Access as it is now.",
        ),
    ],
    ..BASE
};

const GUARDRAILS: BlockSchema = BlockSchema {
    name: "guardrails",
    doc: "Bounds for every plan and apply. At most one in a configuration and one in a policy directory; the tighter of each bound holds.",
    attributes: &joined::<10>(
        bounds::guardrails::ATTRIBUTES,
        &[
            optional(
                "waivable",
                Kind::Texts,
                "In a policy directory only: which of its bounds `--waive` may lift (`max_changes`, `max_change_percent`, `max_downgrades`, `window`).",
            ),
            optional(
                "not_acceptable",
                Kind::Texts,
                "In a policy directory only: rules the configuration may not `accept`.",
            ),
        ],
    ),
    blocks: &[
        NestedSchema {
            schema: &BlockSchema {
                name: "window",
                doc: "When changes may be applied. Where `from` is later than `to` it runs over midnight and belongs to the day it starts on. Of several in one directory any open one suffices; a policy directory's must be open as well.",
                attributes: &[
                    defaulted(
                        "days",
                        Kind::AnyOf(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
                        "every day",
                        "Also in full: `monday`.",
                    ),
                    defaulted("from", Kind::Text, "\"00:00\"", "Opens at, `HH:MM`."),
                    defaulted("to", Kind::Text, "\"24:00\"", "Closes at, `HH:MM`."),
                    defaulted("timezone", Kind::Text, "\"UTC\"", "An IANA time zone: `Europe/Berlin`."),
                ],
                ..BASE
            },
            times: Times::Any,
        },
        NestedSchema {
            schema: &BlockSchema {
                name: "approvals",
                doc: "Signatures an apply needs.",
                attributes: &[
                    required("required", Kind::Number, "How many distinct signers."),
                    required(
                        "allowed_signers",
                        Kind::Text,
                        "An OpenSSH `allowed_signers` file, relative to this directory.",
                    ),
                    optional("max_age", Kind::Text, "How old a signature may be: `24h`, `90m`, `7d`."),
                ],
                ..BASE
            },
            times: Times::Optional,
        },
        NestedSchema {
            schema: &BlockSchema {
                name: "auto_approve",
                doc: "Plans that need no approval.",
                attributes: &[
                    required("condition", Kind::Expression(Over::Plan), "Must be true of the plan."),
                    required("reason", Kind::Text, "Why that is safe."),
                ],
                ..BASE
            },
            times: Times::Optional,
        },
        NestedSchema {
            schema: &BlockSchema {
                name: "service_account_signal",
                doc: "How accounts that are really workloads are recognised.",
                attributes: &joined::<4>(
                    &[
                        optional(
                            "tags",
                            Kind::Texts,
                            "Values of `employee_type` or an extension attribute that mark service accounts here.",
                        ),
                        optional(
                            "patterns",
                            Kind::Texts,
                            "More words that name service accounts, matched as whole words.",
                        ),
                    ],
                    bounds::service_account_signal::ATTRIBUTES,
                ),
                ..BASE
            },
            times: Times::Optional,
        },
    ],
    policy: true,
    example: "guardrails {\n  max_changes        = 200\n  max_change_percent = 10\n  max_downgrades     = 5\n\n  window {\n    days     = [\"mon\", \"tue\", \"wed\", \"thu\"]\n    from     = \"08:00\"\n    to       = \"16:00\"\n    timezone = \"Europe/Berlin\"\n  }\n}",
    ..BASE
};

const CHECK: BlockSchema = BlockSchema {
    name: "check",
    label: name_label("the check's name"),
    doc: "Assertions over the finished plan.",
    attributes: &[defaulted(
        "severity",
        Kind::OneOf(&["warning", "error"]),
        "\"warning\"",
        "With `error`, a check that fails refuses the plan.",
    )],
    blocks: &[NestedSchema {
        schema: &BlockSchema {
            name: "assert",
            doc: "One assertion.",
            attributes: &[
                required("condition", Kind::Expression(Over::PlanAndTenant), "Must be true."),
                required("error_message", Kind::Expression(Over::PlanAndTenant), "What to say if it is not."),
            ],
            ..BASE
        },
        times: Times::Some,
    }],
    example: "check \"most_are_managed\" {\n  severity = \"error\"\n\n  assert {\n    condition     = plan.summary.unmanaged < 50\n    error_message = \"${plan.summary.unmanaged} users are claimed by no block\"\n  }\n}",
    ..BASE
};

const OUTPUT: BlockSchema = BlockSchema {
    name: "output",
    label: name_label("the output's name"),
    doc: "A value that is printed after the plan and stands in its JSON.",
    attributes: &[
        required("value", Kind::Expression(Over::PlanAndTenant), "The value."),
        optional("description", Kind::Text, "What it is."),
        defaulted("sensitive", Kind::Bool, "false", "Keep it out of all output."),
    ],
    example: "output \"enforced\" {\n  value = plan.summary.after.enforced\n}",
    ..BASE
};

/// Terraform's blocks that people write from habit, and what there is instead.
pub(crate) const FOREIGN: [(&str, &str); 8] = [
    ("terraform", "settings of the tool stand in a `mfaplan` block; there is no backend, as there is no state"),
    ("provider", "the tenant is named in a `tenant` block; credentials come from the environment (AZURE_CLIENT_ID, …)"),
    ("resource", "who must be in which state stands in `mfa` blocks"),
    ("data", "groups and roles are named where they are used: `groups = [\"SG-Staff\"]` in an `mfa` block"),
    ("moved", "there is no state in which anything could be moved; renaming a block changes no user"),
    (
        "import",
        "there is no state: the tenant is the only source of truth, and `mfaplan init --from-tenant` writes a configuration of it",
    ),
    ("removed", "there is no state; a user who is no longer claimed is left as they are"),
    ("run", "test scenarios stand in `*.mfatest.hcl` files"),
];
