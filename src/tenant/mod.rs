//! The domain: a tenant as observed, and the two ports through which the rest of the program reaches one.
//!
//! Nothing here does I/O. Microsoft Graph ([`crate::graph`]) and the snapshot file ([`crate::snapshot`]) are adapters
//! behind [`TenantRead`] and [`TenantWrite`].

mod cell;
mod conditional_access;
mod evidence;
mod id;
mod observed;
mod patience;
mod port;
mod roles;
mod sign_ins;
mod state;
mod text;
mod user;

pub(crate) use cell::{Cell, CellPolicy, Mfa, Outcome, Protocol, Requirement, SignInKind, SignInShape};
#[cfg(test)]
pub(crate) use conditional_access::OtherMembers;
pub use conditional_access::{
    ApplicationConditions, Conditions, GrantControls, PoliciesRead, Policy, PolicyState, UserConditions,
};
pub(crate) use conditional_access::{AuthenticationStrength, ExternalUsers};
pub(crate) use evidence::{EvidenceStretch, EvidenceStretches, SignInEvidence, SignInMode};
pub(crate) use id::RoleTemplateId;
pub use id::{GroupId, TenantId, UserId};
pub use observed::{Domain, Fact, Group, ObservedTenant, Source, UserIndex};
pub(crate) use observed::{MfaServicePolicy, Unavailable, Unread};
pub use patience::Patience;
pub(crate) use patience::Spent;
pub(crate) use port::{ReadError, WriteError};
pub use port::{ReadProgress, ReadRequest, StateRead, TenantRead, TenantWrite, WriteErrorKind};
pub(crate) use roles::{is_global_administrator, is_privileged, role};
pub use sign_ins::{AppSignIns, LegacySignIns, SignInFile, SignIns};
pub(crate) use sign_ins::{FURTHER_APPS, SignInFileKind, Skipped, is_legacy};
pub use state::MfaState;
pub(crate) use state::ObservedState;
pub use text::Text;
pub(crate) use user::{AGENT_TYPE, Contact, Emptiness, Manager, RoleAssignment, SignInDates};
pub use user::{Attribute, LastSignIn, MailboxPurpose, User, UserType};
