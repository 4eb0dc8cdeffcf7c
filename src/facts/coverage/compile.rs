//! Policies, compiled so that a user is judged against 64 of them by a few bit operations.
//!
//! A tenant may hold 240 policies and 100,000 users in dozens of groups each. Looking every group of every user up in
//! every policy would be some hundred million look-ups; here each group of a user is looked up once, and the answer is
//! the set of policies that name it, as bits.

use std::collections::{BTreeSet, HashMap};

use super::{
    AskedAt, Asks, Coverage, Gap, Open, PolicyGap,
    emergency::Own,
    grant::{self, Grant},
    reach::{self, Reach},
    restrictions,
    standing::{Audience, GuestKind, Standing},
};
use crate::tenant::{
    AuthenticationStrength, Fact, GroupId, ObservedTenant, Policy, PolicyState, RoleTemplateId, Text, User,
    UserConditions, UserId,
};

/// All policies of a tenant, compiled once.
#[derive(Debug)]
pub struct CompiledPolicies {
    /// `None` = the tenant did not give its policies.
    pub(super) chunks: Option<Vec<Chunk>>,
    group_names: HashMap<GroupId, Text>,
}

/// Up to 64 policies. Every mask has one bit a policy.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) policies: Vec<One>,
    pub(super) audience: Audience,
    /// In force and not to be satisfied without MFA.
    requires: u64,
    /// In force, and can be satisfied without MFA.
    alternative: u64,
    /// In force, and asks for a third party's second factor only.
    third_party: u64,
    /// Speaks of MFA at all, in any state.
    mentions: u64,
    /// No restriction but the users.
    unrestricted: u64,
    /// No restriction but users, kinds of client and applications: several of these may cover together.
    joinable: u64,
    /// In force, and blocks every sign-in that it is for.
    blocks: u64,
    /// Asks at some sign-ins at least.
    asks: u64,
    /// Written by Microsoft, which may change it.
    managed: u64,
    /// In force, for every application and without a condition, and keeps legacy clients out: Exchange ActiveSync, others.
    pub(super) keeps_out: [u64; 2],
    /// As `keeps_out`, for some applications at least: several of these may keep legacy clients out together.
    pub(super) keeps_out_of_some: [u64; 2],
    /// In force, and asks for MFA or blocks: these matter for emergency accounts.
    pub(super) guards: u64,
    /// Is for all applications (but some).
    pub(super) all_applications: u64,
}

#[derive(Debug)]
pub(super) struct One {
    pub(super) name: Text,
    /// Gaps that are the same for everybody.
    gaps: Vec<Gap>,
    exclude_groups: Vec<GroupId>,
    exclude_roles: Vec<RoleTemplateId>,
    exclude_users: Vec<UserId>,
    include_roles: Vec<RoleTemplateId>,
    pub(super) reach: Reach,
    /// The strength that must be met.
    strength: Option<AuthenticationStrength>,
    pub(super) own: Own,
}

/// The policies of one tenant that cover a user, alone or together.
#[derive(Clone, Debug, Default)]
struct Cover<'p> {
    policies: Vec<&'p One>,
    together: bool,
}

impl CompiledPolicies {
    /// Compiles the policies of a tenant. Policies for workload identities are left out: they are not about users.
    #[must_use]
    pub fn new(tenant: &ObservedTenant) -> Self {
        Self::of(tenant, tenant.conditional_access.as_deref())
    }

    /// As [`CompiledPolicies::new`], of these policies.
    #[must_use]
    pub(crate) fn of(tenant: &ObservedTenant, policies: Option<&[Policy]>) -> Self {
        let Some(policies) = policies else {
            return Self { chunks: None, group_names: HashMap::new() };
        };
        let about_users: Vec<&Policy> = policies
            .iter()
            .filter(|one| restrictions::is_trivial(one.conditions.client_applications.as_ref()))
            .collect();
        let sizes = super::emergency::small_groups(tenant, &about_users);
        let chunks: Vec<Chunk> =
            about_users.chunks(64).map(|policies| Chunk::new(policies, &sizes, &tenant.unread_groups)).collect();
        let named = |id: &GroupId| chunks.iter().any(|chunk| chunk.audience.groups.contains_key(id));
        let group_names = tenant
            .groups
            .iter()
            .filter(|group| named(&group.id))
            .map(|group| (group.id, group.display_name.clone()))
            .collect();
        Self { chunks: Some(chunks), group_names }
    }

