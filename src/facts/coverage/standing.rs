//! How one user stands to the policies of a chunk.

use std::collections::HashMap;

use crate::tenant::{Fact, GroupId, RoleTemplateId, User, UserId, UserType};

/// Which policies (by bit) include and exclude.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sides {
    pub(super) include: u64,
    pub(super) exclude: u64,
}

/// Whom the policies of a chunk are for.
#[derive(Debug, Default)]
pub(super) struct Audience {
    pub(super) everybody: u64,
    pub(super) users: HashMap<UserId, Sides>,
    pub(super) groups: HashMap<GroupId, Sides>,
    pub(super) roles: HashMap<RoleTemplateId, Sides>,
    pub(super) guests: [Sides; GuestKind::ALL.len()],
    /// Policies that name any group, role or kind of guest: undecided where that fact of a user is unknown.
    pub(super) by_group: Sides,
    /// Policies that name a group whose members could not be read: whoever is not known to be in it may be in it, however
    /// well their other groups are known.
    pub(super) by_unread_group: Sides,
    pub(super) by_role: Sides,
    pub(super) by_guest: Sides,
}

/// The kinds of external users that can be told apart by `userType` and `#EXT#`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GuestKind {
    /// A guest with `#EXT#` in the name.
    B2bGuest,
    /// A guest without.
    Internal,
    /// A member with `#EXT#`.
    B2bMember,
}

impl GuestKind {
    pub(super) const ALL: [(Self, &'static str); 3] = [
        (Self::B2bGuest, "b2bCollaborationGuest"),
        (Self::Internal, "internalGuest"),
        (Self::B2bMember, "b2bCollaborationMember"),
    ];

    /// `Err` = unknown; `Ok(None)` = neither a guest nor external.
    fn of(user: &User) -> Result<Option<Self>, ()> {
        let external = user.is_external();
        match (user.user_type, external) {
            (Some(UserType::Guest), true) => Ok(Some(Self::B2bGuest)),
            (Some(UserType::Guest), false) => Ok(Some(Self::Internal)),
            (Some(UserType::Member), true) => Ok(Some(Self::B2bMember)),
            (Some(UserType::Member), false) => Ok(None),
            (None, _) => Err(()),
        }
    }
}

/// How one user stands to the policies of a chunk, by bit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    pub(super) included: u64,
    pub(super) excluded: u64,
    /// Included, or excluded, by a role that holds only while it is activated.
    pub(super) role_included: u64,
    pub(super) role_excluded: u64,
    /// Might be included, or excluded, were a fact known.
    pub(super) maybe_included: u64,
    pub(super) maybe_excluded: u64,
}

impl Standing {
    /// Applies, whatever is unknown and whichever role is active.
    pub(super) const fn certain(self) -> u64 {
        self.included & !self.excluded & !self.role_excluded & !self.maybe_excluded
    }

    /// Applies at least at some times.
    pub(super) const fn sometimes(self) -> u64 {
        (self.included | self.role_included) & !self.excluded & !self.maybe_excluded
    }

    /// Would apply, if every missing fact turned out well.
    pub(super) const fn possible(self) -> u64 {
        (self.included | self.maybe_included) & !self.excluded & !self.role_excluded
    }

    /// Would apply at some times, if every missing fact turned out well.
    pub(super) const fn possible_sometimes(self) -> u64 {
        (self.included | self.role_included | self.maybe_included) & !self.excluded
    }

    /// As if every eligible role were active.
    pub(super) const fn activated(self) -> Self {
        Self {
            included: self.included | self.role_included,
            excluded: self.excluded | self.role_excluded,
            role_included: 0,
            role_excluded: 0,
            ..self
        }
    }

    const fn add(&mut self, sides: Sides) {
        self.included |= sides.include;
        self.excluded |= sides.exclude;
    }

    const fn add_eligible(&mut self, sides: Sides) {
        self.role_included |= sides.include;
        self.role_excluded |= sides.exclude;
    }

    const fn add_maybe(&mut self, sides: Sides) {
        self.maybe_included |= sides.include;
        self.maybe_excluded |= sides.exclude;
    }
}

