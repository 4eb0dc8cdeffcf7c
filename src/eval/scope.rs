//! What names mean while an expression is evaluated.

use std::path::Path;

use jiff::Timestamp;

use super::Value;

macro_rules! user_fields {
    ($($(#[$meta:meta])* $name:ident = $text:literal,)*) => {
        /// An attribute of `user` in expressions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum UserField {
            $($(#[$meta])* $name,)*
        }

        impl UserField {
            /// Every attribute, in the order they are documented.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The name in expressions.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

user_fields! {
    /// Object id.
    Id = "id",
    /// Sign-in name.
    UserPrincipalName = "user_principal_name",
    /// Display name.
    DisplayName = "display_name",
    /// Mail address.
    Mail = "mail",
    /// Domain of the sign-in name.
    Domain = "domain",
    /// Department.
    Department = "department",
    /// Job title.
    JobTitle = "job_title",
    /// Company.
    CompanyName = "company_name",
    /// Country.
    Country = "country",
    /// Office location.
    OfficeLocation = "office_location",
    /// Employee id.
    EmployeeId = "employee_id",
    /// Employee type.
    EmployeeType = "employee_type",
    /// `Member` or `Guest`.
    UserType = "user_type",
    /// May the account sign in?
    AccountEnabled = "account_enabled",
    /// Synchronised from on premises?
    OnPremisesSyncEnabled = "on_premises_sync_enabled",
    /// Creation date, RFC 3339.
    Created = "created",
    /// Does the password never expire?
    PasswordNeverExpires = "password_never_expires",
    /// SKU part numbers.
    Licenses = "licenses",
    /// Directory role names.
    Roles = "roles",
    /// Group display names.
    Groups = "groups",
    /// `disabled`, `enabled` or `enforced`.
    MfaState = "mfa_state",
    /// Has registered for MFA?
    Registered = "registered",
    /// Registered methods, as in the snapshot.
    Methods = "methods",
    /// Last sign-in, RFC 3339.
    LastSignIn = "last_sign_in",
    /// Last interactive sign-in, RFC 3339.
    LastInteractiveSignIn = "last_interactive_sign_in",
    /// Map from legacy protocol to count.
    LegacySignIns = "legacy_sign_ins",
    /// What kind of account it is.
    Kind = "kind",
    /// The service account signal, 0–100.
    ServiceAccountScore = "service_account_score",
    /// Map "1" … "15" of the extension attributes.
    Extension = "extension",
}

/// Gives the attributes of one user. Implemented where facts are known; evaluation needs no more.
pub trait UserFacts {
    /// The value of this attribute; [`Value::Null`] where the tenant could not say.
    fn get(&self, field: UserField) -> Value;
}

/// What names mean during one evaluation. Built once per configuration; per user only [`Scope::user`] changes.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// `var`: an object of the variables' values.
    pub var: &'a Value,
    /// `local`: an object of the locals' values.
    pub local: &'a Value,
    /// `each.key` and `each.value`.
    pub each: Option<(&'a Value, &'a Value)>,
    /// `user`.
    pub user: Option<&'a dyn UserFacts>,
    /// `change`: an object with `before`, `after`, `action`.
    pub change: Option<&'a Value>,
    /// `plan`: an object with `summary`.
    pub plan: Option<&'a Value>,
    /// `tenant`.
    pub tenant: Option<&'a Value>,
    /// What relative paths in `file()` and `path.module` start from: the configuration directory.
    pub base_dir: &'a Path,
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
            each: None,
            user: None,
            change: None,
            plan: None,
            tenant: None,
            base_dir,
            instant,
            extra: None,
        }
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
