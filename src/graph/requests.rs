//! Every request the program can make of Microsoft Graph. The client sends nothing that is not in [`REQUESTS`]; the
//! table of `docs/graph.md` is generated from it, and the tests' fake refuses everything else.

use crate::tenant::Fact;

/// A version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `/v1.0`
    V1,
    /// `/beta`
    Beta,
}

impl Version {
    /// As in the path.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

/// What a request is counted against ("Microsoft Graph service-specific throttling limits").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Identity and access: resource units per app and tenant.
    Identity,
    /// Reports and audit logs: 5 requests in 10 s.
    Reporting,
    /// `/users` with `signInActivity`: 10 requests a minute.
    Activity,
    /// Conditional Access: 1 request a second per tenant, all apps together.
    ConditionalAccess,
    /// Writes: 3,000 in 150 s.
    Write,
}

/// What a plan does without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Refused means no plan.
    Mandatory,
    /// Refused means this fact is unavailable, with its reason.
    Optional(Fact),
    /// Only `apply` and `rollback` send it.
    Write,
}

/// One kind of request.
#[derive(Debug)]
pub struct RequestSpec {
    /// `GET`, `PATCH` or `POST`.
    pub method: &'static str,
    /// v1.0 or beta.
    pub version: Version,
    /// The path below the version; `{id}` stands for one segment.
    pub path: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// The least permission that fits an app (application) and an operator (delegated) alike.
    pub permission: &'static str,
    /// The least directory role of a signed-in operator.
    pub role: &'static str,
    /// The licence it takes.
    pub licence: &'static str,
    /// Mandatory, optional, or a write.
    pub need: Need,
    /// Which limit it counts against.
    pub family: Family,
    /// Resource units, with the `$select` and `$top` the program sends.
    pub units: u32,
    /// May it be sent inside a `$batch`?
    pub batched: bool,
    /// What it asks for in a batch, from the `?` on.
    pub query: &'static str,
    /// Is it an advanced query, answered from an index that may lag (`ConsistencyLevel: eventual`)?
    pub eventual: bool,
    /// Are the words wanted that Graph hides from clients that do not ask (`Prefer: include-unknown-enum-members`)?
    pub unknown_members: bool,
}

impl RequestSpec {
    /// Is this the kind of a request with this method, version (`v1.0`, `beta`) and path?
    #[must_use]
    pub fn matches(&self, method: &str, version: &str, path: &str) -> bool {
        let mut wanted = self.path.split('/');
        let mut given = path.split('/');
        let same = loop {
            match (wanted.next(), given.next()) {
                (None, None) => break true,
                (Some("{id}"), Some(segment)) if !segment.is_empty() => {}
                (Some(a), Some(b)) if a.eq_ignore_ascii_case(b) => {}
                _ => break false,
            }
        };
        same && self.method == method && self.version.as_str() == version
    }
}

const BASE: RequestSpec = RequestSpec {
    method: "GET",
    version: Version::V1,
    path: "",
    purpose: "",
    permission: "",
    role: "Global Reader",
    licence: "–",
    need: Need::Mandatory,
    family: Family::Identity,
    units: 1,
    batched: false,
    query: "",
    eventual: false,
    unknown_members: false,
};

macro_rules! requests {
    ($($name:ident { $($field:ident: $value:expr),* $(,)? })*) => {
        $(pub(crate) static $name: RequestSpec = RequestSpec { $($field: $value,)* ..BASE };)*
        /// Every kind of request, in the order a plan sends them.
        pub static REQUESTS: &[&RequestSpec] = &[$(&$name,)*];
    };
}

/// What is asked of each user.
macro_rules! user_select {
    () => {
        "id,userPrincipalName,displayName,mail,givenName,surname,department,jobTitle,companyName,country,\
         officeLocation,employeeId,employeeType,userType,accountEnabled,onPremisesSyncEnabled,createdDateTime,\
         passwordPolicies,lastPasswordChangeDateTime,assignedLicenses,onPremisesExtensionAttributes"
    };
}

/// What of a user's contacts is selected, and how their manager is expanded (Microsoft Graph, "List users", "Use query
/// parameters").
pub(crate) const PHONES_SELECT: &str = ",mobilePhone,businessPhones";
pub(crate) const MANAGER_EXPAND: &str = "&$expand=manager($select=id,userPrincipalName,displayName)";

/// `$select` of a list of users.
pub(crate) const USER_SELECT: &str = user_select!();
const USER_QUERY: &str = concat!("?$select=", user_select!());
const NO_ROLE: &str = "–";
const P1: &str = "Entra ID P1";
const P2: &str = "Entra ID P2 or Governance";

