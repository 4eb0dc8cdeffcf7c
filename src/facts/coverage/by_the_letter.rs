//! Every answer about one user, held against the words of the policies: who is meant, who is left out, what is asked.
//!
//! What is not known of the user is tried out. What holds in every world that fits the known facts is certain, what holds
//! in some world is possible; and within a world, a role that the user is merely eligible for is active at some moments.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    Asks, CompiledPolicies, Coverage, Gap, LegacyClients,
    tests::{DANA, ENROLLMENT, GROUP_A, GROUP_C, HELPDESK, OTHER, USER_ADMIN, dana, tenant, text},
};
use crate::{
    risk::testing_policies::policy,
    tenant::{AuthenticationStrength, Fact, Policy, PolicyState, RoleAssignment, Text, User, UserType},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Everybody,
    Dana,
    Other,
    Group(usize),
    Role(usize),
    Guests,
}
use Whom::{Dana, Everybody, Group, Guests, Other, Role};

const GROUPS: [&str; 2] = [GROUP_A, GROUP_C];
const ROLES: [(&str, &str); 2] = [(USER_ADMIN, "User Administrator"), (HELPDESK, "Helpdesk Administrator")];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Mfa,
    Strength,
    MfaOrDevice,
    WeakStrength,
    ThirdParty,
    Block,
    Terms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    Nothing,
    HighRisk,
    OneApplication,
    UserAction,
}

/// What a policy says.
#[derive(Clone, Debug)]
struct Says {
    name: String,
    in_force: bool,
    include: Vec<Whom>,
    exclude: Vec<Whom>,
    asked: Asked,
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Not,
    Eligible,
    Permanent,
}

/// What is known of Dana; `None` where nothing is.
#[derive(Clone, Debug)]
struct Known {
    groups: Option<[bool; 2]>,
    roles: Option<[Held; 2]>,
    guest: Option<bool>,
}

/// All that holds of Dana at one moment: groups, roles that are held for good or active, whether she is a guest.
#[derive(Clone, Copy)]
struct Moment {
    groups: [bool; 2],
    roles: [bool; 2],
    guest: bool,
}

impl Known {
    fn user(&self) -> User {
        let mut user = dana();
        user.member_of =
            self.groups.map(|held| (0..2).filter(|at| held[*at]).map(|at| GROUPS[at].parse().unwrap()).collect());
        user.directory_roles = self.roles.map(|held| {
            let role = |at: usize| RoleAssignment {
                template_id: ROLES[at].0.parse().unwrap(),
                display_name: ROLES[at].1.into(),
                permanent: held[at] == Held::Permanent,
                scope: None,
            };
            (0..2).filter(|at| held[*at] != Held::Not).map(role).collect()
        });
        user.user_type = self.guest.map(|guest| if guest { UserType::Guest } else { UserType::Member });
        user
    }

    /// Every world that fits.
    fn worlds(&self) -> Vec<Self> {
        let twice = [false, true];
        let held = [Held::Not, Held::Eligible, Held::Permanent];
        let pairs = |one: &[bool]| one.iter().flat_map(|a| twice.map(|b| [*a, b])).collect::<Vec<_>>();
        let groups = self.groups.map_or_else(|| pairs(&twice), |one| vec![one]);
        let all_roles = || held.iter().flat_map(|a| held.map(|b| [*a, b])).collect();
        let roles = self.roles.map_or_else(all_roles, |one| vec![one]);
        let guests = self.guest.map_or_else(|| twice.to_vec(), |one| vec![one]);
        let mut worlds = Vec::new();
        for groups in &groups {
            for roles in &roles {
                let one = |guest: &bool| Self { groups: Some(*groups), roles: Some(*roles), guest: Some(*guest) };
                worlds.extend(guests.iter().map(one));
            }
        }
        worlds
    }

    /// Every moment of a world: each eligible role is active, or is not. The last has them all.
    fn moments(&self) -> Vec<Moment> {
        let (groups, roles, guest) = (self.groups.unwrap(), self.roles.unwrap(), self.guest.unwrap());
        let active = [[false, false], [true, false], [false, true], [true, true]];
        let holds = |active: [bool; 2]| {
            [0, 1].map(|at| roles[at] == Held::Permanent || roles[at] == Held::Eligible && active[at])
        };
        active.map(|active| Moment { groups, roles: holds(active), guest }).to_vec()
    }

