//! Every bound holds, and no rollout of few users can be shorter.

use std::collections::BTreeMap;

use jiff::civil::date;
use proptest::prelude::*;

use super::{Bounds, Candidate, Kind, Member, TeamBy, arrange, dated, schedule::Team};
use crate::{
    facts::methods::Grade,
    readiness::Class,
    tenant::{Text, UserId},
};

fn candidate(number: u32, kind: Kind, canary: bool) -> Candidate {
    let member = Member {
        user_principal_name: Text::from(format!("user{number:04}@contoso.com")),
        id: UserId::new(uuid::Uuid::from_u128(number.into())),
    };
    let class = if kind == Kind::Unready { Class::NotRegistered } else { Class::Ready };
    Candidate { member, kind, canary: (canary && kind == Kind::Ready).then_some(Grade::Strong), class }
}

type User = (Option<Team>, Kind, bool);

fn users(most: usize, teams: Team) -> impl Strategy<Value = Vec<User>> {
    let kind = prop_oneof![4 => Just(Kind::Ready), 3 => Just(Kind::Unready), 1 => Just(Kind::Suspected)];
    prop::collection::vec((prop::option::weighted(0.8, 0..teams), kind, prop::bool::weighted(0.3)), 0..=most)
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (1..6_usize, 1..=100_u8, 0..4_usize).prop_map(|(per_day, max_team_percent, canary)| Bounds {
        per_day,
        max_team_percent,
        team: TeamBy::Department,
        canary,
        start: None,
    })
}

fn placed(users: &[User]) -> Vec<(Option<Team>, Candidate)> {
    (0..).zip(users).map(|(number, (team, kind, canary))| (*team, candidate(number, *kind, *canary))).collect()
}

fn caps(users: &[User], bounds: Bounds) -> BTreeMap<Team, usize> {
    let mut sizes: BTreeMap<Team, usize> = BTreeMap::new();
    for team in users.iter().filter_map(|(team, ..)| *team) {
        *sizes.entry(team).or_default() += 1;
    }
    sizes.into_iter().map(|(team, size)| (team, (size * usize::from(bounds.max_team_percent) / 100).max(1))).collect()
}

/// Can these users go in so few waves? Tries every place for every user.
fn fits(users: &[Option<Team>], waves: usize, bound: usize, caps: &BTreeMap<Team, usize>) -> bool {
    fn place(
        users: &[Option<Team>],
        filled: &mut Vec<Vec<Option<Team>>>,
        bound: usize,
        caps: &BTreeMap<Team, usize>,
    ) -> bool {
        let Some((team, rest)) = users.split_first() else { return true };
        let mut tried_empty = false;
        for at in 0..filled.len() {
            let wave = &filled[at];
            // One empty wave is as good as another.
            if wave.is_empty() && std::mem::replace(&mut tried_empty, true) {
                continue;
            }
            let same = wave.iter().filter(|one| *one == team).count();
            if wave.len() < bound && team.is_none_or(|team| same < caps[&team]) {
                filled[at].push(*team);
                if place(rest, filled, bound, caps) {
                    return true;
                }
                filled[at].pop();
            }
        }
        false
    }
    place(users, &mut vec![Vec::new(); waves], bound, caps)
}

fn fewest(users: &[Option<Team>], bound: usize, caps: &BTreeMap<Team, usize>) -> usize {
    (0..=users.len()).find(|waves| fits(users, *waves, bound, caps)).unwrap()
}

