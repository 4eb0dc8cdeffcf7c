#![cfg_attr(test, allow(clippy::unwrap_used))]
//! `mfaplan`: Terraform for per-user MFA in Microsoft Entra ID.
//!
//! # A tour
//!
//! ```text
//! HCL files ─┐
//!            ├─ resolve → diff → assess risks → guardrails → Plan ─┬─ render
//! tenant  ───┘                                                     ├─ save / show / diff
//! (Graph or snapshot)                                              └─ approve → apply → journal → verify / rollback
//! ```
//!
//! 1. [`config`] reads `*.mfa.hcl`, variables and the policy directory into a [`config::Config`] that is valid by type;
//!    [`eval`] compiles every expression in it once. Problems are [`diag`]nostics, all at once, each with its place.
//! 2. A tenant is observed through [`tenant::TenantRead`]: [`graph`] (HTTP) or [`snapshot`] (a file); [`sign_ins`] adds
//!    records downloaded from the portal.
//! 3. [`desired`] says who must be in which state and which block says so; [`diff`] compares; [`facts`] derives what
//!    kind of account a user is and what Conditional Access requires of them; [`risk`] judges every transition.
//! 4. [`plan`] joins all that into an immutable [`plan::Plan`] with its digest, and refuses it where a guardrail says so.
//! 5. [`render`] shows it; [`plan::file`] saves it, sealed by a checksum.
//! 6. [`apply`] takes only an approved, fresh plan and performs it through the ports, journaled line by line.
//! 7. [`cli`] is the only module that joins the edges: arguments, environment, terminal, exit codes.
//!
//! Arrows point one way, toward [`tenant`] and [`diag`]. `render`, `apply`, `graph` and `snapshot` never import each other.
//!
//! # Files
//!
//! | file | read | written |
//! |---|---|---|
//! | `*.mfa.hcl`, `mfaplan.mfavars.hcl`, `*.auto.mfavars.hcl` | every command that plans | `init` (never over an existing one), `fmt` |
//! | the policy directory's `*.mfa.hcl` | every command that plans | never |
//! | a snapshot | `--snapshot`, `tenant.snapshot` | `snapshot --out`; `apply` on it, atomically |
//! | portal sign-in downloads | `tenant.sign_ins` | never |
//! | a saved plan | `show`, `diff`, `approve`, `apply` | `plan --out`, `rollback --out` |
//! | `.mfaplan/runs/<RUN>.jsonl` | `history`, `verify`, `rollback`, `apply --resume` | `apply`, `rollback` |
//! | `.mfaplan/evidence/` | every command that plans, `evidence status`, `evidence export` | `evidence pull`, `evidence import`, `evidence prune`, `plan --sign-ins full` |
//! | `.mfaplan/lock` | `apply`, `rollback` | `apply`, `rollback` |

mod apply;
#[cfg(test)]
mod architecture;
mod assumed;
mod calendar;
mod cli;
mod config;
mod desired;
mod diag;
mod diff;
mod escape;
mod eval;
mod evidence;
mod facts;
mod files;
mod fleet;
mod fmt;
mod graph;
mod import;
mod json;
mod lsp;
mod migrate;
mod plan;
mod readiness;
mod render;
mod repl;
mod replay;
mod risk;
mod scenario;
#[cfg(test)]
mod schema;
mod severity;
mod sign_ins;
mod snapshot;
mod tenant;

#[doc(hidden)]
pub mod testing;

pub use cli::main;
