//! Who is kept out of the policies on purpose: that is how emergency accounts are set up (Microsoft, "Manage emergency
//! access accounts in Microsoft Entra ID").

use std::collections::{HashMap, HashSet};

use super::{CompiledPolicies, compile::bits};
use crate::tenant::{Fact, GroupId, ObservedTenant, Policy, Text, User, UserConditions};

/// How many members a policy's group may have for the policy to be its members' own.
const OWN: usize = 5;

/// Groups that policies include, with their number of members where that is known and small.
pub(super) type SmallGroups = HashSet<GroupId>;

/// Does a policy name a handful of accounts and nobody else? Then it is made for them – a certificate for the emergency
/// accounts, say – and does not speak against their being kept out of everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    Yes,
    No,
}

impl Own {
    pub(super) fn of(users: &UserConditions, small: &SmallGroups) -> Self {
        let UserConditions {
            include_users,
            exclude_users: _,
            include_groups,
            exclude_groups: _,
            include_roles,
            exclude_roles: _,
            include_guests_or_external_users,
            exclude_guests_or_external_users: _,
            other: _,
        } = users;
        let nobody_else = include_roles.is_empty() && include_guests_or_external_users.is_none();
        let is_id = |text: &Text| uuid::Uuid::try_parse(text).is_ok();
        let by_name = include_groups.is_empty() && !include_users.is_empty() && include_users.len() <= OWN;
        let by_group = include_users.iter().all(|one| one.eq_ignore_ascii_case("None")) && include_groups.len() == 1;
        let is_small = |id: &Text| id.parse().is_ok_and(|id| small.contains(&id));
        let own = nobody_else
            && (by_name && include_users.iter().all(is_id) || by_group && include_groups.iter().all(is_small));
        if own { Self::Yes } else { Self::No }
    }
}

/// The groups that some policy includes and that have at most five members, as far as memberships are known.
pub(super) fn small_groups(tenant: &ObservedTenant, policies: &[&Policy]) -> SmallGroups {
    let included = policies.iter().flat_map(|one| &one.conditions.users.include_groups);
    // A group that could not be read has no known size: it is never taken for small.
    let is_read = |id: &GroupId| !tenant.unread_groups.contains(id);
    let mut sizes: HashMap<GroupId, usize> =
        included.filter_map(|id| Some((id.parse().ok().filter(is_read)?, 0))).collect();
    if sizes.is_empty() || tenant.users().iter().all(|user| user.member_of.is_none()) {
        return SmallGroups::new();
    }
    for user in tenant.users() {
        for group in user.member_of.iter().flatten() {
            if let Some(size) = sizes.get_mut(group) {
                *size += 1;
            }
        }
    }
    sizes.into_iter().filter(|(_, size)| *size <= OWN).map(|(group, _)| group).collect()
}

