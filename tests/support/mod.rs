//! What the integration tests, examples and benches share.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "test support: a broken fake should fail loudly")]

pub mod fake_graph;
