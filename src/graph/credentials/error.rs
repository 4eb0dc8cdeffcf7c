//! Why signing in failed, in words.

use serde::Deserialize;

use super::Known;
use crate::tenant::ReadError;

/// A sign-in that failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("sign-in by {method} failed: {message}")]
pub struct AuthError {
    /// The method that was tried.
    pub method: &'static str,
    /// What went wrong.
    pub message: String,
    /// What to do.
    pub hints: Vec<String>,
    /// The code of the sign-in service, without its `AADSTS`.
    pub code: Option<u32>,
    /// Could the same try succeed later?
    pub transient: bool,
    /// The method is not there at all (no managed identity, no `az`): another may be tried.
    pub(super) absent: bool,
    /// The operator has to sign in anew: what was kept has ended, was revoked, or is not enough.
    pub(super) anew: bool,
}

impl AuthError {
    pub(super) fn new(method: &'static str, message: impl Into<String>) -> Self {
        Self {
            method,
            message: message.into(),
            hints: Vec::new(),
            code: None,
            transient: false,
            absent: false,
            anew: false,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(super) fn absent(mut self) -> Self {
        self.absent = true;
        self
    }

    pub(super) fn transient(mut self) -> Self {
        self.transient = true;
        self
    }

    /// The error that the sign-in service answered. Its description is not repeated: it may quote what was sent.
    pub(super) fn of_answer(method: &'static str, status: u16, body: &[u8], known: &Known) -> Self {
        let answer: Answer = serde_json::from_slice(body).unwrap_or_default();
        let anew =
            matches!(&*answer.error, "invalid_grant" | "interaction_required" | "consent_required" | "login_required");
        let code = answer.error_codes.first().copied().or_else(|| code_in(&answer.error_description));
        let Some(code) = code else {
            let what = if answer.error.is_empty() { "no readable answer" } else { &answer.error };
            let what = known.said(what.chars().take(200).collect::<String>());
            let mut error =
                Self::new(method, format!("the sign-in service answered {status} ({})", what.escape_debug()));
            error.anew = anew;
            return if status == 429 || status >= 500 { error.transient() } else { error };
        };
        let known = CODES.iter().find(|known| known.0 == code);
        let meaning = known.map_or("the sign-in service refused", |known| known.1);
        let mut error = Self::new(method, format!("{meaning} (AADSTS{code})"));
        error.code = Some(code);
        error.anew = anew;
        error.transient = matches!(code, 90033 | 90006 | 90024 | 90055) || status == 429 || status >= 500;
        match known.map_or("", |known| known.2) {
            "" => error.hint(format!("see https://login.microsoftonline.com/error?code={code}")),
            hint => error.hint(hint),
        }
    }
}

impl From<AuthError> for ReadError {
    fn from(error: AuthError) -> Self {
        // Not transient: signing in has had its own patience, and nobody above adds to it.
        let message = error.to_string();
        Self { hints: error.hints, ..Self::new(message) }
    }
}

/// The error body of the token endpoint.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer {
    pub(super) error: String,
    error_description: String,
    error_codes: Vec<u32>,
}

fn code_in(description: &str) -> Option<u32> {
    let rest = description.split("AADSTS").nth(1)?;
    rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())].parse().ok()
}

/// Code, meaning, next step ("Microsoft Entra authentication and authorization error codes").
const CODES: &[(u32, &str, &str)] = &[
    (
        7000215,
        "the client secret is wrong",
        "copy the secret's *value*, not its id, from Certificates & secrets into AZURE_CLIENT_SECRET",
    ),
    (
        7000222,
        "the client secret has expired",
        "create a new secret, or better a federated credential, for the application",
    ),
    (
        7000218,
        "the application sent neither secret nor assertion",
        "set AZURE_CLIENT_SECRET, or allow public client flows for device code",
    ),
    (
        700027,
        "the certificate does not match the application, or has expired",
        "upload the certificate of AZURE_CLIENT_CERTIFICATE_PATH to the app registration",
    ),
    (
        700213,
        "no federated credential of the application matches this job",
        "compare issuer, subject and audience of the federated credential with the job's: repository, branch or environment",
    ),
    (
        7002138,
        "the federated credential's subject differs in upper and lower case",
        "write the subject exactly as the token has it; it is case-sensitive",
    ),
    (
        70021,
        "no federated credential of the application matches this token",
        "compare issuer, subject and audience of the federated credential with the token's",
    ),
    (
        700016,
        "the tenant does not know this application",
        "check AZURE_CLIENT_ID and AZURE_TENANT_ID: the app registration must be in that tenant",
    ),
    (90002, "the tenant does not exist", "check AZURE_TENANT_ID, `tenant.id`, and `tenant.cloud`"),
    (
        500011,
        "the tenant does not know Microsoft Graph under this name",
        "check `tenant.cloud`: each cloud has its own Graph",
    ),
    (70011, "the requested scope is not valid", "check `tenant.cloud`: each cloud has its own Graph"),
    (
        700025,
        "the application is a public client and must not send a secret",
        "remove the secret, or turn off public client flows",
    ),
    (50194, "the application is for another tenant only", "register the application in this tenant"),
    (900382, "the tenant is in another national cloud", "set `tenant.cloud`"),
    (900432, "the tenant is in another national cloud", "set `tenant.cloud`"),
    (90038, "the tenant is in another national cloud", "set `tenant.cloud`"),
    (7000112, "the application is disabled", "enable the enterprise application in the tenant"),
    (
        65001,
        "nobody has consented to the permissions",
        "have an administrator grant admin consent to the application's permissions",
    ),
    (
        65002,
        "this first-party application cannot get the permission",
        "the Azure CLI cannot carry Policy scopes for a user: sign in with an application (AZURE_CLIENT_ID and a secret, certificate or federated credential)",
    ),
    (
        53003,
        "Conditional Access blocks this sign-in",
        "exclude the application or sign in from where the policy allows it",
    ),
    (530035, "security defaults block this sign-in", "sign in with an application instead of device code"),
    (50076, "the sign-in needs MFA", "sign in again: `az login` or device code"),
    (50079, "the operator has to register for MFA first", "register at https://aka.ms/mfasetup, then sign in again"),
    (50196, "the sign-in service stopped a loop of requests", "wait five minutes"),
    (90055, "the tenant is throttled", "wait a minute and try again"),
    (90033, "the sign-in service is unavailable for the moment", "try again"),
    (90006, "the sign-in service is unavailable for the moment", "try again"),
    (90024, "the sign-in service is unavailable for the moment", "try again"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aadsts_code_becomes_a_sentence_and_a_next_step() {
        let body = br#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret 'hunter2' provided.","error_codes":[7000215]}"#;
        let error = AuthError::of_answer("client secret", 401, body, &Known::default());
        assert_eq!(error.to_string(), "sign-in by client secret failed: the client secret is wrong (AADSTS7000215)");
        assert!(error.hints[0].contains("value"));
        assert!(!format!("{error:?}").contains("hunter2"), "what was sent is not repeated");
    }

    #[test]
    fn a_code_is_found_in_the_text_too_and_html_does_not_crash() {
        let body = br#"{"error":"invalid_request","error_description":"AADSTS700213: No matching federated identity"}"#;
        assert_eq!(AuthError::of_answer("GitHub Actions OIDC", 400, body, &Known::default()).code, Some(700213));
        let html = AuthError::of_answer("client secret", 503, b"<html>gateway</html>", &Known::default());
        assert!(html.transient && html.code.is_none());
    }
}
