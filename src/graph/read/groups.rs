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
        client::{Client, Failure, clean, encode},
        pages::Pages,
        requests,
        wire::{GroupWire, ObjectWire, Page, VisibilityWire},
    },
    tenant::{AGENT_TYPE, Group, GroupId, Policy, ReadError, UserId},
};

const SELECT: &str = "$select=id,displayName,mail";
/// The permission without which members of a group with hidden membership are not listed.
const HIDDEN: &str = "Member.Read.Hidden";
/// Users, and the users that AI agents have.
const USER_KINDS: [&str; 2] = ["#microsoft.graph.user", AGENT_TYPE];
/// Groups are asked for at once in bundles of this many: the pacing decides how many fly.
const AT_ONCE: usize = 64;

/// Groups and their members (users only; nested groups resolved).
#[derive(Default)]
pub(super) struct Memberships {
    pub(super) groups: Vec<Group>,
    pub(super) members: HashMap<GroupId, Vec<UserId>>,
    /// Groups whose members could not be read whole, and why. Who is in them is unknown, of everybody.
    pub(super) unread: Vec<(GroupId, String)>,
}

impl Memberships {
    pub(super) fn absorb(&mut self, other: Self) {
        self.groups.extend(other.groups);
        for (group, members) in other.members {
            self.members.entry(group).or_insert(members);
        }
        self.unread.extend(other.unread);
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
        let mut lookups: JoinSet<Result<Vec<Group>, ReadError>> = JoinSet::new();
        let mut missed = false;
        let mut names = plan.request.groups.iter();
        loop {
            while lookups.len() < AT_ONCE
                && let Some(name) = names.next()
            {
                let (client, name) = (Arc::clone(plan.client), name.clone());
                lookups.spawn(async move {
                    let what = format!("the group \"{}\", which the configuration names", clean(&name));
                    look_up(&client, &name).await.map_err(|failure| failure.error(&requests::GROUPS, &what))
                });
            }
            let Some(joined) = lookups.join_next().await else { break };
            let groups = joined.map_err(|_| ReadError::new("a read was cancelled"))??;
            missed |= groups.is_empty();
            found.extend(groups);
        }
        if missed {
            others = list(plan.client).await.map_err(error)?;
        }
    }
    let named: BTreeSet<GroupId> = found.iter().map(|group| group.id).collect();
    // With `user.groups` in some expression, every group decides, whichever it is.
    let asked = named.iter().chain(plan.extra_groups).copied().collect();
    let mut memberships = read_members(plan, asked, Gone::Error).await;
    // Half of a group, or none of it, would leave out people whom a block protects or claims: no plan is better.
    if let Some((group, why)) = memberships.unread.iter().find(|(group, _)| named.contains(group)) {
        let name = found.iter().find(|one| one.id == *group).map(|one| one.display_name.clone()).unwrap_or_default();
        return Err(ReadError::new(format!(
            "cannot read all members of the group \"{}\" ({group}), which the configuration names: {why}",
            clean(&name)
        ))
        .hint(
            "a group that is read in part would protect or claim only part of its people; try again, or name another",
        ));
    }
    memberships.absorb(Memberships { groups: found, ..Memberships::default() });
    memberships.absorb(Memberships { groups: others, ..Memberships::default() });
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

/// What a group means that answers "not found".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// It was just found, so that it cannot be read whole.
    Error,
    /// Nobody is in it: Conditional Access policies keep the ids of deleted groups.
    Empty,
}

/// The members of these groups, each on its own: one that cannot be read leaves the others as they are.
pub(super) async fn read_members(plan: &Plan<'_>, groups: BTreeSet<GroupId>, gone: Gone) -> Memberships {
    let mut reads = JoinSet::new();
    let mut groups = groups.into_iter();
    let mut memberships = Memberships::default();
    loop {
        while reads.len() < AT_ONCE
            && let Some(group) = groups.next()
        {
            let client = Arc::clone(plan.client);
            reads.spawn(async move { (group, visible_members(&client, group, gone).await) });
        }
        let Some(joined) = reads.join_next().await else { return memberships };
        match joined {
            Ok((group, Ok(members))) => {
                memberships.members.insert(group, members);
            }
            Ok((group, Err(failure))) => memberships.unread.push((group, failure.reason(&requests::MEMBERS))),
            // Reads are cancelled only together with this one.
            Err(_) => {}
        }
    }
}

/// The users of a group, all of them. A group that seems to have nobody is asked whether it hides its members: without
/// the permission to see them the service answers with an empty list, and an empty group excludes nobody.
async fn visible_members(client: &Client, group: GroupId, gone: Gone) -> Result<Vec<UserId>, Failure> {
    let members = members(client, group, gone).await?;
    if !members.is_empty() {
        return Ok(members);
    }
    let query = "$select=id,visibility";
    let path = format!("/groups/{group}");
    let found = match object::<VisibilityWire>(client, &requests::GROUP, &path, query).await {
        Err(Failure::Refused(refusal)) if refusal.status == 404 && gone == Gone::Empty => return Ok(members),
        found => found?,
    };
    let hides = found.visibility.is_some_and(|kind| kind.eq_ignore_ascii_case("HiddenMembership"));
    let token = client.tokens.get().await.map_err(Failure::Auth)?;
    // A token that says nothing of its permissions is no reason to believe the empty list.
    if hides && !token.claims().permissions().iter().any(|held| held.eq_ignore_ascii_case(HIDDEN)) {
        return Err(Failure::Unusable(format!("its membership is hidden, and {HIDDEN} is not granted")));
    }
    Ok(members)
}

/// The users of a group that are shown.
async fn members(client: &Client, group: GroupId, gone: Gone) -> Result<Vec<UserId>, Failure> {
    let spec = &requests::MEMBERS;
    let mut url = client.url(spec, &format!("/groups/{group}/transitiveMembers"), "$select=id&$top=999");
    let mut pages = Pages::new(client, spec, &url);
    let mut members = Vec::new();
    let mut first = true;
    loop {
        let page = client
            .read(spec, &url, |bytes| {
                let page: Page<ObjectWire<'_>> = serde_json::from_slice(bytes)?;
                // Devices, contacts and the nested groups themselves are members too.
                let users = page.value.iter().filter(|one| USER_KINDS.contains(&&*one.kind.0));
                members.extend(users.map(|one| UserId::new(one.id)));
                Ok(page.next)
            })
            .await;
        match page {
            Ok(Some(next)) => url = pages.follow(&next)?,
            Ok(None) => return Ok(members),
            Err(Failure::Refused(refusal)) if refusal.status == 404 && gone == Gone::Empty && first => {
                return Ok(Vec::new());
            }
            Err(failure) => return Err(failure),
        }
        first = false;
    }
}
