//! What of a tenant a configuration needs to know.

use std::collections::BTreeSet;

use super::{Config, NameList, Predicate, Selector};
use crate::{
    eval::{Expr, UserField},
    tenant::{Fact, ReadRequest, Text, UserId},
};

impl Config {
    /// Every selector: those of blocks, of waves, and of the `except` in each.
    pub fn selectors(&self) -> impl Iterator<Item = &Selector> {
        let mfa = self.mfa.iter().map(|one| &one.selector);
        let service = self.service_accounts.iter().map(|one| &one.selector);
        let glass = self.break_glass.iter().map(|one| &one.selector);
        let accepts = self.accepts.iter().map(|one| &one.selector);
        let waves = self.rollouts.values().flat_map(|one| &one.waves).map(|wave| &wave.selector);
        let all = mfa.chain(service).chain(glass).chain(accepts).chain(waves);
        all.flat_map(|one| std::iter::once(one).chain(one.except.as_deref()))
    }

    /// Every expression that is evaluated once per user.
    pub fn user_expressions(&self) -> impl Iterator<Item = &Expr> {
        let filters =
            self.selectors().filter_map(|one| one.filter.as_ref()).map(|Predicate { expr, each: _, layer: _ }| expr);
        let notices = self.notices.iter().flat_map(|notice| [&notice.subject, &notice.body]);
        filters.chain(self.rules.iter().flat_map(|rule| [&rule.when.expr, &rule.message])).chain(notices)
    }

    /// Does some expression go by when users last signed in?
    pub(crate) fn asks_for_sign_in_dates(&self) -> bool {
        let fields = [UserField::LastSignIn, UserField::LastInteractiveSignIn];
        self.user_expressions().any(|expr| fields.into_iter().any(|field| expr.references().mentions(field)))
    }

    /// What has to be read of the tenant to plan this configuration.
    #[must_use]
    pub fn reads(&self) -> ReadRequest {
        let groups = self.selectors().flat_map(|one| &one.groups).map(|named| named.text.clone());
        ReadRequest {
            groups: groups.collect::<BTreeSet<Text>>(),
            all_groups: self.user_expressions().any(|expr| expr.references().mentions(UserField::Groups))
                || self.selectors().any(|one| has_late(one, NameList::Groups)),
            roles_required: self.selectors().any(|one| !one.roles.is_empty() || has_late(one, NameList::Roles)),
            sign_in_window_days: self.tenant.sign_in_window,
            manager: self.user_expressions().any(|expr| expr.references().mentions(UserField::Manager)),
            phones: false,
            unneeded: BTreeSet::default(),
            users: None,
            states_of: None,
            count_enabled: false,
        }
    }

    /// What has to be read to perform what was decided earlier: the users who may be written, whom blocks protect among
    /// them, and these facts of the tenant; not the tenant.
    ///
    /// A filter that asks for what is only known of somebody beside everybody else (what kind of account they are, how many
    /// users there are) takes the list of all users; their states are still read of these alone.
    #[must_use]
    pub fn reads_of(&self, users: BTreeSet<UserId>, facts: &[Fact]) -> ReadRequest {
        let glass = self.break_glass.iter().map(|block| &block.selector);
        let all = glass.chain(self.service_accounts.iter().map(|block| &block.selector));
        let protecting: Vec<&Selector> =
            all.flat_map(|one| std::iter::successors(Some(one), |one| one.except.as_deref())).collect();
        let filters = || protecting.iter().filter_map(|one| one.filter.as_ref()).map(|one| one.expr.references());
        let mut needed: BTreeSet<Fact> = facts.iter().copied().collect();
        for asked in filters() {
            let of_one = asked.fields().map(facts_of_one).collect::<Option<Vec<_>>>();
            match of_one.filter(|_| !asked.everybody) {
                Some(facts) => needed.extend(facts.into_iter().flatten()),
                None => return ReadRequest { states_of: Some(users), ..self.reads() },
            }
        }
        ReadRequest {
            groups: protecting.iter().flat_map(|one| &one.groups).map(|named| named.text.clone()).collect(),
            all_groups: filters().any(|asked| asked.mentions(UserField::Groups))
                || protecting.iter().any(|one| has_late(one, NameList::Groups)),
            roles_required: protecting.iter().any(|one| !one.roles.is_empty() || has_late(one, NameList::Roles)),
            sign_in_window_days: self.tenant.sign_in_window,
            manager: false,
            phones: false,
            unneeded: Fact::ALL.iter().copied().filter(|fact| !needed.contains(fact)).collect(),
            users: Some(users),
            states_of: None,
            count_enabled: self.guardrails.max_change_percent.is_some(),
        }
    }
}

/// Which groups these are is known once the tenant is: until then, any.
fn has_late(selector: &Selector, list: NameList) -> bool {
    selector.late.iter().any(|one| one.list == list)
}

/// The facts behind an attribute of a user; `None` where they take more than that user.
fn facts_of_one(field: UserField) -> Option<&'static [Fact]> {
    match field {
        UserField::Id
        | UserField::UserPrincipalName
        | UserField::DisplayName
        | UserField::Mail
        | UserField::Domain
        | UserField::Department
        | UserField::JobTitle
        | UserField::CompanyName
        | UserField::Country
        | UserField::OfficeLocation
        | UserField::EmployeeId
        | UserField::EmployeeType
        | UserField::UserType
        | UserField::AccountEnabled
        | UserField::OnPremisesSyncEnabled
        | UserField::Created
        | UserField::PasswordNeverExpires
        | UserField::Groups
        | UserField::MfaState
        | UserField::Extension => Some(&[]),
        UserField::Licenses => Some(&[Fact::Licenses]),
        UserField::Roles => Some(&[Fact::Roles, Fact::RoleEligibility]),
        UserField::Registered | UserField::Methods => Some(&[Fact::Registration]),
        // Managers come with the list, sign-ins with files that speak of all users; what kind of account somebody has is
        // judged by what is usual in the tenant.
        UserField::Manager
        | UserField::LastSignIn
        | UserField::LastInteractiveSignIn
        | UserField::LegacySignIns
        | UserField::Kind
        | UserField::ServiceAccountScore => None,
    }
}
