//! Policies, compiled so that a user is judged against 64 of them by a few bit operations.
//!
//! A tenant may hold 240 policies and 100,000 users in dozens of groups each. Looking every group of every user up in
//! every policy would be some hundred million look-ups; here each group of a user is looked up once, and the answer is
//! the set of policies that name it, as bits.

use std::collections::HashMap;

use super::{
    Coverage, Gap, PolicyGap,
    grant::{self, Grant},
};
use crate::tenant::{
    ApplicationConditions, Conditions, ExternalUsers, Fact, GroupId, ObservedTenant, Policy, PolicyState,
    RoleTemplateId, Text, User, UserConditions, UserId, UserType,
};

/// All policies of a tenant, compiled once.
#[derive(Debug)]
pub struct CompiledPolicies {
    /// `None` = the tenant did not give its policies.
    chunks: Option<Vec<Chunk>>,
    group_names: HashMap<GroupId, Text>,
    enabled: usize,
}

/// Which policies (by bit) include and exclude.
#[derive(Clone, Copy, Debug, Default)]
struct Sides {
    include: u64,
    exclude: u64,
}

#[derive(Debug, Default)]
struct Chunk {
    policies: Vec<One>,
    everybody: u64,
    users: HashMap<UserId, Sides>,
    groups: HashMap<GroupId, Sides>,
    roles: HashMap<RoleTemplateId, Sides>,
    guests: [Sides; GuestKind::ALL.len()],
    /// Policies that name any group, role or kind of guest: undecided where that fact of a user is unknown.
    by_group: Sides,
    by_role: Sides,
    by_guest: Sides,
    enabled: u64,
    /// In force and not to be satisfied without MFA.
    requires: u64,
    /// Speaks of MFA at all, in any state.
    mentions: u64,
    /// No restriction but the users.
    unrestricted: u64,
}

#[derive(Debug)]
struct One {
    name: Text,
    /// Gaps that are the same for everybody.
    gaps: Vec<Gap>,
    exclude_groups: Vec<GroupId>,
    exclude_roles: Vec<RoleTemplateId>,
    exclude_users: Vec<UserId>,
}

/// The kinds of external users that can be told apart by `userType` and `#EXT#`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GuestKind {
    /// A guest with `#EXT#` in the name.
    B2bGuest,
    /// A guest without.
    Internal,
    /// A member with `#EXT#`.
    B2bMember,
}

impl GuestKind {
    const ALL: [(Self, &'static str); 3] = [
        (Self::B2bGuest, "b2bCollaborationGuest"),
        (Self::Internal, "internalGuest"),
        (Self::B2bMember, "b2bCollaborationMember"),
    ];

    /// `Err` = unknown; `Ok(None)` = neither a guest nor external.
    fn of(user: &User) -> Result<Option<Self>, ()> {
        let external = user.user_principal_name.contains("#EXT#");
        match (user.user_type, external) {
            (Some(UserType::Guest), true) => Ok(Some(Self::B2bGuest)),
            (Some(UserType::Guest), false) => Ok(Some(Self::Internal)),
            (Some(UserType::Member), true) => Ok(Some(Self::B2bMember)),
            (Some(UserType::Member), false) => Ok(None),
            (None, _) => Err(()),
        }
    }
}

/// How one user stands to the policies of a chunk.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    included: u64,
    excluded: u64,
    /// Might be included, were a fact known.
    maybe_included: u64,
    /// Might be excluded, were a fact known.
    maybe_excluded: u64,
}

impl CompiledPolicies {
    /// Compiles the policies of a tenant. Policies for workload identities are left out: they are not about users.
    #[must_use]
    pub fn new(tenant: &ObservedTenant) -> Self {
        let Some(policies) = &tenant.conditional_access else {
            return Self { chunks: None, group_names: HashMap::new(), enabled: 0 };
        };
        let about_users: Vec<&Policy> =
            policies.iter().filter(|one| is_trivial(one.conditions.client_applications.as_ref())).collect();
        let chunks: Vec<Chunk> = about_users.chunks(64).map(Chunk::new).collect();
        let enabled = chunks.iter().map(|chunk| chunk.enabled.count_ones() as usize).sum();
        let named = |id: &GroupId| chunks.iter().any(|chunk| chunk.groups.contains_key(id));
        let group_names = tenant
            .groups
            .iter()
            .filter(|group| named(&group.id))
            .map(|group| (group.id, group.display_name.clone()))
            .collect();
        Self { chunks: Some(chunks), group_names, enabled }
    }

    /// Were the policies given at all?
    #[must_use]
    pub const fn are_known(&self) -> bool {
        self.chunks.is_some()
    }

