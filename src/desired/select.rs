//! Selectors: from names and expressions to the users they mean.
//!
//! Every selector is turned into a sorted list of positions once. Lists, groups and roles are looked up, never scanned
//! per user, so ten thousand blocks over a million users cost what they match; only `where` looks at every user, once a
//! block.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use crate::{
    config::{Config, LateNames, NameList, Named, Predicate, Selector, late_names},
    diag::{Diagnostic, Diagnostics, Span, did_you_mean},
    eval::{Scope, UserFacts, UserField, Value},
    tenant::{GroupId, ObservedTenant, RoleTemplateId, Text, UserId, UserIndex},
};

use super::{ProtectionKind, role_names::BUILT_IN_ROLES};

/// How many wrong names get a "did you mean": each costs a walk over all names of the tenant.
const SUGGESTIONS: usize = 20;

/// What is known of declared protection while a selector is resolved, for `user.kind`.
pub(super) type Protections<'a> = &'a (dyn Fn(UserIndex) -> Option<ProtectionKind> + Sync);

/// Resolves selectors against one tenant.
pub(super) struct Selection<'a, F> {
    config: &'a Config,
    tenant: &'a ObservedTenant,
    view: F,
    groups: Groups<'a>,
    roles: HashMap<Box<str>, Vec<UserIndex>>,
    tenant_value: Value,
    suggestions_left: usize,
    /// The selector is a `break_glass` block's: whoever it leaves out is not protected.
    emergency: bool,
    pub(super) diagnostics: Diagnostics,
}

/// Groups by id, name and mail, and the members of those that some selector names.
struct Groups<'a> {
    by_name: HashMap<Box<str>, Vec<&'a crate::tenant::Group>>,
    known: HashSet<GroupId>,
    members: HashMap<GroupId, Vec<UserIndex>>,
}

