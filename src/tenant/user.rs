//! A user of the tenant, with every fact a plan looks at.

use jiff::Timestamp;

use super::{GroupId, ObservedState, RoleTemplateId, SignIns, Text, UserId};

/// A directory account. `None` always means *unknown*, never "no": a rule must not take it for safe.
#[derive(Clone, Debug)]
pub struct User {
    /// The object id.
    pub id: UserId,
    /// The sign-in name.
    pub user_principal_name: Text,
    /// The state of per-user MFA.
    pub mfa_state: ObservedState,
    /// The name shown in the directory.
    pub display_name: Option<Text>,
    /// The mail address.
    pub mail: Option<Text>,
    /// The given name.
    pub given_name: Option<Text>,
    /// The surname.
    pub surname: Option<Text>,
    /// The department.
    pub department: Option<Text>,
    /// The job title.
    pub job_title: Option<Text>,
    /// The company.
    pub company_name: Option<Text>,
    /// The country.
    pub country: Option<Text>,
    /// The office location.
    pub office_location: Option<Text>,
    /// The employee id.
    pub employee_id: Option<Text>,
    /// The employee type (free text).
    pub employee_type: Option<Text>,
    /// Which of the facts above the tenant *gave as empty*: known to be absent, not unknown. See [`Emptiness`].
    pub empty: Emptiness,
    /// Member or guest.
    pub user_type: Option<UserType>,
    /// May the account sign in at all?
    pub account_enabled: Option<bool>,
    /// Synchronised from an on-premises directory. Graph's null means "never synchronised".
    pub on_premises_sync_enabled: Option<bool>,
    /// When the account was created.
    pub created: Option<Timestamp>,
    /// `passwordPolicies` contains `DisablePasswordExpiration`.
    pub password_never_expires: Option<bool>,
    /// When the password was last changed.
    pub last_password_change: Option<Timestamp>,
    /// SKU part numbers of the assigned licences.
    pub licenses: Option<Box<[Text]>>,
    /// `extensionAttribute1` … `extensionAttribute15`.
    pub extension_attributes: Option<Box<[Option<Text>; 15]>>,
    /// What the mailbox is for.
    pub mailbox_purpose: Option<MailboxPurpose>,
    /// Has a method registered that MFA can use (`isMfaRegistered`).
    pub registered: Option<bool>,
    /// Could complete MFA now, under the methods policy (`isMfaCapable`).
    pub mfa_capable: Option<bool>,
    /// The registered methods, as Graph spells them (`methodsRegistered`).
    pub methods: Option<Box<[Text]>>,
    /// The account of an agent (Microsoft Entra agent user): it has neither a password nor a second factor.
    pub is_agent: bool,
    /// How many devices are registered to the user.
    pub device_count: Option<u32>,
    /// Whom to call, and who else to tell. Read where somebody asks for it only.
    pub contact: Option<Box<Contact>>,
    /// Groups the user is a member of, directly or through other groups.
    pub member_of: Option<Box<[GroupId]>>,
    /// Directory roles, active or eligible.
    pub directory_roles: Option<Box<[RoleAssignment]>>,
    /// The latest sign-in of any kind.
    pub last_sign_in: LastSignIn,
    /// The latest interactive sign-in.
    pub last_interactive_sign_in: LastSignIn,
    /// What the sign-in log says of the user in the window.
    pub sign_ins: Option<Box<SignIns>>,
}

impl User {
    /// The dates of the last sign-ins, where the tenant said them.
    pub(crate) fn sign_in_dates(&self) -> Option<SignInDates> {
        let known = |last| match last {
            LastSignIn::Unknown => None,
            LastSignIn::Never => Some(None),
            LastSignIn::At(at) => Some(Some(at)),
        };
        Some(SignInDates { any: known(self.last_sign_in)?, interactive: known(self.last_interactive_sign_in)? })
    }

    /// Takes down what the tenant says of the last sign-ins.
    pub(crate) fn set_sign_in_dates(&mut self, dates: SignInDates) {
        let last = |date: Option<Timestamp>| date.map_or(LastSignIn::Never, LastSignIn::At);
        (self.last_sign_in, self.last_interactive_sign_in) = (last(dates.any), last(dates.interactive));
    }

    /// Takes down a sign-in that a record shows: it may be newer than what the tenant said. What neither says stays unknown.
    pub(crate) fn seen(&mut self, dates: SignInDates) {
        let later = |known, seen: Option<Timestamp>| match (known, seen) {
            (LastSignIn::At(known), Some(seen)) => LastSignIn::At(known.max(seen)),
            (LastSignIn::Unknown | LastSignIn::Never, Some(seen)) => LastSignIn::At(seen),
            (known, None) => known,
        };
        self.last_sign_in = later(self.last_sign_in, dates.any);
        self.last_interactive_sign_in = later(self.last_interactive_sign_in, dates.interactive);
    }

    /// Is the account that of somebody from elsewhere, by the mark that the service puts into such names?
    #[must_use]
    pub(crate) fn is_external(&self) -> bool {
        // Nearly no name has the character, and looking for one is a tenth of looking for five.
        self.user_principal_name.as_bytes().contains(&b'#') && self.user_principal_name.contains("#EXT#")
    }

    /// The roles that Conditional Access sees. It does not see those over an administrative unit (Microsoft,
    /// "Conditional Access: Users, groups, agents, and workload identities").
    pub(crate) fn roles_over_the_directory(&self) -> Option<impl Iterator<Item = &RoleAssignment>> {
        Some(self.directory_roles.as_ref()?.iter().filter(|role| role.scope.is_none()))
    }