    /// Is the user covered fully? `None` where that cannot be decided. Allocates nothing.
    #[must_use]
    pub fn covers(&self, user: &User) -> Option<bool> {
        let mut undecided = false;
        for chunk in self.chunks.as_ref()? {
            let standing = chunk.standing(user);
            if chunk.full(standing) != 0 {
                return Some(true);
            }
            undecided |= chunk.undecided(standing) != 0;
        }
        (!undecided).then_some(false)
    }

    /// Calls `each` with the position of every policy that covers the user fully (see [`CompiledPolicies::name`]).
    pub fn each_covering(&self, user: &User, mut each: impl FnMut(usize)) {
        for (index, chunk) in self.chunks.iter().flatten().enumerate() {
            for bit in bits(chunk.full(chunk.standing(user))) {
                each(index * 64 + bit);
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

    /// Is the user excluded, by name, group or role, from every enabled policy, and are there at least two? Somebody
    /// did that on purpose: it is how emergency accounts are set up. The number of policies, `Ok(None)` if not,
    /// `Err` where it cannot be decided.
    pub fn excluded_from_all(&self, user: &User) -> Result<Option<usize>, Fact> {
        let Some(chunks) = &self.chunks else { return Err(Fact::ConditionalAccess) };
        if self.enabled < 2 {
            return Ok(None);
        }
        let mut undecided = false;
        for chunk in chunks {
            let (excluded, maybe) = chunk.explicitly_excluded(user);
            if chunk.enabled & !excluded & !maybe != 0 {
                return Ok(None);
            }
            undecided |= chunk.enabled & !excluded != 0;
        }
        if undecided {
            Err(if user.member_of.is_none() { Fact::Groups } else { Fact::Roles })
        } else {
            Ok(Some(self.enabled))
        }
    }

    /// The coverage of a user, with the policies and the reasons.
    #[must_use]
    pub fn coverage(&self, user: &User) -> Coverage {
        let Some(chunks) = &self.chunks else {
            return Coverage::Unknown { fact: Fact::ConditionalAccess, gaps: Vec::new() };
        };
        let mut policies = Vec::new();
        let mut gaps = Vec::new();
        let (mut partial, mut undecided) = (false, None);
        for chunk in chunks {
            let standing = chunk.standing(user);
            policies.extend(bits(chunk.full(standing)).map(|bit| chunk.policies[bit].name.clone()));
            if !policies.is_empty() {
                continue;
            }
            for bit in bits((standing.included | standing.maybe_included) & chunk.mentions) {
                let reasons = self.reasons(chunk, bit, standing, user);
                let fact =
                    reasons.iter().find_map(|gap| if let Gap::Undecided(fact) = gap { Some(*fact) } else { None });
                let rest_decides = reasons.iter().any(|gap| !gap.is_partial() && !matches!(gap, Gap::Undecided(_)));
                match fact {
                    Some(fact) if !rest_decides => undecided = undecided.or(Some(fact)),
                    Some(_) => {}
                    None => partial |= reasons.iter().all(Gap::is_partial),
                }
                gaps.push(PolicyGap { policy: chunk.policies[bit].name.clone(), gaps: reasons });
            }
        }
        if !policies.is_empty() {
            Coverage::Full { policies }
        } else if let Some(fact) = undecided {
            Coverage::Unknown { fact, gaps }
        } else if partial {
            Coverage::Partial { gaps }
        } else {
            Coverage::None { gaps }
        }
    }

    fn reasons(&self, chunk: &Chunk, bit: usize, standing: Standing, user: &User) -> Vec<Gap> {
        let policy = &chunk.policies[bit];
        let mask = 1_u64 << bit;
        let mut gaps = Vec::new();
        if standing.excluded & mask != 0 {
            gaps.extend(self.exclusions(policy, user));
        } else if (standing.maybe_excluded | (standing.maybe_included & !standing.included)) & mask != 0 {
            gaps.push(Gap::Undecided(chunk.missing_fact(mask, user)));
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
        for role in user.directory_roles.iter().flatten().filter(|one| policy.exclude_roles.contains(&one.template_id))
        {
            gaps.push(Gap::ExcludedRole(role.display_name.clone()));
        }
        if gaps.is_empty() {
            gaps.push(Gap::ExcludedGuest);
        }
        gaps
    }
}

impl Chunk {
    fn new(policies: &[&Policy]) -> Self {
        let mut chunk = Self::default();
        for (bit, policy) in policies.iter().enumerate() {
            chunk.add(1 << bit, policy);
        }
        chunk
    }

    fn add(&mut self, mask: u64, policy: &Policy) {
        let Policy { id, display_name, state, conditions, grant_controls } = policy;
        let grant = grant_controls.as_ref().map_or(Grant::None, grant::of);
        let mut gaps = Vec::new();
        match state {
            PolicyState::Enabled => self.enabled |= mask,
            PolicyState::Disabled => gaps.push(Gap::Disabled),
            PolicyState::EnabledForReportingButNotEnforced => gaps.push(Gap::ReportOnly),
            PolicyState::Unknown => gaps.push(Gap::UnknownState),
        }
        match grant {
            Grant::Mfa if *state == PolicyState::Enabled => self.requires |= mask,
            Grant::Alternative => gaps.push(Gap::Alternative),
            Grant::WeakStrength => gaps.push(Gap::WeakStrength),
            Grant::Mfa | Grant::None => {}
        }
        if grant != Grant::None {
            self.mentions |= mask;
        }
        let before = gaps.len();
        restrictions(conditions, &mut gaps);
        if gaps.len() == before {
            self.unrestricted |= mask;
        }
        self.add_users(mask, &conditions.users);
        self.policies.push(One {
            name: if display_name.is_empty() { id.clone() } else { display_name.clone() },
            gaps,
            exclude_groups: parsed(&conditions.users.exclude_groups).collect(),
            exclude_roles: parsed(&conditions.users.exclude_roles).collect(),
            exclude_users: parsed(&conditions.users.exclude_users).collect(),
        });
    }

    fn add_users(&mut self, mask: u64, users: &UserConditions) {
        let UserConditions {
            include_users,
            exclude_users,
            include_groups,
            exclude_groups,
            include_roles,
            exclude_roles,
            include_guests_or_external_users,
            exclude_guests_or_external_users,
        } = users;
        let has = |list: &[Text], word: &str| list.iter().any(|one| one.eq_ignore_ascii_case(word));
        if has(include_users, "All") {
            self.everybody |= mask;
        }
        for id in parsed(include_users) {
            self.users.entry(id).or_default().include |= mask;
        }
        for id in parsed(exclude_users) {
            self.users.entry(id).or_default().exclude |= mask;
        }
        for id in parsed(include_groups) {
            self.groups.entry(id).or_default().include |= mask;
            self.by_group.include |= mask;
        }
        for id in parsed(exclude_groups) {
            self.groups.entry(id).or_default().exclude |= mask;
            self.by_group.exclude |= mask;
        }
        for id in parsed(include_roles) {
            self.roles.entry(id).or_default().include |= mask;
            self.by_role.include |= mask;
        }
        for id in parsed(exclude_roles) {
            self.roles.entry(id).or_default().exclude |= mask;
            self.by_role.exclude |= mask;
        }
        for (kind, flag) in GuestKind::ALL {
            let sides = &mut self.guests[kind as usize];
            if has(include_users, "GuestsOrExternalUsers") && kind != GuestKind::B2bMember
                || include_guests_or_external_users.as_ref().is_some_and(|one| names_certainly(one, flag))
            {
                sides.include |= mask;
                self.by_guest.include |= mask;
            }
            if has(exclude_users, "GuestsOrExternalUsers")
                || exclude_guests_or_external_users.as_ref().is_some_and(|one| names(one, flag))
            {
                sides.exclude |= mask;
                self.by_guest.exclude |= mask;
            }
        }
    }

    fn standing(&self, user: &User) -> Standing {
        let mut standing = Standing { included: self.everybody, ..Standing::default() };
        standing.add(self.users.get(&user.id).copied().unwrap_or_default());
        if !self.groups.is_empty() {
            match &user.member_of {
                Some(groups) => groups.iter().filter_map(|id| self.groups.get(id)).for_each(|one| standing.add(*one)),
                None => standing.add_maybe(self.by_group),
            }
        }
        if !self.roles.is_empty() {
            match &user.directory_roles {
                Some(roles) => {
                    roles.iter().filter_map(|one| self.roles.get(&one.template_id)).for_each(|one| standing.add(*one));
                }
                None => standing.add_maybe(self.by_role),
            }
        }
        match GuestKind::of(user) {
            Ok(None) => {}
            Ok(Some(kind)) => standing.add(self.guests[kind as usize]),
            Err(()) => standing.add_maybe(self.by_guest),
        }
        standing
    }

    /// Excluded by name, group or role – not merely as a guest – and what might be, were the facts known.
    fn explicitly_excluded(&self, user: &User) -> (u64, u64) {
        let mut excluded = self.users.get(&user.id).copied().unwrap_or_default().exclude;
        let mut maybe = 0;
        match &user.member_of {
            Some(groups) => groups.iter().filter_map(|id| self.groups.get(id)).for_each(|one| excluded |= one.exclude),
            None => maybe |= self.by_group.exclude,
        }
        match &user.directory_roles {
            Some(roles) => {
                roles.iter().filter_map(|one| self.roles.get(&one.template_id)).for_each(|one| excluded |= one.exclude)
            }
            None => maybe |= self.by_role.exclude,
        }
        (excluded, maybe)
    }

    const fn full(&self, standing: Standing) -> u64 {
        standing.included & !standing.excluded & !standing.maybe_excluded & self.requires & self.unrestricted
    }

    /// Would cover, if a missing fact turned out well.
    const fn undecided(&self, standing: Standing) -> u64 {
        (standing.included | standing.maybe_included) & !standing.excluded & self.requires & self.unrestricted
    }

    fn missing_fact(&self, mask: u64, user: &User) -> Fact {
        let names = |sides: Sides| (sides.include | sides.exclude) & mask != 0;
        if user.member_of.is_none() && names(self.by_group) {
            Fact::Groups
        } else if user.directory_roles.is_none() && names(self.by_role) {
            Fact::Roles
        } else {
            Fact::Directory
        }
    }
}

impl Standing {
    const fn add(&mut self, sides: Sides) {
        self.included |= sides.include;
        self.excluded |= sides.exclude;
    }

    const fn add_maybe(&mut self, sides: Sides) {
        self.maybe_included |= sides.include;
        self.maybe_excluded |= sides.exclude;
    }
}

/// Everything that narrows a policy besides its users.
fn restrictions(conditions: &Conditions, gaps: &mut Vec<Gap>) {
    let Conditions {
        users: _,
        applications,
        client_app_types,
        locations,
        platforms,
        devices,
        authentication_flows,
        insider_risk_levels,
        times,
        sign_in_risk_levels,
        user_risk_levels,
        service_principal_risk_levels,
        client_applications: _,
    } = conditions;
    application_restrictions(applications, gaps);
    let has = |kind: &str| client_app_types.iter().any(|one| one.eq_ignore_ascii_case(kind));
    if !(has("all") || has("browser") && has("mobileAppsAndDesktopClients")) {
        gaps.push(Gap::ClientAppTypes);
    }
    for (value, gap) in [
        (locations, Gap::Locations),
        (platforms, Gap::Platforms),
        (devices, Gap::Devices),
        (authentication_flows, Gap::AuthenticationFlows),
        (insider_risk_levels, Gap::InsiderRisk),
        (times, Gap::Times),
    ] {
        if !is_trivial(value.as_ref()) {
            gaps.push(gap);
        }
    }
    for (levels, gap) in [
        (sign_in_risk_levels, Gap::SignInRisk),
        (user_risk_levels, Gap::UserRisk),
        (service_principal_risk_levels, Gap::ServicePrincipalRisk),
    ] {
        if !levels.is_empty() {
            gaps.push(gap);
        }
    }
}

fn application_restrictions(applications: &ApplicationConditions, gaps: &mut Vec<Gap>) {
    let ApplicationConditions {
        include_applications,
        exclude_applications,
        include_user_actions,
        include_authentication_context_class_references,
        application_filter,
    } = applications;
    if !include_user_actions.is_empty() {
        gaps.push(Gap::UserActions);
    } else if !include_authentication_context_class_references.is_empty() {
        gaps.push(Gap::AuthenticationContext);
    } else if !include_applications.iter().any(|one| one.eq_ignore_ascii_case("All")) {
        gaps.push(Gap::SomeApplications);
    }
    if !exclude_applications.is_empty() {
        gaps.push(Gap::ExcludedApplications(exclude_applications.len()));
    }
    if !is_trivial(application_filter.as_ref()) {
        gaps.push(Gap::ApplicationFilter);
    }
}

/// A condition that restricts nothing: null, empty, or only "all" and "any" with nothing taken away.
fn is_trivial(value: Option<&serde_json::Value>) -> bool {
    use serde_json::Value;
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(map)) => map.iter().all(|(key, value)| match value {
            Value::Array(items) if key.starts_with("include") => {
                items.iter().all(|item| item.as_str().is_some_and(|text| text.eq_ignore_ascii_case("all")))
            }
            Value::Array(items) => items.is_empty(),
            Value::Null => true,
            Value::String(_) => key.starts_with("@odata"),
            _ => false,
        }),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => false,
    }
}

/// Does this condition name the kind?
fn names(external: &ExternalUsers, flag: &str) -> bool {
    external.guest_or_external_user_types.split(',').any(|one| one.trim().eq_ignore_ascii_case(flag))
}

/// As [`names`], for all home tenants. The home tenant of a guest is not known, so a list of tenants includes nobody
/// for certain – but may exclude him.
fn names_certainly(external: &ExternalUsers, flag: &str) -> bool {
    let all_tenants = external.external_tenants.as_ref().is_none_or(|tenants| {
        tenants.is_null() || tenants.get("membershipKind").and_then(serde_json::Value::as_str) == Some("all")
    });
    all_tenants && names(external, flag)
}

fn parsed<'a, T: std::str::FromStr + 'a>(texts: &'a [Text]) -> impl Iterator<Item = T> + 'a {
    texts.iter().filter_map(|text| text.parse().ok())
}

fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = mask.trailing_zeros() as usize;
        mask &= mask.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}
