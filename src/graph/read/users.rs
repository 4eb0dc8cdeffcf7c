//! Users and their states.
//!
//! The documented way to a state is one read of `/authentication/requirements` a user, 20 in a batch. Many tenants also
//! give `perUserMfaState` in the list of users, which no metadata mentions. That fast path is probed: states of some
//! users are read the documented way too, and one difference is enough to read all of them so.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use tokio::sync::mpsc::{self, UnboundedSender};
use uuid::Uuid;

use super::{Plan, per_user::Bad};
use crate::{
    graph::{
        batch::{self, Item},
        client::{Client, Failure, encode},
        pages::Pages,
        requests,
        wire::{Counted, Field, Maybe, Page, StateWire, UserWire},
    },
    tenant::{
        AGENT_TYPE, Attribute, Contact, Emptiness, Manager, MfaState, ObservedState, ReadError, Text, Unread, User,
        UserId, UserType,
    },
};

/// Users probed of each of the first pages.
const PROBES: usize = 5;
const PROBED_PAGES: usize = 4;

/// The users, and what is needed to add facts to them.
#[derive(Default)]
pub(super) struct List {
    pub(super) users: Vec<User>,
    pub(super) index: HashMap<UserId, u32>,
    pub(super) licenses: LicenseSets,
    /// Users, or states of users, that could not be read.
    pub(super) unread: Vec<Unread>,
    /// States the list gave and that have not been confirmed.
    inline: HashSet<u32>,
    /// The list gives states.
    fast: bool,
    /// The list gives managers.
    pub(super) managers: bool,
}

/// Sets of licences: a tenant has few combinations, so a user needs a number only.
#[derive(Default)]
pub(super) struct LicenseSets {
    sets: Vec<Box<[Uuid]>>,
    known: HashMap<Box<[Uuid]>, u32>,
    of_user: Vec<Option<u32>>,
}

impl LicenseSets {
    fn push(&mut self, licenses: Option<Box<[Uuid]>>) {
        let set = licenses.map(|licenses| match self.known.get(&licenses) {
            Some(number) => *number,
            None => {
                let number = self.sets.len() as u32;
                self.sets.push(licenses.clone());
                self.known.insert(licenses, number);
                number
            }
        });
        self.of_user.push(set);
    }

    /// Writes names of licences into the users, which must be in the order they were pushed.
    pub(super) fn assign(&self, users: &mut [User], names: &HashMap<Uuid, Text>) {
        let name = |id: &Uuid| names.get(id).cloned().unwrap_or_else(|| id.to_string().into());
        let named: Vec<Box<[Text]>> = self.sets.iter().map(|set| set.iter().map(name).collect()).collect();
        for (user, set) in users.iter_mut().zip(&self.of_user) {
            user.licenses = set.and_then(|number| named.get(number as usize)).cloned();
        }
    }
}

/// Reads users and states.
pub(super) async fn read(plan: &Plan<'_>) -> Result<List, ReadError> {
    if let Some(users) = &plan.request.users {
        return some(plan, users).await.map_err(Failed::error);
    }
    // A list that says everybody's state is no gain where only some are wanted.
    let inline = plan.bulk_state && plan.request.states_of.is_none();
    let mut way = Way { inline, manager: plan.request.manager };
    loop {
        match attempt(plan, way).await {
            // A tenant that does not know the undocumented property may refuse the whole request.
            Err(Failed::List(Failure::Refused(refusal))) if way.inline && refusal.status == 400 => way.inline = false,
            // An identity that may list users need not be allowed to see who manages whom.
            Err(Failed::List(Failure::Refused(refusal))) if way.manager && matches!(refusal.status, 400 | 403) => {
                way = Way { inline, manager: false };
            }
            other => return other.map_err(Failed::error),
        }
    }
}

/// What is asked for besides the users' own properties.
#[derive(Clone, Copy)]
struct Way {
    /// The state, where a list gives it.
    inline: bool,
    /// The manager, expanded.
    manager: bool,
}

enum Failed {
    List(Failure),
    State(Failure),
}

impl Failed {
    fn error(self) -> ReadError {
        match self {
            Self::List(failure) => failure.error(&requests::USERS, "the users"),
            Self::State(failure) => failure.error(&requests::STATE, "the per-user MFA state"),
        }
    }
}

/// States by position of the user: nothing where the user is deleted, the reason where the state could not be read.
type States = HashMap<u32, Result<Option<ObservedState>, Text>>;