    /// A user of whom nothing is known but their name and state. Adapters and tests fill in what they know.
    #[must_use]
    pub fn new(id: UserId, user_principal_name: Text, mfa_state: ObservedState) -> Self {
        Self {
            id,
            user_principal_name,
            mfa_state,
            display_name: None,
            mail: None,
            given_name: None,
            surname: None,
            department: None,
            job_title: None,
            company_name: None,
            country: None,
            office_location: None,
            employee_id: None,
            employee_type: None,
            empty: Emptiness::default(),
            user_type: None,
            account_enabled: None,
            on_premises_sync_enabled: None,
            created: None,
            password_never_expires: None,
            last_password_change: None,
            licenses: None,
            extension_attributes: None,
            mailbox_purpose: None,
            registered: None,
            mfa_capable: None,
            methods: None,
            is_agent: false,
            device_count: None,
            contact: None,
            member_of: None,
            directory_roles: None,
            last_sign_in: LastSignIn::Unknown,
            last_interactive_sign_in: LastSignIn::Unknown,
            sign_ins: None,
        }
    }

    /// The part of the user principal name after the last `@`, or nothing.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.user_principal_name.rsplit_once('@').map(|(_, domain)| domain)
    }

    /// The sign-in name of the manager, where one is known.
    #[must_use]
    pub fn manager(&self) -> Option<&Text> {
        self.contact.as_ref()?.manager.as_ref()?.user_principal_name.as_ref()
    }

    /// A guest by type or by the `#EXT#` in the name; `None` when the type is unknown and the name does not tell.
    #[must_use]
    pub fn is_guest(&self) -> Option<bool> {
        if self.is_external() {
            return Some(true);
        }
        self.user_type.map(|kind| kind == UserType::Guest)
    }

    /// The display name, or the sign-in name where there is none.
    #[must_use]
    pub fn name(&self) -> &Text {
        self.display_name.as_ref().unwrap_or(&self.user_principal_name)
    }
}

/// Which text attributes the tenant returned as null or empty. Graph says `"department": null` for "no department" and
/// leaves the key out when it was not asked or not allowed; only the second is unknown. One bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Emptiness(u16);

impl Emptiness {
    /// Marks an attribute as known to be empty.
    pub fn set(&mut self, attribute: Attribute) {
        self.0 |= 1 << attribute as u16;
    }

    /// Is this attribute known to be empty?
    #[must_use]
    pub const fn contains(self, attribute: Attribute) -> bool {
        self.0 & (1 << attribute as u16) != 0
    }
}

/// The text attributes that can be known to be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Attribute {
    /// `displayName`
    DisplayName,
    /// `mail`
    Mail,
    /// `givenName`
    GivenName,
    /// `surname`
    Surname,
    /// `department`
    Department,
    /// `jobTitle`
    JobTitle,
    /// `companyName`
    CompanyName,
    /// `country`
    Country,
    /// `officeLocation`
    OfficeLocation,
    /// `employeeId`
    EmployeeId,
    /// `employeeType`
    EmployeeType,
}

/// Graph's `userType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UserType {
    /// An account of the organisation.
    Member,
    /// An account invited from elsewhere.
    Guest,
}

impl UserType {
    /// Graph's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "Member",
            Self::Guest => "Guest",
        }
    }
}

/// How a user can be reached besides their own mailbox, which needs the sign-in that is about to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// The manager; `None` where there is none, or none is known.
    pub manager: Option<Manager>,
    /// `mobilePhone`
    pub mobile_phone: Option<Text>,
    /// `businessPhones`
    pub business_phones: Box<[Text]>,
}

impl Contact {
    /// Is nothing known?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { manager, mobile_phone, business_phones } = self;
        manager.is_none() && mobile_phone.is_none() && business_phones.is_empty()
    }
}

/// A user's manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// The object id.
    pub id: UserId,
    /// The sign-in name; a contact of the organisation has none.
    pub user_principal_name: Option<Text>,
    /// The name shown in the directory.
    pub display_name: Option<Text>,
}

/// Exchange's `userPurpose` of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailboxPurpose {
    /// A person's mailbox.
    User,
    /// A shared mailbox.
    Shared,
    /// A room.
    Room,
    /// Equipment.
    Equipment,
    /// Linked, unknown to this version, or given as null: nothing special.
    Other,
}

/// How Graph types the account of an agent.
pub(crate) const AGENT_TYPE: &str = "#microsoft.graph.agentUser";

/// A directory role of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Which role.
    pub template_id: RoleTemplateId,
    /// Its name in the directory.
    pub display_name: Text,
    /// Neither eligible only (PIM) nor bound to an end.
    pub permanent: bool,
    /// Graph's `directoryScopeId` of a role that is held over a part of the directory, an administrative unit or an
    /// application; `None`: over all of it.
    pub scope: Option<Text>,
}

/// When somebody last signed in: as the service says (`signInActivity`), where nothing is never, or as far as records show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SignInDates {
    /// In any way.
    pub(crate) any: Option<Timestamp>,
    /// At a prompt.
    pub(crate) interactive: Option<Timestamp>,
}

/// When somebody last signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastSignIn {
    /// The tenant did not say.
    Unknown,
    /// Never since the account exists.
    Never,
    /// At this instant.
    At(Timestamp),
}
