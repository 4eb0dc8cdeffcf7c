//! A sign-in record as Graph and the portal's JSON download spell it (beta `signIn`).

use std::borrow::Cow;

use serde::{Deserialize, de::IgnoredAny};

use super::{
    Record,
    mfa::{Mfa, Said, StepText, find},
};
use crate::tenant::{Outcome, Protocol, Requirement, SignInKind, UserId};

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
    pub(crate) id: Str<'a>,
    #[serde(borrow)]
    created_date_time: Str<'a>,
    #[serde(borrow)]
    pub(crate) user_id: Str<'a>,
    #[serde(borrow)]
    pub(crate) user_principal_name: Str<'a>,
    #[serde(borrow)]
    app_id: Str<'a>,
    #[serde(borrow)]
    app_display_name: Str<'a>,
    #[serde(borrow)]
    resource_id: Str<'a>,
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
    #[serde(borrow)]
    authentication_requirement_policies: Option<Vec<Asked<'a>>>,
    #[serde(borrow)]
    applied_conditional_access_policies: Option<Vec<Applied<'a>>>,
    #[serde(borrow)]
    pub(crate) resource_tenant_id: Str<'a>,
    #[serde(borrow)]
    pub(crate) home_tenant_id: Str<'a>,
    #[serde(borrow)]
    status: Option<Status<'a>>,
}

/// How a sign-in ended.
#[derive(Debug, Default)]
struct Status<'a> {
    error_code: Option<i64>,
    additional_details: Str<'a>,
    /// Is it a text, and not the object it should be?
    is_text: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Status<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Members<'a> {
            error_code: Option<i64>,
            #[serde(borrow)]
            additional_details: Str<'a>,
        }
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Status<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object with `errorCode`")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Status<'de>, A::Error> {
                let members = Members::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                let Members { error_code, additional_details } = members;
                Ok(Status { error_code, additional_details, is_text: false })
            }
            fn visit_str<E>(self, _: &str) -> Result<Status<'de>, E> {
                Ok(Status { is_text: true, ..Status::default() })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
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
    #[serde(borrow)]
    authentication_step_requirement: Str<'a>,
    succeeded: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked<'a> {
    #[serde(borrow)]
    requirement_provider: Str<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Applied<'a> {
    #[serde(borrow)]
    id: Str<'a>,
    #[serde(borrow)]
    result: Str<'a>,
    #[serde(borrow)]
    enforced_grant_controls: Option<Vec<Str<'a>>>,
    authentication_strength: Option<IgnoredAny>,
}

impl SignIn<'static> {
    /// What has no parts, of a row: request, user, name, application, its name, resource, address, client, user agent,
    /// requirement, protocol, tenants of the resource and of the user.
    pub(super) fn flat(texts: [String; 13]) -> Self {
        let [
            id,
            user,
            name,
            app,
            app_name,
            resource,
            address,
            client,
            agent,
            requirement,
            protocol,
            resource_tenant,
            home,
        ] = texts.map(|text| Str(Cow::Owned(text)));
        Self {
            id,
            user_id: user,
            user_principal_name: name,
            app_id: app,
            app_display_name: app_name,
            resource_id: resource,
            ip_address: address,
            client_app_used: client,
            user_agent: agent,
            authentication_requirement: requirement,
            authentication_protocol: protocol,
            resource_tenant_id: resource_tenant,
            home_tenant_id: home,
            ..Self::default()
        }
    }
}

impl<'a> SignIn<'a> {
    /// With what has parts taken from another.
    pub(super) fn with(self, nested: Self) -> Self {
        Self {
            authentication_details: nested.authentication_details,
            authentication_requirement_policies: nested.authentication_requirement_policies,
            applied_conditional_access_policies: nested.applied_conditional_access_policies,
            status: nested.status,
            ..self
        }
    }

    /// Fills in what the envelope of a record says where the record itself does not.
    pub(super) fn complete(&mut self, time: &'a str, code: Option<i64>) {
        if self.created_date_time.0.is_empty() {
            self.created_date_time = Str(Cow::Borrowed(time));
        }
        if let (Some(code), status) = (code, self.status.get_or_insert_default())
            && status.error_code.is_none()
        {
            status.error_code = Some(code);
        }
    }
}

