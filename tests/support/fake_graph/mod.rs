//! A fake Microsoft Graph with its sign-in service: real HTTP on loopback, seeded from a snapshot file.
//!
//! ```ignore
//! let fake = FakeGraph::start(&seed_json, FakeOptions::default()).await;
//! // MFAPLAN_GRAPH_ENDPOINT = MFAPLAN_LOGIN_ENDPOINT = fake.origin()
//! assert!(fake.writes().is_empty());
//! ```

mod batch;
mod buckets;
pub mod clients;
mod errors;
mod faults;
mod fleet;
mod life;
mod log;
mod login;
mod options;
mod routes;
mod server;
mod sign_ins;
mod token;
mod urls;
mod world;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::Response,
};
use mfaplan::testing::graph::{Family, REQUESTS, RequestSpec};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};

use buckets::{Meters, Verdict};
use errors::Reply;
use faults::{Due, FaultPlan};
use login::login;
use routes::Call;
use server::{Loopback, Runs, Switch};
use token::Tokens;
use urls::{decode, joined, parameters};
use world::World;

#[allow(unused_imports, reason = "each test binary uses its own part")]
pub use buckets::Application;
#[allow(unused_imports, reason = "each test binary uses its own part")]
pub use fleet::{FakeFleet, SignIn};
#[allow(unused_imports, reason = "each test binary uses its own part")]
pub use log::{Logged, Stats};
#[allow(unused_imports, reason = "each test binary uses its own part")]
pub use options::{Bucket, BulkState, FakeOptions, Fault, Faults, RetryAfter, Throttle};
#[allow(unused_imports, reason = "each test binary uses its own part")]
pub use token::FEDERATED_TOKEN;

/// A running fake. Dropping it stops it.
pub struct FakeGraph {
    inner: Arc<Inner>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

struct Inner {
    options: FakeOptions,
    permissions: Vec<String>,
    state: Mutex<Mutable>,
    origin: String,
    /// Requests under way now, and the most there were.
    in_flight: (AtomicUsize, AtomicUsize),
    runs: Runs,
}

struct Mutable {
    world: World,
    meters: Meters,
    tokens: Tokens,
    faults: FaultPlan,
    log: Vec<Logged>,
    problems: Vec<String>,
    shuffles: u64,
}

impl FakeGraph {
    /// Starts on a free port. `seed` is a snapshot file's text.
    pub async fn start(seed: &str, options: FakeOptions) -> Self {
        Self::start_at(seed, options, 0).await
    }

    /// Starts on this port.
    pub async fn start_at(seed: &str, options: FakeOptions, port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("a bound port has an address");
        let inner = Inner::new(seed, options, format!("http://{address}"));
        let app = Router::new().fallback(handle).with_state(Arc::clone(&inner));
        let listener = Loopback(listener, inner.runs.clone());
        let service = app.into_make_service_with_connect_info::<Switch>();
        let serving = tokio::spawn(async move {
            // Serving ends when the task is aborted.
            let _ = axum::serve(listener, service).await;
        });
        Self { inner, address, serving }
    }

    fn state(&self) -> MutexGuard<'_, Mutable> {
        self.inner.state()
    }

    /// `http://127.0.0.1:port`, for both endpoints.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The seed's tenant id.
    pub fn tenant_id(&self) -> String {
        self.state().world.tenant_id.clone()
    }

    /// Everything seen so far.
    pub fn log(&self) -> Vec<Logged> {
        self.state().log.clone()
    }

    /// Sums over the log.
    pub fn stats(&self) -> Stats {
        log::stats(&self.state().log)
    }

    /// Forgets what was seen.
    pub fn clear_log(&self) {
        let mut state = self.state();
        state.log.clear();
        state.faults.forget();
    }

    /// Another process asks from now on: what one was asked to wait for, the next has not heard. Requests of the last one
    /// that are answered only now belong to it.
    pub fn another_run(&self) {
        self.inner.runs.next(self.address);
        self.state().faults.forget();
    }

