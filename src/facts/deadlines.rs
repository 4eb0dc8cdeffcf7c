//! Dates on which the service changes: one table, asked by the rules, by `usable`, by `--timeline` and by
//! `mfaplan rules --deadlines`.
//!
//! Microsoft moves such dates. A row names the page and the day on which somebody read it, so that a reader can see how
//! old the knowledge is; everything that depends on a date asks with the plan's own instant.

use jiff::{
    Timestamp,
    civil::{Date, date},
    tz::TimeZone,
};

use super::recognise;
use crate::tenant::{User, is_global_administrator};

/// A page of Microsoft's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its title.
    pub title: &'static str,
    /// Its address.
    pub address: &'static str,
}

/// A date of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// Its name in files.
    pub id: &'static str,
    /// What happens.
    pub what: &'static str,
    /// From which day on (UTC).
    pub from: Date,
    /// To whom.
    pub population: &'static str,
    /// Where Microsoft says so.
    pub source: Source,
    /// When that was last read.
    pub checked: Date,
}

impl Deadline {
    /// The instant from which on it holds: the day's first, UTC.
    #[must_use]
    pub(crate) fn instant(&self) -> Timestamp {
        // Only a date beyond the calendar's end has no instant: then it never comes.
        TimeZone::UTC.to_timestamp(self.from.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
    }

    /// Has it come?
    #[must_use]
    pub(crate) fn is_past(&self, instant: Timestamp) -> bool {
        instant >= self.instant()
    }

    /// Is it the day on which custom controls of Conditional Access go?
    #[must_use]
    pub(crate) fn ends_custom_controls(&self) -> bool {
        self.source == CONTROLS
    }

    /// Does it end this legacy protocol?
    #[must_use]
    pub(crate) fn ends(&self, protocol: &str) -> bool {
        match self.source {
            EWS => protocol.eq_ignore_ascii_case("Exchange Web Services"),
            SMTP => recognise::is_smtp(protocol),
            _ => false,
        }
    }

    /// Is it a day on which text messages and calls stop?
    #[must_use]
    pub(crate) fn ends_phones(&self) -> bool {
        self.source == PHONES
    }

    /// Does it come within so many days, or has it come?
    #[must_use]
    pub(crate) fn is_within(&self, days: i64, instant: Timestamp) -> bool {
        self.instant().as_second() - instant.as_second() <= days * 86_400
    }
}

const CHECKED: Date = date(2026, 8, 31);

const PHONES: Source = Source {
    title: "Retirement of Microsoft-provided SMS and voice for multifactor authentication",
    address: "https://learn.microsoft.com/entra/identity/authentication/concept-authentication-phone-options",
};
const SMTP: Source = Source {
    title: "Updated Exchange Online SMTP AUTH Basic Authentication deprecation timeline",
    address: "https://techcommunity.microsoft.com/blog/exchange/updated-exchange-online-smtp-auth-basic-authentication-deprecation-timeline/4489835",
};
const EWS: Source = Source {
    title: "Deprecation of Exchange Web Services in Exchange Online",
    address: "https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/deprecation-of-ews-exchange-online",
};
const LEGACY_POLICIES: Source = Source {
    title: "How to migrate MFA and SSPR policy settings to the Authentication methods policy",
    address: "https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-methods-manage",
};
const MANDATORY: Source = Source {
    title: "Planning for mandatory multifactor authentication for Azure and other admin portals",
    address: "https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication",
};
const CONTROLS: Source = Source {
    title: "Custom controls (preview)",
    address: "https://learn.microsoft.com/entra/identity/conditional-access/controls",
};

/// Text messages and calls, for everybody who has no later date.
pub(crate) static PHONES_END: Deadline = Deadline {
    id: "sms_voice",
    what: "Microsoft-provided SMS and voice stop; users who have nothing else must register a passkey before they can go on",
    from: date(2027, 2, 1),
    population: "all users, internal guests included",
    source: PHONES,
    checked: CHECKED,
};
/// Text messages and calls, for Global Administrators and external users.
pub(crate) static PHONES_END_LATER: Deadline = Deadline {
    id: "sms_voice_administrators",
    what: "Microsoft-provided SMS and voice stop",
    from: date(2027, 7, 1),
    population: "Global Administrators and external users",
    source: PHONES,
    checked: CHECKED,
};
/// Basic SMTP AUTH is switched off.
pub(crate) static SMTP_AUTH_OFF: Deadline = Deadline {
    id: "smtp_auth",
    what: "basic SMTP AUTH is off by default; administrators may switch it on again, and the final date is told in the second half of 2027",
    from: date(2026, 12, 31),
    population: "existing tenants; off from the start in tenants made later",
    source: SMTP,
    checked: CHECKED,
};
/// Exchange Web Services are blocked where nobody allowed them.
pub(crate) static EWS_BLOCKED: Deadline = Deadline {
    id: "ews_blocked",
    what: "Exchange Web Services are blocked where EWSEnabled is not set",
    from: date(2026, 10, 1),
    population: "all tenants",
    source: EWS,
    checked: CHECKED,
};
/// Exchange Web Services are gone.
pub(crate) static EWS_GONE: Deadline = Deadline {
    id: "ews_gone",
    what: "Exchange Web Services are gone",
    from: date(2027, 4, 1),
    population: "all tenants",
    source: EWS,
    checked: CHECKED,
};
/// The legacy MFA and SSPR policies.
pub(crate) static LEGACY_POLICIES_END: Deadline = Deadline {
    id: "legacy_policies",
    what: "the legacy MFA and SSPR policies cannot be managed any more; the authentication methods policy decides",
    from: date(2025, 9, 30),
    population: "all tenants",
    source: LEGACY_POLICIES,
    checked: CHECKED,
};
/// Mandatory MFA in the portals.
pub(crate) static MANDATORY_PORTALS: Deadline = Deadline {
    id: "mandatory_mfa_portals",
    what: "mandatory MFA for the Azure portal, the Microsoft Entra and the Intune admin center",
    from: date(2024, 10, 15),
    population: "all users, emergency accounts included",
    source: MANDATORY,
    checked: CHECKED,
};
/// Mandatory MFA for writes to Azure.
pub(crate) static MANDATORY_WRITES: Deadline = Deadline {
    id: "mandatory_mfa_writes",
    what: "mandatory MFA for writes by Azure CLI, Azure PowerShell, the Azure mobile app and the REST API; the last postponement ended on 2026-07-01",
    from: date(2025, 10, 1),
    population: "all users, emergency accounts and user-based service accounts included",
    source: MANDATORY,
    checked: CHECKED,
};
/// Custom controls of Conditional Access.
pub(crate) static CUSTOM_CONTROLS_END: Deadline = Deadline {
    id: "custom_controls",
    what: "custom controls of Conditional Access retire (early 2027, no day named): move to an external authentication method",
    from: date(2027, 1, 1),
    population: "all tenants",
    source: CONTROLS,
    checked: CHECKED,
};

/// Every date, earliest first.
static ALL: [&Deadline; 9] = [
    &MANDATORY_PORTALS,
    &LEGACY_POLICIES_END,
    &MANDATORY_WRITES,
    &EWS_BLOCKED,
    &SMTP_AUTH_OFF,
    &CUSTOM_CONTROLS_END,
    &PHONES_END,
    &EWS_GONE,
    &PHONES_END_LATER,
];

/// Every date of the service that this version knows, earliest first.
#[must_use]
pub(crate) fn all() -> &'static [&'static Deadline] {
    &ALL
}