    /// Which fact is missing where these policies cannot be decided.
    fn missing<'a>(&self, undecided: impl Iterator<Item = &'a Says>) -> Option<Fact> {
        let named: Vec<Vec<Whom>> =
            undecided.map(|one| one.include.iter().chain(&one.exclude).copied().collect()).collect();
        let names = |is: fn(&Whom) -> bool| named.iter().flatten().any(is);
        Some(match () {
            () if named.is_empty() => return None,
            () if self.groups.is_none() && names(|one| matches!(one, Group(_))) => Fact::Groups,
            () if self.roles.is_none() && names(|one| matches!(one, Role(_))) => Fact::Roles,
            () => Fact::Directory,
        })
    }
}

impl Moment {
    fn means(&self, whom: Whom) -> bool {
        match whom {
            Everybody | Dana => true,
            Other => false,
            Group(at) => self.groups[at],
            Role(at) => self.roles[at],
            Guests => self.guest,
        }
    }

    fn includes(&self, says: &Says) -> bool {
        says.include.iter().any(|one| self.means(*one))
    }

    fn excludes(&self, says: &Says) -> bool {
        says.exclude.iter().any(|one| self.means(*one))
    }

    fn applies(&self, says: &Says) -> bool {
        self.includes(says) && !self.excludes(says)
    }
}

impl Says {
    fn requires(&self) -> bool {
        self.in_force && matches!(self.asked, Asked::Mfa | Asked::Strength)
    }

    /// Asks for MFA at every sign-in of whom it applies to.
    fn is_whole(&self) -> bool {
        self.requires() && self.limit == Limit::Nothing
    }

    /// Asks at some sign-ins at least.
    fn asks(&self) -> bool {
        self.limit != Limit::UserAction
    }

    fn may_ask(&self) -> bool {
        self.in_force && self.asks() && matches!(self.asked, Asked::Mfa | Asked::Strength | Asked::MfaOrDevice)
    }

    /// Exchange ActiveSync, and all other legacy clients.
    fn keeps_out(&self) -> [bool; 2] {
        if !self.in_force || self.limit != Limit::Nothing {
            return [false; 2];
        }
        match self.asked {
            Asked::Mfa | Asked::Strength | Asked::Block => [true; 2],
            Asked::MfaOrDevice => [false, true],
            Asked::WeakStrength | Asked::ThirdParty | Asked::Terms => [false; 2],
        }
    }

    /// Matters for an emergency account.
    fn guards(&self) -> bool {
        self.in_force && self.asks() && !matches!(self.asked, Asked::ThirdParty | Asked::Terms)
    }

    /// Is made for a few named accounts.
    fn is_own(&self) -> bool {
        !self.include.is_empty() && self.include.iter().all(|one| matches!(one, Dana | Other))
    }

    fn policy(&self) -> Policy {
        let mut one = policy(&self.name);
        if !self.in_force {
            one.state = PolicyState::EnabledForReportingButNotEnforced;
        }
        let users = &mut one.conditions.users;
        users.include_users.clear();
        for (list, out) in [(&self.include, false), (&self.exclude, true)] {
            for whom in list {
                let (list, name) = match whom {
                    Group(at) if out => (&mut users.exclude_groups, GROUPS[*at]),
                    Group(at) => (&mut users.include_groups, GROUPS[*at]),
                    Role(at) if out => (&mut users.exclude_roles, ROLES[*at].0),
                    Role(at) => (&mut users.include_roles, ROLES[*at].0),
                    by_name => {
                        let name = match by_name {
                            Dana => DANA,
                            Other => OTHER,
                            Guests => "GuestsOrExternalUsers",
                            _ => "All",
                        };
                        (if out { &mut users.exclude_users } else { &mut users.include_users }, name)
                    }
                };
                list.push(name.into());
            }
        }
        match self.limit {
            Limit::Nothing => {}
            Limit::HighRisk => one.conditions.sign_in_risk_levels = text("high"),
            Limit::OneApplication => one.conditions.applications.include_applications = text(ENROLLMENT),
            Limit::UserAction => {
                one.conditions.applications.include_user_actions = text("urn:user:registersecurityinfo");
            }
        }
        let grant = one.grant_controls.get_or_insert_default();
        grant.built_in_controls.clear();
        let strength = |satisfied: &str| {
            Some(AuthenticationStrength {
                requirements_satisfied: satisfied.into(),
                ..AuthenticationStrength::default()
            })
        };
        match self.asked {
            Asked::Mfa => grant.built_in_controls = text("mfa"),
            Asked::Strength => grant.authentication_strength = strength("mfa"),
            Asked::MfaOrDevice => grant.built_in_controls = vec!["mfa".into(), "compliantDevice".into()],
            Asked::WeakStrength => grant.authentication_strength = strength("none"),
            Asked::ThirdParty => grant.custom_authentication_factors = text("Fabrikam Verify"),
            Asked::Block => grant.built_in_controls = text("block"),
            Asked::Terms => grant.terms_of_use = text("terms"),
        }
        one
    }

