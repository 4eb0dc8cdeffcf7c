#![cfg_attr(test, allow(clippy::unwrap_used))]
//! `mfaplan`: Terraform for per-user MFA in Microsoft Entra ID.
pub mod diag;
pub mod eval;
pub mod graph;
pub mod sign_ins;
pub mod tenant;
