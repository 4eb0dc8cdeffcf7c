//! Many tenants behind one address, as Microsoft Graph has them: whose a request is, its token says.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use tokio::{net::TcpListener, runtime::Handle, task::JoinHandle};

use super::{
    FakeGraph, FakeOptions, Inner, handle,
    server::{Loopback, Runs, Switch},
    urls::{decode, parameters},
};

/// Somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// To this tenant.
    pub tenant: String,
    /// As this application.
    pub client: String,
    /// With this secret.
    pub secret: String,
}

/// A running fleet of fakes.
pub struct FakeFleet {
    shared: Arc<Shared>,
    address: SocketAddr,
    serving: JoinHandle<()>,
    runtime: Handle,
}

struct Shared {
    tenants: Vec<Arc<Inner>>,
    sign_ins: Mutex<Vec<SignIn>>,
    /// Requests that no tenant could be found for.
    lost: Mutex<Vec<String>>,
    /// The tenants that the requests of each connection were for.
    connections: Mutex<HashMap<usize, (Switch, BTreeSet<String>)>>,
}

impl FakeFleet {
    /// Starts on a free port: the text of a snapshot file for each tenant.
    pub async fn start(seeds: Vec<(String, FakeOptions)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port on loopback");
        let address = listener.local_addr().expect("a bound port has an address");
        let origin = format!("http://{address}");
        let tenants = seeds.into_iter().map(|(seed, options)| Inner::new(&seed, options, origin.clone())).collect();
        let shared = Arc::new(Shared {
            tenants,
            sign_ins: Mutex::default(),
            lost: Mutex::default(),
            connections: Mutex::default(),
        });
        let app = Router::new().fallback(dispatch).with_state(Arc::clone(&shared));
        let service = app.into_make_service_with_connect_info::<Switch>();
        let serving = tokio::spawn(async move {
            let _ = axum::serve(Loopback(listener, Runs::default()), service).await;
        });
        Self { shared, address, serving, runtime: Handle::current() }
    }

    /// `http://127.0.0.1:port`, for both endpoints.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// One tenant, by its position.
    pub fn tenant(&self, at: usize) -> FakeGraph {
        let inner = Arc::clone(&self.shared.tenants[at]);
        // Nothing of its own to serve: the fleet does.
        FakeGraph { inner, address: self.address, serving: self.runtime.spawn(async {}) }
    }

    /// Who signed in to which tenant, with what.
    pub fn sign_ins(&self) -> Vec<SignIn> {
        self.shared.sign_ins.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Requests of no tenant: empty after a good run.
    pub fn lost(&self) -> Vec<String> {
        self.shared.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connections, each of one process, with requests for several tenants: empty after a good run.
    pub fn mixed(&self) -> Vec<BTreeSet<String>> {
        let connections = self.shared.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.values().map(|(_, tenants)| tenants.clone()).filter(|tenants| tenants.len() > 1).collect()
    }
}

impl Drop for FakeFleet {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn came(&self, switch: &Switch, tenant: String) {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, tenants) = connections.entry(switch.connection()).or_insert_with(|| (switch.clone(), BTreeSet::new()));
        tenants.insert(tenant);
    }
}

async fn dispatch(
    State(shared): State<Arc<Shared>>,
    switch: ConnectInfo<Switch>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let path = decode(uri.path());
    let id_of = |inner: &Inner| inner.state().world.tenant_id.to_lowercase();
    let graph = path.starts_with("/v1.0") || path.starts_with("/beta");
    let wanted = if graph { bearer(&headers) } else { path.split('/').nth(1).map(str::to_lowercase) };
    let found = wanted.and_then(|id| shared.tenants.iter().find(|inner| id_of(inner) == id));
    let Some(inner) = found else {
        shared.lost.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{method} {path}"));
        return StatusCode::UNAUTHORIZED.into_response();
    };
    shared.came(&switch.0, id_of(inner));
    if path.ends_with("/oauth2/v2.0/token") {
        let form = parameters(&String::from_utf8_lossy(&body));
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let sign_in = SignIn { tenant: id_of(inner), client: field("client_id"), secret: field("client_secret") };
        shared.sign_ins.lock().unwrap_or_else(PoisonError::into_inner).push(sign_in);
    }
    handle(State(Arc::clone(inner)), switch, method, uri, headers, body).await
}

/// The tenant that a token is of.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let token = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")?;
    let claims = B64.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims["tid"].as_str().map(str::to_lowercase)
}