    /// Why it does not cover her.
    fn reasons(&self, known: &Known, worlds: &[Vec<Moment>]) -> Vec<Gap> {
        let always = |is: &dyn Fn(&Moment) -> bool| worlds.iter().flatten().all(is);
        let in_every_world = |is: &dyn Fn(&Moment) -> bool| worlds.iter().all(|world| world.iter().any(is));
        let mut gaps = Vec::new();
        let excluded = self.exclude.iter().any(|one| always(&|moment| moment.means(*one)));
        let included = self.include.iter().any(|one| always(&|moment| moment.means(*one)));
        let at_times = |list: &[Whom]| list.iter().any(|one| in_every_world(&|moment| moment.means(*one)));
        let unknown = |whom: &Whom| match whom {
            Group(_) => known.groups.is_none(),
            Role(_) => known.roles.is_none(),
            Guests => known.guest.is_none(),
            Everybody | Dana | Other => false,
        };
        if excluded {
            let by_name = self.exclude.contains(&Dana).then_some(Gap::ExcludedUser);
            let in_group = |at: usize| known.groups.is_some_and(|held| held[at]);
            let groups = self.exclude.iter().filter_map(|one| match one {
                Group(at) if in_group(*at) => Some(Gap::ExcludedGroup(GROUPS[*at].into())),
                _ => None,
            });
            let has_role = |at: usize| known.roles.is_some_and(|held| held[at] == Held::Permanent);
            let roles = (0..2).filter(|at| self.exclude.contains(&Role(*at)) && has_role(*at));
            gaps.extend(by_name.into_iter().chain(groups).chain(roles.map(|at| Gap::ExcludedRole(ROLES[at].1.into()))));
            if gaps.is_empty() {
                gaps.push(Gap::ExcludedGuest);
            }
        } else if self.exclude.iter().any(unknown) || !at_times(&self.include) {
            gaps.extend(known.missing([self].into_iter()).map(Gap::Undecided));
        }
        let eligible = |list: &[Whom]| {
            let held = |at: &usize| known.roles.is_some_and(|held| held[*at] == Held::Eligible);
            (0..2).filter(held).find(|at| list.contains(&Role(*at))).map(|at| Text::from(ROLES[at].1))
        };
        if !included {
            gaps.extend(eligible(&self.include).map(Gap::WhileActive));
        }
        if !excluded {
            gaps.extend(eligible(&self.exclude).map(Gap::ExcludedWhileActive));
        }
        gaps.extend((!self.in_force).then_some(Gap::ReportOnly));
        gaps.extend(match self.asked {
            Asked::MfaOrDevice => Some(Gap::Alternative),
            Asked::WeakStrength => Some(Gap::WeakStrength),
            Asked::ThirdParty => Some(Gap::ThirdParty),
            Asked::Mfa | Asked::Strength | Asked::Block | Asked::Terms => None,
        });
        gaps.extend(match self.limit {
            Limit::Nothing => None,
            Limit::HighRisk => Some(Gap::SignInRisk),
            Limit::OneApplication => Some(Gap::SomeApplications),
            Limit::UserAction => Some(Gap::UserActions),
        });
        gaps
    }
}

/// Is she kept out of every guarding policy, in a world where all is known? The number of policies.
fn kept_out_of_all(policies: &[Says], world: &Known) -> Option<usize> {
    let held = *world.moments().last().unwrap();
    let explicit = |one: &Whom| matches!(one, Dana | Group(_) | Role(_)) && held.means(*one);
    let reaching: Vec<&Says> = policies.iter().filter(|one| one.guards() && held.includes(one)).collect();
    let is_out = |one: &Says| one.exclude.iter().any(explicit);
    let speaks_against = |one: &Says| !is_out(one) && !one.is_own() && one.limit != Limit::OneApplication;
    let count = reaching.iter().filter(|one| is_out(one)).count();
    (count > 1 && !reaching.iter().any(|one| speaks_against(one))).then_some(count)
}

