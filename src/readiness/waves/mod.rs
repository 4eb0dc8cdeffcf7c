//! A rollout that a help desk can stand: who goes when.
//!
//! Four kinds of users, each in waves of its own, in this order: a few administrators with a strong method, who notice first
//! when something is wrong; those who can answer when they are asked; those who have to register first, at most as many a day
//! as the help desk takes; and what might be a workload, last, since most is known by then. Never more than a part of a team
//! on one day, so that colleagues can help each other.

mod schedule;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;

use self::schedule::{Caps, Queues, Team};
use super::class::{self, Class};
use crate::{
    calendar,
    desired::HoldKind,
    diff::DecisionKind,
    facts::{
        Facts, UserKind,
        methods::{self, Grade},
        recognise,
    },
    plan::{Change, Plan},
    tenant::{Text, User, UserId},
};

/// Which users help each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TeamBy {
    /// Those of one department.
    Department,
    /// Those of one manager.
    Manager,
}

impl TeamBy {
    /// Both, as the command line lists them.
    pub(crate) const ALL: [Self; 2] = [Self::Department, Self::Manager];

    /// The word on the command line.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Manager => "manager",
        }
    }
}

/// What bounds a proposal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// How many users who have to register first may be in one wave; at least 1.
    pub per_day: usize,
    /// How much of a team may be in one wave, in percent, 1 to 100.
    pub max_team_percent: u8,
    /// What a team is.
    pub team: TeamBy,
    /// How many canaries there may be.
    pub canary: usize,
    /// The first day; nothing = the next working day after the plan's instant.
    pub start: Option<Date>,
}

/// A proposed rollout.
#[derive(Clone, Debug)]
pub(crate) struct Proposal {
    /// Its waves, in the order of their days.
    pub(crate) waves: Vec<ProposedWave>,
    /// Users whom the plan withholds: in no wave.
    pub(crate) blocked: Vec<Member>,
}

/// A proposed wave.
#[derive(Clone, Debug)]
pub(crate) struct ProposedWave {
    /// `w02-ready`
    pub(crate) name: String,
    /// Its day.
    pub(crate) from: Date,
    /// Its users, by name.
    pub(crate) users: Vec<Member>,
}

/// A user of a wave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    /// Sign-in name.
    pub(crate) user_principal_name: Text,
    /// Object id, where the name cannot be written.
    pub(crate) id: UserId,
}

/// What a user is to the rollout, in the order of the waves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Ready,
    Unready,
    Suspected,
}

/// A user to be placed.
#[derive(Clone, Debug)]
struct Candidate {
    member: Member,
    kind: Kind,
    /// How strong a method of a privileged user is; nothing for everybody else.
    canary: Option<Grade>,
    class: Class,
}

/// Proposes a rollout for everybody whom the plan raises.
#[must_use]
pub(crate) fn propose(plan: &Plan, facts: &Facts<'_>, bounds: Bounds) -> Proposal {
    let mut teams: BTreeMap<Text, Team> = BTreeMap::new();
    let mut placed: Vec<(Option<Team>, Candidate)> = Vec::new();
    let mut blocked = Vec::new();
    for change in plan.changes.iter().filter(|change| change.action.raises()) {
        let member = Member { user_principal_name: change.user.user_principal_name.clone(), id: change.user.id };
        if change.decision.kind() == DecisionKind::Block {
            blocked.push(member);
            continue;
        }
        let index = facts.tenant.by_id(change.user.id);
        let user = index.map(|index| facts.tenant.user(index));
        let score = index.map_or(0, |index| facts.score(index));
        let name = user.and_then(|user| match bounds.team {
            TeamBy::Department => user.department.as_ref(),
            TeamBy::Manager => user.manager(),
        });
        let next = teams.len() as Team;
        let team = name.map(|name| *teams.entry(name.clone()).or_insert(next));
        placed.push((team, candidate(change, member, user, score >= facts.model.possible)));
    }
    blocked.sort_by_cached_key(key);
    let first = bounds.start.unwrap_or_else(|| calendar::day_after(plan.as_of));
    Proposal { waves: dated(arrange(placed, bounds), first), blocked }
}

fn candidate(change: &Change, member: Member, user: Option<&User>, suspect: bool) -> Candidate {
    let class = user.map_or(Class::Unknown, class::class);
    let unknown_behaviour = change.decision.hold().is_some_and(|hold| hold.kind == HoldKind::BehaviourUnknown);
    let kind = if suspect || unknown_behaviour || change.user.kind != UserKind::Person {
        Kind::Suspected
    } else if class.is_registered() {
        Kind::Ready
    } else {
        Kind::Unready
    };
    let privileged = user.and_then(recognise::privileged) == Some(true);
    let strongest = user.and_then(|user| methods::mfa_grade(user)?.map(methods::grade).max());
    let canary = strongest.filter(|grade| kind == Kind::Ready && privileged && *grade >= Grade::Strong);
    Candidate { member, kind, canary, class }
}

/// Everybody into waves, each with the word of its kind.
fn arrange(placed: Vec<(Option<Team>, Candidate)>, bounds: Bounds) -> Vec<(&'static str, Vec<Candidate>)> {
    let mut sizes: BTreeMap<Team, usize> = BTreeMap::new();
    for team in placed.iter().filter_map(|(team, _)| *team) {
        *sizes.entry(team).or_default() += 1;
    }
    let caps = Caps::new(&sizes, bounds.max_team_percent);
    let mut by_kind: BTreeMap<Kind, Vec<(Option<Team>, Candidate)>> = BTreeMap::new();
    for one in placed {
        by_kind.entry(one.1.kind).or_default().push(one);
    }
    let mut waves = Vec::new();
    for (kind, mut users) in by_kind {
        // Of a team the best prepared go first; among those who have to register, so do those who nearly have.
        users.sort_by_cached_key(|(_, one)| (std::cmp::Reverse((one.canary, one.class)), key(&one.member)));
        let mut queues = Queues::new(users, &caps);
        let (word, bound) = match kind {
            Kind::Ready => ("ready", usize::MAX),
            Kind::Unready => ("unready", bounds.per_day),
            Kind::Suspected => ("suspected", usize::MAX),
        };
        if kind == Kind::Ready {
            let canaries = queues.pick(bounds.canary, |one: &Candidate| one.canary.is_some());
            if !canaries.is_empty() {
                waves.push(("canaries", canaries));
            }
        }
        waves.extend(queues.waves(bound).into_iter().map(|wave| (word, wave)));
    }
    waves
}

/// Names and consecutive working days.
fn dated(waves: Vec<(&'static str, Vec<Candidate>)>, first: Date) -> Vec<ProposedWave> {
    let width = waves.len().to_string().len().max(2);
    let mut day = calendar::working(first);
    let mut dated = Vec::with_capacity(waves.len());
    for (number, (word, users)) in (1..).zip(waves) {
        let mut users: Vec<Member> = users.into_iter().map(|one| one.member).collect();
        users.sort_by_cached_key(key);
        dated.push(ProposedWave { name: format!("w{number:0width$}-{word}"), from: day, users });
        day = calendar::working(calendar::next(day));
    }
    dated
}

fn key(member: &Member) -> (String, UserId) {
    (member.user_principal_name.to_lowercase(), member.id)
}