impl<'a, F, V> Selection<'a, F>
where
    F: Fn(UserIndex, Option<ProtectionKind>) -> V + Sync,
    V: UserFacts,
{
    pub(super) fn new(config: &'a Config, tenant: &'a ObservedTenant, tenant_value: Value, view: F) -> Self {
        let groups = Groups::new(config, tenant, &tenant_value);
        let roles = role_holders(config, tenant);
        Self {
            config,
            tenant,
            view,
            groups,
            roles,
            tenant_value,
            suggestions_left: SUGGESTIONS,
            emergency: false,
            diagnostics: Diagnostics::default(),
        }
    }

    /// The users a selector means, sorted. `protection` gives what is known of declared protection, for `user.kind`.
    pub(super) fn users(&mut self, selector: &Selector, protection: Protections<'_>) -> Vec<UserIndex> {
        let Selector { users, groups, roles, filter, late, except } = selector;
        let mut found = Vec::new();
        for named in users {
            found.extend(self.user(named));
        }
        for named in groups {
            self.group(named, &mut found);
        }
        for named in roles {
            self.role(named, &mut found);
        }
        for late in late {
            for named in self.late(late) {
                match late.list {
                    NameList::Users => found.extend(self.user(&named)),
                    NameList::Groups => self.group(&named, &mut found),
                    NameList::Roles => self.role(&named, &mut found),
                }
            }
        }
        if let Some(predicate) = filter {
            self.filter(predicate, protection, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        if let Some(except) = except {
            let away = self.users(except, protection);
            found.retain(|index| away.binary_search(index).is_err());
        }
        found
    }

    /// The users of a `break_glass` block. One that protects nobody is an error: an emptied group or a filter that fits
    /// nobody any more must not end the protection in silence.
    pub(super) fn emergency(&mut self, selector: &Selector, header: Span) -> Vec<UserIndex> {
        self.emergency = true;
        let found = self.users(selector, &|_| None);
        self.emergency = false;
        // What is wrong with a name is said at the name.
        if found.is_empty() && !self.diagnostics.has_errors() {
            self.diagnostics.push(
                Diagnostic::error(
                    "Empty break_glass",
                    "This `break_glass` block selects nobody, so it protects nobody.",
                )
                .at(header, "protects nobody")
                .hint("name the emergency accounts, or remove the block"),
            );
        }
        found
    }

    /// Who a block is about that may do without selectors; nothing means everybody. With an `except` alone it is everybody
    /// but those: the exceptions must never be lost together with the rest.
    pub(super) fn members(&mut self, selector: &Selector, protection: Protections<'_>) -> Option<Vec<UserIndex>> {
        match &selector.except {
            _ if selector.is_everybody() => None,
            Some(except) if selector.is_empty() => {
                let away = self.users(except, protection);
                let everybody = self.tenant.indexed().map(|(index, _)| index);
                Some(everybody.filter(|index| away.binary_search(index).is_err()).collect())
            }
            _ => Some(self.users(selector, protection)),
        }
    }

    /// The names that an expression over the tenant came to; what is wrong with it is told.
    pub(super) fn late(&mut self, late: &LateNames) -> Vec<Named> {
        names_of(self.config, late, &self.tenant_value).unwrap_or_else(|problems| {
            self.diagnostics.extend(problems);
            Vec::new()
        })
    }

    /// The user of one entry of `users`.
    pub(super) fn user(&mut self, named: &Named) -> Option<UserIndex> {
        let tenant = self.tenant;
        let Some(found) = tenant.meant(&named.text) else {
            let names = || tenant.users().iter().map(|user| user.user_principal_name.as_str());
            let hint = self.nearest(named, names);
            self.unknown("user", "user principal name or object id", named, hint);
            return None;
        };
        let namesakes = tenant.namesakes(found);
        if namesakes.len() > 1 && named.text.parse::<UserId>().is_err() {
            let ids: Vec<_> = namesakes.iter().map(|index| tenant.user(*index).id.to_string()).collect();
            self.diagnostics.push(
                Diagnostic::error(
                    "Ambiguous user",
                    format!("{} users are called \"{}\": {}.", ids.len(), named.text, ids.join(", ")),
                )
                .at(named.span, "fits more than one user")
                .hint("name the user by their object id, which is unique"),
            );
            return None;
        }
        Some(found)
    }

    fn group(&mut self, named: &Named, found: &mut Vec<UserIndex>) {
        let fits = self.groups.find(&named.text);
        match fits.as_slice() {
            [] => {
                let tenant = self.tenant;
                let names = || tenant.groups.iter().map(|group| group.display_name.as_str());
                let hint = self.nearest(named, names);
                self.unknown("group", "display name, mail address or object id", named, hint);
            }
            [one] if self.tenant.unread_groups.contains(one) => self.diagnostics.push(
                Diagnostic::error(
                    "Group not read",
                    format!("The members of the group \"{}\" could not be read whole.", named.shown()),
                )
                .at(named.span, "may have members that nobody knows of")
                .hint("read the tenant again, or name the users"),
            ),
            [one] => match self.groups.members.get(one) {
                Some(members) if !members.is_empty() => found.extend(members),
                _ if self.emergency => self.diagnostics.push(
                    Diagnostic::error(
                        "Empty emergency group",
                        format!(
                            "The group \"{}\" has no members among the users of the tenant, so it protects nobody.",
                            named.text
                        ),
                    )
                    .at(named.span, "protects nobody")
                    .hint("put the emergency accounts into the group, or name them in `users`"),
                ),
                _ => self.nobody(named, "group", "has no members among the users of the tenant"),
            },
            several => {
                let ids: Vec<_> = several.iter().map(ToString::to_string).collect();
                self.diagnostics.push(
                    Diagnostic::error(
                        "Ambiguous group",
                        format!("{} groups are called \"{}\": {}.", several.len(), named.shown(), ids.join(", ")),
                    )
                    .at(named.span, "fits more than one group")
                    .hint("name the group by its object id, which is unique"),
                );
            }
        }
    }

    fn role(&mut self, named: &Named, found: &mut Vec<UserIndex>) {
        let key = folded(&named.text);
        if let Some(holders) = self.roles.get(&key) {
            found.extend(holders);
        } else if BUILT_IN_ROLES.iter().any(|role| role.eq_ignore_ascii_case(&named.text))
            || named.text.parse::<RoleTemplateId>().is_ok()
        {
            self.nobody(named, "role", "has no holders among the users of the tenant");
        } else {
            let held = role_names(self.tenant);
            let names = || BUILT_IN_ROLES.iter().copied().chain(held.iter().map(Text::as_str));
            let hint = self.nearest(named, names);
            self.unknown("directory role", "role name or template id", named, hint);
        }
    }

    fn filter(&mut self, predicate: &Predicate, protection: Protections<'_>, found: &mut Vec<UserIndex>) {
        if let Some(unread) = self.tenant.unread_groups.first()
            && predicate.expr.references().mentions(UserField::Groups)
        {
            self.diagnostics.push(
                Diagnostic::error(
                    "Groups not read",
                    format!("`user.groups` is unknown: the members of group {unread} could not be read whole."),
                )
                .at(predicate.expr.span(), "would miss members of this group")
                .hint("read the tenant again, or select without `user.groups`"),
            );
            return;
        }
        let before = found.len();
        let (config, tenant, view, tenant_value) = (self.config, self.tenant, &self.view, &self.tenant_value);
        let select = |index: UserIndex| {
            let view = view(index, protection(index));
            predicate.expr.selects(&scope(config, predicate, tenant_value, &view)).map_err(|error| (index, error))
        };
        let parts = in_parts(tenant.users().len(), |index| select(index).map(|selected| selected.then_some(index)));
        for part in parts {
            match part {
                Ok(selected) => found.extend(selected),
                // The first user's error, however the work was shared.
                Err((index, error)) => {
                    let name = &tenant.user(index).user_principal_name;
                    let mut diagnostic = Diagnostic::from(error);
                    diagnostic.detail = format!("{} (evaluated for user {name})", diagnostic.detail);
                    self.diagnostics.push(diagnostic);
                    return;
                }
            }
        }
        if found.len() == before {
            self.diagnostics.push(
                Diagnostic::warning("Nobody selected", "This `where` is true for no user of the tenant.")
                    .at(predicate.expr.span(), "matches nobody"),
            );
        }
    }

    fn nearest<'n, I: Iterator<Item = &'n str>>(&mut self, named: &Named, names: impl Fn() -> I) -> Option<String> {
        // What is near to a secret tells it.
        if named.sensitive {
            return None;
        }
        self.suggestions_left = self.suggestions_left.checked_sub(1)?;
        did_you_mean(&named.text, names())
    }

    fn unknown(&mut self, what: &str, forms: &str, named: &Named, hint: Option<String>) {
        let mut diagnostic = Diagnostic::error(
            format!("Unknown {what}"),
            format!("The tenant \"{}\" has no {what} with this {forms}: \"{}\".", self.tenant.name, named.shown()),
        )
        .at(named.span, "does not exist");
        diagnostic.hints.extend(hint);
        self.diagnostics.push(diagnostic);
    }

    fn nobody(&mut self, named: &Named, what: &str, why: &str) {
        self.diagnostics.push(
            Diagnostic::warning("Nobody selected", format!("The {what} \"{}\" {why}.", named.shown()))
                .at(named.span, "matches nobody"),
        );
    }
}

/// How many users one task looks at: large enough that tasks cost nothing, small enough for all cores to share.
const CHUNK: usize = 4096;

/// Looks at every user, on all cores; the parts are in the tenant's order, each up to its own first error.
fn in_parts<E: Send>(
    users: usize,
    look: impl Fn(UserIndex) -> Result<Option<UserIndex>, E> + Sync,
) -> Vec<Result<Vec<UserIndex>, E>> {
    let part = |start: usize| {
        let positions = start..users.min(start + CHUNK);
        positions.filter_map(|position| look(UserIndex(position as u32)).transpose()).collect()
    };
    (0..users).into_par_iter().step_by(CHUNK).map(part).collect()
}

/// The names that an expression over the tenant comes to.
///
/// # Errors
/// That it fails, or comes to something else than texts.
fn names_of(config: &Config, late: &LateNames, tenant: &Value) -> Result<Vec<Named>, Vec<Diagnostic>> {
    let LateNames { list, expr, each, layer } = late;
    let origin = config.origin_of(*layer);
    let scope = Scope {
        each: each.as_ref().map(|(key, value)| (key, value)),
        tenant: Some(tenant),
        allow_files: &config.allow_files,
        ..Scope::new(&config.var, &config.local, &origin.dir, config.instant).noting(&origin.reads)
    };
    let name = match list {
        NameList::Users => "users",
        NameList::Groups => "groups",
        NameList::Roles => "roles",
    };
    match expr.eval(&scope) {
        Ok(value) => late_names(name, &value, expr.span()),
        Err(error) => {
            let unknown = tenant.get("initial_domain").is_none_or(Value::is_null);
            let diagnostic = Diagnostic::from(error);
            Err(vec![if unknown {
                diagnostic.hint(
                    "the tenant's initial domain is not known: an offline copy says it as `initialDomain` of `tenant`",
                )
            } else {
                diagnostic
            }])
        }
    }
}

/// What names mean inside `where`.
fn scope<'s>(config: &'s Config, predicate: &'s Predicate, tenant: &'s Value, view: &'s dyn UserFacts) -> Scope<'s> {
    let origin = config.origin_of(predicate.layer);
    Scope {
        var: &config.var,
        local: &config.local,
        modules: &config.modules,
        module_dir: ".",
        each: predicate.each.as_ref().map(|(key, value)| (key, value)),
        user: Some(view),
        change: None,
        wave: None,
        plan: None,
        tenant: Some(tenant),
        base_dir: &origin.dir,
        reads: Some(&origin.reads),
        allow_files: &config.allow_files,
        instant: config.instant,
        extra: None,
    }
}

fn folded(name: &str) -> Box<str> {
    name.to_lowercase().into_boxed_str()
}

impl<'a> Groups<'a> {
    fn new(config: &Config, tenant: &'a ObservedTenant, tenant_value: &Value) -> Self {
        let mut by_name: HashMap<Box<str>, Vec<&'a crate::tenant::Group>> = HashMap::new();
        let mut wanted: HashMap<GroupId, Vec<UserIndex>> = HashMap::new();
        let mut names = Vec::new();
        // What is wrong with those that mention the tenant is told where they are selected.
        let late: Vec<Named> = config
            .selectors()
            .flat_map(|one| &one.late)
            .filter(|one| one.list == NameList::Groups)
            .flat_map(|one| names_of(config, one, tenant_value).unwrap_or_default())
            .collect();
        for selector in config.selectors() {
            names.extend(&selector.groups);
        }
        names.extend(&late);
        if names.is_empty() {
            return Self { by_name, known: HashSet::new(), members: wanted };
        }
        for group in &tenant.groups {
            by_name.entry(folded(&group.display_name)).or_default().push(group);
            if let Some(mail) = &group.mail
                && !mail.eq_ignore_ascii_case(&group.display_name)
            {
                by_name.entry(folded(mail)).or_default().push(group);
            }
        }
        let known = tenant.groups.iter().map(|group| group.id).collect();
        let mut groups = Self { by_name, known, members: HashMap::new() };
        for named in names {
            for id in groups.find(&named.text) {
                wanted.entry(id).or_default();
            }
        }
        for (index, user) in tenant.indexed() {
            for id in user.member_of.iter().flatten() {
                if let Some(members) = wanted.get_mut(id) {
                    members.push(index);
                }
            }
        }
        groups.members = wanted;
        groups
    }

    /// What has the form of an id is an id: a group that is *called* like another one's id takes no reference over.
    fn find(&self, name: &str) -> Vec<GroupId> {
        if let Ok(id) = name.parse::<GroupId>() {
            return self.known.contains(&id).then_some(id).into_iter().collect();
        }
        self.by_name.get(&folded(name)).map(|fits| fits.iter().map(|group| group.id).collect()).unwrap_or_default()
    }
}

/// Holders of the roles that some selector names, by folded name and by template id.
fn role_holders(config: &Config, tenant: &ObservedTenant) -> HashMap<Box<str>, Vec<UserIndex>> {
    let mut holders: HashMap<Box<str>, Vec<UserIndex>> = HashMap::new();
    let none = |one: &Selector| one.roles.is_empty() && one.late.iter().all(|one| one.list != NameList::Roles);
    if config.selectors().all(none) {
        return holders;
    }
    for (index, user) in tenant.indexed() {
        for role in user.directory_roles.iter().flatten() {
            // A custom role may be called anything, but no role takes another one's id over.
            if role.display_name.parse::<RoleTemplateId>().is_err() {
                holders.entry(folded(&role.display_name)).or_default().push(index);
            }
            holders.entry(role.template_id.to_string().into_boxed_str()).or_default().push(index);
        }
    }
    holders
}

fn role_names(tenant: &ObservedTenant) -> Vec<Text> {
    let mut names: Vec<Text> = tenant
        .users()
        .iter()
        .flat_map(|user| user.directory_roles.iter().flatten())
        .map(|role| role.display_name.clone())
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
