//! The report: cohorts, their totals, and inside each whom to call first.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use jiff::{Timestamp, civil::Date};

use super::class::{self, Class};
use crate::{
    desired::{Desired, RolloutWave},
    diff::DecisionKind,
    facts::recognise::{self, LastSeen},
    plan::{Change, Plan, PlanTenant},
    tenant::{Contact, ObservedTenant, Text, User, UserId, UserIndex},
};

/// What cohorts are made by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The department.
    Department,
    /// The manager's sign-in name.
    Manager,
    /// The wave of the rollout.
    Wave,
    /// The country.
    Country,
}

impl By {
    /// All of them, as the command line lists them.
    pub const ALL: [Self; 4] = [Self::Department, Self::Manager, Self::Wave, Self::Country];

    /// The word on the command line and in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Manager => "manager",
            Self::Wave => "wave",
            Self::Country => "country",
        }
    }
}

/// What a report is made from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The plan: who is to be raised.
    pub plan: &'a Plan,
    /// What the configuration declares of everybody of `tenant`: the waves.
    pub desired: &'a Desired,
    /// The facts.
    pub tenant: &'a ObservedTenant,
    /// How to divide them; nothing = one cohort.
    pub by: Option<By>,
}

/// Who is ready.
#[derive(Clone, Debug)]
pub struct Report {
    /// Of which tenant.
    pub(crate) tenant: PlanTenant,
    /// The plan's instant.
    pub(crate) as_of: Timestamp,
    /// What the cohorts are made by.
    pub(crate) by: Option<By>,
    /// Everybody.
    pub(crate) totals: Totals,
    /// By name, those without one last.
    pub(crate) cohorts: Vec<Cohort>,
}

/// Some of the users to be raised.
#[derive(Clone, Debug)]
pub(crate) struct Cohort {
    /// The department, the manager …; nothing for those without one, and for everybody.
    pub name: Option<Text>,
    /// Its numbers.
    pub totals: Totals,
    /// Its users, those to be called first in front.
    pub users: Vec<Person>,
}

/// The numbers of a cohort.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// All users, in the order of [`Class::ALL`].
    pub classes: [u64; Class::ALL.len()],
    /// How many of them cannot sign in: they count in no percentage.
    pub disabled_accounts: u64,
    /// How many of the others can answer when MFA is asked for.
    pub registered: u64,
    /// Users with telephones only, by the day on which these stop.
    pub ends: BTreeMap<Date, u64>,
}

impl Totals {
    /// How many users.
    #[must_use]
    pub(crate) fn users(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// How many of this class.
    #[must_use]
    pub(crate) fn of(&self, class: Class) -> u64 {
        Class::ALL.iter().zip(self.classes).filter(|(one, _)| **one == class).map(|(_, count)| count).sum()
    }

    /// The share of the enabled accounts that can answer, one decimal; nothing where there is none.
    #[must_use]
    pub(crate) fn registered_percent(&self) -> Option<f64> {
        percent(self.registered, self.users() - self.disabled_accounts)
    }

    fn add(&mut self, person: &Person) {
        for (class, count) in Class::ALL.iter().zip(&mut self.classes) {
            *count += u64::from(*class == person.class);
        }
        self.disabled_accounts += u64::from(!person.account_enabled);
        self.registered += u64::from(person.account_enabled && person.class.is_registered());
        if let Some(day) = person.ends {
            *self.ends.entry(day).or_default() += 1;
        }
    }
}

/// `part` of `whole` in percent, with one decimal as it is written; nothing of nothing.
#[must_use]
fn percent(part: u64, whole: u64) -> Option<f64> {
    if whole == 0 {
        return None;
    }
    // Through the text, so that the number is the one that a reader computes and writes with one decimal.
    format!("{:.1}", 100.0 * part as f64 / whole as f64).parse().ok()
}

/// A user to be raised.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Object id.
    pub id: UserId,
    /// Sign-in name.
    pub user_principal_name: Text,
    /// Display name.
    pub display_name: Option<Text>,
    /// Mail address.
    pub mail: Option<Text>,
    /// May the account sign in? Unknown counts as yes.
    pub account_enabled: bool,
    /// How ready.
    pub class: Class,
    /// When the only methods stop.
    pub ends: Option<Date>,
    /// That day has come.
    pub ended: bool,
    /// The wave that picks them, open or not.
    pub wave: Option<RolloutWave>,
    /// Successful sign-ins in the window; nothing where the log is not known.
    pub sign_ins: Option<u64>,
    /// The last one.
    pub last_sign_in: LastSeen,
    /// The manager's sign-in name.
    pub manager: Option<Text>,
    /// Telephone numbers.
    pub phones: Vec<Text>,
    /// What the plan does with their change.
    pub decision: DecisionKind,
}

