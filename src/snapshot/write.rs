//! [`ObservedTenant`] → file.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::{
    Serialize,
    ser::{SerializeMap, Serializer},
};

use crate::tenant::{
    AGENT_TYPE, AppSignIns, Attribute, Contact, Domain, Group, LastSignIn, LegacySignIns, MailboxPurpose, Manager,
    MfaServicePolicy, ObservedState, ObservedTenant, PoliciesRead, RoleAssignment, SignIns, Text, Unavailable, User,
    UserType,
};

use super::{
    cells::SkippedMap,
    head::{FORMAT_VERSION, VersionWord},
    time::NEVER,
};

/// Writes a tenant in the snapshot format: reading it back gives the same facts. One user a line, so that two copies of
/// a tenant can be compared by `diff`.
///
/// # Errors
/// Those of `out`.
pub fn write(tenant: &ObservedTenant, out: &mut dyn Write) -> io::Result<()> {
    let mut out = out;
    write!(out, "{{\n\"formatVersion\": \"{FORMAT_VERSION}\",\n\"capturedAt\": ")?;
    json(out, &tenant.captured_at)?;
    if let Some(captured) = &tenant.registration_captured_at {
        write!(out, ",\n\"registrationCapturedAt\": ")?;
        json(out, captured)?;
    }
    write!(out, ",\n\"tenant\": ")?;
    json(out, &Head(tenant))?;
    write!(out, ",\n\"groups\": ")?;
    lines(&mut out, tenant.groups.iter().map(Row))?;
    if let Some(policies) = &tenant.conditional_access {
        write!(out, ",\n\"conditionalAccessPolicies\": ")?;
        lines(&mut out, policies.iter())?;
    }
    write!(out, ",\n\"unavailable\": ")?;
    lines(&mut out, tenant.unavailable.iter().map(Row))?;
    write!(out, ",\n\"users\": ")?;
    lines(&mut out, tenant.users().iter().map(Row))?;
    out.write_all(b"\n}\n")
}

fn json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(out, value).map_err(io::Error::from)
}

/// A list with each element on its own line.
fn lines(out: &mut &mut dyn Write, values: impl Iterator<Item = impl Serialize>) -> io::Result<()> {
    let mut separator: &[u8] = b"[\n";
    let mut empty = true;
    for value in values {
        out.write_all(separator)?;
        json(out, &value)?;
        separator = b",\n";
        empty = false;
    }
    out.write_all(if empty { b"[]" } else { b"\n]" })
}

/// A value of the domain in the file's shape. Each shape takes its value apart without `..`: a new fact has to be
/// thought about here.
pub(super) struct Row<'a, T>(pub(super) &'a T);

/// `tenant`.
struct Head<'a>(&'a ObservedTenant);

/// An object whose unknown members are left out.
pub(super) struct Members<S: SerializeMap>(S);

impl<S: SerializeMap> Members<S> {
    pub(super) fn new<Z: Serializer<SerializeMap = S, Ok = S::Ok, Error = S::Error>>(
        serializer: Z,
    ) -> Result<Self, S::Error> {
        serializer.serialize_map(None).map(Self)
    }

    pub(super) fn end(self) -> Result<S::Ok, S::Error> {
        self.0.end()
    }

    pub(super) fn known<T: Serialize>(&mut self, key: &'static str, value: Option<T>) -> Result<(), S::Error> {
        value.map_or(Ok(()), |value| self.0.serialize_entry(key, &value))
    }

    pub(super) fn always<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), S::Error> {
        self.0.serialize_entry(key, value)
    }
}

pub(super) fn rows<T>(values: &[T]) -> Vec<Row<'_, T>> {
    values.iter().map(Row).collect()
}

impl Serialize for Head<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tenant = self.0;
        let mut object = Members::new(serializer)?;
        object.always("id", &tenant.id)?;
        object.always("displayName", &tenant.name)?;
        object.known("initialDomain", tenant.initial_domain.as_ref())?;
        object.known("servicePlans", tenant.service_plans.as_ref())?;
        object.known("securityDefaultsEnabled", tenant.security_defaults_enabled)?;
        object.known("domains", tenant.domains.as_deref().map(rows))?;
        object.known("mfaServicePolicy", tenant.mfa_service_policy.as_ref().map(Row))?;
        object.known("authenticationMethodsPolicy", tenant.policy_migration_state.as_ref().map(MethodsPolicy))?;
        object.known("operatorId", tenant.operator_id)?;
        object.known("conditionalAccessRead", tenant.conditional_access_read.as_ref().map(Row))?;
        object.known("unreadGroups", (!tenant.unread_groups.is_empty()).then_some(&tenant.unread_groups))?;
        object.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MigrationState<'a> {
    policy_migration_state: &'a Text,
}