    /// Writes that took place, in order: user id and the state written.
    pub fn writes(&self) -> Vec<(String, String)> {
        self.state().log.iter().filter_map(|one| one.wrote.clone()).collect()
    }

    /// What a request did wrong: unknown requests, missing headers, foreign ids. Empty after a good run.
    pub fn problems(&self) -> Vec<String> {
        self.state().problems.clone()
    }

    /// The state of a user (by id or name) as stored, whatever reads still see.
    pub fn state_of(&self, user: &str) -> Option<String> {
        let state = self.state();
        state.world.find(user).and_then(|index| state.world.users[index].state.clone())
    }

    /// All states by user id.
    pub fn states(&self) -> HashMap<String, Option<String>> {
        let state = self.state();
        let live = state.world.users.iter().filter(|user| !user.deleted);
        live.map(|user| (user.id.clone(), user.state.clone())).collect()
    }

    /// Changes a user's state behind the client's back.
    pub fn set_state(&self, user: &str, to: &str) {
        let mut state = self.state();
        let index = state.world.find(user).expect("the user exists");
        state.world.users[index].state = Some(to.to_owned());
        state.world.users[index].old = None;
    }

    /// The log is these records from now on, instead of what the seed says.
    pub fn log_of_sign_ins(&self, records: Vec<Value>) {
        self.state().world.sign_ins.replace(records);
    }

    /// From now on so many reads of a state after its write still see the old one.
    pub fn show_late(&self, reads: u32) {
        self.state().world.stale_reads = reads;
    }

    /// Deletes a user.
    pub fn delete(&self, user: &str) {
        let mut state = self.state();
        let index = state.world.find(user).expect("the user exists");
        state.world.users[index].deleted = true;
    }

    /// The next request with this method whose path contains `path` gets `fault`; items of batches count too, for
    /// [`Fault::Throttled`] and [`Fault::Status`].
    pub fn fail_next(&self, method: &str, path: &str, fault: Fault) {
        self.state().faults.script(method, path, fault);
    }

    /// Every request with this method whose path contains `path` gets `fault`, for ever.
    pub fn fail_always(&self, method: &str, path: &str, fault: Fault) {
        self.state().faults.stand(method, path, fault);
    }

    /// What [`Self::fail_always`] and [`Self::fail_later`] ordered is over.
    pub fn mend(&self) {
        self.state().faults.mend();
    }

    /// As [`Self::fail_always`], after so many requests were answered.
    pub fn fail_later(&self, method: &str, path: &str, after: u32, fault: Fault) {
        self.state().faults.stand_after(method, path, after, fault);
    }

    /// Every request of this family of limits gets `fault`, for ever.
    pub fn fail_family(&self, family: Family, fault: Fault) {
        self.state().faults.stand_for(family, fault);
    }

    /// How many of the faults that were ordered have been met.
    pub fn faults_met(&self) -> usize {
        self.state().faults.met
    }

    /// The most requests that were under way at one time.
    pub fn most_in_flight(&self) -> usize {
        self.inner.in_flight.1.load(Ordering::Relaxed)
    }

    /// All tokens end now.
    pub fn expire_tokens(&self) {
        self.state().tokens.expire_all();
    }

    /// An administrator revokes the operators' sessions.
    pub fn revoke_sessions(&self) {
        self.state().tokens.revoke_all();
    }

    /// Stops serving.
    pub fn stop(self) {}
}