/// Reads these users only, each by id, and their states.
async fn some(plan: &Plan<'_>, users: &BTreeSet<UserId>) -> Result<List, Failed> {
    let mut list = List::default();
    let mut names = Names::default();
    let (sender, receiver) = mpsc::unbounded_channel();
    let _ = sender.send(users.iter().zip(0..).map(|(user, index)| Item::new(index, *user)).collect());
    drop(sender);
    // Owned, since a batch parses its answers apart from who asked; looked at here so that what does not fit is asked again.
    let parse = |text: &str| serde_json::from_str::<UserWire<'_>>(text).map(|_| text.to_owned());
    let spec = &requests::USER;
    let mut bad = Bad::default();
    batch::read_all(plan.client, spec, plan.parallelism, receiver, parse, |item, answer| {
        let failure = match answer {
            Ok(text) => match serde_json::from_str::<UserWire<'_>>(&text) {
                Ok(wire) if UserId::new(wire.id) == item.user => {
                    list.push(&wire, &mut names);
                    bad.answered();
                    return Ok(());
                }
                _ => Failure::Unusable("the service answered with another user".to_owned()),
            },
            // Deleted since the plan was made.
            Err(Failure::Refused(refusal)) if refusal.status == 404 => {
                bad.answered();
                return Ok(());
            }
            Err(failure) => failure,
        };
        list.unread.push(Unread { user: item.user, reason: failure.reason(spec).into() });
        bad.one(failure)
    })
    .await
    .map_err(Failed::List)?;
    bad.denied().map_err(Failed::List)?;
    plan.progress.progress("users", list.users.len() as u64, None);
    let mut states = States::new();
    let (sender, receiver) = mpsc::unbounded_channel();
    let items = list.users.iter().zip(0..).map(|(user, index)| Item::new(index, user.id));
    let _ = sender.send(items.filter(|item| plan.request.wants_state_of(item.user)).collect());
    drop(sender);
    let mut bad = Bad::default();
    read_states(plan, receiver, &mut states, &mut bad).await.map_err(Failed::State)?;
    bad.denied().map_err(Failed::State)?;
    list.settle(states);
    Ok(list)
}

/// How many users may sign in; nothing where the service does not count.
pub(super) async fn enabled(client: &Client) -> Option<u64> {
    let spec = &requests::ENABLED_USERS;
    let query = format!("$filter={}&$count=true&$top=1&$select=id", encode("accountEnabled eq true"));
    let url = client.url(spec, spec.path, &query);
    client.read(spec, &url, |bytes| serde_json::from_slice::<Counted>(bytes)).await.ok()?.count
}

async fn attempt(plan: &Plan<'_>, way: Way) -> Result<List, Failed> {
    let mut states = States::new();
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut bad = Bad::default();
    let mut list = {
        let listing = Box::pin(async { pages(plan, way, sender).await.map_err(Failed::List) });
        let reading =
            Box::pin(async { read_states(plan, receiver, &mut states, &mut bad).await.map_err(Failed::State) });
        tokio::try_join!(listing, reading)?.0
    };
    let doubt =
        list.fast && states.iter().any(|(index, state)| list.inline.contains(index) && !list.agrees(*index, state));
    if doubt {
        let all = list.users.iter().zip(0..).filter(|(_, index)| !states.contains_key(index));
        let items: Vec<Item> = all.map(|(user, index)| Item::new(index, user.id)).collect();
        let (sender, receiver) = mpsc::unbounded_channel();
        // The receiver is right here, so the send cannot fail.
        let _ = sender.send(items);
        drop(sender);
        read_states(plan, receiver, &mut states, &mut bad).await.map_err(Failed::State)?;
    }
    // Where nobody's state can be had, the reason is not a user's. A list that gave all of them needs no second opinion
    // to be used, but one that could not be probed at all is not trusted.
    bad.end().map_err(Failed::State)?;
    list.settle(states);
    Ok(list)
}

