//! What the integration tests, the benchmarks, the examples and the fuzz targets of this repository see of the library.
//!
//! Not an interface for anybody else: it follows the code without notice. Everything else is private, so that the compiler
//! says what nothing uses. Items are named one by one for the same reason.

pub mod apply {
    pub use crate::apply::{
        Approval, ApprovedPlan, Clock, Context, FreshPlan, Outcome, Preflight, Requirements, RunReport, apply, stop,
    };
    pub mod journal {
        pub use crate::apply::journal::{Journal, Store, close, v1::By};
    }
}
pub mod cli {
    pub use crate::cli::testing::{Said, run, wait_on};
}
pub mod config {
    pub use crate::config::{
        Assignment, CloudName, Config, Declared, Guardrails, Layer, LoadFailure, LoadInput, Mfa, Origin, Overlay,
        RiskOverride, Selector, TenantSettings, load, load_over,
    };
    pub mod schema {
        pub use crate::config::schema::{
            AttributeSchema, BlockSchema, Kind, LabelSchema, NestedSchema, Over, TOP_LEVEL, Times,
        };
    }
}
pub mod desired {
    pub use crate::desired::{Claim, Desired, Managed, ProtectionKind, Timing, resolve};
}
pub mod diag {
    pub use crate::diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span, json, render};
}
pub mod diff {
    pub use crate::diff::{Action, Cause, Decision, Transition, transitions};
}
pub mod eval {
    pub use crate::eval::{CompileContext, Expr, Scope, UserFacts, UserField, Value, parse_expression};
}
pub mod facts {
    pub use crate::facts::{CompiledPolicies, Facts, UserView};
}
pub mod fmt {
    pub use crate::fmt::format;
}
pub mod graph {
    pub use crate::graph::{
        Allotment, Cloud, DEFAULT_PARALLELISM, Endpoints, Family, GraphTenant, Need, Options, Pacing, Patience,
        REQUESTS, RequestSpec, markdown_table,
    };
    pub mod credentials {
        pub use crate::graph::credentials::{Credential, Keeping, Method, Prompt, StoreError, TokenStore, VARIABLES};
    }
}
pub mod plan {
    pub use crate::plan::{
        BuildError, BuildInput, Built, Change, Plan, TargetProblem, Waiver, build, compare, digest, tenant_value,
        validate_waiver,
    };
    pub mod file {
        pub use crate::plan::file::{read, v1, write, write_json};
    }
}
pub mod readiness {
    pub use crate::readiness::{By, Class, Input, Report, report};
}
pub mod render {
    pub mod readiness {
        pub use crate::render::readiness::{Format, Options};
    }
    pub use crate::render::{Format, Options, redact};
}
pub mod risk {
    pub use crate::risk::{Context, RuleKind, assess_changes, assess_plan, known_rules, registry};
}
pub mod severity {
    pub use crate::severity::Severity;
}
pub mod sign_ins {
    pub use crate::sign_ins::SignInFiles;
}
pub mod snapshot {
    pub use crate::snapshot::{SnapshotTenant, from_slice, read, write};
}
pub mod tenant {
    pub use crate::tenant::{
        AppSignIns, ApplicationConditions, Attribute, Conditions, Domain, Fact, GrantControls, Group, GroupId,
        LastSignIn, LegacySignIns, MailboxPurpose, MfaState, ObservedTenant, Policy, PolicyState, ReadProgress,
        ReadRequest, SignInFile, SignIns, Source, StateRead, TenantId, TenantRead, TenantWrite, Text, User,
        UserConditions, UserId, UserIndex, UserType, WriteErrorKind,
    };
}