fn says() -> impl Strategy<Value = Vec<Says>> {
    let whom = vec![Everybody, Everybody, Dana, Other, Group(0), Group(1), Role(0), Role(1), Guests];
    let some = move |most: usize| vec(select(whom.clone()), 0..=most);
    let asked = select(vec![
        Asked::Mfa,
        Asked::Mfa,
        Asked::Strength,
        Asked::MfaOrDevice,
        Asked::WeakStrength,
        Asked::ThirdParty,
        Asked::Block,
        Asked::Terms,
    ]);
    let limit = select(vec![Limit::Nothing, Limit::Nothing, Limit::HighRisk, Limit::OneApplication, Limit::UserAction]);
    let one = (prop::bool::weighted(0.85), any::<bool>(), some(2), some(2), asked, limit);
    vec(one, 1..4).prop_map(|all| {
        let one = |(number, (in_force, managed, mut include, mut exclude, asked, limit)): (
            usize,
            (_, bool, Vec<Whom>, Vec<Whom>, _, _),
        )| {
            include.dedup();
            exclude.dedup();
            // Who is named on both sides is left out, whatever else is known: a case of its own.
            exclude.retain(|one| *one != Everybody && !include.contains(one));
            let name = format!("{}P{number}", if managed { "Microsoft-managed: " } else { "" });
            Says { name, in_force, include, exclude, asked, limit }
        };
        all.into_iter().enumerate().map(one).collect()
    })
}

fn known() -> impl Strategy<Value = Known> {
    let held = select(vec![Held::Not, Held::Eligible, Held::Permanent]);
    let groups = prop::option::weighted(0.7, any::<[bool; 2]>());
    let roles = prop::option::weighted(0.7, (held.clone(), held).prop_map(|(one, other)| [one, other]));
    (groups, roles, prop::option::weighted(0.7, any::<bool>())).prop_map(|(groups, roles, guest)| Known {
        groups,
        roles,
        guest,
    })
}

/// In two chunks of 64, or in one.
fn compiled(policies: &[Says], far: bool) -> CompiledPolicies {
    let mut nobodys = policy("For nobody");
    nobodys.conditions.users.include_users.clear();
    let mut all = vec![nobodys; if far { 64 } else { 0 }];
    all.extend(policies.iter().map(Says::policy));
    CompiledPolicies::new(&tenant(all))
}