    /// Were the policies given at all?
    #[must_use]
    pub const fn are_known(&self) -> bool {
        self.chunks.is_some()
    }

    /// Is the user covered at every sign-in? `None` where that cannot be decided.
    #[must_use]
    pub fn covers(&self, user: &User) -> Option<bool> {
        self.chunks.as_ref()?;
        if self.is_full(user, Standing::certain) {
            return Some(true);
        }
        if self.is_full(user, Standing::possible) { None } else { Some(false) }
    }

    /// Is the user covered at every sign-in by the policies that apply in this sense? The usual answers – one policy
    /// does, or fewer than two could help each other – are found by bits alone.
    fn is_full(&self, user: &User, applies: fn(Standing) -> u64) -> bool {
        let mut joinable = 0;
        for chunk in self.chunks.iter().flatten() {
            let bits = applies(chunk.audience.standing(user)) & chunk.requires;
            if bits & chunk.unrestricted != 0 {
                return true;
            }
            joinable += (bits & chunk.joinable).count_ones();
        }
        joinable > 1
            && reach::together(&self.joinable(user, applies).iter().map(|one| &one.reach).collect::<Vec<_>>()).is_ok()
    }

    /// The policies that could cover together, in order.
    fn joinable(&self, user: &User, applies: fn(Standing) -> u64) -> Vec<&One> {
        self.select(user, applies, |chunk| chunk.requires & chunk.joinable)
    }

    /// The policies of a mask that apply in this sense.
    fn select(&self, user: &User, applies: fn(Standing) -> u64, mask: impl Fn(&Chunk) -> u64) -> Vec<&One> {
        let mut found = Vec::new();
        for chunk in self.chunks.iter().flatten() {
            let standing = chunk.audience.standing(user);
            found.extend(bits(applies(standing) & mask(chunk)).map(|bit| &chunk.policies[bit]));
        }
        found
    }

