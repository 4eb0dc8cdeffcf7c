//! `user` in expressions, and the facts that are derived once per tenant.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU8, Ordering},
};

use jiff::Timestamp;

use super::{Population, Signal, SignalModel, UserKind, kind, recognise};
use crate::{
    config::SignalSettings,
    eval::{UserFacts, UserField, Value},
    tenant::{GroupId, LastSignIn, ObservedTenant, Text, User, UserIndex},
};

/// What is derived once per tenant and looked at for every user.
#[derive(Debug)]
pub struct Facts<'t> {
    /// The tenant.
    pub tenant: &'t ObservedTenant,
    /// What is usual in it.
    pub population: Population,
    /// The service account signal.
    pub model: SignalModel,
    /// The plan's one instant.
    pub instant: Timestamp,
    group_names: HashMap<GroupId, Text>,
    /// Per user, the score once somebody asked for it: every `where`, several rules and the change itself do.
    scores: Box<[AtomicU8]>,
}

/// No score yet: scores end at 100.
const UNSCORED: u8 = u8::MAX;

impl<'t> Facts<'t> {
    /// Derives them; linear in users and groups.
    #[must_use]
    pub fn of(tenant: &'t ObservedTenant, settings: &SignalSettings, instant: Timestamp) -> Self {
        Self {
            tenant,
            population: Population::of(tenant),
            model: SignalModel::new(settings),
            instant,
            group_names: tenant.groups.iter().map(|group| (group.id, group.display_name.clone())).collect(),
            scores: tenant.users().iter().map(|_| AtomicU8::new(UNSCORED)).collect(),
        }
    }

    /// The service account signal of a user, 0–100.
    #[must_use]
    pub fn score(&self, index: UserIndex) -> u8 {
        let compute = || self.model.score(self.tenant.user(index), &self.population, self.instant);
        let Some(cell) = self.scores.get(index.0 as usize) else { return compute() };
        // Threads that ask at the same time compute the same number; nothing else hangs on it, so no order is needed.
        match cell.load(Ordering::Relaxed) {
            UNSCORED => {
                let score = compute();
                cell.store(score, Ordering::Relaxed);
                score
            }
            score => score,
        }
    }

    /// Does the account look like a workload by what stands in the directory, while nobody knows how it signs in? Accounts
    /// that give themselves away by a role, a licence or a name of Microsoft's own tools are not in question.
    #[must_use]
    pub fn behaviour_unknown(&self, index: UserIndex) -> bool {
        let user = self.tenant.user(index);
        !recognise::sign_ins_known(user) && self.is_probably_a_machine(index) && !recognise::is_no_person(user)
    }

    /// Is it as likely as not that no person signs in with this account?
    #[must_use]
    pub fn is_probably_a_machine(&self, index: UserIndex) -> bool {
        self.score(index) >= self.model.possible || recognise::is_named_like_a_room(self.tenant.user(index))
    }

    /// The signal with its lines.
    #[must_use]
    pub fn signal<'a>(&'a self, user: &'a User) -> Signal<'a> {
        self.model.assess(user, &self.population, self.instant)
    }

    /// The kind of an account; `declared` as for [`kind`].
    #[must_use]
    pub fn kind(&self, index: UserIndex, declared: Option<UserKind>) -> UserKind {
        kind(self.tenant.user(index), declared, || self.score(index), &self.model)
    }

    /// The name of a group that was read.
    #[must_use]
    pub fn group_name(&self, id: GroupId) -> Option<&Text> {
        self.group_names.get(&id)
    }
}

/// One user, as expressions see them.
#[derive(Debug)]
pub struct UserView<'a> {
    facts: &'a Facts<'a>,
    index: UserIndex,
    user: &'a User,
    declared: Option<UserKind>,
}

impl<'a> UserView<'a> {
    /// `declared` is [`UserKind::BreakGlass`] or [`UserKind::ServiceAccount`] where a block says so.
    #[must_use]
    pub fn new(facts: &'a Facts<'a>, index: UserIndex, declared: Option<UserKind>) -> Self {
        Self { facts, index, user: facts.tenant.user(index), declared }
    }

