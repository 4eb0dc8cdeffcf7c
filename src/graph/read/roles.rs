//! Directory roles: assignments over the whole directory or a part of it, groups resolved to their members, and what Privileged
//! Identity Management says of them.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Plan, collect, groups};
use crate::{
    graph::{
        client::Failure,
        requests,
        wire::{RoleAssignmentWire, RoleDefinitionWire},
    },
    tenant::{GroupId, RoleAssignment, RoleTemplateId, Text, UserId},
};

/// Who holds what.
pub(super) struct Roles {
    pub(super) by_user: HashMap<UserId, Vec<RoleAssignment>>,
    /// Why it is not known which assignments are eligible only or end.
    pub(super) eligibility_refused: Option<String>,
}

struct Holding {
    principal: Uuid,
    definition: Uuid,
    group: bool,
    permanent: bool,
    scope: Option<Text>,
}

pub(super) async fn read(plan: &Plan<'_>) -> Result<Roles, Failure> {
    let client = plan.client;
    let definitions = collect::<RoleDefinitionWire>(
        client,
        &requests::ROLE_DEFINITIONS,
        requests::ROLE_DEFINITIONS.path,
        "$select=id,displayName,templateId",
    );
    let assignments = collect::<RoleAssignmentWire>(
        client,
        &requests::ROLE_ASSIGNMENTS,
        requests::ROLE_ASSIGNMENTS.path,
        "$expand=principal",
    );
    let instances = collect::<RoleAssignmentWire>(
        client,
        &requests::ROLE_ASSIGNMENT_INSTANCES,
        requests::ROLE_ASSIGNMENT_INSTANCES.path,
        "",
    );
    let eligible = collect::<RoleAssignmentWire>(
        client,
        &requests::ROLE_ELIGIBILITY,
        requests::ROLE_ELIGIBILITY.path,
        "$expand=principal",
    );
    let (definitions, assignments, instances, eligible) = tokio::join!(definitions, assignments, instances, eligible);
    let (definitions, assignments) = (definitions?, assignments?);

    // Without the licence nothing is eligible or ends, and every assignment counts as permanent.
    let mut refused = None;
    let mut or_nothing = |result: Result<Vec<RoleAssignmentWire>, Failure>, spec| {
        result.unwrap_or_else(|failure| {
            refused = Some(failure.reason(spec));
            Vec::new()
        })
    };
    let instances = or_nothing(instances, &requests::ROLE_ASSIGNMENT_INSTANCES);
    let eligible = or_nothing(eligible, &requests::ROLE_ELIGIBILITY);
    let ends: HashSet<(Uuid, Uuid)> = instances
        .iter()
        .filter(|one| one.assignment_type.as_deref() == Some("Activated") || one.end_date_time.is_some())
        .map(|one| (one.principal_id, one.role_definition_id))
        .collect();

    let holding = |one: &RoleAssignmentWire, permanent| Holding {
        principal: one.principal_id,
        definition: one.role_definition_id,
        group: one.principal.as_ref().and_then(|who| who.kind.as_deref()) == Some("#microsoft.graph.group"),
        permanent,
        scope: one.directory_scope_id.as_deref().filter(|scope| *scope != "/").map(Text::from),
    };
    let mut holdings: Vec<Holding> = assignments
        .iter()
        .map(|one| holding(one, !ends.contains(&(one.principal_id, one.role_definition_id))))
        .collect();
    holdings.extend(eligible.iter().map(|one| holding(one, false)));

    let groups = holdings.iter().filter(|one| one.group).map(|one| GroupId::new(one.principal)).collect();
    let groups::Memberships { members, unread, groups: _ } =
        groups::read_members(plan, groups, groups::Gone::Error).await;
    if let Some((group, why)) = unread.first() {
        // Who is in it holds its roles: with a part of them, somebody privileged would count as harmless.
        return Err(Failure::Unusable(format!("the members of group {group}, which holds roles: {why}")));
    }

    let known: HashMap<Uuid, &RoleDefinitionWire> = definitions.iter().map(|one| (one.id, one)).collect();
    let mut by_user: HashMap<UserId, Vec<RoleAssignment>> = HashMap::new();
    for one in &holdings {
        let definition = known.get(&one.definition);
        let template = definition.and_then(|found| found.template_id).unwrap_or(one.definition);
        let name = definition.and_then(|found| found.display_name.clone());
        let role = RoleAssignment {
            template_id: RoleTemplateId::new(template),
            display_name: name.unwrap_or_else(|| Text::from(template.to_string())),
            permanent: one.permanent,
            scope: one.scope.clone(),
        };
        let itself = [UserId::new(one.principal)];
        let holders: &[UserId] = match one.group {
            true => members.get(&GroupId::new(one.principal)).map_or(&[], Vec::as_slice),
            false => &itself,
        };
        for holder in holders {
            let roles = by_user.entry(*holder).or_default();
            match roles.iter_mut().find(|held| (held.template_id, &held.scope) == (role.template_id, &role.scope)) {
                // Held twice: permanent if one of them is.
                Some(held) => held.permanent |= role.permanent,
                None => roles.push(role.clone()),
            }
        }
    }
    for roles in by_user.values_mut() {
        roles.sort_by(|a, b| a.display_name.cmp(&b.display_name));
    }
    Ok(Roles { by_user, eligibility_refused: refused })
}