    /// What covers the user: every policy that does so alone, else the fewest that do so together.
    fn cover(&self, user: &User, applies: fn(Standing) -> u64, leave_out: fn(&Chunk) -> u64) -> Option<Cover<'_>> {
        let alone = self.select(user, applies, |chunk| chunk.requires & chunk.unrestricted & !leave_out(chunk));
        if !alone.is_empty() {
            return Some(Cover { policies: alone, together: false });
        }
        let mut policies = self.select(user, applies, |chunk| chunk.requires & chunk.joinable & !leave_out(chunk));
        let is_full =
            |policies: &[&One]| reach::together(&policies.iter().map(|one| &one.reach).collect::<Vec<_>>()).is_ok();
        if policies.len() < 2 || !is_full(&policies) {
            return None;
        }
        // Whatever can be left out is left out, last first: what remains is needed.
        for index in (0..policies.len()).rev() {
            let mut fewer = policies.clone();
            fewer.remove(index);
            if is_full(&fewer) {
                policies = fewer;
            }
        }
        Some(Cover { policies, together: true })
    }

    /// Calls `each` with the position of every policy that covers the user, alone or together with others (see
    /// [`CompiledPolicies::name`]).
    pub fn each_covering(&self, user: &User, mut each: impl FnMut(usize)) {
        let mut any = false;
        for (index, chunk) in self.chunks.iter().flatten().enumerate() {
            for bit in bits(chunk.audience.standing(user).certain() & chunk.requires & chunk.unrestricted) {
                any = true;
                each(index * 64 + bit);
            }
        }
        if any {
            return;
        }
        let Some(cover) = self.cover(user, Standing::certain, |_| 0) else { return };
        for (index, chunk) in self.chunks.iter().flatten().enumerate() {
            for (bit, one) in chunk.policies.iter().enumerate() {
                if cover.policies.iter().any(|covering| std::ptr::eq(*covering, one)) {
                    each(index * 64 + bit);
                }
            }
        }
    }

    /// How many policies about users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks.iter().flatten().map(|chunk| chunk.policies.len()).sum()
    }

    /// Are there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The name of the policy at this position.
    #[must_use]
    pub fn name(&self, position: usize) -> Option<&Text> {
        Some(&self.chunks.as_ref()?.get(position / 64)?.policies.get(position % 64)?.name)
    }

    /// The coverage of a user, with the policies and the reasons.
    #[must_use]
    pub fn coverage(&self, user: &User) -> Coverage {
        let Some(chunks) = &self.chunks else {
            return Coverage::Unknown { fact: Fact::ConditionalAccess, gaps: Vec::new() };
        };
        if let Some(Cover { policies, together }) = self.cover(user, Standing::certain, |_| 0) {
            return Coverage::Full { policies: policies.iter().map(|one| one.name.clone()).collect(), together };
        }
        let mut gaps = Vec::new();
        let (mut partial, mut undecided) = (false, None);
        for chunk in chunks {
            let standing = chunk.audience.standing(user);
            let concerned = standing.included | standing.role_included | standing.maybe_included;
            for bit in bits(concerned & chunk.mentions) {
                let policy = chunk.policies[bit].name.clone();
                gaps.push(PolicyGap { policy, gaps: self.reasons(chunk, bit, standing, user) });
            }
            let asks = chunk.requires & chunk.asks;
            partial |= standing.sometimes() & asks != 0;
            let open = (standing.possible_sometimes() & !standing.sometimes()) & asks;
            if open != 0 {
                undecided = undecided.or(Some(chunk.audience.missing_fact(open, user)));
            }
        }
        // What is known to be asked for is said first: it is a floor, and not cover.
        match undecided {
            _ if partial => Coverage::Partial { gaps, open: self.left_open(user) },
            Some(fact) => Coverage::Unknown { fact, gaps },
            None => Coverage::None { gaps },
        }
    }

    /// What asks the user at single sign-ins, whatever is unknown; `None` where the tenant did not give its policies.
    pub(crate) fn asked_at(&self, user: &User) -> Option<AskedAt<'_>> {
        self.chunks.as_ref()?;
        let policies = self.asking_or_blocking(user).into_iter().map(|one| &one.reach).collect();
        Some(AskedAt { everywhere: self.is_full(user, Standing::certain), policies })
    }

    /// The policies that ask at, or block, the sign-ins they are for: what is blocked is not left open.
    fn asking_or_blocking(&self, user: &User) -> Vec<&One> {
        self.select(user, Standing::certain, |chunk| (chunk.requires | chunk.blocks) & chunk.joinable)
    }

    /// What remains open beside the policies that could have covered together.
    fn left_open(&self, user: &User) -> Option<Open> {
        let joinable = self.asking_or_blocking(user);
        reach::together(&joinable.iter().map(|one| &one.reach).collect::<Vec<_>>()).err().flatten()
    }

    /// How often the user is asked for MFA. As [`CompiledPolicies::coverage`], without the reasons; here MFA as one of
    /// several alternatives asks at some sign-ins.
    #[must_use]
    pub fn asks(&self, user: &User) -> Asks {
        if self.is_full(user, Standing::certain) {
            return Asks::Always;
        }
        if self.chunks.is_none() {
            return Asks::Unknown;
        }
        let mut perhaps = false;
        for chunk in self.chunks.iter().flatten() {
            let standing = chunk.audience.standing(user);
            let asks = (chunk.requires | chunk.alternative) & chunk.asks;
            if standing.sometimes() & asks != 0 {
                return Asks::Sometimes;
            }
            perhaps |= standing.possible_sometimes() & asks != 0;
        }
        if perhaps { Asks::Unknown } else { Asks::Never }
    }

    /// The names of the policies that ask the user for MFA: those that cover, else those that ask at some sign-ins.
    #[must_use]
    pub fn asking(&self, user: &User) -> Vec<Text> {
        let policies = match self.cover(user, Standing::certain, |_| 0) {
            Some(cover) => cover.policies,
            None => self.select(user, Standing::sometimes, |chunk| (chunk.requires | chunk.alternative) & chunk.asks),
        };
        policies.into_iter().map(|one| one.name.clone()).collect()
    }

    /// The policies that would cover the user if the roles they are merely eligible for were active; none where the user
    /// is covered without, or not even then.
    #[must_use]
    pub fn only_while_active(&self, user: &User) -> Option<Vec<Text>> {
        let eligible = user.roles_over_the_directory().into_iter().flatten().any(|role| !role.permanent);
        if !eligible || self.is_full(user, Standing::certain) {
            return None;
        }
        let cover = self.cover(user, |standing| standing.activated().certain(), |_| 0)?;
        Some(cover.policies.iter().map(|one| one.name.clone()).collect())
    }

    /// The Microsoft-managed policies without which the user would not be covered.
    #[must_use]
    pub fn only_managed(&self, user: &User) -> Option<Vec<Text>> {
        let cover = self.cover(user, Standing::certain, |_| 0)?;
        if self.cover(user, Standing::certain, |chunk| chunk.managed).is_some() {
            return None;
        }
        Some(cover.policies.iter().filter(|one| is_managed(&one.name)).map(|one| one.name.clone()).collect())
    }

    /// The policies in force that ask the user for a third party's second factor only.
    #[must_use]
    pub fn third_party(&self, user: &User) -> Vec<Text> {
        self.select(user, Standing::sometimes, |chunk| chunk.third_party).iter().map(|one| one.name.clone()).collect()
    }

    /// The strengths that must be met at every sign-in of the user, with the policies that ask for them.
    pub fn strengths(&self, user: &User) -> Vec<(&Text, &AuthenticationStrength)> {
        let Some(cover) = self.cover(user, Standing::certain, |_| 0) else { return Vec::new() };
        cover.policies.into_iter().filter_map(|one| Some((&one.name, one.strength.as_ref()?))).collect()
    }

    fn reasons(&self, chunk: &Chunk, bit: usize, standing: Standing, user: &User) -> Vec<Gap> {
        let policy = &chunk.policies[bit];
        let mask = 1_u64 << bit;
        let mut gaps = Vec::new();
        let missing =
            standing.maybe_excluded | (standing.maybe_included & !standing.included & !standing.role_included);
        if standing.excluded & mask != 0 {
            gaps.extend(self.exclusions(policy, user));
        } else if missing & mask != 0 {
            gaps.push(Gap::Undecided(chunk.audience.missing_fact(mask, user)));
        }
        let eligible = |roles: &[RoleTemplateId]| {
            let mut held = user.roles_over_the_directory().into_iter().flatten().filter(|one| !one.permanent);
            held.find(|one| roles.contains(&one.template_id)).map(|one| one.display_name.clone())
        };
        if standing.role_included & !standing.included & mask != 0 {
            gaps.extend(eligible(&policy.include_roles).map(Gap::WhileActive));
        }
        if standing.role_excluded & !standing.excluded & mask != 0 {
            gaps.extend(eligible(&policy.exclude_roles).map(Gap::ExcludedWhileActive));
        }
        gaps.extend(policy.gaps.iter().cloned());
        gaps
    }

    fn exclusions(&self, policy: &One, user: &User) -> Vec<Gap> {
        let mut gaps = Vec::new();
        if policy.exclude_users.contains(&user.id) {
            gaps.push(Gap::ExcludedUser);
        }
        let groups = user.member_of.as_deref().unwrap_or_default();
        for id in policy.exclude_groups.iter().filter(|id| groups.contains(id)) {
            gaps.push(Gap::ExcludedGroup(self.group_names.get(id).cloned().unwrap_or_else(|| id.to_string().into())));
        }
        let held = user.roles_over_the_directory().into_iter().flatten().filter(|one| one.permanent);
        for role in held.filter(|one| policy.exclude_roles.contains(&one.template_id)) {
            gaps.push(Gap::ExcludedRole(role.display_name.clone()));
        }
        if gaps.is_empty() {
            gaps.push(Gap::ExcludedGuest);
        }
        gaps
    }
}