    fn groups(&self) -> Value {
        let Some(ids) = &self.user.member_of else { return Value::Null };
        // A list that may lack a group would answer "not in it".
        if !self.facts.tenant.unread_groups.is_empty() {
            return Value::Null;
        }
        list(ids.iter().filter_map(|id| self.facts.group_name(*id)))
    }
}

impl UserFacts for UserView<'_> {
    fn get(&self, field: UserField) -> Value {
        let user = self.user;
        match field {
            UserField::Id => Value::String(user.id.to_string().into()),
            UserField::UserPrincipalName => Value::String(user.user_principal_name.clone()),
            UserField::DisplayName => text(user.display_name.as_ref()),
            UserField::Mail => text(user.mail.as_ref()),
            UserField::Domain => user.domain().map_or(Value::Null, |domain| Value::String(domain.into())),
            UserField::Department => text(user.department.as_ref()),
            UserField::JobTitle => text(user.job_title.as_ref()),
            UserField::CompanyName => text(user.company_name.as_ref()),
            UserField::Country => text(user.country.as_ref()),
            UserField::OfficeLocation => text(user.office_location.as_ref()),
            UserField::Manager => text(user.manager()),
            UserField::EmployeeId => text(user.employee_id.as_ref()),
            UserField::EmployeeType => text(user.employee_type.as_ref()),
            UserField::UserType => user.user_type.map_or(Value::Null, |one| Value::String(one.as_str().into())),
            UserField::AccountEnabled => boolean(user.account_enabled),
            UserField::OnPremisesSyncEnabled => boolean(user.on_premises_sync_enabled),
            UserField::Created => user.created.map_or(Value::Null, |at| Value::String(at.to_string().into())),
            UserField::PasswordNeverExpires => boolean(user.password_never_expires),
            UserField::Licenses => user.licenses.as_ref().map_or(Value::Null, |skus| list(skus.iter())),
            UserField::Roles => user
                .directory_roles
                .as_ref()
                .map_or(Value::Null, |roles| list(roles.iter().map(|one| &one.display_name))),
            UserField::Groups => self.groups(),
            UserField::MfaState => user.mfa_state.known().map_or(Value::Null, |one| Value::String(one.as_str().into())),
            UserField::Registered => boolean(user.registered),
            UserField::Methods => user.methods.as_ref().map_or(Value::Null, |methods| list(methods.iter())),
            UserField::LastSignIn => last(user.last_sign_in),
            UserField::LastInteractiveSignIn => last(user.last_interactive_sign_in),
            UserField::LegacySignIns => legacy(user),
            UserField::Kind => Value::String(self.facts.kind(self.index, self.declared).as_str().into()),
            UserField::ServiceAccountScore => Value::from(u64::from(self.facts.score(self.index))),
            UserField::Extension => extension(user),
        }
    }
}

/// An attribute known to be empty is null as well: `== null` asks whether there is a value.
fn text(value: Option<&Text>) -> Value {
    value.map_or(Value::Null, |text| Value::String(text.clone()))
}

fn boolean(value: Option<bool>) -> Value {
    value.map_or(Value::Null, Value::Bool)
}

fn list<'a>(items: impl Iterator<Item = &'a Text>) -> Value {
    Value::List(items.map(|one| Value::String(one.clone())).collect())
}

/// "Never" is Graph's own first day of the calendar, so that a comparison with a date finds those who never signed in.
fn last(value: LastSignIn) -> Value {
    match value {
        LastSignIn::Unknown => Value::Null,
        LastSignIn::Never => Value::String("0001-01-01T00:00:00Z".into()),
        LastSignIn::At(at) => Value::String(at.to_string().into()),
    }
}

fn legacy(user: &User) -> Value {
    let Some(legacy) = user.sign_ins.as_deref().and_then(|one| one.legacy.as_ref()) else { return Value::Null };
    let counts = legacy.iter().map(|one| (one.protocol.clone(), Value::from(u64::from(one.count))));
    Value::object(counts)
}

fn extension(user: &User) -> Value {
    let Some(attributes) = &user.extension_attributes else { return Value::Null };
    let numbered =
        (1..).zip(attributes.iter()).map(|(number, value): (u8, _)| (number.to_string().into(), text(value.as_ref())));
    Value::object::<Text>(numbered)
}
