//! What users have in common: the attributes by which a block can name many of them at once.

use std::collections::{HashMap, HashSet};

use unicode_normalization::is_nfc;

use super::Guess;
use crate::{
    facts::{Facts, UserKind},
    tenant::{GroupId, MailboxPurpose, MfaState, ObservedTenant, User, UserIndex, UserType},
};

/// A kind of attribute, in the order of preference where two fold equally well: what is made for naming people first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Axis {
    Group,
    Role,
    UserType,
    Department,
    Domain,
    Kind,
    Company,
    EmployeeType,
    Country,
    Office,
    AccountEnabled,
    /// The tenant does not know the state: only ever used to take users out.
    UnknownState,
}

/// One attribute value. The text is as the language wants it: a name or an object id for groups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Feature {
    pub(super) axis: Axis,
    pub(super) value: String,
}

/// A user that `mfa` blocks have to account for.
pub(super) struct Person {
    pub(super) index: UserIndex,
    /// `None` where the tenant does not know it: such a user must not be claimed.
    pub(super) state: Option<MfaState>,
    /// Positions in [`Features::all`].
    pub(super) features: Vec<u32>,
}

/// All people, all features, and who has which.
pub(super) struct Features {
    pub(super) people: Vec<Person>,
    pub(super) all: Vec<Feature>,
    /// Per feature: positions in [`Features::people`].
    pub(super) members: Vec<Vec<u32>>,
}

impl Features {
    /// Collects them for everybody whom no guess protects.
    pub(super) fn of(facts: &Facts<'_>, guesses: &[Guess]) -> Self {
        let tenant = facts.tenant;
        let protected: HashSet<UserIndex> =
            guesses.iter().filter(|guess| guess.kind.protects()).map(|guess| guess.user).collect();
        let (groups, roles) = (group_names(tenant), role_names(tenant));
        let mut features = Self { people: Vec::new(), all: Vec::new(), members: Vec::new() };
        let mut known = HashMap::new();
        for (index, user) in tenant.indexed().filter(|(index, _)| !protected.contains(index)) {
            let position = features.people.len() as u32;
            let mut own: Vec<u32> = of_user(facts, index, user, &groups, &roles)
                .map(|feature| features.intern(&mut known, feature))
                .collect();
            own.sort_unstable();
            own.dedup();
            for feature in &own {
                features.members[*feature as usize].push(position);
            }
            features.people.push(Person { index, state: user.mfa_state.known(), features: own });
        }
        features
    }

    fn intern(&mut self, known: &mut HashMap<Feature, u32>, feature: Feature) -> u32 {
        if let Some(at) = known.get(&feature) {
            return *at;
        }
        let at = self.all.len() as u32;
        self.all.push(feature.clone());
        self.members.push(Vec::new());
        known.insert(feature, at);
        at
    }
}

fn of_user<'a>(
    facts: &Facts<'_>,
    index: UserIndex,
    user: &'a User,
    groups: &'a HashMap<GroupId, String>,
    roles: &'a HashMap<String, String>,
) -> impl Iterator<Item = Feature> + use<'a> {
    let groups = user.member_of.iter().flatten().filter_map(|id| groups.get(id));
    let held = user.directory_roles.iter().flatten();
    let roles = held.filter_map(|role| roles.get(&role.display_name.to_lowercase()));
    let text = |axis, value: Option<&str>| value.filter(|value| is_plain(value)).map(|value| (axis, value.to_owned()));
    let mailbox = match user.mailbox_purpose {
        // Only kinds that follow from the mailbox alone: a score may be another one tomorrow.
        Some(MailboxPurpose::Shared | MailboxPurpose::Room | MailboxPurpose::Equipment) => facts.kind(index, None),
        _ => UserKind::Person,
    };
    let kind = matches!(mailbox, UserKind::SharedMailbox | UserKind::Room | UserKind::Equipment);
    let single = [
        user.user_type.filter(|kind| *kind == UserType::Guest).map(|kind| (Axis::UserType, kind.as_str().to_owned())),
        text(Axis::Department, user.department.as_deref()),
        text(Axis::Domain, user.domain()),
        kind.then(|| (Axis::Kind, mailbox.as_str().to_owned())),
        text(Axis::Company, user.company_name.as_deref()),
        text(Axis::EmployeeType, user.employee_type.as_deref()),
        text(Axis::Country, user.country.as_deref()),
        text(Axis::Office, user.office_location.as_deref()),
        (user.account_enabled == Some(false)).then(|| (Axis::AccountEnabled, "false".to_owned())),
        user.mfa_state.known().is_none().then(|| (Axis::UnknownState, String::new())),
    ];
    groups
        .map(|name| Feature { axis: Axis::Group, value: name.clone() })
        .chain(roles.map(|value| Feature { axis: Axis::Role, value: value.clone() }))
        .chain(single.into_iter().flatten().map(|(axis, value)| Feature { axis, value }))
}

/// How each group is named in the text: by its display name where that means it alone, else by its id.
fn group_names(tenant: &ObservedTenant) -> HashMap<GroupId, String> {
    let mut uses: HashMap<String, HashSet<GroupId>> = HashMap::new();
    for group in &tenant.groups {
        for name in std::iter::once(&group.display_name).chain(&group.mail) {
            uses.entry(name.to_lowercase()).or_default().insert(group.id);
        }
    }
    let alone = |name: &str| uses.get(&name.to_lowercase()).is_some_and(|ids| ids.len() == 1);
    tenant
        .groups
        .iter()
        .map(|group| {
            let name = group.display_name.as_str();
            let usable = is_plain(name) && alone(name) && name.parse::<GroupId>().is_err();
            (group.id, if usable { name.to_owned() } else { group.id.to_string() })
        })
        .collect()
}

/// The roles that are held, by their names without case, which is how they are looked up: two spellings are one role.
fn role_names(tenant: &ObservedTenant) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for role in tenant.users().iter().flat_map(|user| user.directory_roles.iter().flatten()) {
        if is_plain(&role.display_name) {
            names.entry(role.display_name.to_lowercase()).or_insert_with(|| role.display_name.to_string());
        }
    }
    names
}

/// Can this text stand in a configuration and still equal the tenant's? The language keeps strings in normal form C, and
/// nobody should have to review invisible characters.
pub(super) fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.contains(is_hidden) && is_nfc(text)
}

/// Control characters, line separators, characters without width and those that turn the direction of text.
pub(super) fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