fn names<'a>(policies: impl Iterator<Item = &'a Says>) -> Vec<Text> {
    policies.map(|one| one.name.as_str().into()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_answer_is_what_the_words_of_the_policies_come_to(policies in says(), known in known(), far in any::<bool>()) {
        let (user, compiled) = (known.user(), compiled(&policies, far));
        let worlds: Vec<Vec<Moment>> = known.worlds().iter().map(Known::moments).collect();
        let certain = |one: &Says| worlds.iter().flatten().all(|moment| moment.applies(one));
        let possible = |one: &Says| worlds.iter().any(|world| world.iter().all(|moment| moment.applies(one)));
        let sometimes = |one: &Says| worlds.iter().all(|world| world.iter().any(|moment| moment.applies(one)));
        let perhaps = |one: &Says| worlds.iter().flatten().any(|moment| moment.applies(one));
        let which = |is: &dyn Fn(&Says) -> bool| names(policies.iter().filter(|one| is(one)));

        let alone = which(&|one| one.is_whole() && certain(one));
        let covered = !alone.is_empty();
        let may_cover = policies.iter().any(|one| one.is_whole() && possible(one));
        prop_assert_eq!(compiled.covers(&user), if covered { Some(true) } else { (!may_cover).then_some(false) });
        let mut covering = Vec::new();
        compiled.each_covering(&user, |position| covering.push(compiled.name(position).cloned().unwrap()));
        prop_assert_eq!(&covering, &alone);

        let asking = which(&|one| one.may_ask() && sometimes(one));
        let expected = match () {
            () if covered => Asks::Always,
            () if !asking.is_empty() => Asks::Sometimes,
            () if policies.iter().any(|one| one.may_ask() && perhaps(one)) => Asks::Unknown,
            () => Asks::Never,
        };
        prop_assert_eq!(compiled.asks(&user), expected);
        prop_assert_eq!(compiled.asking(&user), if covered { alone.clone() } else { asking });

        let asks = |one: &Says| one.requires() && one.asks();
        let open = known.missing(policies.iter().filter(|one| asks(one) && perhaps(one) && !sometimes(one)));
        match (compiled.coverage(&user), open) {
            (Coverage::Full { policies, together }, _) => prop_assert_eq!((policies, together), (alone.clone(), false)),
            (Coverage::Partial { .. }, _) => {
                prop_assert!(!covered && policies.iter().any(|one| asks(one) && sometimes(one)));
            }
            (Coverage::Unknown { fact, .. }, open) => prop_assert_eq!(Some(fact), open),
            (Coverage::None { .. }, open) => prop_assert_eq!(open, None),
        }
        if !covered {
            let mentioned = policies.iter().filter(|one| {
                !matches!(one.asked, Asked::Block | Asked::Terms)
                    && worlds.iter().flatten().any(|moment| moment.includes(one))
            });
            let expected: Vec<_> =
                mentioned.map(|one| (Text::from(one.name.as_str()), one.reasons(&known, &worlds))).collect();
            let said = compiled.coverage(&user);
            let said: Vec<_> = said.gaps().iter().map(|one| (one.policy.clone(), one.gaps.clone())).collect();
            prop_assert_eq!(said, expected);
        }

        let active = |one: &Says| worlds.iter().all(|world| world.last().unwrap().applies(one));
        let eligible = known.roles.is_some_and(|held| held.contains(&Held::Eligible));
        let then = which(&|one| one.is_whole() && active(one));
        prop_assert_eq!(compiled.only_while_active(&user), (eligible && !covered && !then.is_empty()).then_some(then));
        let is_managed = |name: &Text| name.starts_with("Microsoft-managed");
        let only_managed = covered && alone.iter().all(is_managed);
        prop_assert_eq!(compiled.only_managed(&user), only_managed.then_some(alone));
        let third_party = which(&|one| one.in_force && one.asked == Asked::ThirdParty && sometimes(one));
        prop_assert_eq!(compiled.third_party(&user), third_party);
        let strong = which(&|one| one.is_whole() && one.asked == Asked::Strength && certain(one));
        prop_assert_eq!(compiled.strengths(&user).iter().map(|one| one.0.clone()).collect::<Vec<_>>(), strong);

        let both = |is: &dyn Fn(&Says) -> bool| {
            (0..2).all(|kind| policies.iter().any(|one| one.keeps_out()[kind] && is(one)))
        };
        let undecided = |kind: usize| policies.iter().filter(move |one| one.keeps_out()[kind]);
        let fact = (0..2).find_map(|kind| known.missing(undecided(kind).filter(|one| possible(one) && !certain(one))));
        let expected = match fact {
            _ if both(&certain) => {
                LegacyClients::Blocked(which(&|one| one.keeps_out() != [false; 2] && certain(one)))
            }
            Some(fact) if both(&possible) => LegacyClients::Unknown(fact),
            _ => LegacyClients::Open,
        };
        prop_assert_eq!(compiled.legacy_clients(&user), expected);
    }

    #[test]
    fn an_emergency_account_is_one_in_every_world_or_nobody_can_tell(
        policies in says(), known in known(), far in any::<bool>(),
    ) {
        let answers: Vec<_> = known.worlds().iter().map(|world| kept_out_of_all(&policies, world)).collect();
        match compiled(&policies, far).excluded_from_all(&known.user()) {
            Ok(None) => prop_assert!(answers.iter().all(Option::is_none), "{answers:?}"),
            Ok(count) => prop_assert_eq!(answers.iter().min().unwrap(), &count),
            Err(fact) => {
                // Where no fact decides two policies at once, the worlds do differ.
                let of_facts = policies.iter().flat_map(|one| one.include.iter().chain(&one.exclude));
                let mut of_facts: Vec<Whom> =
                    of_facts.copied().filter(|one| matches!(one, Group(_) | Role(_) | Guests)).collect();
                let named = of_facts.len();
                of_facts.sort_by_key(|one| format!("{one:?}"));
                of_facts.dedup();
                prop_assert!(
                    named > of_facts.len()
                        || answers.iter().any(Option::is_some) && answers.iter().any(Option::is_none),
                    "{answers:?}"
                );
                let missing = [
                    known.groups.is_none().then_some(Fact::Groups),
                    known.roles.is_none().then_some(Fact::Roles),
                    known.guest.is_none().then_some(Fact::Directory),
                ];
                prop_assert!(missing.contains(&Some(fact)), "{fact:?}");
            }
        }
    }
}
