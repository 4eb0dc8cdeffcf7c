//! The domain: a tenant as observed, and the two ports through which the rest of the program reaches one.
//!
//! Nothing here does I/O. Microsoft Graph ([`crate::graph`]) and the snapshot file ([`crate::snapshot`]) are adapters
//! behind [`TenantRead`] and [`TenantWrite`].

mod cell;
mod conditional_access;
mod id;
mod observed;
mod port;
mod roles;
mod sign_ins;
mod state;
mod text;
mod user;

pub use cell::{Cell, CellPolicy, Mfa, Outcome, Protocol, Requirement, SignInKind, SignInShape};
pub use conditional_access::{
    ApplicationConditions, AuthenticationStrength, Conditions, ExternalUsers, GrantControls, Policy, PolicyState,
    UserConditions,
};
pub use id::{GroupId, RoleTemplateId, TenantId, UserId};
pub use observed::{Domain, Fact, Group, MfaServicePolicy, ObservedTenant, Source, Unavailable, UserIndex};
pub use port::{ReadError, ReadProgress, ReadRequest, StateRead, TenantRead, TenantWrite, WriteError, WriteErrorKind};
pub(crate) use roles::{is_privileged, role};
pub use sign_ins::{AppSignIns, LegacySignIns, SignInFile, SignInFileKind, SignIns, Skipped};
pub(crate) use sign_ins::{FURTHER_APPS, is_legacy};
pub use state::{MfaState, ObservedState};
pub use text::Text;
pub use user::{Attribute, Emptiness, LastSignIn, MailboxPurpose, RoleAssignment, User, UserType};
