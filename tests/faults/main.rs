//! What every command makes of a service that fails, and of an operator who stops it: the whole program in one process,
//! over a fake Graph, on a clock that jumps. Waits of minutes take no time, and none is cut short.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod desk;
mod evidence;
mod quota;
mod reads;
mod stops;
#[path = "../support/mod.rs"]
mod support;
mod table;
