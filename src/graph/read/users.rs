//! Users and their states.
//!
//! The documented way to a state is one read of `/authentication/requirements` a user, 20 in a batch. Many tenants also
//! give `perUserMfaState` in the list of users, which no metadata mentions. That fast path is probed: states of some
//! users are read the documented way too, and one difference is enough to read all of them so.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use tokio::sync::mpsc::{self, UnboundedSender};
use uuid::Uuid;

use super::Plan;
use crate::{
    graph::{
        batch::{self, Item, ItemAnswer},
        client::Failure,
        requests,
        wire::{Field, Maybe, Page, StateWire, UserWire},
    },
    tenant::{Attribute, Emptiness, MfaState, ObservedState, ReadError, Text, User, UserId, UserType},
};

const SELECT: &str = "id,userPrincipalName,displayName,mail,givenName,surname,department,jobTitle,companyName,country,\
                      officeLocation,employeeId,employeeType,userType,accountEnabled,onPremisesSyncEnabled,\
                      createdDateTime,passwordPolicies,lastPasswordChangeDateTime,assignedLicenses,\
                      onPremisesExtensionAttributes";
/// Users probed of each of the first pages.
const PROBES: usize = 5;
const PROBED_PAGES: usize = 4;

/// The users, and what is needed to add facts to them.
pub(super) struct List {
    pub(super) users: Vec<User>,
    pub(super) index: HashMap<UserId, u32>,
    pub(super) licenses: LicenseSets,
    /// States the list gave and that have not been confirmed.
    inline: HashSet<u32>,
    /// The list gives states.
    fast: bool,
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
    match attempt(plan, plan.bulk_state).await {
        // A tenant that does not know the undocumented property may refuse the whole request.
        Err(Failed::List(Failure::Refused(refusal))) if plan.bulk_state && refusal.status == 400 => {
            attempt(plan, false).await
        }
        other => other,
    }
    .map_err(|failed| match failed {
        Failed::List(failure) => failure.error(&requests::USERS, "the users"),
        Failed::State(failure) => failure.error(&requests::STATE, "the per-user MFA state"),
    })
}

enum Failed {
    List(Failure),
    State(Failure),
}

async fn attempt(plan: &Plan<'_>, fast: bool) -> Result<List, Failed> {
    let mut states = HashMap::new();
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut list = {
        let listing = async { pages(plan, fast, sender).await.map_err(Failed::List) };
        let reading = async { read_states(plan, receiver, &mut states).await.map_err(Failed::State) };
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
        read_states(plan, receiver, &mut states).await.map_err(Failed::State)?;
    }
    list.settle(states);
    Ok(list)
}

/// Lists the users; users whose state has to be read the documented way go to `states`.
async fn pages(plan: &Plan<'_>, fast: bool, states: UnboundedSender<Vec<Item>>) -> Result<List, Failure> {
    let client = plan.client;
    let spec = &requests::USERS;
    let inline = if fast { ",perUserMfaState" } else { "" };
    let mut url = client.url(spec, spec.path, &format!("$select={SELECT}{inline}&$top=999"));
    let mut list = List {
        users: Vec::new(),
        index: HashMap::new(),
        licenses: LicenseSets::default(),
        inline: HashSet::new(),
        fast,
    };
    let mut names = Names::default();
    for number in 0.. {
        let from = list.users.len();
        let next = client
            .read(spec, &url, None, spec.units, |bytes| {
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
            .collect();
        // Nobody listens only when the reading of states has failed, which ends this too.
        let _ = states.send(asked);
        match next {
            Some(next) => url = client.next_link(&next)?,
            None => break,
        }
    }
    Ok(list)
}

async fn read_states(
    plan: &Plan<'_>,
    items: mpsc::UnboundedReceiver<Vec<Item>>,
    states: &mut HashMap<u32, Option<ObservedState>>,
) -> Result<(), Failure> {
    let spec = &requests::STATE;
    let parse = |text: &str| serde_json::from_str::<StateWire>(text);
    batch::read_all(plan.client, spec, plan.parallelism, items, parse, |item, answer| {
        let state = match answer {
            ItemAnswer::Value(wire) => Some(ObservedState::from_wire(wire.per_user_mfa_state.as_deref())),
            // Deleted since the list was read.
            ItemAnswer::Refused(refusal) if refusal.status == 404 => None,
            ItemAnswer::Refused(refusal) => return Err(Failure::Refused(refusal)),
        };
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

    fn agrees(&self, index: u32, state: &Option<ObservedState>) -> bool {
        // A user deleted meanwhile says nothing about the list.
        let Some(state) = state else { return true };
        self.users.get(index as usize).is_some_and(|user| user.mfa_state == *state)
    }

    /// Writes the states that were read; users that do not exist any more are dropped.
    fn settle(&mut self, states: HashMap<u32, Option<ObservedState>>) {
        let mut gone = HashSet::new();
        for (index, state) in states {
            match (self.users.get_mut(index as usize), state) {
                (Some(user), Some(state)) => user.mfa_state = state,
                (Some(user), None) => {
                    gone.insert(user.id);
                }
                (None, _) => {}
            }
        }
        self.inline = HashSet::new();
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