requests! {
    ORGANIZATION {
        path: "/organization", purpose: "tenant id and name, checked before anything else",
        permission: "User.Read.All", role: NO_ROLE,
    }
    USERS {
        path: "/users", purpose: "the users; with `perUserMfaState` on the fast path (undocumented, probed)",
        permission: "User.Read.All", role: NO_ROLE,
    }
    USER {
        path: "/users/{id}", purpose: "the planned users only: before a saved plan, a resumption or a rollback is applied",
        permission: "User.Read.All", role: NO_ROLE, batched: true, query: USER_QUERY,
    }
    ENABLED_USERS {
        path: "/users",
        purpose: "how many users may sign in, where `max_change_percent` is set: before a saved plan, a resumption or a rollback is applied",
        permission: "User.Read.All", role: NO_ROLE, eventual: true,
    }
    BATCH_BETA {
        method: "POST", version: Version::Beta, path: "/$batch",
        purpose: "20 reads of `/authentication/requirements` at once; carries reads only",
        permission: "as the requests inside", role: "as the requests inside", units: 0,
    }
    BATCH_V1 {
        method: "POST", path: "/$batch",
        purpose: "20 reads of methods or mailbox settings at once; carries reads only",
        permission: "as the requests inside", role: "as the requests inside", units: 0,
        need: Need::Optional(Fact::Registration),
    }
    STATE {
        version: Version::Beta, path: "/users/{id}/authentication/requirements",
        purpose: "the state of one user", permission: "Policy.Read.All", batched: true,
    }
    GROUPS {
        path: "/groups", purpose: "groups by name or mail; all of them where `user.groups` is used",
        permission: "GroupMember.Read.All",
    }
    GROUP {
        path: "/groups/{id}", purpose: "a group named by object id; whether an empty one hides its members", permission: "GroupMember.Read.All",
    }
    MEMBERS {
        path: "/groups/{id}/transitiveMembers", purpose: "members, nested groups resolved",
        permission: "GroupMember.Read.All", units: 4,
    }
    REGISTRATION {
        path: "/reports/authenticationMethods/userRegistrationDetails", purpose: "who has registered which methods",
        permission: "AuditLog.Read.All", role: "Reports Reader", licence: P1,
        need: Need::Optional(Fact::Registration), family: Family::Reporting,
    }
    METHODS {
        path: "/users/{id}/authentication/methods", purpose: "methods of one user, where there is no P1",
        permission: "UserAuthenticationMethod.Read.All", need: Need::Optional(Fact::Registration), batched: true,
    }
    SIGN_INS {
        version: Version::Beta, path: "/auditLogs/signIns", purpose: "the sign-in log of the window",
        permission: "AuditLog.Read.All", role: "Reports Reader", licence: P1,
        need: Need::Optional(Fact::SignIns), family: Family::Reporting,
    }
    ACTIVITY {
        path: "/users", purpose: "last sign-in dates (`signInActivity`)",
        permission: "User.Read.All and AuditLog.Read.All", role: "Reports Reader", licence: P1,
        need: Need::Optional(Fact::SignInActivity), family: Family::Activity,
    }
    ROLE_DEFINITIONS {
        path: "/roleManagement/directory/roleDefinitions", purpose: "names and template ids of roles",
        permission: "RoleManagement.Read.Directory", need: Need::Optional(Fact::Roles),
    }
    ROLE_ASSIGNMENTS {
        path: "/roleManagement/directory/roleAssignments", purpose: "who holds which role",
        permission: "RoleManagement.Read.Directory", need: Need::Optional(Fact::Roles), units: 2,
    }
    ROLE_ASSIGNMENT_INSTANCES {
        path: "/roleManagement/directory/roleAssignmentScheduleInstances",
        purpose: "which assignments are activated or end", permission: "RoleAssignmentSchedule.Read.Directory",
        licence: P2, need: Need::Optional(Fact::RoleEligibility),
    }
    ROLE_ELIGIBILITY {
        path: "/roleManagement/directory/roleEligibilityScheduleInstances", purpose: "who may activate which role",
        permission: "RoleEligibilitySchedule.Read.Directory", licence: P2, need: Need::Optional(Fact::RoleEligibility),
        units: 2,
    }
    CONDITIONAL_ACCESS {
        version: Version::Beta, path: "/identity/conditionalAccess/policies",
        purpose: "Conditional Access policies, those with preview settings included",
        permission: "Policy.Read.All", need: Need::Optional(Fact::ConditionalAccess),
        family: Family::ConditionalAccess, unknown_members: true,
    }
    CONDITIONAL_ACCESS_V1 {
        path: "/identity/conditionalAccess/policies",
        purpose: "the same without those with preview settings, where beta cannot be had",
        permission: "Policy.Read.All", need: Need::Optional(Fact::ConditionalAccess),
        family: Family::ConditionalAccess, unknown_members: true,
    }
    CONDITIONAL_ACCESS_PLANS {
        version: Version::Beta, path: "/identity/conditionalAccess/plans",
        purpose: "are there Conditional Access plans, whose rules are no policies?",
        permission: "Policy.Read.All", role: "Conditional Access Administrator",
        need: Need::Optional(Fact::ConditionalAccess), family: Family::ConditionalAccess,
    }
    SECURITY_DEFAULTS {
        path: "/policies/identitySecurityDefaultsEnforcementPolicy", purpose: "are security defaults on?",
        permission: "Policy.Read.All", need: Need::Optional(Fact::SecurityDefaults),
    }
    METHODS_POLICY {
        path: "/policies/authenticationMethodsPolicy", purpose: "how far the methods policy is migrated",
        permission: "Policy.Read.All", need: Need::Optional(Fact::AuthenticationMethodsPolicy),
    }
    MFA_SERVICE_POLICY {
        version: Version::Beta, path: "/policies/mfaServicePolicy",
        purpose: "app passwords, trusted addresses, remembered devices (undocumented)",
        permission: "Policy.Read.All", need: Need::Optional(Fact::MfaServicePolicy),
    }
    SKUS {
        path: "/subscribedSkus", purpose: "licences and service plans", permission: "LicenseAssignment.Read.All",
        need: Need::Optional(Fact::Licenses), units: 2,
    }
    DOMAINS {
        path: "/domains", purpose: "which domains are federated", permission: "Domain.Read.All",
        role: "Domain Name Administrator", need: Need::Optional(Fact::Domains),
    }
    FEDERATION {
        path: "/domains/{id}/federationConfiguration", purpose: "whether the federated provider's MFA is accepted",
        permission: "Domain.Read.All", need: Need::Optional(Fact::Domains),
    }
    MAILBOX {
        path: "/users/{id}/mailboxSettings/userPurpose", purpose: "shared mailboxes, rooms, equipment",
        permission: "MailboxSettings.Read", role: NO_ROLE, licence: "Exchange Online",
        need: Need::Optional(Fact::MailboxPurpose), batched: true,
    }
    DEVICES {
        path: "/devices", purpose: "how many devices a user has registered", permission: "Device.Read.All",
        need: Need::Optional(Fact::Devices), units: 2,
    }
    WRITE_STATE {
        method: "PATCH", version: Version::Beta, path: "/users/{id}/authentication/requirements",
        purpose: "sets the state of one user; never batched, never sent by `plan`",
        permission: "Policy.ReadWrite.AuthenticationMethod", role: "Authentication Policy Administrator",
        need: Need::Write, family: Family::Write,
    }
}

