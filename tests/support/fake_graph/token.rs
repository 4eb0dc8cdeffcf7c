//! The sign-in service: tokens for applications and operators, OIDC of the runners, managed identity.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{errors::Reply, options::FakeOptions};

/// Accepted as a federated token.
pub const FEDERATED_TOKEN: &str = "federated.token.of-the-runner";

#[derive(Default)]
pub struct Tokens {
    live: HashMap<String, Instant>,
    /// How often a device code was asked for before it is granted.
    polls: u32,
    issued: u64,
    /// What was asked for with the last device code.
    scope: String,
    /// Refresh tokens that are good, and those that an administrator has revoked.
    refresh: HashMap<String, bool>,
}

impl Tokens {
    pub fn is_live(&self, bearer: &str) -> bool {
        self.live.get(bearer).is_some_and(|ends| Instant::now() < *ends)
    }

    pub fn expire_all(&mut self) {
        self.live.clear();
    }

    /// An administrator revokes the operators' sessions.
    pub fn revoke_all(&mut self) {
        self.refresh.values_mut().for_each(|good| *good = false);
    }

    /// An operator's token, with what renews it where that was asked for.
    fn issue_to_operator(&mut self, options: &FakeOptions, tenant: &str, permissions: &[String], scope: &str) -> Value {
        let mut answer = self.issue(options, tenant, permissions);
        if scope.split(' ').any(|one| one == "offline_access") {
            let token = format!("canary-refresh-{}", self.issued);
            self.refresh.insert(token.clone(), true);
            answer["refresh_token"] = json!(token);
        }
        answer
    }

    /// A token with these permissions. It looks like a JWT, so that a client may read claims.
    pub fn issue(&mut self, options: &FakeOptions, tenant: &str, permissions: &[String]) -> Value {
        self.issued += 1;
        let mut claims = json!({"tid": tenant, "appid": "11111111-2222-3333-4444-555555555555", "jti": self.issued,
                                "oid": "99999999-2222-3333-4444-555555555555"});
        match &options.operator {
            Some(operator) => {
                claims["oid"] = json!(operator);
                claims["upn"] = json!("operator@contoso.com");
                claims["scp"] = json!(permissions.join(" "));
            }
            None => claims["roles"] = json!(permissions),
        }
        let part = |value: &Value| B64.encode(value.to_string());
        // The canary: it must never be seen outside of the Authorization header.
        let token = format!("{}.{}.canary-token-{}", part(&json!({"alg": "none"})), part(&claims), self.issued);
        self.live.insert(token.clone(), Instant::now() + options.token_lifetime);
        let mut answer = json!({"token_type": "Bearer", "expires_in": options.token_lifetime.as_secs(),
               "ext_expires_in": options.token_lifetime.as_secs(), "access_token": token});
        for (name, value) in options.token_answer.as_object().into_iter().flatten() {
            answer[name] = value.clone();
        }
        answer
    }

    /// `POST /{tenant}/oauth2/v2.0/token`
    pub fn grant(
        &mut self,
        options: &FakeOptions,
        tenant: &str,
        permissions: &[String],
        form: &HashMap<String, String>,
    ) -> Reply {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let fail = |status, error: &str, code: u32, text: &str| {
            let description =
                format!("AADSTS{code}: {text} Trace ID: 0 Correlation ID: 0 Timestamp: 2026-11-20 08:00:00Z");
            let body = json!({"error": error, "error_description": description, "error_codes": [code],
                "timestamp": "2026-11-20 08:00:00Z", "error_uri": format!("https://login.microsoftonline.com/error?code={code}")});
            Reply { status, body: Some(body), headers: Vec::new(), until: None }
        };
        match field("grant_type") {
            "client_credentials" => {
                if !field("scope").ends_with("/.default") {
                    return fail(
                        400,
                        "invalid_scope",
                        70011,
                        "The provided value for the input parameter 'scope' isn't valid.",
                    );
                }
                match (field("client_secret"), field("client_assertion")) {
                    ("", "") => fail(
                        401,
                        "invalid_client",
                        7000218,
                        "The request body must contain client_assertion or client_secret.",
                    ),
                    ("wrong", _) => fail(401, "invalid_client", 7000215, "Invalid client secret provided."),
                    ("expired", _) => {
                        fail(401, "invalid_client", 7000222, "The provided client secret keys are expired.")
                    }
                    ("", assertion) if assertion.split('.').count() != 3 => {
                        fail(400, "invalid_client", 700027, "The assertion's signature is not valid.")
                    }
                    _ => Reply::ok(self.issue(options, tenant, permissions)),
                }
            }
            "urn:ietf:params:oauth:grant-type:device_code" => {
                self.polls += 1;
                if self.polls <= 2 {
                    return fail(400, "authorization_pending", 70016, "OAuth 2.0 device flow error.");
                }
                let scope = self.scope.clone();
                Reply::ok(self.issue_to_operator(options, tenant, permissions, &scope))
            }
            "refresh_token" => match self.refresh.get(field("refresh_token")) {
                Some(true) => Reply::ok(self.issue_to_operator(options, tenant, permissions, field("scope"))),
                Some(false) => {
                    fail(400, "invalid_grant", 50173, "The provided grant has expired due to it being revoked.")
                }
                None => fail(400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid."),
            },
            _ => fail(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type."),
        }
    }

    /// `POST /{tenant}/oauth2/v2.0/devicecode`
    pub fn device_code(&mut self, scope: &str) -> Reply {
        self.polls = 0;
        scope.clone_into(&mut self.scope);
        Reply::ok(
            json!({"device_code": "canary-device-code", "user_code": "ABCD-EFGH", "expires_in": 900, "interval": 0.01,
            "verification_uri": "https://microsoft.com/devicelogin",
            "message": "To sign in, open https://microsoft.com/devicelogin and enter the code ABCD-EFGH."}),
        )
    }
}
