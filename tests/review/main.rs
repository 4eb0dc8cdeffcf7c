//! What reviewers and pipelines rely on, through the program itself: approvals, formats, published documents, the
//! action and the example pipelines.
#![allow(clippy::unwrap_used, reason = "tests")]

mod approvals;
mod differences;
mod documents;
mod evidence;
mod help;
mod life;
mod links;
mod logs;
mod pipelines;
mod redaction;
mod security;
mod support;
