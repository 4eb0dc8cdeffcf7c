//! Reading a tenant: what is read at the same time, and what becomes of it.
//!
//! The reporting endpoints are the slowest (5 requests in 10 s), so they start first; everything else overlaps them.
//! Users come page by page, and their states are read while further pages are under way. A mandatory read that fails
//! ends all others; an optional one that is refused becomes [`ObservedTenant::unavailable`].

mod decisive;
mod directory;
mod groups;
mod log;
mod per_user;
mod reports;
mod roles;
mod users;

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::{
    client::{Client, Failure},
    pages::Pages,
    requests::{self, Need, RequestSpec},
    wire::{OrganizationWire, Page},
};
use crate::sign_ins::decided::Decided;
use crate::tenant::{
    Fact, GroupId, ObservedTenant, ReadError, ReadProgress, ReadRequest, SignInDates, Source, TenantId, Text,
    Unavailable, User, UserId,
};

pub(crate) use decisive::Questions;
pub(crate) use log::{Entries, LogSlice};

/// What [`read`] needs to know beside the request.
pub(super) struct Plan<'a> {
    pub(super) client: &'a Arc<Client>,
    pub(super) tenant: TenantId,
    pub(super) organization: &'a OrganizationWire,
    pub(super) now: Timestamp,
    pub(super) parallelism: usize,
    pub(super) bulk_state: bool,
    pub(super) extra_groups: &'a BTreeSet<GroupId>,
    pub(super) request: &'a ReadRequest,
    pub(super) progress: &'a dyn ReadProgress,
}

/// An optional fact: nothing where nobody asked, else what was read or why not.
type Optional<T> = Option<Result<T, Failure>>;

impl Plan<'_> {
    fn wants(&self, fact: Fact) -> bool {
        !self.request.unneeded.contains(&fact)
    }

    /// Days of sign-in log; a request that names none gets the language's default, never an empty log.
    fn window_days(&self) -> u16 {
        match self.request.sign_in_window_days {
            0 => 30,
            days => days.min(30),
        }
    }

    async fn if_wanted<T>(&self, fact: Fact, read: impl Future<Output = Result<T, Failure>>) -> Optional<T> {
        // Boxed: together these futures are larger than a thread's stack likes.
        if self.wants(fact) { Some(Box::pin(read).await) } else { None }
    }
}

/// Reads everything, telling waits on the way.
pub(super) async fn read(plan: Plan<'_>) -> Result<ObservedTenant, ReadError> {
    told(plan.client, plan.progress, all(&plan)).await
}