/// Policies that Microsoft puts into a tenant carry this in front of their name (Microsoft, "Microsoft-managed
/// Conditional Access policies").
fn is_managed(name: &str) -> bool {
    crate::facts::recognise::starts_with(name.trim_start(), "Microsoft-managed")
}

impl Chunk {
    fn new(policies: &[&Policy], small: &super::emergency::SmallGroups, unread: &BTreeSet<GroupId>) -> Self {
        let mut chunk = Self::default();
        for (bit, policy) in policies.iter().enumerate() {
            chunk.add(1 << bit, policy, small, unread);
        }
        chunk
    }

    fn add(&mut self, mask: u64, policy: &Policy, small: &super::emergency::SmallGroups, unread: &BTreeSet<GroupId>) {
        let Policy { id, display_name, state, conditions, grant_controls } = policy;
        let grant = grant_controls.as_ref().map_or(Grant::None, grant::of);
        let in_force = *state == PolicyState::Enabled;
        let mut gaps = Vec::new();
        match state {
            PolicyState::Enabled => {}
            PolicyState::Disabled => gaps.push(Gap::Disabled),
            PolicyState::EnabledForReportingButNotEnforced => gaps.push(Gap::ReportOnly),
            PolicyState::Unknown => gaps.push(Gap::UnknownState),
        }
        match grant {
            Grant::Mfa => {}
            Grant::Alternative => gaps.push(Gap::Alternative),
            Grant::WeakStrength => gaps.push(Gap::WeakStrength),
            Grant::ThirdParty => gaps.push(Gap::ThirdParty),
            Grant::None => {}
        }
        let mut restrictions = Vec::new();
        restrictions::of(conditions, grant_controls.as_ref(), &mut restrictions);
        let set = |bits: &mut u64, condition: bool| *bits |= if condition { mask } else { 0 };
        set(&mut self.requires, in_force && grant == Grant::Mfa);
        set(&mut self.alternative, in_force && grant == Grant::Alternative);
        set(&mut self.third_party, in_force && grant == Grant::ThirdParty);
        set(&mut self.mentions, grant != Grant::None);
        set(&mut self.unrestricted, restrictions.is_empty());
        set(&mut self.joinable, restrictions.iter().all(Gap::is_reach));
        set(&mut self.asks, restrictions.iter().all(Gap::is_partial));
        set(&mut self.managed, is_managed(display_name));
        let blocks = grant_controls.as_ref().is_some_and(grant::blocks);
        set(&mut self.blocks, in_force && blocks);
        let asks_or_blocks = blocks || matches!(grant, Grant::Mfa | Grant::Alternative | Grant::WeakStrength);
        let reached = &conditions.applications.include_applications;
        let reaches_some = reached.iter().any(restrictions::is_application)
            && !restrictions.iter().any(|gap| matches!(gap, Gap::UserActions));
        set(&mut self.guards, in_force && asks_or_blocks && reaches_some);
        let all = conditions.applications.include_applications.iter().any(|one| one.eq_ignore_ascii_case("All"));
        set(&mut self.all_applications, all);
        let whole = restrictions.iter().all(|gap| matches!(gap, Gap::ClientAppTypes));
        if in_force && restrictions.iter().all(Gap::is_reach) {
            let (active_sync, others) = grant_controls.as_ref().map_or((false, false), grant::keeps_out_legacy);
            let is_for = |kind: &str| {
                conditions
                    .client_app_types
                    .iter()
                    .any(|one| one.eq_ignore_ascii_case("all") || one.eq_ignore_ascii_case(kind))
            };
            let kept_out = [active_sync && is_for("exchangeActiveSync"), others && is_for("other")];
            for (index, kept_out) in kept_out.into_iter().enumerate() {
                set(&mut self.keeps_out[index], whole && kept_out);
                set(&mut self.keeps_out_of_some[index], kept_out);
            }
        }
        gaps.append(&mut restrictions);
        self.add_users(mask, &conditions.users, unread);
        self.policies.push(One {
            name: if display_name.is_empty() { id.clone() } else { display_name.clone() },
            gaps,
            exclude_groups: parsed(&conditions.users.exclude_groups).collect(),
            exclude_roles: parsed(&conditions.users.exclude_roles).collect(),
            exclude_users: parsed(&conditions.users.exclude_users).collect(),
            include_roles: parsed(&conditions.users.include_roles).collect(),
            reach: Reach::of(conditions),
            strength: grant_controls.as_ref().and_then(grant::required_strength).cloned(),
            own: Own::of(&conditions.users, small),
        });
    }

