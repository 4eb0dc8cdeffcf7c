//! Accounts that give themselves away by a role, a licence or a name that Microsoft's own tools choose.

use std::fmt;

use jiff::Timestamp;

use super::methods;
use crate::tenant::{LastSignIn, LegacySignIns, MailboxPurpose, RoleAssignment, SignIns, User, is_privileged, role};

/// What shows that this is the account of Microsoft Entra Connect; `None` if nothing known does.
#[must_use]
pub(crate) fn sync_account(user: &User) -> Option<&'static str> {
    let by_role = user.directory_roles.as_ref().is_some_and(|roles| {
        roles.iter().any(|one| {
            matches!(
                one.template_id,
                role::DIRECTORY_SYNCHRONIZATION_ACCOUNTS | role::ON_PREMISES_DIRECTORY_SYNC_ACCOUNT
            )
        })
    });
    if by_role {
        return Some("directory role");
    }
    let by_name = user
        .display_name
        .as_deref()
        .is_some_and(|name| name.trim().eq_ignore_ascii_case("On-Premises Directory Synchronization Service Account"));
    if by_name {
        return Some("display name");
    }
    starts_with(&user.user_principal_name, "Sync_").then_some("user principal name")
}

/// A licence for Teams Rooms, by part number.
#[must_use]
pub(crate) fn is_teams_rooms_sku(sku: &str) -> bool {
    starts_with(sku, "MEETING_ROOM") || starts_with(sku, "Microsoft_Teams_Rooms_")
}

/// A licence for phones, panels and displays that nobody owns, by part number.
fn is_shared_device_sku(sku: &str) -> bool {
    starts_with(sku, "MCOCAP") || starts_with(sku, "Microsoft_Teams_Shared_Devices")
}

/// What shows that this is the account of a shared device: a Teams room, a phone in a lobby, a panel. `None` if nothing
/// known does.
#[must_use]
pub(crate) fn shared_device(user: &User) -> Option<&'static str> {
    let licensed = |is: fn(&str) -> bool| user.licenses.as_ref().is_some_and(|skus| skus.iter().any(|sku| is(sku)));
    if licensed(is_teams_rooms_sku) {
        return Some("Teams Rooms licence");
    }
    if licensed(is_shared_device_sku) {
        return Some("Teams shared device licence");
    }
    if user.methods.as_ref().is_some_and(|all| all.iter().any(|one| methods::is_device_key(one))) {
        return Some("resource account key");
    }
    // A name that anybody may give says something together with a sign-in only.
    let signs_in = user.sign_ins.as_deref().and_then(any_sign_in) == Some(true);
    if is_named_like_a_room(user) && signs_in {
        return Some("user principal name");
    }
    (user.mailbox_purpose == Some(MailboxPurpose::Room) && signs_in).then_some("room mailbox that signs in")
}

/// Named as Microsoft's pages name the accounts of Teams rooms.
#[must_use]
pub(crate) fn is_named_like_a_room(user: &User) -> bool {
    starts_with(&user.user_principal_name, "mtr-")
}

/// Is this known to be no person's account, whatever its sign-ins?
#[must_use]
pub(crate) fn is_no_person(user: &User) -> bool {
    user.is_agent || sync_account(user).is_some() || shared_device(user).is_some() || is_bulk_enrolment(user)
}

/// A shared device that is a Teams room.
#[must_use]
pub(crate) fn is_teams_room(by: &str) -> bool {
    !matches!(by, "Teams shared device licence" | "resource account key")
}

const PACKAGE: &str = "package_";

/// `package_<guid>@…`: the token of a bulk enrolment of Windows devices.
#[must_use]
pub(crate) fn is_bulk_enrolment(user: &User) -> bool {
    let upn = user.user_principal_name.as_str();
    if !starts_with(upn, PACKAGE) {
        return false;
    }
    let rest = &upn[PACKAGE.len()..];
    uuid::Uuid::try_parse(rest.split_once('@').map_or(rest, |(id, _)| id)).is_ok()
}

/// A frontline licence (F1, F3, F5, Teams or Office for frontline workers), by part number.
#[must_use]
pub(crate) fn is_frontline_sku(sku: &str) -> bool {
    ["SPE_F1", "SPE_F3", "SPE_F5", "M365_F1", "DESKLESSPACK"].into_iter().any(|prefix| starts_with(sku, prefix))
}