impl Audience {
    pub(super) fn standing(&self, user: &User) -> Standing {
        let mut standing = Standing { included: self.everybody, ..Standing::default() };
        standing.add(self.users.get(&user.id).copied().unwrap_or_default());
        if !self.groups.is_empty() {
            match &user.member_of {
                Some(groups) => {
                    groups.iter().filter_map(|id| self.groups.get(id)).for_each(|one| standing.add(*one));
                    standing.add_maybe(self.by_unread_group);
                }
                None => standing.add_maybe(self.by_group),
            }
        }
        if !self.roles.is_empty() {
            match user.roles_over_the_directory() {
                Some(roles) => {
                    for role in roles {
                        let Some(sides) = self.roles.get(&role.template_id) else { continue };
                        if role.permanent {
                            standing.add(*sides);
                        } else {
                            standing.add_eligible(*sides);
                        }
                    }
                }
                None => standing.add_maybe(self.by_role),
            }
        }
        if self.by_guest.include != 0 || self.by_guest.exclude != 0 {
            match GuestKind::of(user) {
                Ok(None) => {}
                Ok(Some(kind)) => standing.add(self.guests[kind as usize]),
                Err(()) => standing.add_maybe(self.by_guest),
            }
        }
        standing
    }

    /// Excluded by name, group or role – not merely as a guest – and what might be, were the facts known.
    pub(super) fn explicitly_excluded(&self, user: &User) -> (u64, u64) {
        let mut excluded = self.users.get(&user.id).copied().unwrap_or_default().exclude;
        let mut maybe = 0;
        match &user.member_of {
            Some(groups) => {
                groups.iter().filter_map(|id| self.groups.get(id)).for_each(|one| excluded |= one.exclude);
                maybe |= self.by_unread_group.exclude;
            }
            None => maybe |= self.by_group.exclude,
        }
        match user.roles_over_the_directory() {
            Some(roles) => {
                roles.filter_map(|one| self.roles.get(&one.template_id)).for_each(|one| excluded |= one.exclude);
            }
            None => maybe |= self.by_role.exclude,
        }
        (excluded, maybe)
    }

    /// The fact of a user that is missing where policies of this mask cannot be decided.
    pub(super) fn missing_fact(&self, mask: u64, user: &User) -> Fact {
        let names = |sides: Sides| (sides.include | sides.exclude) & mask != 0;
        if user.member_of.is_none() && names(self.by_group) || names(self.by_unread_group) {
            Fact::Groups
        } else if user.directory_roles.is_none() && names(self.by_role) {
            Fact::Roles
        } else {
            Fact::Directory
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Standing;

    /// Of one policy, whatever is known and held: what holds for certain holds under every other reading too, and with
    /// nothing unknown and no role to activate all readings are the same.
    #[test]
    fn what_is_certain_is_also_possible_in_every_combination() {
        for bits in 0..64_u64 {
            let bit = |place: u32| bits >> place & 1;
            let one = Standing {
                included: bit(0),
                excluded: bit(1),
                role_included: bit(2),
                role_excluded: bit(3),
                maybe_included: bit(4),
                maybe_excluded: bit(5),
            };
            assert!(one.certain() <= one.sometimes() && one.certain() <= one.possible(), "{one:?}");
            assert!(one.sometimes() <= one.possible_sometimes(), "{one:?}");
            assert!(one.possible() <= one.possible_sometimes(), "{one:?}");
            if bits < 4 {
                let plain = bit(0) & !bit(1);
                let all = [one.certain(), one.sometimes(), one.possible(), one.possible_sometimes()];
                assert_eq!(all, [plain; 4], "{one:?}");
            }
            // A role that is active is held, and one that excludes wins.
            let active = one.activated();
            assert_eq!(active.included, u64::from(one.included == 1 || one.role_included == 1), "{one:?}");
            assert_eq!(active.excluded, u64::from(one.excluded == 1 || one.role_excluded == 1), "{one:?}");
            assert_eq!((active.role_included, active.role_excluded), (0, 0), "{one:?}");
            // What could be and is not held open by a missing fact is what is.
            if one.maybe_included == 0 && one.maybe_excluded == 0 {
                assert_eq!((one.possible(), one.possible_sometimes()), (one.certain(), one.sometimes()), "{one:?}");
            }
            if one.excluded == 1 {
                assert_eq!(one.possible_sometimes(), 0, "{one:?}");
            }
            if one.maybe_excluded == 1 {
                assert_eq!((one.certain(), one.sometimes()), (0, 0), "{one:?}");
            }
            if one.role_excluded == 1 {
                assert_eq!((one.certain(), one.possible()), (0, 0), "{one:?}");
            }
        }
    }
}