/// The fewest waves of all, whichever canaries are chosen: some, where there can be some.
fn optimum(users: &[User], bounds: Bounds) -> usize {
    let caps = caps(users, bounds);
    let of =
        |wanted: Kind| users.iter().filter(|(_, kind, _)| *kind == wanted).map(|(team, ..)| *team).collect::<Vec<_>>();
    let fixed = fewest(&of(Kind::Unready), bounds.per_day, &caps) + fewest(&of(Kind::Suspected), usize::MAX, &caps);
    let ready: Vec<&User> = users.iter().filter(|(_, kind, _)| *kind == Kind::Ready).collect();
    let choices = (0..1_u32 << ready.len()).filter_map(|chosen| {
        let is_in = |at: usize| chosen >> at & 1 == 1;
        let canaries: Vec<&User> = (0..ready.len()).filter(|at| is_in(*at)).map(|at| ready[at]).collect();
        let allowed = canaries.len() <= bounds.canary && canaries.iter().all(|(_, _, can)| *can);
        let teams: Vec<_> = canaries.iter().map(|(team, ..)| *team).collect();
        let rest: Vec<_> = (0..ready.len()).filter(|at| !is_in(*at)).map(|at| ready[at].0).collect();
        let one_wave = usize::from(!canaries.is_empty());
        (allowed && fits(&teams, one_wave, usize::MAX, &caps))
            .then(|| (canaries.is_empty(), one_wave + fewest(&rest, usize::MAX, &caps)))
    });
    // With canaries, if there can be any.
    fixed + choices.min().unwrap().1
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_bound_holds_and_everybody_is_in_one_wave(users in users(60, 6), bounds in bounds()) {
        let caps = caps(&users, bounds);
        let waves = arrange(placed(&users), bounds);
        let mut seen = vec![0; users.len()];
        let mut words = Vec::new();
        for (word, wave) in &waves {
            prop_assert!(!wave.is_empty());
            let mut teams: BTreeMap<Team, usize> = BTreeMap::new();
            for one in wave {
                let number = one.member.id.as_uuid().as_u128() as usize;
                seen[number] += 1;
                let (team, kind, _) = users[number];
                let expected = match kind {
                    Kind::Ready if *word == "canaries" => { prop_assert!(one.canary.is_some()); "canaries" }
                    Kind::Ready => "ready",
                    Kind::Unready => "unready",
                    Kind::Suspected => "suspected",
                };
                prop_assert_eq!(*word, expected);
                if let Some(team) = team {
                    *teams.entry(team).or_default() += 1;
                }
            }
            for (team, count) in teams {
                prop_assert!(count <= caps[&team], "team {team}: {count}");
            }
            match *word {
                "canaries" => prop_assert!(wave.len() <= bounds.canary),
                "unready" => prop_assert!(wave.len() <= bounds.per_day),
                _ => {}
            }
            words.push(["canaries", "ready", "unready", "suspected"].iter().position(|one| one == word));
        }
        prop_assert!(seen.iter().all(|count| *count == 1));
        prop_assert!(words.is_sorted(), "{words:?}");
        prop_assert!(words.iter().filter(|one| **one == Some(0)).count() <= 1);
    }

    #[test]
    fn the_order_of_the_input_changes_nothing(users in users(40, 5), bounds in bounds()) {
        let names = |placed| -> Vec<Vec<Member>> {
            dated(arrange(placed, bounds), date(2026, 12, 1)).into_iter().map(|wave| wave.users).collect()
        };
        let mut turned = placed(&users);
        turned.reverse();
        prop_assert_eq!(names(placed(&users)), names(turned));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_rollout_of_twelve_users_is_shorter(users in users(12, 4), bounds in bounds()) {
        prop_assert_eq!(arrange(placed(&users), bounds).len(), optimum(&users, bounds));
    }
}

#[test]
fn waves_lie_on_consecutive_working_days_and_are_numbered_over_all_kinds() {
    let users: Vec<User> = (0..7).map(|_| (None, Kind::Unready, false)).chain([(None, Kind::Ready, true)]).collect();
    let bounds = Bounds { per_day: 3, max_team_percent: 50, team: TeamBy::Department, canary: 5, start: None };
    let waves = dated(arrange(placed(&users), bounds), date(2026, 12, 4));
    let shown: Vec<_> = waves.iter().map(|wave| format!("{} {} {}", wave.name, wave.from, wave.users.len())).collect();
    assert_eq!(
        shown,
        [
            "w01-canaries 2026-12-04 1",
            "w02-unready 2026-12-07 3",
            "w03-unready 2026-12-08 3",
            "w04-unready 2026-12-09 1"
        ]
    );
}