struct MethodsPolicy<'a>(&'a Text);

impl Serialize for MethodsPolicy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        MigrationState { policy_migration_state: self.0 }.serialize(serializer)
    }
}

impl Serialize for Row<'_, PoliciesRead> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let PoliciesRead { beta, read, listed, plans } = *self.0;
        let mut object = Members::new(serializer)?;
        object.always("version", if beta { &VersionWord::Beta } else { &VersionWord::V1 })?;
        object.always("read", &read)?;
        object.known("listed", listed)?;
        object.known("plans", plans)?;
        object.end()
    }
}

impl Serialize for Row<'_, Domain> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Domain { id, federated, federated_idp_mfa_behavior } = self.0;
        let mut object = Members::new(serializer)?;
        object.always("id", id)?;
        object.always("authenticationType", if *federated { "Federated" } else { "Managed" })?;
        object.known("federatedIdpMfaBehavior", federated_idp_mfa_behavior.as_ref())?;
        object.end()
    }
}

impl Serialize for Row<'_, MfaServicePolicy> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let MfaServicePolicy { allow_app_passwords, trusted_ips, skip_mfa_for_federated_users, remember_mfa_days } =
            self.0;
        let mut object = Members::new(serializer)?;
        object.known("allowAppPasswords", *allow_app_passwords)?;
        object.known("trustedIps", trusted_ips.as_ref())?;
        object.known("skipMfaForFederatedUsers", *skip_mfa_for_federated_users)?;
        object.known("rememberMfaDays", *remember_mfa_days)?;
        object.end()
    }
}

impl Serialize for Row<'_, Group> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Group { id, display_name, mail } = self.0;
        let mut object = Members::new(serializer)?;
        object.always("id", id)?;
        object.always("displayName", display_name)?;
        object.always("mail", mail)?;
        object.end()
    }
}

impl Serialize for Row<'_, Unavailable> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Unavailable { fact, reason } = self.0;
        let mut object = Members::new(serializer)?;
        object.always("fact", fact)?;
        object.always("reason", reason)?;
        object.end()
    }
}

impl Serialize for Row<'_, User> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let User {
            id,
            user_principal_name,
            mfa_state,
            display_name,
            mail,
            given_name,
            surname,
            department,
            job_title,
            company_name,
            country,
            office_location,
            employee_id,
            employee_type,
            empty,
            user_type,
            account_enabled,
            on_premises_sync_enabled,
            created,
            password_never_expires,
            last_password_change,
            licenses,
            extension_attributes,
            mailbox_purpose,
            registered,
            mfa_capable,
            methods,
            is_agent,
            device_count,
            contact,
            member_of,
            directory_roles,
            last_sign_in,
            last_interactive_sign_in,
            sign_ins,
        } = self.0;
        let mut object = Members::new(serializer)?;
        object.always("id", id)?;
        object.always("userPrincipalName", user_principal_name)?;
        object.always(
            "perUserMfaState",
            &match mfa_state {
                ObservedState::Known(state) => Some(state.as_str()),
                ObservedState::Unknown(raw) => raw.as_deref(),
            },
        )?;
        for (key, attribute, text) in [
            ("displayName", Attribute::DisplayName, display_name),
            ("mail", Attribute::Mail, mail),
            ("givenName", Attribute::GivenName, given_name),
            ("surname", Attribute::Surname, surname),
            ("department", Attribute::Department, department),
            ("jobTitle", Attribute::JobTitle, job_title),
            ("companyName", Attribute::CompanyName, company_name),
            ("country", Attribute::Country, country),
            ("officeLocation", Attribute::OfficeLocation, office_location),
            ("employeeId", Attribute::EmployeeId, employee_id),
            ("employeeType", Attribute::EmployeeType, employee_type),
        ] {
            if text.is_some() || empty.contains(attribute) {
                object.always(key, text)?;
            }
        }
        object.known("userType", user_type.map(UserType::as_str))?;
        object.known("accountEnabled", *account_enabled)?;
        object.known("onPremisesSyncEnabled", *on_premises_sync_enabled)?;
        object.known("createdDateTime", *created)?;
        object.known(
            "passwordPolicies",
            password_never_expires.map(|never| never.then_some("DisablePasswordExpiration")),
        )?;
        object.known("lastPasswordChangeDateTime", *last_password_change)?;
        object.known("licenses", licenses.as_ref())?;
        object.known("onPremisesExtensionAttributes", extension_attributes.as_deref().map(Extension))?;
        object.known("mailboxPurpose", mailbox_purpose.map(purpose))?;
        object.known("isMfaRegistered", *registered)?;
        object.known("isMfaCapable", *mfa_capable)?;
        object.known("methodsRegistered", methods.as_ref())?;
        object.known("@odata.type", is_agent.then_some(AGENT_TYPE))?;
        object.known("deviceCount", *device_count)?;
        if let Some(Contact { manager, mobile_phone, business_phones }) = contact.as_deref() {
            object.known("manager", manager.as_ref().map(Row))?;
            object.known("mobilePhone", mobile_phone.as_ref())?;
            object.known("businessPhones", (!business_phones.is_empty()).then_some(business_phones))?;
        }
        object.known("memberOf", member_of.as_ref())?;
        object.known("directoryRoles", directory_roles.as_deref().map(rows))?;
        object.known("lastSignInDateTime", last(*last_sign_in))?;
        object.known("lastInteractiveSignInDateTime", last(*last_interactive_sign_in))?;
        object.known("signIns", sign_ins.as_deref().map(Row))?;
        object.end()
    }
}

