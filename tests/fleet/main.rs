//! Many tenants as one set, through the real binary: offline copies first, then a fake Graph that has them all.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "../support/binary.rs"]
mod binary;
mod example;
mod offline;
mod online;
mod pipelines;
mod quota;
mod stopping;
#[path = "../support/mod.rs"]
mod support;
mod troubles;
mod world;