/// Reads a slice of the log, telling waits on the way.
pub(super) async fn log(
    client: &Client,
    slice: LogSlice,
    progress: &dyn ReadProgress,
    each: &mut (dyn FnMut(Entries<'_>) -> bool + Send),
) -> Result<(), ReadError> {
    let read = log::read(client, slice, each);
    let read = told(client, progress, read).await;
    read.map_err(|failure| failure.error(&requests::SIGN_INS, "the sign-in log"))
}

/// Reads what decides of the log into `decided`, telling waits on the way.
pub(super) async fn decisive(
    client: &Client,
    questions: &Questions<'_>,
    decided: &mut Decided,
    progress: &dyn ReadProgress,
) -> Result<(), ReadError> {
    let count = |records| progress.progress("sign-ins that decide", records, None);
    let read = decisive::read(client, questions, decided, &count);
    let read = told(client, progress, read).await;
    read.map_err(|failure| ReadError::new(failure.reason(&requests::SIGN_INS)))
}

/// Reads when everybody last signed in, telling waits on the way.
pub(super) async fn sign_in_dates(
    client: &Client,
    progress: &dyn ReadProgress,
) -> Result<HashMap<UserId, SignInDates>, ReadError> {
    let read = told(client, progress, reports::activity(client, progress)).await;
    read.map_err(|failure| ReadError::new(failure.reason(&requests::ACTIVITY)))
}

/// Does work, and tells its waits as they begin.
async fn told<T>(client: &Client, progress: &dyn ReadProgress, work: impl Future<Output = T>) -> T {
    let (sender, mut notices) = mpsc::unbounded_channel();
    client.listen(Some(sender));
    let mut work = Box::pin(work);
    let result = loop {
        tokio::select! {
            result = &mut work => break result,
            Some(notice) = notices.recv() => progress.waiting(notice.seconds, &notice.why),
        }
    };
    client.listen(None);
    result
}

async fn all(plan: &Plan<'_>) -> Result<ObservedTenant, ReadError> {
    let client = plan.client;
    let users = Box::pin(async {
        let list = users::read(plan).await?;
        let mailboxes = plan.if_wanted(Fact::MailboxPurpose, per_user::mailboxes(plan, &list.users)).await;
        Ok::<_, ReadError>((list, mailboxes))
    });
    let policies = Box::pin(async {
        let policies = plan.if_wanted(Fact::ConditionalAccess, directory::conditional_access(client)).await;
        let named = policies.iter().flatten().flat_map(|(all, _)| all.iter().flat_map(groups::of_policy)).collect();
        (policies, groups::read_members(plan, named, groups::Gone::Empty).await)
    });
    let (named, roles) = (Box::pin(groups::read_named(plan)), Box::pin(roles_or_error(plan)));
    let mandatory = async { tokio::try_join!(users, named, roles) };
    let reports = async {
        tokio::join!(
            plan.if_wanted(Fact::Registration, reports::registration(plan)),
            plan.if_wanted(Fact::SignIns, reports::sign_ins(plan)),
            plan.if_wanted(Fact::SignInActivity, reports::activity(client, plan.progress)),
        )
    };
    let others = async {
        tokio::join!(
            plan.if_wanted(Fact::SecurityDefaults, directory::security_defaults(client)),
            plan.if_wanted(Fact::AuthenticationMethodsPolicy, directory::policy_migration_state(client)),
            plan.if_wanted(Fact::MfaServicePolicy, directory::mfa_service_policy(client)),
            plan.if_wanted(Fact::Licenses, directory::skus(client)),
            plan.if_wanted(Fact::Domains, directory::domains(client)),
            plan.if_wanted(Fact::Devices, directory::devices(client)),
            async { if plan.request.count_enabled { users::enabled(client).await } else { None } },
        )
    };
    // Optional reads wait for their own limits; a mandatory failure ends them at once.
    let optional = async { Ok::<_, ReadError>(tokio::join!(reports, policies, others)) };
    let (
        (registration, sign_ins, activity),
        (policies, policy_groups),
        (security_defaults, migration, service_policy, skus, domains, devices, enabled),
        (list, mailboxes),
        mut memberships,
        roles,
    ) = {
        let (optional, mandatory) = tokio::try_join!(optional, mandatory)?;
        let ((reports, policies, others), (users, named, roles)) = (optional, mandatory);
        (reports, policies, others, users, named, roles)
    };

    let mut gaps = Gaps::default();
    let registration = match registration {
        Some(Err(Failure::Refused(refusal))) if refusal.unlicensed() => {
            // No report without P1: ask each user's methods, where that is allowed.
            let by_methods = per_user::methods(plan, &list.users).await;
            by_methods
                .map_err(|failure| {
                    let (report, methods) =
                        (refusal.reason(&requests::REGISTRATION), failure.reason(&requests::METHODS));
                    gaps.add(Fact::Registration, format!("{report}; and the methods of each user: {methods}"));
                })
                .ok()
        }
        other => gaps.take(&requests::REGISTRATION, other),
    };
    let sign_ins = gaps.take(&requests::SIGN_INS, sign_ins);
    let activity = gaps.take(&requests::ACTIVITY, activity);
    let policies = gaps.take(&requests::CONDITIONAL_ACCESS, policies);
    let security_defaults = gaps.take(&requests::SECURITY_DEFAULTS, security_defaults);
    let migration = gaps.take(&requests::METHODS_POLICY, migration);
    let service_policy = gaps.take(&requests::MFA_SERVICE_POLICY, service_policy);
    let skus = gaps.take(&requests::SKUS, skus);
    let domains = gaps.take(&requests::DOMAINS, domains);
    let devices = gaps.take(&requests::DEVICES, devices);
    let mailboxes = gaps.take(&requests::MAILBOX, mailboxes);
    let roles = match roles {
        Some(Ok(roles)) => {
            if let Some(reason) = &roles.eligibility_refused {
                gaps.add(Fact::RoleEligibility, reason.clone());
            }
            Some(roles)
        }
        Some(Err(failure)) => {
            gaps.add(Fact::Roles, failure.reason(&requests::ROLE_ASSIGNMENTS));
            None
        }
        None => None,
    };
    memberships.absorb(policy_groups);
    // The same group may have been read for another reason.
    let unread: Vec<(GroupId, String)> = std::mem::take(&mut memberships.unread);
    let unread: Vec<_> = unread.into_iter().filter(|(group, _)| !memberships.members.contains_key(group)).collect();
    if let Some((group, why)) = unread.first() {
        let others = match unread.len() {
            1 => String::new(),
            more => format!(" (and {} more)", more - 1),
        };
        gaps.add(Fact::Groups, format!("the members of group {group}{others}: {why}"));
    }

    if plan.request.manager && plan.request.users.is_none() && !list.managers {
        gaps.add(Fact::Manager, "the service refused to give managers with the users (`$expand=manager`)".to_owned());
    }
    let users::List { mut users, index, licenses, unread: unread_users, .. } = list;
    let mut facts = Facts { users: &mut users, index: &index };
    facts.memberships(&memberships);
    if let Some(skus) = &skus {
        licenses.assign(facts.users, &skus.names);
    }
    if let Some(registration) = &registration {
        facts.registration(registration);
    }
    if let Some(roles) = roles {
        facts.roles(roles.by_user);
    }
    if let Some(activity) = activity {
        facts.activity(&activity);
    }
    if let Some(mut log) = sign_ins {
        facts.sign_ins(&mut log, plan.window_days());
    }
    if let Some(devices) = devices {
        facts.users.iter_mut().for_each(|user| user.device_count = Some(devices.get(&user.id).copied().unwrap_or(0)));
    }
    if let Some(purposes) = mailboxes {
        for (position, purpose) in purposes {
            if let Some(user) = facts.users.get_mut(position as usize) {
                user.mailbox_purpose = Some(purpose);
            }
        }
    }

    let name = plan.organization.display_name.clone().unwrap_or_else(|| Text::from(plan.tenant.to_string()));
    let mut observed = ObservedTenant::new(plan.tenant, name, Source::Graph, plan.now, users);
    let domains_of = plan.organization.verified_domains.iter().flatten();
    observed.initial_domain = domains_of.filter(|one| one.is_initial == Some(true)).find_map(|one| one.name.clone());
    observed.registration_captured_at = registration.and_then(|registration| registration.captured_at);
    observed.service_plans =
        skus.map(|skus| skus.plans).or_else(|| directory::plans_of_organization(plan.organization));
    observed.security_defaults_enabled = security_defaults;
    observed.domains = domains;
    observed.mfa_service_policy = service_policy;
    observed.policy_migration_state = migration.flatten();
    (observed.conditional_access, observed.conditional_access_read) = policies.unzip();
    observed.groups = memberships.groups;
    observed.unavailable = gaps.0;
    observed.unread = unread_users;
    observed.unread_groups = unread.into_iter().map(|(group, _)| group).collect();
    observed.enabled_users = enabled;
    observed.operator_id = operator(plan).await;
    Ok(observed)
}

/// Roles, as an error where the configuration names some.
async fn roles_or_error(plan: &Plan<'_>) -> Result<Optional<roles::Roles>, ReadError> {
    if !plan.wants(Fact::Roles) && !plan.request.roles_required {
        return Ok(None);
    }
    match roles::read(plan).await {
        Err(failure) if plan.request.roles_required => {
            Err(failure.error(&requests::ROLE_ASSIGNMENTS, "directory roles, which the configuration names"))
        }
        result => Ok(Some(result)),
    }
}

/// The operator's object id, where they signed in as a user: an application cannot lock itself out.
async fn operator(plan: &Plan<'_>) -> Option<UserId> {
    let claims = plan.client.tokens.get().await.ok()?.claims();
    if claims.delegated() { claims.oid?.parse().ok() } else { None }
}

/// Facts that could not be read.
#[derive(Default)]
struct Gaps(Vec<Unavailable>);

impl Gaps {
    fn add(&mut self, fact: Fact, reason: String) {
        self.0.push(Unavailable { fact, reason: reason.into() });
    }

    fn take<T>(&mut self, spec: &RequestSpec, result: Optional<T>) -> Option<T> {
        match result? {
            Ok(value) => Some(value),
            Err(failure) => {
                if let Need::Optional(fact) = spec.need {
                    self.add(fact, failure.reason(spec));
                }
                None
            }
        }
    }
}

/// Joins what other endpoints say to the users.
struct Facts<'a> {
    users: &'a mut Vec<User>,
    index: &'a HashMap<UserId, u32>,
}

impl Facts<'_> {
    fn user(&mut self, id: UserId) -> Option<&mut User> {
        self.users.get_mut(*self.index.get(&id)? as usize)
    }

    fn memberships(&mut self, memberships: &groups::Memberships) {
        let mut by_user: Vec<Vec<GroupId>> = vec![Vec::new(); self.users.len()];
        for (group, members) in &memberships.members {
            for member in members {
                let at = self.index.get(member).and_then(|position| by_user.get_mut(*position as usize));
                if let Some(groups) = at {
                    groups.push(*group);
                }
            }
        }
        for (user, mut groups) in self.users.iter_mut().zip(by_user) {
            groups.sort_unstable();
            groups.dedup();
            user.member_of = Some(groups.into());
        }
    }

    fn registration(&mut self, registration: &reports::Registration) {
        for (id, row) in &registration.rows {
            if let Some(user) = self.user(*id) {
                user.registered = row.registered;
                user.mfa_capable = row.capable;
                user.methods = row.methods.clone();
            }
        }
    }

    fn roles(&mut self, by_user: HashMap<UserId, Vec<crate::tenant::RoleAssignment>>) {
        self.users.iter_mut().for_each(|user| user.directory_roles = Some(Box::default()));
        for (id, roles) in by_user {
            if let Some(user) = self.user(id) {
                user.directory_roles = Some(roles.into());
            }
        }
    }

    fn activity(&mut self, activity: &HashMap<UserId, SignInDates>) {
        for (id, dates) in activity {
            if let Some(user) = self.user(*id) {
                user.set_sign_in_dates(*dates);
            }
        }
    }

    fn sign_ins(&mut self, log: &mut crate::sign_ins::Aggregator<UserId>, days: u16) {
        for user in &mut *self.users {
            // The whole log was read: who is not in it has not signed in.
            let found =
                log.take(&user.id, days).map_or_else(|| crate::sign_ins::nothing(days), |(sign_ins, _)| sign_ins);
            user.sign_ins = Some(Box::new(found));
        }
    }
}

