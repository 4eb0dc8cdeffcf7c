//! A sign-in record as Graph and the portal's JSON download spell it (beta `signIn`).

use std::borrow::Cow;

use serde::Deserialize;

use super::{EventKind, Record};
use crate::tenant::UserId;

/// A string that may be missing or null: both read as empty, borrowed where the text has no escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Str<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Str<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string or null")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(value.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Str<'de>, E> {
                Ok(Str::default())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SignIn<'a> {
    #[serde(borrow)]
    pub(crate) created_date_time: Str<'a>,
    #[serde(borrow)]
    pub(crate) user_id: Str<'a>,
    #[serde(borrow)]
    pub(crate) user_principal_name: Str<'a>,
    #[serde(borrow)]
    app_id: Str<'a>,
    #[serde(borrow)]
    app_display_name: Str<'a>,
    #[serde(borrow)]
    ip_address: Str<'a>,
    #[serde(borrow)]
    client_app_used: Str<'a>,
    #[serde(borrow)]
    user_agent: Str<'a>,
    #[serde(borrow)]
    authentication_requirement: Str<'a>,
    #[serde(borrow)]
    authentication_protocol: Str<'a>,
    is_interactive: Option<bool>,
    #[serde(borrow)]
    sign_in_event_types: Option<Vec<Str<'a>>>,
    #[serde(borrow)]
    authentication_details: Option<Vec<Step<'a>>>,
    status: Option<Status>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    error_code: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Step<'a> {
    #[serde(borrow)]
    authentication_method: Str<'a>,
    #[serde(borrow)]
    authentication_method_detail: Str<'a>,
    #[serde(borrow)]
    authentication_step_result_detail: Str<'a>,
}

impl SignIn<'_> {
    pub(crate) fn id(&self) -> Option<UserId> {
        self.user_id.0.parse().ok()
    }

    /// Is it a sign-in of a user at all? The log of service principals has no user id.
    pub(crate) fn record(&self) -> Record<'_> {
        let says = |wanted: &str| {
            self.sign_in_event_types.as_ref().is_some_and(|all| all.iter().any(|t| t.0.eq_ignore_ascii_case(wanted)))
        };
        let kind = match self.is_interactive {
            _ if says("nonInteractiveUser") => EventKind::NonInteractive,
            _ if says("interactiveUser") => EventKind::Interactive,
            Some(true) => EventKind::Interactive,
            Some(false) => EventKind::NonInteractive,
            None => EventKind::Other,
        };
        let steps = self.authentication_details.as_deref().unwrap_or_default();
        Record {
            at: self.created_date_time.0.parse().ok(),
            kind,
            error_code: self.status.as_ref().and_then(|status| status.error_code),
            succeeded: self.status.as_ref().and_then(|status| status.error_code).unwrap_or(0) == 0,
            multi_factor: self.authentication_requirement.0.eq_ignore_ascii_case("multiFactorAuthentication"),
            ropc: self.authentication_protocol.0.eq_ignore_ascii_case("ropc"),
            app_password: steps.iter().any(Step::app_password),
            client_app: &self.client_app_used.0,
            address: &self.ip_address.0,
            app_id: &self.app_id.0,
            app_name: &self.app_display_name.0,
            user_agent: &self.user_agent.0,
        }
    }
}

impl Step<'_> {
    fn app_password(&self) -> bool {
        [&self.authentication_method, &self.authentication_method_detail, &self.authentication_step_result_detail]
            .iter()
            .any(|text| is_app_password(&text.0))
    }
}

/// "App password" as a method, or the result "MFA requirement skipped due to app password".
pub(crate) fn is_app_password(text: &str) -> bool {
    const WORDS: &[u8] = b"app password";
    text.len() >= WORDS.len() && text.as_bytes().windows(WORDS.len()).any(|part| part.eq_ignore_ascii_case(WORDS))
}