impl Drop for FakeGraph {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Inner {
    fn new(seed: &str, options: FakeOptions, origin: String) -> Arc<Self> {
        let mut permissions: Vec<String> = REQUESTS
            .iter()
            .flat_map(|spec| spec.permission.split(" and "))
            .chain(["Member.Read.Hidden"])
            .filter(|name| name.contains('.') && !options.denied.contains(*name))
            .map(str::to_owned)
            .collect();
        permissions.sort();
        permissions.dedup();
        let world = World::new(seed, &options);
        for (fact, permission) in [("mailbox_purpose", "MailboxSettings.Read"), ("devices", "Device.Read.All")] {
            if world.refused.iter().any(|refused| refused == fact) {
                permissions.retain(|held| held != permission);
            }
        }
        Arc::new(Self {
            permissions,
            origin,
            state: Mutex::new(Mutable {
                world,
                meters: Meters::new(&options.throttle),
                tokens: Tokens::default(),
                faults: FaultPlan::new(options.faults),
                log: Vec::new(),
                problems: Vec::new(),
                shuffles: options.faults.seed,
            }),
            options,
            in_flight: Default::default(),
            runs: Runs::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, Mutable> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `Retry-After` as it is written, and the instant it means: that of a date does not move while the answer is made.
    fn retry_after(&self, exact: Duration) -> Option<(String, Due)> {
        let (now, machine) = (Instant::now(), std::time::Instant::now());
        let (text, wait) = self.wait(exact)?;
        let is_date = matches!(self.options.retry_after, RetryAfter::Date(_) | RetryAfter::Fraction(_));
        Some((text, Due(now + wait, is_date.then_some(machine))))
    }

    fn wait(&self, exact: Duration) -> Option<(String, Duration)> {
        match self.options.retry_after {
            RetryAfter::Missing => None,
            RetryAfter::Seconds(seconds) => Some((seconds.to_string(), Duration::from_secs(seconds))),
            RetryAfter::Decimal(seconds) => Some((seconds.to_string(), Duration::from_secs_f64(seconds))),
            RetryAfter::Exact => Some((format!("{:.3}", exact.as_secs_f64() + 0.001), exact)),
            RetryAfter::Fraction(seconds) => {
                let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs_f64(seconds);
                Some((at.strftime("%a, %d %b %Y %H:%M:%S%.9f GMT").to_string(), Duration::from_secs_f64(seconds)))
            }
            RetryAfter::Date(seconds) => {
                // Whole seconds are all that a date has, so that the instant meant is a little before `seconds` from now.
                let now = jiff::Timestamp::now();
                let at = jiff::Timestamp::from_second(now.as_second() + seconds as i64).ok()?;
                let text = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()?;
                Some((text, Duration::try_from(at.duration_since(now)).unwrap_or_default()))
            }
        }
    }

    fn throttled(&self, exact: Duration) -> Reply {
        self.waiting(Reply::throttled(), exact)
    }

    /// An answer that asks to wait, in the way of the options.
    fn waiting(&self, reply: Reply, exact: Duration) -> Reply {
        match self.retry_after(exact) {
            Some((value, until)) => Reply { until: Some(until), ..reply.header("Retry-After", value) },
            None => reply,
        }
    }

    fn broken(&self, status: u16) -> Reply {
        let reply = Reply::error(status, if status == 503 { "serviceNotAvailable" } else { "UnknownError" }, "");
        if status >= 500 { self.waiting(reply, Duration::from_millis(50)) } else { reply }
    }
}

async fn handle(
    State(inner): State<Arc<Inner>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = inner.in_flight.0.fetch_add(1, Ordering::Relaxed) + 1;
    inner.in_flight.1.fetch_max(now, Ordering::Relaxed);
    let _gone = Gone(Arc::clone(&inner));
    if !inner.options.latency.is_zero() {
        tokio::time::sleep(inner.options.latency).await;
    }
    let path = decode(uri.path());
    let query = parameters(uri.query().unwrap_or_default());
    let graph =
        path.strip_prefix("/v1.0").map(|rest| ("v1.0", rest)).or(path.strip_prefix("/beta").map(|rest| ("beta", rest)));
    match graph {
        None => send(login(&inner, &method, &path, &query, &headers, &body), &headers, None),
        Some((version, path)) => {
            let reply = graph_request(&inner, &switch, method.as_str(), version, path, &query, &headers, &body);
            if reply.extensions().get::<Silence>().is_some() {
                // Until the client leaves.
                std::future::pending::<()>().await;
            }
            reply
        }
    }
}

/// Counts a request as over, however it ends.
struct Gone(Arc<Inner>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.in_flight.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Marks an answer that is never sent.
#[derive(Clone)]
struct Silence;

#[allow(clippy::too_many_arguments, reason = "one request, taken apart")]
fn graph_request(
    inner: &Inner,
    switch: &Switch,
    method: &str,
    version: &str,
    path: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let mut state = inner.state();
    let state = &mut *state;
    state.faults.hear(inner.runs.is_now(switch.run));
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let id = text("client-request-id");
    let spec = find_spec(method, version, path, query);
    if spec.is_none() {
        state.problems.push(format!("{method} /{version}{path} is not in REQUESTS"));
    }
    if uuid::Uuid::parse_str(&id).is_err()
        || state.log.iter().rev().take(50).any(|one| one.client_request_id.as_deref() == Some(&*id) && !one.in_batch)
    {
        state.problems.push(format!("{method} {path}: client-request-id `{id}` is not a fresh GUID"));
    }
    if !text("user-agent").starts_with("mfaplan/") {
        state.problems.push(format!("{method} {path}: User-Agent is `{}`", text("user-agent")));
    }
    if path.contains('@') || path.contains("#EXT#") {
        state.problems.push(format!("{method} {path}: a user is addressed by name"));
    }
    let mut logged = Logged {
        at: Instant::now(),
        method: method.to_owned(),
        version: version.to_owned(),
        path: path.to_owned(),
        query: joined(query),
        status: 0,
        in_batch: false,
        wrote: None,
        client_request_id: Some(id),
    };
    let bearer = text("authorization");
    let live = state.tokens.is_live(bearer.strip_prefix("Bearer ").unwrap_or_default());
    let key = format!("{}{}", joined(query), String::from_utf8_lossy(body));
    let fault = state.faults.draw(method, path, spec.map(|spec| spec.family), &key, false);
    // A batch that fails as a whole has failed for each of its items.
    let asked = if path == "/$batch" { batch::keys(body) } else { vec![batch::key(method, path, query)] };
    if path != "/$batch" {
        let problem = asked.first().and_then(|key| state.faults.arrives(key));
        state.problems.extend(problem);
    }
    let mut units = None;
    let reply = match fault {
        _ if !live => unauthorized(),
        Some(Fault::Unauthorized) => unauthorized(),
        Some(Fault::Throttled) => inner.throttled(Duration::from_millis(50)),
        Some(Fault::Status(status)) => inner.broken(status),
        Some(Fault::Silent) => {
            state.log.push(logged);
            let mut never = Response::new(Body::empty());
            never.extensions_mut().insert(Silence);
            return never;
        }
        Some(Fault::ResetBefore) => {
            switch.cut();
            asked.iter().for_each(|key| state.faults.answered(key, true, None));
            state.log.push(logged);
            return Response::new(Body::empty());
        }
        _ if path == "/$batch" => {
            let at = state.log.len();
            let (reply, spent) = batch::answer(inner, state, version, body);
            units = Some(spent);
            logged.status = reply.status;
            state.log.insert(at, logged.clone());
            reply
        }
        _ => {
            let parsed = serde_json::from_slice::<Value>(body).ok();
            let call = Call {
                method,
                version,
                path,
                query,
                body: parsed.as_ref(),
                eventual: text("consistencylevel").eq_ignore_ascii_case("eventual"),
                origin: &inner.origin,
            };
            let (reply, wrote, cost) = metered(inner, state, &call, spec);
            units = Some(cost);
            logged.wrote = wrote;
            reply
        }
    };
    let reset = fault == Some(Fault::ResetAfter);
    let broken = reset || matches!(fault, Some(Fault::Truncated | Fault::Html)) || faults::passes(reply.status);
    if path != "/$batch" || broken {
        asked.iter().for_each(|key| state.faults.answered(key, broken, reply.until));
    }
    if path != "/$batch" || units.is_none() {
        logged.status = if reset { 0 } else { reply.status };
        state.log.push(logged);
    }
    if reset {
        switch.cut();
        return Response::new(Body::empty());
    }
    let reply = match units {
        Some(units) => reply.header("x-ms-resource-unit", units.to_string()),
        None => reply,
    };
    send(reply, headers, fault)
}

/// The kind of this request: `/users` is two kinds, told apart by what they select.
fn find_spec(method: &str, version: &str, path: &str, query: &HashMap<String, String>) -> Option<&'static RequestSpec> {
    let activity = query.get("$select").is_some_and(|select| select.contains("signInActivity"));
    let mut fitting = REQUESTS.iter().copied().filter(|spec| spec.matches(method, version, path));
    fitting.find(|spec| path != "/users" || spec.purpose.contains("signInActivity") == activity)
}

/// Meters the call, and answers it where the buckets allow.
fn metered(
    inner: &Inner,
    state: &mut Mutable,
    call: &Call<'_>,
    spec: Option<&RequestSpec>,
) -> (Reply, routes::Wrote, f64) {
    let cost = buckets::cost(call.method, call.path, &joined(call.query));
    if let Some(spec) = spec {
        let family = spec.family;
        let amount = if family == Family::Identity { cost } else { 1.0 };
        let mut share: f64 = 0.0;
        if let Some(application) = &inner.options.application
            && let Verdict::Throttled(wait) = application.charge(family, amount)
        {
            return (inner.throttled(wait), None, cost);
        }
        match state.meters.of(family).charge(amount) {
            Verdict::Pass(used) => share = share.max(used),
            Verdict::Throttled(wait) => return (inner.throttled(wait), None, cost),
        }
        if family == Family::Write {
            // A write costs a unit as well.
            if let Verdict::Throttled(wait) = state.meters.of(Family::Identity).charge(1.0) {
                return (inner.throttled(wait), None, cost);
            }
        }
        let (reply, wrote) = routes::answer(&mut state.world, &inner.options, call, Some(spec));
        let reply =
            if share > 0.8 { reply.header("x-ms-throttle-limit-percentage", format!("{share:.2}")) } else { reply };
        return (reply, wrote, cost);
    }
    let (reply, wrote) = routes::answer(&mut state.world, &inner.options, call, None);
    (reply, wrote, cost)
}

fn unauthorized() -> Reply {
    Reply::error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
}

fn send(reply: Reply, request: &HeaderMap, fault: Option<Fault>) -> Response {
    let mut response = Response::builder()
        .status(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR))
        .header("request-id", uuid::Uuid::new_v4().to_string())
        .header("OData-Version", "4.0")
        .header(
            "x-ms-ags-diagnostic",
            r#"{"ServerInfo":{"DataCenter":"North Europe","Slice":"E","Ring":"4","ScaleUnit":"001","RoleInstance":"FAKE"}}"#,
        );
    if let Some(id) = request.get("client-request-id") {
        response = response.header("client-request-id", id);
    }
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let mut body = reply.body.map(|body| body.to_string()).unwrap_or_default();
    let mut kind = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
    match fault {
        Some(Fault::Truncated) => body.truncate(body.floor_char_boundary(body.len() / 2)),
        Some(Fault::Html) => {
            body = "<!DOCTYPE html><html><body>Our services aren't available right now</body></html>".to_owned();
            kind = "text/html";
        }
        _ => {}
    }
    response.header(header::CONTENT_TYPE, kind).body(Body::from(body)).expect("headers are valid")
}
