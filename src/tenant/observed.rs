//! A tenant as it was observed at one instant.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    str::FromStr,
    sync::OnceLock,
};

use jiff::Timestamp;

use super::{GroupId, PoliciesRead, Policy, SignInEvidence, TenantId, Text, User, UserId};

/// Position of a user in [`ObservedTenant::users`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserIndex(pub u32);

/// Where the facts came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// An offline copy.
    Snapshot,
    /// Microsoft Graph, live.
    Graph,
}

/// What initial domains end in, in each cloud.
const INITIAL_SUFFIXES: [&str; 3] = [".onmicrosoft.com", ".onmicrosoft.us", ".partner.onmschina.cn"];

/// Everything a plan reads of a tenant. `None` and empty follow [`User`]: `None` is unknown.
#[derive(Debug)]
pub struct ObservedTenant {
    /// The tenant's id.
    pub id: TenantId,
    /// Its display name.
    pub name: Text,
    /// The domain it was created with, where the source says so.
    pub initial_domain: Option<Text>,
    /// Live or a copy.
    pub source: Source,
    /// When the facts were read.
    pub captured_at: Timestamp,
    /// When the registration report was made, if that differs.
    pub registration_captured_at: Option<Timestamp>,
    /// Service plan names the tenant holds, for example `AAD_PREMIUM`.
    pub service_plans: Option<Vec<Text>>,
    /// Are security defaults on?
    pub security_defaults_enabled: Option<bool>,
    /// The verified domains.
    pub domains: Option<Vec<Domain>>,
    /// The per-user MFA service settings.
    pub mfa_service_policy: Option<MfaServicePolicy>,
    /// `policyMigrationState` of the authentication methods policy.
    pub policy_migration_state: Option<Text>,
    /// Object id of the operator, where they signed in as a user.
    pub operator_id: Option<UserId>,
    /// The groups that were read.
    pub groups: Vec<Group>,
    /// The Conditional Access policies.
    pub conditional_access: Option<Vec<Policy>>,
    /// How they were read, and whether that can be all of them.
    pub conditional_access_read: Option<PoliciesRead>,
    /// Facts that could not be read, and why.
    pub unavailable: Vec<Unavailable>,
    /// What the sign-ins rest on, where that is worth knowing beside the facts.
    pub evidence: Option<SignInEvidence>,
    /// What is to be said of how the facts were read: records of nobody here, files the portal cut.
    pub notes: Vec<Text>,
    /// Users whose state, or of whom anything, could not be read in the end. Where only these were asked for, those who
    /// are neither here nor among the users do not exist. Sorted by user.
    pub unread: Vec<Unread>,
    /// Groups whose members could not be read whole: whether somebody is in them is unknown.
    pub unread_groups: BTreeSet<GroupId>,
    /// How many users may sign in, where not everybody was read; else they are counted.
    pub enabled_users: Option<u64>,
    users: Vec<User>,
    by_id: OnceLock<HashMap<UserId, UserIndex>>,
    by_name: OnceLock<HashMap<Box<str>, UserIndex>>,
}

impl ObservedTenant {
    /// A tenant with these users and nothing else known. Users are sorted once, here: by name without case, then id.
    #[must_use]
    pub fn new(id: TenantId, name: Text, source: Source, captured_at: Timestamp, mut users: Vec<User>) -> Self {
        sort(&mut users);
        Self {
            id,
            name,
            initial_domain: None,
            source,
            captured_at,
            registration_captured_at: None,
            service_plans: None,
            security_defaults_enabled: None,
            domains: None,
            mfa_service_policy: None,
            policy_migration_state: None,
            operator_id: None,
            groups: Vec::new(),
            conditional_access: None,
            conditional_access_read: None,
            unavailable: Vec::new(),
            evidence: None,
            notes: Vec::new(),
            unread: Vec::new(),
            unread_groups: BTreeSet::new(),
            enabled_users: None,
            users,
            by_id: OnceLock::new(),
            by_name: OnceLock::new(),
        }
    }