/// Privileged: any directory role but those that only read or invite. Eligible roles count. `None` = roles unknown.
#[must_use]
pub(crate) fn privileged(user: &User) -> Option<bool> {
    Some(user.directory_roles.as_ref()?.iter().any(is_privileged))
}

/// The first privileged role.
#[must_use]
pub(crate) fn privileged_role(user: &User) -> Option<&RoleAssignment> {
    user.directory_roles.as_ref()?.iter().find(|one| is_privileged(one))
}

/// Basic SMTP, under both names that Graph and the portal give it.
#[must_use]
pub(crate) fn is_smtp(protocol: &str) -> bool {
    protocol.eq_ignore_ascii_case("Authenticated SMTP") || protocol.eq_ignore_ascii_case("SMTP")
}

/// The other legacy `clientAppUsed` values (Microsoft, "Block legacy authentication").
const LEGACY: &[&str] = &[
    "AutoDiscover",
    "Exchange ActiveSync",
    "Exchange Online PowerShell",
    "Exchange Web Services",
    "IMAP4",
    "IMAP",
    "MAPI Over HTTP",
    "MAPI",
    "Offline Address Book",
    "Outlook Anywhere (RPC over HTTP)",
    "Outlook Anywhere",
    "Other clients",
    "POP3",
    "POP",
    "Reporting Web Services",
    "Outlook Service",
];

/// A legacy protocol other than SMTP.
#[must_use]
pub(crate) fn is_other_legacy(protocol: &str) -> bool {
    LEGACY.iter().any(|one| one.eq_ignore_ascii_case(protocol))
}

/// The successful sign-ins by SMTP AUTH, if any.
#[must_use]
pub(crate) fn smtp(sign_ins: &SignIns) -> Option<&LegacySignIns> {
    sign_ins.legacy.as_ref()?.iter().find(|one| one.count > 0 && is_smtp(&one.protocol))
}

/// Were there sign-ins of any kind in the window? `None` where no count says.
#[must_use]
pub(crate) fn any_sign_in(sign_ins: &SignIns) -> Option<bool> {
    let counts = [sign_ins.interactive, sign_ins.non_interactive, sign_ins.legacy_total(), sign_ins.ropc];
    if counts.iter().flatten().any(|count| *count > 0) {
        return Some(true);
    }
    // Zero is only zero when both main counts were read.
    (sign_ins.interactive.is_some() && sign_ins.non_interactive.is_some()).then_some(false)
}

/// When an account was last seen, all facts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastSeen {
    /// No fact says.
    Unknown,
    /// Never: Graph's own date says so. The absence of a record cannot.
    Never,
    /// Not in the log of so many days.
    NotIn(u16),
    /// At this instant.
    At(Timestamp),
}

impl fmt::Display for LastSeen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Never => f.write_str("never"),
            Self::NotIn(days) => write!(f, "not seen in {days} {}", if *days == 1 { "day" } else { "days" }),
            Self::At(at) => at.fmt(f),
        }
    }
}

/// When the user last signed in: the date, and the counts of the window where there is no date.
#[must_use]
pub(crate) fn last_sign_in(user: &User, instant: Timestamp) -> LastSeen {
    match user.last_sign_in {
        LastSignIn::At(at) => return LastSeen::At(at),
        LastSignIn::Never => return LastSeen::Never,
        LastSignIn::Unknown => {}
    }
    let Some(sign_ins) = user.sign_ins.as_deref() else { return LastSeen::Unknown };
    match (any_sign_in(sign_ins), sign_ins.window_days) {
        (Some(true), _) => LastSeen::At(instant),
        // The log of some days was looked at, and there was nobody: what lies before is unknown.
        (Some(false), Some(days)) => LastSeen::NotIn(days),
        (None, Some(days)) if !sign_ins.is_known() => LastSeen::NotIn(days),
        _ => LastSeen::Unknown,
    }
}

/// Is it known how the user signs in: by a record of theirs, or by logs of both kinds that cover the window?
#[must_use]
pub(crate) fn sign_ins_known(user: &User) -> bool {
    user.sign_ins.as_deref().is_some_and(|sign_ins| any_sign_in(sign_ins).is_some())
}

/// Whole days from one instant to a later one; negative if it is earlier.
#[must_use]
pub(crate) fn days_between(earlier: Timestamp, later: Timestamp) -> i64 {
    (later.as_second() - earlier.as_second()).div_euclid(86_400)
}

/// Does `text` start with this ASCII prefix, without case?
#[must_use]
pub(crate) fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}
