//! What names mean while an expression is evaluated.

use std::path::{Path, PathBuf};

use std::sync::Arc;

use jiff::Timestamp;

use super::{FileReads, References, Value};

/// An attribute of one of the fixed names, as documentation and editors tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Its type, as `type = …` would write it.
    pub ty: &'static str,
    /// What it says, in Markdown.
    pub doc: &'static str,
    /// All values it may have, where they are few.
    pub values: &'static [&'static str],
}

const fn member(name: &'static str, ty: &'static str, doc: &'static str) -> Member {
    Member { name, ty, doc, values: &[] }
}

const fn one_of(name: &'static str, values: &'static [&'static str], doc: &'static str) -> Member {
    Member { name, ty: "string", doc, values }
}

/// What `user.kind` may be; a test holds it to the type.
const KINDS: &[&str] = &[
    "person",
    "guest",
    "service_account",
    "sync",
    "teams_room",
    "shared_device",
    "agent",
    "shared_mailbox",
    "room",
    "equipment",
    "bulk_enrolment",
    "break_glass",
    "unknown",
];
const STATES: &[&str] = &["disabled", "enabled", "enforced"];

/// The attributes of `change`.
pub(crate) const CHANGE: [Member; 3] = [
    one_of("before", STATES, "The state observed: `disabled`, `enabled` or `enforced`."),
    one_of("after", STATES, "The state declared."),
    one_of("action", &["enable", "enforce", "relax", "disable"], "`enable`, `enforce`, `relax` or `disable`."),
];

/// The attributes of `wave`.
pub(crate) const WAVE: [Member; 3] = [
    member("name", "string", "The wave's name."),
    member("rollout", "string", "The rollout's name."),
    member("from", "string", "The instant from which on it is open, RFC 3339."),
];

/// The attributes of `tenant`.
pub(crate) const TENANT: [Member; 7] = [
    member("id", "string", "The tenant's id, a GUID."),
    member("name", "string", "The tenant's display name."),
    member(
        "initial_domain",
        "string",
        "The domain that the tenant was created with, such as `contoso.onmicrosoft.com`.",
    ),
    one_of("cloud", &["global", "usgov", "usgov_dod", "china"], "`global`, `usgov`, `usgov_dod` or `china`."),
    member("licensed_for_conditional_access", "bool", "Does the tenant hold Entra ID P1 or more?"),
    member("security_defaults_enabled", "bool", "Are security defaults on?"),
    member("users", "number", "How many users the tenant has."),
];

/// The values where some are listed, else none.
macro_rules! few {
    () => {
        &[]
    };
    ($values:expr) => {
        $values
    };
}

macro_rules! user_fields {
    ($($name:ident = $text:literal, $ty:literal, $doc:literal $(, $values:expr)?;)*) => {
        /// An attribute of `user` in expressions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum UserField {
            $(#[doc = $doc] $name,)*
        }

        impl UserField {
            /// Every attribute, in the order they are documented.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in expressions.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                self.member().name
            }

            /// Name, type and meaning.
            #[must_use]
            pub const fn member(self) -> Member {
                match self {
                    $(Self::$name => Member { values: few![$($values)?], ..member($text, $ty, $doc) },)*
                }
            }
        }
    };
}

user_fields! {
    Id = "id", "string", "The object id: a GUID that stays when the account is renamed.";
    UserPrincipalName = "user_principal_name", "string", "The sign-in name, such as `jdoe@contoso.com`.";
    DisplayName = "display_name", "string", "The name shown to others.";
    Mail = "mail", "string", "The primary mail address.";
    Domain = "domain", "string", "The domain of the sign-in name.";
    Department = "department", "string", "The department.";
    JobTitle = "job_title", "string", "The job title.";
    CompanyName = "company_name", "string", "The company.";
    Country = "country", "string", "The country or region, as it is written in the directory.";
    OfficeLocation = "office_location", "string", "The office.";
    Manager = "manager", "string", "The sign-in name of the manager. Read from Microsoft Graph where an expression mentions it.";
    EmployeeId = "employee_id", "string", "The employee id that the organisation gave.";
    EmployeeType = "employee_type", "string", "The employee type, such as `Employee`, `Contractor` or a word of the organisation's own.";
    UserType = "user_type", "string", "`Member` or `Guest`.", &["Member", "Guest"];
    AccountEnabled = "account_enabled", "bool", "May the account sign in?";
    OnPremisesSyncEnabled = "on_premises_sync_enabled", "bool", "Is the account synchronised from an on-premises directory?";
    Created = "created", "string", "When the account was created, RFC 3339.";
    PasswordNeverExpires = "password_never_expires", "bool", "Is the password exempt from expiry?";
    Licenses = "licenses", "list(string)", "The part numbers of the licences, such as `SPE_E3`.";
    Roles = "roles", "list(string)", "The display names of the directory roles held, eligible ones included.";
    Groups = "groups", "list(string)", "The display names of the groups the user is in, directly or through other groups.";
    MfaState = "mfa_state", "string", "The per-user MFA state now: `disabled`, `enabled` or `enforced`.", STATES;
    Registered = "registered", "bool", "Has the user registered for MFA?";
    Methods = "methods", "list(string)", "The registered methods by Graph's names, such as `microsoftAuthenticatorPush`, `mobilePhone` or `fido2SecurityKey`.";
    LastSignIn = "last_sign_in", "string", "The last sign-in of any kind, RFC 3339; `0001-01-01T00:00:00Z` for never.";
    LastInteractiveSignIn = "last_interactive_sign_in", "string", "The last interactive sign-in, RFC 3339; `0001-01-01T00:00:00Z` for never.";
    LegacySignIns = "legacy_sign_ins", "map(number)", "Sign-ins with legacy authentication in the window, by protocol: `{ \"IMAP4\" = 41 }`.";
    Kind = "kind", "string", "What the account is: `person`, `guest`, `service_account`, `sync`, `teams_room`, `shared_device`, `agent`, `shared_mailbox`, `room`, `equipment`, `bulk_enrolment`, `break_glass` or `unknown`.", KINDS;
    ServiceAccountScore = "service_account_score", "number", "How much the account looks like a workload, 0 to 100.";
    Extension = "extension", "map(string)", "The extension attributes `\"1\"` to `\"15\"`: `user.extension[\"3\"]`.";
}

