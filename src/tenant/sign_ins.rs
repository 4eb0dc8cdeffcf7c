//! What the sign-in log says of one user, aggregated over the window.

use jiff::Timestamp;

use super::Text;

/// Counts over successful sign-ins of the window unless said otherwise. `None` = unknown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SignIns {
    /// Length of the window in days.
    pub window_days: Option<u16>,
    /// Interactive sign-ins.
    pub interactive: Option<u32>,
    /// Interactive sign-ins in which MFA was satisfied.
    pub interactive_mfa: Option<u32>,
    /// Non-interactive sign-ins (tokens renewed by a client on behalf of the user).
    pub non_interactive: Option<u32>,
    /// Failed sign-ins.
    pub failed: Option<u32>,
    /// Failed sign-ins that MFA explains: error 50072, 50074, 50076 or 50079, or a legacy protocol, which cannot do MFA.
    pub failed_mfa: Option<u32>,
    /// Sign-ins by the resource owner password credential grant: a program holding the password.
    pub ropc: Option<u32>,
    /// Sign-ins with an app password.
    pub app_password: Option<u32>,
    /// Distinct client addresses.
    pub distinct_ips: Option<u32>,
    /// Distinct UTC hours of day with at least one sign-in, 0–24.
    pub active_hours: Option<u8>,
    /// Share of sign-ins on Saturday and Sunday (UTC), 0–1.
    pub weekend_share: Option<f32>,
    /// Legacy protocols, by Graph's `clientAppUsed`.
    pub legacy: Option<Box<[LegacySignIns]>>,
    /// Applications signed in to.
    pub apps: Option<Box<[AppSignIns]>>,
    /// First products of the user agents.
    pub clients: Option<Box<[Text]>>,
}

impl SignIns {
    /// Interactive and non-interactive sign-ins together, where both are known.
    #[must_use]
    pub fn total(&self) -> Option<u32> {
        Some(self.interactive?.saturating_add(self.non_interactive?))
    }

    /// Sign-ins by all legacy protocols together.
    #[must_use]
    pub fn legacy_total(&self) -> Option<u32> {
        Some(self.legacy.as_ref()?.iter().fold(0, |sum, one| one.count.saturating_add(sum)))
    }
}

/// Sign-ins by one legacy protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacySignIns {
    /// `clientAppUsed`, for example `Authenticated SMTP`.
    pub protocol: Text,
    /// How many.
    pub count: u32,
    /// The latest.
    pub last: Option<Timestamp>,
    /// Distinct client addresses.
    pub distinct_ips: Option<u32>,
}

/// Sign-ins to one application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSignIns {
    /// The application (client) id, as Graph spells it.
    pub id: Text,
    /// Its name.
    pub display_name: Option<Text>,
    /// How many.
    pub count: u32,
}
