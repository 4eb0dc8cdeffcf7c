//! Stories of the real binary: what people and pipelines rely on.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod advice;
mod applying;
mod assumed;
mod attacks;
#[path = "../support/binary.rs"]
mod binary;
mod calibration;
#[path = "../support/fake_graph/clients.rs"]
mod clients;
mod comparing;
mod emergency;
mod evidence;
#[path = "../support/generator/mod.rs"]
mod generator;
mod guardrails;
mod lists;
mod modules;
mod output;
mod overwriting;
mod readiness;
mod replay;
mod reviewed;
mod starting;
mod statements;
mod surroundings;
mod tenant;
mod waves;
