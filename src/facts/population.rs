//! What is usual in a tenant. A fact that most accounts share says nothing of one of them.

use crate::tenant::{ObservedTenant, Text, User, UserType};

/// Counts over the *members*: enabled accounts that are not guests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Population {
    /// How many enabled accounts, guests included.
    pub enabled: u64,
    /// How many members.
    pub members: u64,
    /// Members of whom it is known whether their password expires.
    pub password_policy_known: u64,
    /// Members whose password never expires.
    pub password_never_expires: u64,
    /// Members with an employee id.
    pub employee_id: u64,
    /// Members with a job title.
    pub job_title: u64,
    /// Members with a department.
    pub department: u64,
    /// Members with a given name and a surname.
    pub full_name: u64,
}

impl Population {
    /// Counts once over all users.
    #[must_use]
    pub fn of(tenant: &ObservedTenant) -> Self {
        let mut counts = Self::default();
        for user in tenant.users() {
            counts.add(user);
        }
        counts
    }

    fn add(&mut self, user: &User) {
        if user.account_enabled != Some(true) {
            return;
        }
        self.enabled += 1;
        if user.user_type == Some(UserType::Guest) {
            return;
        }
        self.members += 1;
        self.password_policy_known += u64::from(user.password_never_expires.is_some());
        self.password_never_expires += u64::from(user.password_never_expires == Some(true));
        self.employee_id += u64::from(given(user.employee_id.as_ref()));
        self.job_title += u64::from(given(user.job_title.as_ref()));
        self.department += u64::from(given(user.department.as_ref()));
        self.full_name += u64::from(given(user.given_name.as_ref()) && given(user.surname.as_ref()));
    }

    /// Do fewer than half of the members have a password that never expires? Exactly half is not fewer.
    #[must_use]
    pub const fn expiring_passwords_are_usual(&self) -> bool {
        self.password_never_expires * 2 < self.password_policy_known
    }

    /// Do more than half of the members have what `count` counts?
    #[must_use]
    pub const fn usual(&self, count: u64) -> bool {
        count * 2 > self.members
    }
}

fn given(text: Option<&Text>) -> bool {
    text.is_some_and(|text| !text.trim().is_empty())
}