impl SignIn<'_> {
    /// The kind, where the record says it.
    pub(crate) fn kind(&self) -> Option<SignInKind> {
        let says = |wanted: &str| {
            self.sign_in_event_types.as_ref().is_some_and(|all| all.iter().any(|t| t.0.eq_ignore_ascii_case(wanted)))
        };
        match self.is_interactive {
            _ if says("nonInteractiveUser") => Some(SignInKind::NonInteractive),
            _ if says("interactiveUser") => Some(SignInKind::Interactive),
            Some(true) => Some(SignInKind::Interactive),
            Some(false) => Some(SignInKind::NonInteractive),
            None => None,
        }
    }

    /// The record, of this kind. What is not said is not taken for a success.
    ///
    /// # Errors
    /// What the record lacks.
    pub(crate) fn record(&self, kind: SignInKind) -> Result<Record<'_>, &'static str> {
        let at = self.created_date_time.0.parse().map_err(|_| "it has no readable `createdDateTime`")?;
        let status = self.status.as_ref();
        let code = status.and_then(|one| one.error_code).ok_or(match status {
            Some(Status { is_text: true, .. }) => {
                "its `status` is a text: an object with `errorCode` says how it ended"
            }
            _ => "it has no `status.errorCode`: it may be a success or none",
        })?;
        let code = u32::try_from(code).unwrap_or(u32::MAX);
        let steps = self.authentication_details.as_deref().unwrap_or_default();
        let mut said = Said::default();
        said.result(status.map_or("", |one| &one.additional_details.0));
        steps.iter().for_each(|step| said.step(&step.text()));
        let requirement = requirement(&self.authentication_requirement.0);
        let mfa = said.verdict(code == 0, requirement == Some(Requirement::Multi));
        Ok(Record {
            at,
            kind,
            outcome: outcome(code),
            error_code: (code != 0).then_some(code),
            requirement,
            mfa,
            protocol: protocol(&self.authentication_protocol.0),
            app_password: steps.iter().any(Step::app_password) || is_skip_of_app_password(mfa),
            asked_by: self.authentication_requirement_policies.as_ref().map(|all| {
                let mut names: Vec<&str> =
                    all.iter().map(|one| &*one.requirement_provider.0).filter(|name| !name.is_empty()).collect();
                names.sort_unstable();
                names.dedup();
                names
            }),
            policies: self.applied_conditional_access_policies.as_ref().map(|all| {
                let mut kept: Vec<(&str, &str)> =
                    all.iter().filter(|one| one.matters()).map(|one| (&*one.id.0, &*one.result.0)).collect();
                kept.sort_unstable();
                kept.dedup();
                kept
            }),
            client_app: &self.client_app_used.0,
            address: &self.ip_address.0,
            app_id: &self.app_id.0,
            app_name: &self.app_display_name.0,
            resource: &self.resource_id.0,
            user_agent: &self.user_agent.0,
        })
    }

    /// The user's object id.
    pub(crate) fn user(&self) -> Option<UserId> {
        self.user_id.0.parse().ok()
    }
}

impl Step<'_> {
    fn text(&self) -> StepText<'_> {
        StepText {
            method: &self.authentication_method.0,
            detail: &self.authentication_method_detail.0,
            result: &self.authentication_step_result_detail.0,
            requirement: &self.authentication_step_requirement.0,
            succeeded: self.succeeded == Some(true),
        }
    }

    fn app_password(&self) -> bool {
        [&self.authentication_method, &self.authentication_method_detail, &self.authentication_step_result_detail]
            .iter()
            .any(|text| is_app_password(&text.0))
    }
}

impl Applied<'_> {
    /// Did the policy, or would it have, asked for MFA or blocked? A record names every policy of the tenant; those that
    /// did not apply, or ask for something else, would only be ballast.
    fn matters(&self) -> bool {
        let result = &self.result.0;
        let acted = ["success", "failure"].iter().any(|one| result.eq_ignore_ascii_case(one))
            || find(result, "reportOnly") == Some(0);
        let controls = self.enforced_grant_controls.as_deref().unwrap_or_default();
        let asks = |control: &str| {
            ["mfa", "multifactor", "multi-factor", "block"].iter().any(|word| find(control, word).is_some())
        };
        acted && (self.authentication_strength.is_some() || controls.iter().any(|control| asks(&control.0)))
    }
}

/// Codes with which the service sends a client on rather than turning it away (Microsoft Entra authentication and
/// authorization error codes): a session to choose or renew, MFA or registration to come, consent to give.
const INTERRUPTED: [u32; 11] = [50_058, 50_072, 50_074, 50_076, 50_079, 50_097, 50_125, 50_140, 50_158, 50_203, 65_001];

pub(super) fn outcome(code: u32) -> Outcome {
    match code {
        0 => Outcome::Success,
        code if INTERRUPTED.contains(&code) => Outcome::Interrupted,
        _ => Outcome::Failure,
    }
}

/// The portal writes `Multifactor authentication`, the API `multiFactorAuthentication`.
pub(super) fn requirement(text: &str) -> Option<Requirement> {
    if letters_are(text, "multifactorauthentication") {
        Some(Requirement::Multi)
    } else if letters_are(text, "singlefactorauthentication") {
        Some(Requirement::Single)
    } else {
        None
    }
}

pub(super) fn protocol(text: &str) -> Protocol {
    if letters_are(text, "ropc") {
        Protocol::Ropc
    } else if letters_are(text, "devicecode") {
        Protocol::DeviceCode
    } else {
        Protocol::Other
    }
}

/// Are these its letters and digits, whatever their case and whatever stands between?
fn letters_are(text: &str, lower: &str) -> bool {
    text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()).eq(lower.bytes())
}

/// "App password" as a method, or the result "MFA requirement skipped due to app password".
pub(super) fn is_app_password(text: &str) -> bool {
    find(text, "app password").is_some()
}

pub(super) fn is_skip_of_app_password(mfa: Mfa<'_>) -> bool {
    matches!(mfa, Mfa::Skipped(reason) if is_app_password(reason))
}
