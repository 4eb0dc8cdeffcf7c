//! A fake Microsoft Graph to try the program against, without a tenant:
//!
//! ```text
//! cargo run --example fake-graph -- --tenant tenant.json --port 8787 --latency-ms 80 --throttle
//! export MFAPLAN_GRAPH_ENDPOINT=http://127.0.0.1:8787 MFAPLAN_LOGIN_ENDPOINT=http://127.0.0.1:8787
//! export AZURE_TENANT_ID=… AZURE_CLIENT_ID=any AZURE_CLIENT_SECRET=any
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use support::fake_graph::{BulkState, FakeGraph, FakeOptions, Faults, RetryAfter, Throttle};

/// Serves a snapshot file as Microsoft Graph would.
#[derive(Parser)]
struct Args {
    /// The snapshot file.
    #[arg(long)]
    tenant: PathBuf,
    /// The port on loopback; 0 takes a free one.
    #[arg(long, default_value_t = 8787)]
    port: u16,
    /// Latency of each request.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Apply the published limits.
    #[arg(long)]
    throttle: bool,
    /// Give `perUserMfaState` in the list of users.
    #[arg(long)]
    bulk_state: bool,
    /// Permissions the identity lacks.
    #[arg(long)]
    deny: Vec<String>,
    /// Pretend that there is no Entra ID P1.
    #[arg(long)]
    no_premium: bool,
    /// Sign in an operator with this object id, not an application.
    #[arg(long)]
    operator: Option<String>,
    /// Reads after a write that still see the old state.
    #[arg(long, default_value_t = 0)]
    stale_reads: u32,
    /// Share of answers that are faults, 0–1.
    #[arg(long, default_value_t = 0.0)]
    faults: f64,
    /// Which faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let seed = std::fs::read_to_string(&args.tenant).expect("the tenant file");
    let users = serde_json::from_str::<serde_json::Value>(&seed).unwrap()["users"].as_array().map_or(0, Vec::len);
    let options = FakeOptions {
        latency: Duration::from_millis(args.latency_ms),
        throttle: if args.throttle { Throttle::published(users) } else { Throttle::none() },
        premium: args.no_premium.then_some(false),
        bulk_state: if args.bulk_state { BulkState::Served } else { BulkState::Absent },
        stale_reads: args.stale_reads,
        faults: Faults::mixed(args.seed, args.faults),
        retry_after: RetryAfter::Exact,
        denied: args.deny.into_iter().collect(),
        operator: args.operator,
        ..FakeOptions::default()
    };
    let fake = FakeGraph::start_at(&seed, options, args.port).await;
    println!("tenant {} with {users} users at {}", fake.tenant_id(), fake.origin());
    tokio::signal::ctrl_c().await.unwrap();
    println!("{:?}", fake.stats());
    for problem in fake.problems() {
        println!("problem: {problem}");
    }
    fake.stop();
}
