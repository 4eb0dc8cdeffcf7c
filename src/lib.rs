#![cfg_attr(test, allow(clippy::unwrap_used))]
//! `mfaplan`: Terraform for per-user MFA in Microsoft Entra ID.
pub mod apply;
pub mod config;
pub mod desired;
pub mod diag;
pub mod diff;
pub mod eval;
pub mod facts;
pub mod import;
pub mod graph;
pub mod plan;
pub mod render;
pub mod repl;
pub mod risk;
pub mod scenario;
pub mod severity;
pub mod sign_ins;
pub mod snapshot;
pub mod tenant;