/// Gives the attributes of one user. Implemented where facts are known; evaluation needs no more.
pub trait UserFacts {
    /// The value of this attribute; [`Value::Null`] where the tenant could not say.
    fn get(&self, field: UserField) -> Value;
}

static NOTHING: Value = Value::Null;

/// What the names of one module mean: the scope that an expression which is evaluated later takes with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Home {
    /// `var`
    pub(crate) var: Value,
    /// `local`
    pub(crate) local: Value,
    /// `module`
    pub(crate) modules: Value,
    /// `path.module`
    pub(crate) dir: Arc<str>,
}

/// What names mean during one evaluation. Built once per configuration; per user only [`Scope::user`] changes.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `var`: an object of the variables' values.
    pub var: &'a Value,
    /// `local`: an object of the locals' values.
    pub local: &'a Value,
    /// `module`: an object of the modules' outputs.
    pub modules: &'a Value,
    /// `path.module`: the module's directory, seen from that of the configuration.
    pub module_dir: &'a str,
    /// `each.key` and `each.value`.
    pub each: Option<(&'a Value, &'a Value)>,
    /// `user`.
    pub user: Option<&'a dyn UserFacts>,
    /// `change`: an object with `before`, `after`, `action`.
    pub change: Option<&'a Value>,
    /// `wave`: an object with `name`, `rollout`, `from`.
    pub wave: Option<&'a Value>,
    /// `plan`: an object with `summary`.
    pub plan: Option<&'a Value>,
    /// `tenant`.
    pub tenant: Option<&'a Value>,
    /// What relative paths in `file()` start from: the configuration directory.
    pub base_dir: &'a Path,
    /// Where files that are read are noted.
    pub reads: Option<&'a FileReads>,
    /// Directories that `file()` and its kin may read besides what is reviewed with the configuration: `--allow-files`.
    pub allow_files: &'a [PathBuf],
    /// What `timestamp()` and `plantimestamp()` return.
    pub instant: Timestamp,
    /// Further names and functions, where there are some (the console).
    pub extra: Option<&'a dyn ExtraNames>,
}

impl<'a> Scope<'a> {
    /// A scope with variables and locals; what else the place has is set by field.
    #[must_use]
    pub fn new(var: &'a Value, local: &'a Value, base_dir: &'a Path, instant: Timestamp) -> Self {
        Self {
            var,
            local,
            modules: &NOTHING,
            module_dir: ".",
            each: None,
            user: None,
            change: None,
            wave: None,
            plan: None,
            tenant: None,
            base_dir,
            reads: None,
            allow_files: &[],
            instant,
            extra: None,
        }
    }

    /// The same, noting the files that are read.
    #[must_use]
    pub fn noting(mut self, reads: &'a FileReads) -> Self {
        self.reads = Some(reads);
        self
    }

    /// The same where expressions of this home stand.
    pub(super) fn at<'s>(self, home: &'s Home) -> Scope<'s>
    where
        'a: 's,
    {
        let Home { var, local, modules, dir } = home;
        Scope { var, local, modules, module_dir: dir, ..self }
    }

    /// Have all variables and locals that these mention a value? One that has none has been reported where it is declared.
    pub(crate) fn has_values_of(&self, references: &References) -> bool {
        references.vars.iter().all(|name| self.var.get(name).is_some())
            && references.locals.iter().all(|name| self.local.get(name).is_some())
            && references.modules.iter().all(|name| self.modules.get(name).is_some())
    }

    /// The same for this user.
    #[must_use]
    pub fn with_user(mut self, user: &'a dyn UserFacts) -> Self {
        self.user = Some(user);
        self
    }
}

/// Names and functions beyond the language's own: `users`, `groups` and `user("…")` in the console. Which exist is
/// said by [`CompileContext::extra`](super::CompileContext::extra) and its neighbour.
pub trait ExtraNames {
    /// The value of a name.
    fn value(&self, name: &str) -> Option<Value>;

    /// The result of a function.
    ///
    /// # Errors
    /// What is wrong with the arguments, in a sentence.
    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String>;
}