impl CompiledPolicies {
    /// Is the user excluded, by name, group or role, from every enabled policy that asks for MFA or blocks and would
    /// otherwise reach them, from two at least? Policies for some applications only count where they exclude the user,
    /// and do not speak against it where they do not; nor do the user's own policies. The number of policies, `Ok(None)`
    /// if not, `Err` where it cannot be decided.
    pub fn excluded_from_all(&self, user: &User) -> Result<Option<usize>, Fact> {
        let Some(chunks) = &self.chunks else { return Err(Fact::ConditionalAccess) };
        let (mut count, mut possible) = (0, 0);
        let (mut disproved_if_known, mut missing) = (false, None);
        for chunk in chunks {
            let standing = chunk.audience.standing(user);
            let (excluded, maybe_excluded) = chunk.audience.explicitly_excluded(user);
            let reached = (standing.included | standing.role_included) & chunk.guards;
            let maybe_reached = standing.maybe_included & chunk.guards & !reached;
            let own = bits(reached | maybe_reached).filter(|bit| chunk.policies[*bit].own == Own::Yes);
            let against = chunk.all_applications & !own.fold(0, |mask, bit| mask | 1 << bit);
            if reached & against & !excluded & !maybe_excluded != 0 {
                return Ok(None);
            }
            let open = (reached | maybe_reached) & against & !excluded;
            let uncounted = (reached | maybe_reached) & (excluded | maybe_excluded) & !(reached & excluded);
            disproved_if_known |= open != 0;
            if open | uncounted != 0 {
                missing = missing.or(Some(chunk.audience.missing_fact(open | uncounted, user)));
            }
            count += (reached & excluded).count_ones() as usize;
            possible += ((reached | maybe_reached) & (excluded | maybe_excluded)).count_ones() as usize;
        }
        match missing {
            Some(fact) if possible >= 2 && (disproved_if_known || count < 2) => Err(fact),
            _ if count >= 2 => Ok(Some(count)),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{
        super::tests::{DANA, GROUP_A, GROUP_C, HELPDESK, OTHER, dana, tenant, text},
        *,
    };
    use crate::{
        risk::testing_policies::policy,
        tenant::{ExternalUsers, MfaState, Source},
    };

    /// So many users are in group A, Dana last; two policies leave her out, and the third is this one.
    fn third_of(members: u128, third: impl FnOnce(&mut UserConditions), group_is_read: bool) -> Option<usize> {
        let mut others: Vec<User> = (1..members)
            .map(|number| {
                let name = Text::from(format!("colleague{number}@contoso.com"));
                let mut user = User::new(Uuid::from_u128(number).to_string().parse().unwrap(), name, dana().mfa_state);
                user.member_of = Some([GROUP_A.parse().unwrap()].into());
                user
            })
            .collect();
        others.push(dana());
        let mut policies = ["P1", "P2", "for some"].map(policy);
        for without in &mut policies[..2] {
            without.conditions.users.exclude_users = text(DANA);
        }
        policies[2].conditions.users = UserConditions::default();
        third(&mut policies[2].conditions.users);
        let empty = tenant(Vec::new());
        let mut all = ObservedTenant::new(empty.id, empty.name.clone(), Source::Snapshot, empty.captured_at, others);
        all.unread_groups.extend((!group_is_read).then(|| GROUP_A.parse::<GroupId>().unwrap()));
        all.conditional_access = Some(policies.into());
        CompiledPolicies::new(&all).excluded_from_all(&dana()).unwrap()
    }

    /// So many accounts, Dana last.
    fn ids(count: u128) -> Vec<Text> {
        let others = (1..count).map(|number| Uuid::from_u128(number).to_string().into());
        others.chain([Text::from(DANA)]).collect()
    }

    /// A certificate for the emergency accounts is asked for by a policy of their own.
    #[test]
    fn a_policy_for_a_handful_of_accounts_does_not_speak_against_an_emergency_account() {
        let of_a = |users: &mut UserConditions| users.include_groups = text(GROUP_A);
        assert_eq!(third_of(1, |users| users.include_users = ids(1), true), Some(2));
        assert_eq!(third_of(1, |users| users.include_users = ids(5), true), Some(2));
        assert_eq!(third_of(5, of_a, true), Some(2), "a group of five");
        let and_nobody = |users: &mut UserConditions| {
            of_a(users);
            users.include_users = text("None");
        };
        assert_eq!(third_of(5, and_nobody, true), Some(2), "the word for nobody");
    }

    #[test]
    fn a_policy_that_reaches_others_as_well_speaks_against_it() {
        type Say = fn(&mut UserConditions);
        let of_a: Say = |users| users.include_groups = text(GROUP_A);
        let others: [(&str, Say); 6] = [
            ("everybody", |users| users.include_users = text("All")),
            ("an account and a group", |users| {
                users.include_users = text(DANA);
                users.include_groups = text(GROUP_A);
            }),
            ("two groups", |users| users.include_groups = vec![GROUP_A.into(), GROUP_C.into()]),
            ("an account and a role", |users| {
                users.include_users = text(DANA);
                users.include_roles = text(HELPDESK);
            }),
            ("an account and guests", |users| {
                users.include_users = text(DANA);
                users.include_guests_or_external_users = Some(ExternalUsers::default());
            }),
            ("six accounts", |users| users.include_users = ids(6)),
        ];
        for (story, say) in others {
            assert_eq!(third_of(2, say, true), None, "{story}");
        }
        assert_eq!(third_of(6, of_a, true), None, "a group of six");
    }

    /// Whoever is not known to be in it may be in it.
    #[test]
    fn a_group_that_could_not_be_read_is_not_small() {
        assert_eq!(third_of(1, |users| users.include_groups = text(GROUP_A), false), None);
    }

    #[test]
    fn the_account_of_somebody_else_is_left_in() {
        let mut stranger = dana();
        stranger.id = OTHER.parse().unwrap();
        stranger.mfa_state = MfaState::Disabled.into();
        let mut policies = vec![policy("P1"), policy("P2")];
        for without in &mut policies {
            without.conditions.users.exclude_users = text(DANA);
        }
        let compiled = CompiledPolicies::new(&tenant(policies));
        assert_eq!(compiled.excluded_from_all(&dana()), Ok(Some(2)));
        assert_eq!(compiled.excluded_from_all(&stranger), Ok(None));
    }
}
