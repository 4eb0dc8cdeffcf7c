#![cfg_attr(test, allow(clippy::unwrap_used))]
//! `mfaplan`: Terraform for per-user MFA in Microsoft Entra ID.
pub mod config;
pub mod desired;
pub mod diag;
pub mod diff;
pub mod eval;
pub mod facts;
pub mod fmt;
pub mod plan;
pub mod risk;
pub mod severity;
pub mod tenant;