/// The table of `docs/graph.md`, in Markdown.
#[must_use]
pub fn markdown_table() -> String {
    let mut table = String::from(
        "| request | for | permission (application and delegated) | least role of an operator | licence | refused |\n\
         |---|---|---|---|---|---|\n",
    );
    for spec in REQUESTS {
        let refused = match spec.need {
            Need::Mandatory => "error".to_owned(),
            Need::Optional(fact) => format!("`{fact}` unavailable"),
            Need::Write => "apply stops".to_owned(),
        };
        let permission = if spec.permission.contains('.') {
            format!("`{}`", spec.permission.replace(" and ", "` and `"))
        } else {
            spec.permission.to_owned()
        };
        table.push_str(&format!(
            "| `{} /{}{}` | {} | {permission} | {} | {} | {refused} |\n",
            spec.method,
            spec.version.as_str(),
            spec.path,
            spec.purpose,
            spec.role,
            spec.licence
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_known_by_method_version_and_path() {
        let known =
            |method: &str, version: &str, path: &str| REQUESTS.iter().any(|spec| spec.matches(method, version, path));
        assert!(known("GET", "beta", "/users/7f3a/authentication/requirements"));
        assert!(known("PATCH", "beta", "/users/7f3a/authentication/requirements"));
        assert!(!known("PATCH", "v1.0", "/users/7f3a/authentication/requirements"));
        assert!(!known("GET", "beta", "/users/7f3a"));
        assert!(!known("DELETE", "v1.0", "/users"));
    }

    #[test]
    fn only_one_request_writes() {
        let writes: Vec<_> = REQUESTS.iter().filter(|spec| spec.need == Need::Write).map(|spec| spec.path).collect();
        assert_eq!(writes, ["/users/{id}/authentication/requirements"]);
    }

    /// Where `MFAPLAN_GRAPH_DEFINITIONS` names a folder of OpenAPI files (`graph-v1.0-subset.yaml`, …), every request is
    /// looked up there, but for those that no definition has.
    #[test]
    fn requests_are_defined_by_microsoft() {
        let Some(folder) = std::env::var_os("MFAPLAN_GRAPH_DEFINITIONS") else { return };
        let elsewhere = ["/policies/mfaServicePolicy", "/domains", "/devices", "/mailboxSettings/"];
        for spec in REQUESTS.iter().filter(|spec| !elsewhere.iter().any(|part| spec.path.contains(part))) {
            let file = format!("graph-{}-subset.yaml", spec.version.as_str());
            let text = std::fs::read_to_string(std::path::Path::new(&folder).join(file)).unwrap();
            let mut operations = text.lines().skip_while(|line| {
                let path = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':')).unwrap_or_default();
                !(path.starts_with('/') && spec.matches(spec.method, spec.version.as_str(), path))
            });
            assert!(operations.next().is_some(), "{} is not defined", spec.path);
            let verb = format!("    {}:", spec.method.to_lowercase());
            assert!(operations.take_while(|line| !line.starts_with("  /")).any(|line| line == verb), "{}", spec.path);
        }
    }
}