impl Serialize for Row<'_, Manager> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Manager { id, user_principal_name, display_name } = self.0;
        let mut object = Members::new(serializer)?;
        object.always("id", id)?;
        object.known("userPrincipalName", user_principal_name.as_ref())?;
        object.known("displayName", display_name.as_ref())?;
        object.end()
    }
}

/// Null is the file's word for "nothing special".
const fn purpose(purpose: MailboxPurpose) -> Option<&'static str> {
    match purpose {
        MailboxPurpose::User => Some("user"),
        MailboxPurpose::Shared => Some("shared"),
        MailboxPurpose::Room => Some("room"),
        MailboxPurpose::Equipment => Some("equipment"),
        MailboxPurpose::Other => None,
    }
}

fn last(sign_in: LastSignIn) -> Option<Last> {
    match sign_in {
        LastSignIn::Unknown => None,
        LastSignIn::Never => Some(Last::Never),
        LastSignIn::At(instant) => Some(Last::At(instant)),
    }
}

enum Last {
    Never,
    At(Timestamp),
}

impl Serialize for Last {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Never => serializer.serialize_str(NEVER),
            Self::At(instant) => instant.serialize(serializer),
        }
    }
}

struct Extension<'a>(&'a [Option<Text>; 15]);

impl Serialize for Extension<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = self.0.iter().zip(1..).map(|(value, number)| (format!("extensionAttribute{number}"), value));
        serializer.collect_map(named)
    }
}

impl Serialize for Row<'_, RoleAssignment> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let RoleAssignment { template_id, display_name, permanent, scope } = self.0;
        let mut object = Members::new(serializer)?;
        object.always("templateId", template_id)?;
        object.always("displayName", display_name)?;
        object.always("permanent", permanent)?;
        object.known("directoryScopeId", scope.as_ref())?;
        object.end()
    }
}

impl Serialize for Row<'_, SignIns> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let SignIns {
            window_days,
            interactive,
            interactive_mfa,
            mfa_skipped,
            non_interactive,
            failed,
            failed_mfa,
            ropc,
            app_password,
            distinct_ips,
            active_hours,
            weekend_share,
            legacy,
            apps,
            clients,
            cells,
        } = self.0;
        let mut object = Members::new(serializer)?;
        object.known("windowDays", *window_days)?;
        object.known("interactive", *interactive)?;
        object.known("interactiveMfa", *interactive_mfa)?;
        object.known("mfaSkipped", mfa_skipped.as_deref().map(SkippedMap))?;
        object.known("nonInteractive", *non_interactive)?;
        object.known("failed", *failed)?;
        object.known("failedMfa", *failed_mfa)?;
        object.known("ropc", *ropc)?;
        object.known("appPassword", *app_password)?;
        object.known("distinctIps", *distinct_ips)?;
        object.known("activeHours", *active_hours)?;
        object.known("weekendShare", *weekend_share)?;
        object.known("legacy", legacy.as_deref().map(Legacy))?;
        object.known("apps", apps.as_deref().map(rows))?;
        object.known("clients", clients.as_ref())?;
        object.known("cells", cells.as_deref().map(rows))?;
        object.end()
    }
}

struct Legacy<'a>(&'a [LegacySignIns]);

impl Serialize for Legacy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|one| (&one.protocol, Row(one))))
    }
}

impl Serialize for Row<'_, LegacySignIns> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let LegacySignIns { protocol: _, count, last, distinct_ips } = self.0;
        let mut object = Members::new(serializer)?;
        object.always("count", count)?;
        object.known("last", *last)?;
        object.known("distinctIps", *distinct_ips)?;
        object.end()
    }
}

impl Serialize for Row<'_, AppSignIns> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let AppSignIns { id, display_name, count } = self.0;
        let mut object = Members::new(serializer)?;
        object.always("id", id)?;
        object.known("displayName", display_name.as_ref())?;
        object.always("count", count)?;
        object.end()
    }
}