/// Lists the users; users whose state has to be read the documented way go to `states`.
async fn pages(plan: &Plan<'_>, way: Way, states: UnboundedSender<Vec<Item>>) -> Result<List, Failure> {
    let client = plan.client;
    let spec = &requests::USERS;
    let inline = if way.inline { ",perUserMfaState" } else { "" };
    let phones = if plan.request.phones { requests::PHONES_SELECT } else { "" };
    let manager = if way.manager { requests::MANAGER_EXPAND } else { "" };
    let query = format!("$select={}{inline}{phones}&$top=999{manager}", requests::USER_SELECT);
    let mut url = client.url(spec, spec.path, &query);
    let mut pages = Pages::new(client, spec, &url);
    let mut list = List { fast: way.inline, managers: way.manager, ..List::default() };
    let mut names = Names::default();
    for number in 0.. {
        let from = list.users.len();
        let next = client
            .read(spec, &url, |bytes| {
                let page: Page<UserWire<'_>> = serde_json::from_slice(bytes)?;
                page.value.iter().for_each(|user| list.push(user, &mut names));
                Ok(page.next)
            })
            .await?;
        client.pacer.tenant_has(list.users.len());
        plan.progress.progress("users", list.users.len() as u64, None);
        let page = from as u32..list.users.len() as u32;
        if number == 0 && !page.clone().any(|index| list.inline.contains(&index)) {
            list.fast = false;
        }
        let asked: Vec<Item> = page
            .clone()
            .filter(|index| !list.fast || !list.inline.contains(index))
            .chain(if list.fast && number < PROBED_PAGES { list.probes(page) } else { Vec::new() })
            .filter_map(|index| list.users.get(index as usize).map(|user| Item::new(index, user.id)))
            .filter(|item| plan.request.wants_state_of(item.user))
            .collect();
        // Nobody listens only when the reading of states has failed, which ends this too.
        let _ = states.send(asked);
        match next {
            Some(next) => url = pages.follow(&next)?,
            None => break,
        }
    }
    Ok(list)
}

async fn read_states(
    plan: &Plan<'_>,
    items: mpsc::UnboundedReceiver<Vec<Item>>,
    states: &mut States,
    bad: &mut Bad,
) -> Result<(), Failure> {
    let spec = &requests::STATE;
    let parse = |text: &str| serde_json::from_str::<StateWire>(text);
    batch::read_all(plan.client, spec, plan.parallelism, items, parse, |item, answer| {
        let state = match answer {
            Ok(wire) => Ok(Some(ObservedState::from_wire(wire.per_user_mfa_state.as_deref()))),
            // Deleted since the list was read.
            Err(Failure::Refused(refusal)) if refusal.status == 404 => Ok(None),
            // One user's bad end is only that user's: their state is unknown, and nobody else waits for it.
            Err(failure) => {
                let reason = Text::from(failure.reason(spec));
                bad.one(failure)?;
                Err(reason)
            }
        };
        if state.is_ok() {
            bad.answered();
        }
        states.insert(item.index, state);
        plan.progress.progress("states", states.len() as u64, None);
        Ok(())
    })
    .await
}

/// Names that many users share.
#[derive(Default)]
struct Names(HashSet<Text>);

impl Names {
    fn shared(&mut self, name: &str) -> Text {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let text = Text::from(name);
        self.0.insert(text.clone());
        text
    }
}

