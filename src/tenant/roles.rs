//! Directory roles by template id (Microsoft Entra built-in roles).

use super::{RoleAssignment, RoleTemplateId};

/// Template ids used by rules.
pub(crate) mod role {
    use super::RoleTemplateId;
    use uuid::uuid;

    /// Global Administrator
    pub(crate) const GLOBAL_ADMINISTRATOR: RoleTemplateId =
        RoleTemplateId::new(uuid!("62e90394-69f5-4237-9190-012177145e10"));
    /// Directory Synchronization Accounts
    pub(crate) const DIRECTORY_SYNCHRONIZATION_ACCOUNTS: RoleTemplateId =
        RoleTemplateId::new(uuid!("d29b2b05-8046-44ba-8758-1e26182fcf32"));
    /// On Premises Directory Sync Account
    pub(crate) const ON_PREMISES_DIRECTORY_SYNC_ACCOUNT: RoleTemplateId =
        RoleTemplateId::new(uuid!("a92aed5d-d78a-4d16-b381-09adb37eb3b0"));
    /// Directory Readers
    pub(crate) const DIRECTORY_READERS: RoleTemplateId =
        RoleTemplateId::new(uuid!("88d8e3e3-8f55-4a1e-953a-9b9898b8876b"));
    /// Guest Inviter
    pub(crate) const GUEST_INVITER: RoleTemplateId = RoleTemplateId::new(uuid!("95e79109-95c0-4d8e-aee3-d01accf2d47b"));
    /// Message Center Reader
    pub(crate) const MESSAGE_CENTER_READER: RoleTemplateId =
        RoleTemplateId::new(uuid!("790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b"));
    /// Reports Reader
    pub(crate) const REPORTS_READER: RoleTemplateId =
        RoleTemplateId::new(uuid!("4a5d8f65-41da-4de4-8968-e035b65339cf"));
}

/// Is this the role that may do everything?
#[must_use]
pub(crate) fn is_global_administrator(assignment: &RoleAssignment) -> bool {
    assignment.template_id == role::GLOBAL_ADMINISTRATOR
}

/// Does this role make its holder privileged? Every role does but four that only read or invite.
#[must_use]
pub(crate) fn is_privileged(assignment: &RoleAssignment) -> bool {
    !matches!(
        assignment.template_id,
        role::DIRECTORY_READERS | role::GUEST_INVITER | role::MESSAGE_CENTER_READER | role::REPORTS_READER
    )
}
