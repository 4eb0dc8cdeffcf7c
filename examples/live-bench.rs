//! How fast a live tenant is read and written, beside a bare client on the same fake, in one run:
//!
//! ```text
//! cargo run --profile bench --example live-bench -- --users 10000 --latency-ms 80
//! ```
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Parser;
use mfaplan::testing::{
    graph::{Cloud, Endpoints, GraphTenant, Options, Pacing, credentials::Credential},
    tenant::{Fact, MfaState, ReadProgress, ReadRequest, TenantRead, TenantWrite, UserId, WriteErrorKind},
};
use support::fake_graph::{BulkState, FakeGraph, FakeOptions, RetryAfter, Throttle};
use tokio::{sync::Semaphore, task::JoinSet};

/// Measures reading and writing against the fake Graph.
#[derive(Parser)]
struct Args {
    #[arg(long, default_value_t = 10_000)]
    users: u32,
    #[arg(long, default_value_t = 80)]
    latency_ms: u64,
    #[arg(long, default_value_t = mfaplan::testing::graph::DEFAULT_PARALLELISM)]
    parallelism: usize,
    /// Sequential batches take long: leave them out.
    #[arg(long)]
    skip_sequential: bool,
    /// Users written in the apply measurement.
    #[arg(long, default_value_t = 3_600)]
    writes: u32,
}

struct Silent;
impl ReadProgress for Silent {
    fn progress(&self, _: &str, _: u64, _: Option<u64>) {}
    fn waiting(&self, _: f64, _: &str) {}
}

const TENANT: &str = "7f3a0d7e-4a64-4d6e-9a3f-0c1d2e3f4a5b";

fn id(n: u32) -> UserId {
    format!("00000000-0000-4000-8000-{n:012}").parse().unwrap()
}

fn seed(count: u32) -> String {
    let users: Vec<_> = (0..count)
        .map(|n| {
            serde_json::json!({"id": id(n).to_string(), "userPrincipalName": format!("user{n:06}@contoso.com"),
                "displayName": format!("User {n}"), "department": "Sales", "userType": "Member", "accountEnabled": true,
                "perUserMfaState": "disabled"})
        })
        .collect();
    serde_json::json!({"tenant": {"id": TENANT, "displayName": "Contoso"}, "users": users}).to_string()
}

async fn connect(fake: &FakeGraph, parallelism: usize, bulk: bool, pacing: Pacing) -> GraphTenant {
    let origin = fake.origin();
    let lookup = |name: &str| match name {
        "AZURE_CLIENT_ID" | "AZURE_CLIENT_SECRET" => Some("any".to_owned()),
        name => name.starts_with("MFAPLAN_").then(|| origin.clone()),
    };
    let endpoints = Endpoints::from_env(Cloud::Global, &lookup).unwrap();
    let credential = Credential::from_env(&lookup, false).unwrap();
    let now = "2026-11-20T08:00:00Z".parse().unwrap();
    let options = Options::new(endpoints, credential, TENANT.parse().unwrap(), now);
    GraphTenant::connect(Options { parallelism, bulk_state: bulk, pacing, ..options }).await.unwrap()
}

async fn read(graph: &GraphTenant, users: u32) -> Duration {
    let unneeded = Fact::ALL.iter().copied().collect();
    let request = ReadRequest { unneeded, sign_in_window_days: 30, ..ReadRequest::default() };
    let start = Instant::now();
    let tenant = graph.read(&request, &Silent).await.unwrap();
    let took = start.elapsed();
    assert_eq!(tenant.users().len() as u32, users);
    assert!(tenant.users().iter().all(|user| user.mfa_state.known().is_some()));
    took
}

/// The unavoidable part: list the pages one after another, send prepared batches with `in_flight` at once, look at
/// nothing.
async fn floor(fake: &FakeGraph, users: u32, in_flight: usize, list: bool) -> Duration {
    let http = reqwest::Client::builder().no_proxy().tcp_nodelay(true).user_agent("mfaplan/floor").build().unwrap();
    let token: serde_json::Value = http
        .post(format!("{}/{TENANT}/oauth2/v2.0/token", fake.origin()))
        .form(&[("grant_type", "client_credentials"), ("client_secret", "any"), ("scope", "x/.default")])
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let start = Instant::now();
    if list {
        let page = format!("{}/v1.0/users?$select=id,perUserMfaState&$top=999&$skiptoken=", fake.origin());
        for from in (0..users).step_by(999) {
            let request = http.get(format!("{page}{from}")).bearer_auth(&token);
            let response = request.header("client-request-id", uuid::Uuid::new_v4().to_string()).send().await.unwrap();
            response.bytes().await.unwrap();
        }
        return start.elapsed();
    }
    let slots = Arc::new(Semaphore::new(in_flight));
    let mut flying = JoinSet::new();
    for from in (0..users).step_by(20) {
        let requests: Vec<_> = (from..users.min(from + 20))
            .map(|n| serde_json::json!({"id": n.to_string(), "method": "GET", "url": format!("/users/{}/authentication/requirements", id(n))}))
            .collect();
        let body = serde_json::json!({"requests": requests}).to_string();
        let slot = Arc::clone(&slots).acquire_owned().await.unwrap();
        let (http, url, token) = (http.clone(), format!("{}/beta/$batch", fake.origin()), token.clone());
        flying.spawn(async move {
            let request = http.post(url).bearer_auth(token).header("content-type", "application/json").body(body);
            let response = request.header("client-request-id", uuid::Uuid::new_v4().to_string()).send().await.unwrap();
            response.bytes().await.unwrap();
            drop(slot);
        });
    }
    while flying.join_next().await.is_some() {}
    start.elapsed()
}

