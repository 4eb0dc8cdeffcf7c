//! What of a tenant a configuration needs to know.

use super::{Config, Predicate, Selector};
use crate::{
    eval::{Expr, UserField},
    tenant::{ReadRequest, Text},
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
        let filters = self.selectors().filter_map(|one| one.filter.as_ref()).map(|Predicate { expr, each: _ }| expr);
        filters.chain(self.rules.iter().flat_map(|rule| [&rule.when.expr, &rule.message]))
    }

    /// What has to be read of the tenant to plan this configuration.
    #[must_use]
    pub fn reads(&self) -> ReadRequest {
        let groups = self.selectors().flat_map(|one| &one.groups).map(|named| named.text.clone());
        ReadRequest {
            groups: groups.collect::<std::collections::BTreeSet<Text>>(),
            all_groups: self.user_expressions().any(|expr| expr.references().mentions(UserField::Groups)),
            roles_required: self.selectors().any(|one| !one.roles.is_empty()),
            sign_in_window_days: self.tenant.sign_in_window,
            manager: self.user_expressions().any(|expr| expr.references().mentions(UserField::Manager)),
            phones: false,
            unneeded: std::collections::BTreeSet::default(),
            users: None,
            states_of: None,
        }
    }
}