/// Makes the report. Linear in users, but for the sorting.
#[must_use]
pub fn report(input: Input<'_>) -> Report {
    let Input { plan, desired, tenant, by } = input;
    let names = WaveNames::of(desired);
    let mut cohorts: BTreeMap<(bool, Option<Text>), Cohort> = BTreeMap::new();
    if by.is_none() {
        cohorts.insert((true, None), Cohort { name: None, totals: Totals::default(), users: Vec::new() });
    }
    let mut totals = Totals::default();
    for change in plan.changes.iter().filter(|change| change.action.raises()) {
        let index = tenant.by_id(change.user.id);
        let person = person(change, index, input);
        totals.add(&person);
        let user = index.map(|index| tenant.user(index));
        let name = by.and_then(|by| match by {
            By::Department => user?.department.clone(),
            By::Country => user?.country.clone(),
            By::Manager => person.manager.clone(),
            By::Wave => person.wave.as_ref().map(|wave| names.of_wave(wave)),
        });
        // Sorted by name, those without one behind all others.
        let cohort = cohorts.entry((name.is_none(), name.clone())).or_insert_with(|| Cohort {
            name,
            totals: Totals::default(),
            users: Vec::new(),
        });
        cohort.totals.add(&person);
        cohort.users.push(person);
    }
    let mut cohorts: Vec<Cohort> = cohorts.into_values().collect();
    for cohort in &mut cohorts {
        cohort.users.sort_by_cached_key(call_first);
    }
    Report { tenant: plan.tenant.clone(), as_of: plan.as_of, by, totals, cohorts }
}

/// The least ready first, then whose turn comes soonest, then who signs in most.
fn call_first(person: &Person) -> impl Ord + use<> {
    let from = person.wave.as_ref().map(|wave| wave.from);
    (person.class, from, Reverse(person.sign_ins), person.user_principal_name.to_lowercase(), person.id)
}

fn person(change: &Change, index: Option<UserIndex>, input: Input<'_>) -> Person {
    let Input { plan, desired, tenant, by: _ } = input;
    let user = index.map(|index| tenant.user(index));
    // Nothing is known of a user whom a saved plan names and the tenant does not have any more.
    let class = user.map_or(Class::Unknown, class::class);
    let ends = user.and_then(|user| class::ends(class, user, plan.as_of));
    let contact = user.and_then(|user| user.contact.as_deref());
    Person {
        id: change.user.id,
        user_principal_name: change.user.user_principal_name.clone(),
        display_name: change.user.display_name.clone(),
        mail: user.and_then(|user| user.mail.clone()),
        account_enabled: user.is_none_or(|user| user.account_enabled != Some(false)),
        class,
        ends: ends.map(|(deadline, _)| deadline.from),
        ended: ends.is_some_and(|(_, ended)| ended),
        wave: index.and_then(|index| desired.wave(index)).cloned(),
        sign_ins: user.and_then(sign_ins),
        last_sign_in: user.map_or(LastSeen::Unknown, |user| recognise::last_sign_in(user, plan.as_of)),
        manager: user.and_then(User::manager).cloned(),
        phones: contact.map(phones).unwrap_or_default(),
        decision: change.decision.kind(),
    }
}

/// Both kinds together; nothing where one of them is not known.
fn sign_ins(user: &User) -> Option<u64> {
    let known = user.sign_ins.as_deref()?;
    Some(u64::from(known.interactive?) + u64::from(known.non_interactive?))
}

/// The mobile number first: it is with the user.
fn phones(contact: &Contact) -> Vec<Text> {
    contact.mobile_phone.iter().chain(&contact.business_phones).cloned().collect()
}

/// How waves are called: by their name alone, unless two rollouts have a wave of that name.
struct WaveNames(BTreeSet<Text>);

impl WaveNames {
    fn of(desired: &Desired) -> Self {
        let mut seen = BTreeSet::new();
        Self(desired.waves.iter().filter(|wave| !seen.insert(&wave.name)).map(|wave| wave.name.clone()).collect())
    }

    fn of_wave(&self, wave: &RolloutWave) -> Text {
        if self.0.contains(&wave.name) {
            Text::from(format!("{}.{}", wave.rollout, wave.name))
        } else {
            wave.name.clone()
        }
    }
}
