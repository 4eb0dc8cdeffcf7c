//! Stories of the real binary: what people and pipelines rely on.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod applying;
mod assumed;
mod attacks;
#[path = "../support/binary.rs"]
mod binary;
mod guardrails;
mod output;
mod overwriting;
mod readiness;
mod replay;
mod statements;
mod surroundings;
mod tenant;
mod waves;
