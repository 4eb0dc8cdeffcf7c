//! From configuration and snapshot to the plan, through the library's public parts, as stories.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]
#![recursion_limit = "256"]

mod blocks;
mod bounds;
mod commands;
mod examples;
#[path = "../support/generator/mod.rs"]
mod generator;
mod judged;
mod migrate;
mod modules;
mod of_the_tenant;
mod properties;
mod readiness;
mod rollouts;
mod unknown_behaviour;
mod walk;
mod world;
