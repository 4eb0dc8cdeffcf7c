//! The addresses of the sign-in service.

use super::*;

pub(super) fn login(
    inner: &Inner,
    method: &Method,
    path: &str,
    query: &HashMap<String, String>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Reply {
    let mut state = inner.state();
    let form = parameters(&String::from_utf8_lossy(body));
    let tenant = state.world.tenant_id.clone();
    let fault = state.faults.ordered(method.as_str(), path, None);
    let reply = match path {
        _ if fault == Some(Fault::Throttled) => inner.throttled(Duration::from_millis(50)),
        _ if fault.is_some() => inner.broken(503),
        path if path.ends_with("/oauth2/v2.0/token") => {
            state.tokens.grant(&inner.options, &tenant, &inner.permissions, &form)
        }
        path if path.ends_with("/oauth2/v2.0/devicecode") => {
            state.tokens.device_code(form.get("scope").map_or("", String::as_str))
        }
        // Microsoft's answer to whoever asks for the tenant of a domain; nobody has fabrikam.example.
        path if path.ends_with("/v2.0/.well-known/openid-configuration") && !path.contains("fabrikam.example") => {
            Reply::ok(json!({"issuer": format!("https://login.microsoftonline.com/{tenant}/v2.0")}))
        }
        "/oidc/github" if query.contains_key("audience") => Reply::ok(json!({"value": FEDERATED_TOKEN})),
        "/oidc/azure" if method == Method::POST && query.contains_key("serviceConnectionId") => {
            Reply::ok(json!({"oidcToken": FEDERATED_TOKEN}))
        }
        "/metadata/identity/oauth2/token"
            if headers.contains_key("metadata") || headers.contains_key("x-identity-header") =>
        {
            let mut token = state.tokens.issue(&inner.options, &tenant, &inner.permissions);
            // Managed identity gives the end as text, in seconds since 1970.
            let ends = jiff::Timestamp::now().as_second() + inner.options.token_lifetime.as_secs() as i64;
            token["expires_on"] = json!(ends.to_string());
            token.as_object_mut().map(|map| map.remove("expires_in"));
            for (name, value) in inner.options.token_answer.as_object().into_iter().flatten() {
                token[name] = value.clone();
            }
            Reply::ok(token)
        }
        _ => Reply::error(404, "NotFound", "no such address"),
    };
    let status = reply.status;
    state.log.push(Logged {
        at: Instant::now(),
        method: method.to_string(),
        version: "login".to_owned(),
        path: path.to_owned(),
        query: form.get("scope").cloned().unwrap_or_default(),
        status,
        in_batch: false,
        wrote: None,
        client_request_id: None,
    });
    reply
}