#[tokio::main]
async fn main() {
    let args = Args::parse();
    let (users, latency) = (args.users, Duration::from_millis(args.latency_ms));
    let seed = seed(users);
    let start = |throttle, bulk_state| {
        let options =
            FakeOptions { latency, throttle, bulk_state, retry_after: RetryAfter::Exact, ..FakeOptions::default() };
        FakeGraph::start(&seed, options)
    };
    println!("{users} users, {} ms a request, {} in flight", args.latency_ms, args.parallelism);

    let fake = start(Throttle::none(), BulkState::Absent).await;
    let bare = floor(&fake, users, args.parallelism, false).await;
    let graph = connect(&fake, args.parallelism, false, Pacing::Adaptive).await;
    let ours = read(&graph, users).await;
    let ten = floor(&fake, users, 10, false).await;
    println!("states by $batch, not throttled (users listed as well):");
    println!("  mfaplan                    {ours:>8.2?}   {:.2} of the floor", bare.as_secs_f64() / ours.as_secs_f64());
    println!("  bare client, same number   {bare:>8.2?}");
    println!("  bare client, 10 in flight  {ten:>8.2?}");
    if !args.skip_sequential {
        println!("  bare client, one by one    {:>8.2?}", floor(&fake, users, 1, false).await);
    }

    let fake = start(Throttle::none(), BulkState::Served).await;
    let bare = floor(&fake, users, 1, true).await;
    let ours = read(&connect(&fake, args.parallelism, true, Pacing::Adaptive).await, users).await;
    println!("states in the list of users:");
    println!("  mfaplan                    {ours:>8.2?}   {:.2} of the floor", bare.as_secs_f64() / ours.as_secs_f64());
    println!("  bare client                {bare:>8.2?}");

    let throttle = Throttle::published(users as usize);
    let fake = start(throttle, BulkState::Absent).await;
    let graph = connect(&fake, args.parallelism, false, Pacing::Published).await;
    let ours = read(&graph, users).await;
    let (burst, rate) = throttle.identity.unwrap();
    let units = f64::from(users) + f64::from(users.div_ceil(999)) + 1.0;
    let quota = ((units - burst) / rate).max(0.0);
    // What the bucket allows, or what latency and the number in flight allow, whichever is longer.
    let flight = latency.as_secs_f64() * (f64::from(users.div_ceil(20)) / args.parallelism as f64).ceil();
    let allowed = quota.max(flight);
    let stats = fake.stats();
    println!("by the published bucket ({burst} units, {rate}/s):");
    println!(
        "  mfaplan                    {ours:>8.2?}   {:.2} of what bucket ({quota:.2} s) and latency ({flight:.2} s) allow",
        allowed / ours.as_secs_f64()
    );
    println!(
        "  answered 429: {} of {} ({:.2} %)",
        stats.throttled,
        stats.calls,
        100.0 * stats.throttled as f64 / stats.calls as f64
    );

    let writes = args.writes.min(users);
    let fake = start(throttle, BulkState::Absent).await;
    let graph = Arc::new(connect(&fake, args.parallelism, false, Pacing::Published).await);
    // As `apply` does: the users are read first, and tell how large the tenant's bucket is.
    read(&graph, users).await;
    let start = Instant::now();
    let slots = Arc::new(Semaphore::new(64));
    let mut flying = JoinSet::new();
    for n in 0..writes {
        let (graph, slot) = (Arc::clone(&graph), Arc::clone(&slots).acquire_owned().await.unwrap());
        flying.spawn(async move {
            graph.state(id(n)).await.unwrap();
            // A throttled write is sent again after the time the service names, as `apply` does.
            while let Err(error) = graph.write(id(n), MfaState::Enforced, std::future::pending()).await {
                let WriteErrorKind::Retry { after } = error.kind else { panic!("{error}") };
                tokio::time::sleep(after.unwrap_or(Duration::from_secs(1))).await;
            }
            graph.state(id(n)).await.unwrap();
            drop(slot);
        });
    }
    while let Some(ended) = flying.join_next().await {
        ended.unwrap();
    }
    let ours = start.elapsed();
    let (burst, rate) = throttle.write.unwrap();
    let quota = ((f64::from(writes) - burst) / rate).max(0.0);
    let flight = latency.as_secs_f64() * f64::from(writes) / args.parallelism as f64;
    let stats = fake.stats();
    println!("{writes} writes, each read before and after:");
    println!(
        "  mfaplan                    {ours:>8.2?}   {:.2} of what bucket ({quota:.2} s) and latency ({flight:.2} s) allow",
        quota.max(flight) / ours.as_secs_f64()
    );
    println!(
        "  answered 429: {} of {} ({:.2} %)",
        stats.throttled,
        stats.calls,
        100.0 * stats.throttled as f64 / stats.calls as f64
    );
}