impl List {
    fn push(&mut self, wire: &UserWire<'_>, names: &mut Names) {
        let id = UserId::new(wire.id);
        let index = self.users.len() as u32;
        // A page may repeat a user when the directory changes while it is read.
        if self.index.insert(id, index).is_some_and(|first| {
            self.index.insert(id, first);
            true
        }) {
            return;
        }
        let inline = match wire.per_user_mfa_state.text().map(|text| ObservedState::from_wire(Some(text))) {
            Some(state @ ObservedState::Known(_)) => {
                self.inline.insert(index);
                state
            }
            _ => ObservedState::Unknown(None),
        };
        let name = wire.user_principal_name.text().unwrap_or_default();
        let mut user = User::new(id, name.into(), inline);
        user.is_agent = wire.kind.text().is_some_and(|kind| kind.eq_ignore_ascii_case(AGENT_TYPE));
        let mut empty = Emptiness::default();
        let mut text = |field: &Field<'_>, attribute, shared: bool| match field {
            Field::Missing => None,
            Field::Text(text) if !text.is_empty() => {
                Some(if shared { names.shared(text) } else { Text::from(&**text) })
            }
            _ => {
                empty.set(attribute);
                None
            }
        };
        user.display_name = text(&wire.display_name, Attribute::DisplayName, false);
        user.mail = text(&wire.mail, Attribute::Mail, false);
        user.given_name = text(&wire.given_name, Attribute::GivenName, true);
        user.surname = text(&wire.surname, Attribute::Surname, true);
        user.department = text(&wire.department, Attribute::Department, true);
        user.job_title = text(&wire.job_title, Attribute::JobTitle, true);
        user.company_name = text(&wire.company_name, Attribute::CompanyName, true);
        user.country = text(&wire.country, Attribute::Country, true);
        user.office_location = text(&wire.office_location, Attribute::OfficeLocation, true);
        user.employee_id = text(&wire.employee_id, Attribute::EmployeeId, false);
        user.employee_type = text(&wire.employee_type, Attribute::EmployeeType, true);
        user.empty = empty;
        user.user_type = match wire.user_type.text() {
            Some(kind) if kind.eq_ignore_ascii_case("Member") => Some(UserType::Member),
            Some(kind) if kind.eq_ignore_ascii_case("Guest") => Some(UserType::Guest),
            _ => None,
        };
        user.account_enabled = wire.account_enabled;
        user.on_premises_sync_enabled = match wire.on_premises_sync_enabled {
            Maybe::Missing => None,
            // Graph's null means "never synchronised".
            Maybe::Null => Some(false),
            Maybe::Value(value) => Some(value),
        };
        user.created = instant(&wire.created_date_time);
        user.password_never_expires = match &wire.password_policies {
            Field::Missing => None,
            Field::Null => Some(false),
            Field::Text(text) => Some(text.contains("DisablePasswordExpiration")),
        };
        user.last_password_change = instant(&wire.last_password_change_date_time);
        user.extension_attributes = match &wire.on_premises_extension_attributes {
            Maybe::Missing => None,
            Maybe::Null => Some(Box::default()),
            Maybe::Value(all) => Some(Box::new(all.all().map(|one| one.map(|one| names.shared(one))))),
        };
        let contact = Contact {
            manager: wire.manager.as_ref().map(|manager| Manager {
                id: UserId::new(manager.id),
                user_principal_name: manager.user_principal_name.text().map(|name| names.shared(name)),
                display_name: manager.display_name.text().map(|name| names.shared(name)),
            }),
            mobile_phone: wire.mobile_phone.text().filter(|phone| !phone.is_empty()).map(Text::from),
            business_phones: wire.business_phones.iter().flatten().map(|phone| names.shared(phone)).collect(),
        };
        user.contact = (!contact.is_empty()).then(|| Box::new(contact));
        let licenses = wire.assigned_licenses.as_ref();
        self.licenses.push(licenses.map(|all| all.iter().map(|license| license.sku_id).collect()));
        self.users.push(user);
    }

    /// Some users of a page to probe: of each state the page shows, spread over it.
    fn probes(&self, page: std::ops::Range<u32>) -> Vec<u32> {
        let mut chosen = Vec::new();
        let state = |index: &u32| self.users.get(*index as usize).and_then(|user| user.mfa_state.known());
        for wanted in MfaState::ALL {
            chosen.extend(page.clone().find(|index| state(index) == Some(wanted)));
        }
        let step = (page.len() / PROBES).max(1);
        for index in page.step_by(step) {
            if chosen.len() >= PROBES {
                break;
            }
            if state(&index).is_some() && !chosen.contains(&index) {
                chosen.push(index);
            }
        }
        chosen
    }

    fn agrees(&self, index: u32, state: &Result<Option<ObservedState>, Text>) -> bool {
        // A user deleted meanwhile, or one who cannot be read, says nothing about the list.
        let Ok(Some(state)) = state else { return true };
        self.users.get(index as usize).is_some_and(|user| user.mfa_state == *state)
    }

    /// Writes the states that were read; users that do not exist any more are dropped. A state that could not be read is
    /// unknown, whatever a list said of it: the list was asked about because it alone is not enough.
    fn settle(&mut self, states: States) {
        let mut gone = HashSet::new();
        for (index, state) in states {
            match (self.users.get_mut(index as usize), state) {
                (Some(user), Ok(Some(state))) => user.mfa_state = state,
                (Some(user), Ok(None)) => {
                    gone.insert(user.id);
                }
                (Some(user), Err(reason)) => {
                    user.mfa_state = ObservedState::Unknown(None);
                    self.unread.push(Unread { user: user.id, reason });
                }
                (None, _) => {}
            }
        }
        self.inline = HashSet::new();
        self.unread.sort_by_key(|one| one.user);
        if gone.is_empty() {
            return;
        }
        let sets = std::mem::take(&mut self.licenses.of_user);
        let kept = self.users.iter().zip(sets).filter(|(user, _)| !gone.contains(&user.id)).map(|(_, set)| set);
        self.licenses.of_user = kept.collect();
        self.users.retain(|user| !gone.contains(&user.id));
        self.index = self.users.iter().zip(0..).map(|(user, index)| (user.id, index)).collect();
    }
}

fn instant(field: &Field<'_>) -> Option<Timestamp> {
    field.text()?.parse().ok()
}