    /// The users, sorted by user principal name without case, then by id.
    #[must_use]
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// Changes facts of users from a further source (sign-in files), and sorts and indexes anew.
    pub fn update_users(&mut self, change: impl FnOnce(&mut [User])) {
        change(&mut self.users);
        sort(&mut self.users);
        (self.by_id, self.by_name) = (OnceLock::new(), OnceLock::new());
    }

    /// Adds users of whom only what is given here is known.
    pub(crate) fn add_users(&mut self, users: impl IntoIterator<Item = User>) {
        self.users.extend(users);
        self.update_users(|_| ());
    }

    /// Forgets all users but these.
    pub fn retain_users(&mut self, keep: impl FnMut(&User) -> bool) {
        self.users.retain(keep);
        (self.by_id, self.by_name) = (OnceLock::new(), OnceLock::new());
    }

    /// The user at this position. Positions come from this tenant, so the lookup cannot miss.
    #[must_use]
    pub fn user(&self, index: UserIndex) -> &User {
        &self.users[index.0 as usize]
    }

    /// All users with their positions.
    pub fn indexed(&self) -> impl Iterator<Item = (UserIndex, &User)> {
        (0..).map(UserIndex).zip(&self.users)
    }

    /// The user with this object id. The index is built at the first call.
    #[must_use]
    pub fn by_id(&self, id: UserId) -> Option<UserIndex> {
        self.by_id.get_or_init(|| self.indexed().map(|(index, user)| (user.id, index)).collect()).get(&id).copied()
    }

    /// The user with this user principal name, whatever its case. The index is built at the first call.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<UserIndex> {
        self.by_name
            .get_or_init(|| self.indexed().map(|(index, user)| (lowered(&user.user_principal_name), index)).collect())
            .get(&*lowered(name))
            .copied()
    }

    /// The user that is meant by what somebody wrote: an object id, or a user principal name. What has the form of an id is
    /// an id: somebody else's name that looks like it takes no reference over.
    #[must_use]
    pub fn meant(&self, written: &str) -> Option<UserIndex> {
        match written.parse::<UserId>() {
            Ok(id) => self.by_id(id),
            Err(_) => self.by_name(written),
        }
    }

    /// Everybody who has this user's user principal name, themselves included: names ought to be unique, and are not
    /// where a directory is read while it changes.
    #[must_use]
    pub fn namesakes(&self, index: UserIndex) -> Vec<UserIndex> {
        let name = lowered(&self.user(index).user_principal_name);
        // Sorted by name, so they stand side by side.
        let same = |at: &usize| self.users.get(*at).is_some_and(|user| lowered(&user.user_principal_name) == name);
        let at = index.0 as usize;
        let before = (0..at).rev().take_while(same);
        let mut all: Vec<UserIndex> = before.chain((at..).take_while(same)).map(|at| UserIndex(at as u32)).collect();
        all.sort_unstable();
        all
    }

    /// The group with this id, among those that were read.
    #[must_use]
    pub fn group(&self, id: GroupId) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    /// The domain the tenant was created with, such as `contoso.onmicrosoft.com`. Where the source does not say it, and
    /// one domain alone has the form of such a name, it is that one: an initial domain cannot be removed.
    #[must_use]
    pub fn initial_domain(&self) -> Option<&Text> {
        let initial = |domain: &&Domain| {
            let name = domain.id.to_lowercase();
            let first = INITIAL_SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix));
            first.is_some_and(|label| !label.is_empty() && !label.contains('.'))
        };
        self.initial_domain.as_ref().or_else(|| {
            let mut found = self.domains.iter().flatten().filter(initial);
            found.next().filter(|_| found.next().is_none()).map(|domain| &domain.id)
        })
    }

    /// Has the tenant a licence for Conditional Access (Microsoft Entra ID P1 or P2)? `None` where plans are unknown.
    #[must_use]
    pub fn licensed_for_conditional_access(&self) -> Option<bool> {
        self.plans_for_conditional_access().map(|mut plans| plans.next().is_some())
    }

    /// The service plans that bring Conditional Access; `None` where plans are unknown.
    pub(crate) fn plans_for_conditional_access(&self) -> Option<impl Iterator<Item = &Text>> {
        let plans = self.service_plans.as_ref()?;
        Some(plans.iter().filter(|plan| matches!(plan.as_str(), "AAD_PREMIUM" | "AAD_PREMIUM_P2")))
    }
}