/// Every element of a collection, page by page.
async fn collect<T: DeserializeOwned + Send>(
    client: &Client,
    spec: &'static RequestSpec,
    path: &str,
    query: &str,
) -> Result<Vec<T>, Failure> {
    counted(client, spec, path, query).await.map(|(all, _)| all)
}

/// Every element of a collection, and how many the service says there are.
async fn counted<T: DeserializeOwned + Send>(
    client: &Client,
    spec: &'static RequestSpec,
    path: &str,
    query: &str,
) -> Result<(Vec<T>, Option<u64>), Failure> {
    let (mut all, mut count) = (Vec::new(), None);
    let mut url = client.url(spec, path, query);
    let mut pages = Pages::new(client, spec, &url);
    loop {
        let page: Page<T> = client.read(spec, &url, |bytes| serde_json::from_slice(bytes)).await?;
        all.extend(page.value);
        count = count.or(page.count);
        match page.next {
            Some(next) => url = pages.follow(&next)?,
            None => return Ok((all, count)),
        }
    }
}

/// A single object.
async fn object<T: DeserializeOwned + Send>(
    client: &Client,
    spec: &'static RequestSpec,
    path: &str,
    query: &str,
) -> Result<T, Failure> {
    let url = client.url(spec, path, query);
    client.read(spec, &url, |bytes| serde_json::from_slice(bytes)).await
}

pub(super) async fn organization(client: &Client) -> Result<OrganizationWire, Failure> {
    let spec = &requests::ORGANIZATION;
    let mut all: Vec<OrganizationWire> =
        collect(client, spec, spec.path, "$select=id,displayName,assignedPlans,tenantType,verifiedDomains").await?;
    all.pop().ok_or_else(|| Failure::Unusable("the service knows no organization".to_owned()))
}
