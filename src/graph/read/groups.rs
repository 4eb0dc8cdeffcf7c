//! Groups that the configuration names, and those that Conditional Access policies name, with all their members.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Plan, collect, object};
use crate::{
    graph::{
        client::{Client, Failure, encode},
        requests,
        wire::{GroupWire, ObjectWire, Page},
    },
    tenant::{Group, GroupId, Policy, ReadError, UserId},
};

const SELECT: &str = "$select=id,displayName,mail";
/// Groups are asked for at once in bundles of this many: the pacing decides how many fly.
const AT_ONCE: usize = 64;

/// Groups and their members (users only; nested groups resolved).
#[derive(Default)]
pub(super) struct Memberships {
    pub(super) groups: Vec<Group>,
    pub(super) members: HashMap<GroupId, Vec<UserId>>,
}

impl Memberships {
    pub(super) fn absorb(&mut self, other: Self) {
        self.groups
            .extend(other.groups.into_iter().filter(|group| !self.members.contains_key(&group.id)).collect::<Vec<_>>());
        for (group, members) in other.members {
            self.members.entry(group).or_insert(members);
        }
        self.groups.sort_by(|a, b| a.display_name.cmp(&b.display_name).then(a.id.cmp(&b.id)));
        self.groups.dedup_by_key(|group| group.id);
    }
}

/// Ids of the groups that a policy includes or excludes.
pub(super) fn of_policy(policy: &Policy) -> Vec<GroupId> {
    let users = &policy.conditions.users;
    users.include_groups.iter().chain(&users.exclude_groups).filter_map(|id| id.parse().ok()).collect()
}

/// The groups that the configuration names (or all, where an expression mentions `user.groups`), with members. A name
/// may fit several groups: all are returned, and the caller says so at its place in the file. A name that fits none
/// brings the names of the others, so that the nearest can be offered.
pub(super) async fn read_named(plan: &Plan<'_>) -> Result<Memberships, ReadError> {
    let what = "the groups that the configuration names";
    let error = |failure: Failure| failure.error(&requests::GROUPS, what);
    let mut found: Vec<Group> = Vec::new();
    let mut others: Vec<Group> = Vec::new();
    if plan.request.all_groups {
        found = list(plan.client).await.map_err(error)?;
    } else {
        let mut lookups: JoinSet<Result<Vec<Group>, Failure>> = JoinSet::new();
        let mut missed = false;
        let mut names = plan.request.groups.iter();
        loop {
            while lookups.len() < AT_ONCE
                && let Some(name) = names.next()
            {
                let (client, name) = (Arc::clone(plan.client), name.clone());
                lookups.spawn(async move { look_up(&client, &name).await });
            }
            let Some(joined) = lookups.join_next().await else { break };
            let groups = joined.map_err(|_| ReadError::new("a read was cancelled"))?.map_err(error)?;
            missed |= groups.is_empty();
            found.extend(groups);
        }
        if missed {
            others = list(plan.client).await.map_err(error)?;
        }
    }
    let ids = found.iter().map(|group| group.id).chain(plan.extra_groups.iter().copied()).collect();
    let mut memberships = read_members(plan, ids).await.map_err(error)?;
    memberships.absorb(Memberships { groups: found, members: HashMap::new() });
    memberships.absorb(Memberships { groups: others, members: HashMap::new() });
    Ok(memberships)
}

async fn list(client: &Client) -> Result<Vec<Group>, Failure> {
    let spec = &requests::GROUPS;
    let all: Vec<GroupWire> = collect(client, spec, spec.path, &format!("{SELECT}&$top=999")).await?;
    Ok(all.into_iter().map(group).collect())
}

async fn look_up(client: &Client, name: &str) -> Result<Vec<Group>, Failure> {
    if let Ok(id) = name.parse::<Uuid>() {
        return match by_id(client, id).await {
            Err(Failure::Refused(refusal)) if refusal.status == 404 => Ok(Vec::new()),
            other => other.map(|group| vec![group]),
        };
    }
    let spec = &requests::GROUPS;
    let quoted = name.replace('\'', "''");
    let filter = encode(&format!("displayName eq '{quoted}' or mail eq '{quoted}'"));
    let found: Vec<GroupWire> = collect(client, spec, spec.path, &format!("$filter={filter}&{SELECT}")).await?;
    Ok(found.into_iter().map(group).collect())
}

async fn by_id(client: &Client, id: Uuid) -> Result<Group, Failure> {
    object(client, &requests::GROUP, &format!("/groups/{id}"), SELECT).await.map(group)
}

fn group(wire: GroupWire) -> Group {
    Group { id: GroupId::new(wire.id), display_name: wire.display_name.unwrap_or_default(), mail: wire.mail }
}

/// The members of these groups. A group that does not exist (any more) has none.
pub(super) async fn read_members(plan: &Plan<'_>, groups: BTreeSet<GroupId>) -> Result<Memberships, Failure> {
    let mut reads: JoinSet<Result<(GroupId, Option<Vec<UserId>>), Failure>> = JoinSet::new();
    let mut groups = groups.into_iter();
    let mut memberships = Memberships::default();
    loop {
        while reads.len() < AT_ONCE
            && let Some(group) = groups.next()
        {
            let client = Arc::clone(plan.client);
            reads.spawn(async move { members(&client, group).await.map(|members| (group, members)) });
        }
        let Some(joined) = reads.join_next().await else { return Ok(memberships) };
        let (group, members) = joined.map_err(|_| Failure::Unusable("a read was cancelled".to_owned()))??;
        if let Some(members) = members {
            memberships.members.insert(group, members);
        }
    }
}

async fn members(client: &Client, group: GroupId) -> Result<Option<Vec<UserId>>, Failure> {
    let spec = &requests::MEMBERS;
    let mut url = client.url(spec, &format!("/groups/{group}/transitiveMembers"), "$select=id&$top=999");
    let mut members = Vec::new();
    loop {
        let page = client
            .read(spec, &url, None, spec.units, |bytes| {
                let page: Page<ObjectWire<'_>> = serde_json::from_slice(bytes)?;
                // Devices, contacts and the nested groups themselves are members too.
                let users = page.value.iter().filter(|one| one.kind.0 == "#microsoft.graph.user");
                members.extend(users.map(|one| UserId::new(one.id)));
                Ok(page.next)
            })
            .await;
        match page {
            Ok(Some(next)) => url = client.next_link(&next)?,
            Ok(None) => return Ok(Some(members)),
            Err(Failure::Refused(refusal)) if refusal.status == 404 => return Ok(None),
            Err(failure) => return Err(failure),
        }
    }
}