fn lowered(name: &str) -> Box<str> {
    name.to_lowercase().into_boxed_str()
}

/// Sorts by name without case. The usual name is ASCII lower case already, so comparing bytes without allocating keeps
/// this a small part of reading a million users.
fn sort(users: &mut [User]) {
    let compare = |a: &User, b: &User| {
        let (left, right) = (&a.user_principal_name, &b.user_principal_name);
        let folded = if left.is_ascii() && right.is_ascii() {
            left.bytes().map(|c| c.to_ascii_lowercase()).cmp(right.bytes().map(|c| c.to_ascii_lowercase()))
        } else {
            left.to_lowercase().cmp(&right.to_lowercase())
        };
        folded.then_with(|| a.id.cmp(&b.id))
    };
    if !users.is_sorted_by(|a, b| compare(a, b).is_le()) {
        users.sort_unstable_by(compare);
    }
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The object id.
    pub id: GroupId,
    /// The name; not unique in a tenant.
    pub display_name: Text,
    /// The mail address.
    pub mail: Option<Text>,
}

/// A verified domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The domain name.
    pub id: Text,
    /// `authenticationType` is `Federated`.
    pub federated: bool,
    /// `federatedIdpMfaBehavior`, where federated.
    pub federated_idp_mfa_behavior: Option<Text>,
}

/// The settings of the per-user MFA service, as far as known. Microsoft documents no API for them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MfaServicePolicy {
    /// May users create app passwords?
    pub allow_app_passwords: Option<bool>,
    /// Address ranges that skip MFA.
    pub trusted_ips: Option<Vec<Text>>,
    /// Skip MFA for requests from federated users on the intranet.
    pub skip_mfa_for_federated_users: Option<bool>,
    /// Days MFA is remembered on a trusted device.
    pub remember_mfa_days: Option<u32>,
}

/// A fact that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// Which.
    pub fact: Fact,
    /// Why, in words the operator can act on.
    pub reason: Text,
}

/// A user who could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Who.
    pub user: UserId,
    /// Why not.
    pub reason: Text,
}

macro_rules! facts {
    ($($(#[$meta:meta])* $name:ident = $text:literal,)*) => {
        /// A kind of fact that a tenant may refuse to give.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        pub enum Fact {
            $($(#[$meta])* #[serde(rename = $text)] $name,)*
        }

        impl Fact {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in files and messages.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

facts! {
    /// The registration report (or the users' methods).
    Registration = "registration",
    /// The sign-in log.
    SignIns = "sign_ins",
    /// The users' last sign-in dates.
    SignInActivity = "sign_in_activity",
    /// Licences.
    Licenses = "licenses",
    /// Directory roles.
    Roles = "roles",
    /// Eligible directory roles (Privileged Identity Management).
    RoleEligibility = "role_eligibility",
    /// Security defaults.
    SecurityDefaults = "security_defaults",
    /// Conditional Access policies.
    ConditionalAccess = "conditional_access",
    /// Whether the Conditional Access policies that were read are all there are.
    ConditionalAccessRead = "conditional_access_read",
    /// The authentication methods policy.
    AuthenticationMethodsPolicy = "authentication_methods_policy",
    /// Domains.
    Domains = "domains",
    /// What mailboxes are for.
    MailboxPurpose = "mailbox_purpose",
    /// Registered devices.
    Devices = "devices",
    /// The per-user MFA service settings.
    MfaServicePolicy = "mfa_service_policy",
    /// Group memberships.
    Groups = "groups",
    /// The per-user MFA state itself.
    MfaState = "mfa_state",
    /// The users' managers.
    Manager = "manager",
    /// Directory attributes of the user (type, department, dates …).
    Directory = "directory",
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Fact {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|fact| fact.as_str() == text).ok_or(())
    }
}