    fn add_users(&mut self, mask: u64, users: &UserConditions, unread: &BTreeSet<GroupId>) {
        let UserConditions {
            include_users,
            exclude_users,
            include_groups,
            exclude_groups,
            include_roles,
            exclude_roles,
            include_guests_or_external_users,
            exclude_guests_or_external_users,
            other: _,
        } = users;
        let audience = &mut self.audience;
        let has = |list: &[Text], word: &str| list.iter().any(|one| one.eq_ignore_ascii_case(word));
        if has(include_users, "All") {
            audience.everybody |= mask;
        }
        for id in parsed(include_users) {
            audience.users.entry(id).or_default().include |= mask;
        }
        for id in parsed(exclude_users) {
            audience.users.entry(id).or_default().exclude |= mask;
        }
        for id in parsed(include_groups) {
            audience.groups.entry(id).or_default().include |= mask;
            audience.by_group.include |= mask;
            audience.by_unread_group.include |= if unread.contains(&id) { mask } else { 0 };
        }
        for id in parsed(exclude_groups) {
            audience.groups.entry(id).or_default().exclude |= mask;
            audience.by_group.exclude |= mask;
            audience.by_unread_group.exclude |= if unread.contains(&id) { mask } else { 0 };
        }
        for id in parsed(include_roles) {
            audience.roles.entry(id).or_default().include |= mask;
            audience.by_role.include |= mask;
        }
        for id in parsed(exclude_roles) {
            audience.roles.entry(id).or_default().exclude |= mask;
            audience.by_role.exclude |= mask;
        }
        for (kind, flag) in GuestKind::ALL {
            let sides = &mut audience.guests[kind as usize];
            let names = |external: &crate::tenant::ExternalUsers| {
                restrictions::flags(external).any(|one| one.eq_ignore_ascii_case(flag))
            };
            if has(include_users, "GuestsOrExternalUsers") && kind != GuestKind::B2bMember
                || include_guests_or_external_users
                    .as_ref()
                    .is_some_and(|one| names(one) && restrictions::is_for_all_tenants(one))
            {
                sides.include |= mask;
                audience.by_guest.include |= mask;
            }
            if has(exclude_users, "GuestsOrExternalUsers")
                || exclude_guests_or_external_users.as_ref().is_some_and(names)
            {
                sides.exclude |= mask;
                audience.by_guest.exclude |= mask;
            }
        }
    }
}

fn parsed<'a, T: std::str::FromStr + 'a>(texts: &'a [Text]) -> impl Iterator<Item = T> + 'a {
    texts.iter().filter_map(|text| text.parse().ok())
}

pub(super) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros() as usize;
        mask &= mask.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}