/// The date on which this user's text messages and calls stop. The later one holds for Global Administrators, permanent
/// or eligible, and for accounts from elsewhere; where neither is known, the earlier one.
#[must_use]
pub(crate) fn phones_end(user: &User) -> &'static Deadline {
    let administrator = user.directory_roles.iter().flatten().any(is_global_administrator);
    if administrator || user.is_external() { &PHONES_END_LATER } else { &PHONES_END }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_dates_a_page_and_its_place() {
        for row in all() {
            assert!(row.checked <= date(2026, 12, 31), "{}", row.id);
            assert!(row.instant() < Timestamp::MAX, "{}", row.id);
            assert!(row.source.address.starts_with("https://") && !row.source.title.is_empty(), "{}", row.id);
            assert!(!row.what.is_empty() && !row.population.is_empty(), "{}", row.id);
        }
        assert!(ALL.is_sorted_by_key(|row| row.from), "earliest first");
    }

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert!(!PHONES_END.is_past(at("2027-01-31T23:59:59Z")));
        assert!(PHONES_END.is_past(at("2027-02-01T00:00:00Z")));
        assert!(!PHONES_END.is_within(90, at("2026-11-02T23:59:59Z")));
        assert!(PHONES_END.is_within(90, at("2026-11-03T00:00:00Z")));
        assert!(PHONES_END.is_within(90, at("2027-03-01T00:00:00Z")), "and stays within");
    }
}
