//! The service account signal: how much speaks for an account being a workload, 0–100, line by line.
//!
//! No published threshold exists. The score is additive and explained in the plan; what most accounts of a tenant share
//! counts for nothing. Facts that the tenant could not give add nothing either way. Names, licences and missing personal
//! data alone stay below the score from which an account is taken for a workload: that takes behaviour.

#[cfg(test)]
mod limits;

use std::fmt;

use jiff::Timestamp;

use super::{NameMatcher, Population, methods, recognise};
use crate::{
    config::SignalSettings,
    tenant::{Attribute, SignIns, Text, User},
};

/// The highest score without behavioural evidence.
const STATIC_CAP: i32 = 69;

/// The settings, ready for matching.
#[derive(Clone, Debug)]
pub struct SignalModel {
    names: NameMatcher,
    tags: Vec<Text>,
    /// From this score on an account is taken for a service account.
    pub certain: u8,
    /// From this score on it is a possible one.
    pub possible: u8,
}

impl SignalModel {
    /// Compiles the settings.
    #[must_use]
    pub fn new(settings: &SignalSettings) -> Self {
        let SignalSettings { tags, patterns, certain, possible } = settings;
        Self { names: NameMatcher::new(patterns), tags: tags.clone(), certain: *certain, possible: *possible }
    }

    /// The matcher of names.
    #[must_use]
    pub const fn names(&self) -> &NameMatcher {
        &self.names
    }

    /// The score alone: cheap enough for every user of a tenant.
    #[must_use]
    pub fn score(&self, user: &User, population: &Population, instant: Timestamp) -> u8 {
        let mut tally = Tally::default();
        self.walk(user, population, instant, &mut |line| tally.add(&line));
        tally.score(self.certain)
    }

    /// The score with the lines it is made of.
    #[must_use]
    pub fn assess<'a>(&'a self, user: &'a User, population: &Population, instant: Timestamp) -> Signal<'a> {
        let mut tally = Tally::default();
        let mut lines = Vec::new();
        self.walk(user, population, instant, &mut |line| {
            tally.add(&line);
            lines.push(line);
        });
        Signal { score: tally.score(self.certain), lines }
    }

    /// Both of the above walk the same lines, so the score is always the sum of what is shown.
    fn walk<'a>(&'a self, user: &'a User, population: &Population, instant: Timestamp, say: &mut impl FnMut(Line<'a>)) {
        if let Some(sign_ins) = user.sign_ins.as_deref() {
            behaviour(sign_ins, say);
        }
        self.directory(user, population, instant, say);
        if user.methods.as_ref().is_some_and(|all| all.iter().any(|one| methods::is_personal(one))) {
            say(Line::PersonalMethod);
        }
        if let Some(devices) = user.device_count.filter(|count| *count >= 2) {
            say(Line::Devices(devices));
        }
    }

    fn directory<'a>(
        &'a self,
        user: &'a User,
        population: &Population,
        instant: Timestamp,
        say: &mut impl FnMut(Line<'a>),
    ) {
        if methods::registered(user) == Some(false) {
            say(Line::NoMethod);
        }
        if user.password_never_expires == Some(true) && population.expiring_passwords_are_usual() {
            say(Line::PasswordNeverExpires);
        }
        if let Some(changed) = user.last_password_change {
            let days = recognise::days_between(changed, instant);
            if days > 365 {
                say(Line::OldPassword(days));
            }
        }
        if let Some(word) = self.names.find(user) {
            say(Line::Name(word));
        }
        let missing = missing_personal_data(user, population);
        if missing >= 3 {
            say(Line::MissingPersonalData(missing));
        }
        if user.licenses.as_ref().is_some_and(|skus| skus.iter().all(|sku| is_mail_only(sku))) {
            say(Line::NoLicense);
        }
        if let Some(tag) = self.tag(user) {
            say(Line::Tag(tag));
        }
    }

    fn tag<'a>(&self, user: &'a User) -> Option<&'a str> {
        if self.tags.is_empty() {
            return None;
        }
        let extensions = user.extension_attributes.as_deref().into_iter().flatten().flatten();
        user.employee_type
            .iter()
            .chain(extensions)
            .map(|text| text.trim())
            .find(|value| self.tags.iter().any(|tag| tag.trim().to_lowercase() == value.to_lowercase()))
    }
}

fn behaviour<'a>(sign_ins: &'a SignIns, say: &mut impl FnMut(Line<'a>)) {
    if let Some(ropc) = sign_ins.ropc.filter(|count| *count > 0) {
        say(Line::Ropc(ropc));
    }
    if let Some(smtp) = recognise::smtp(sign_ins) {
        say(Line::Smtp(smtp.count));
    }
    // An unknown half counts as none: the other half is a lower bound.
    let total = sign_ins.interactive.unwrap_or(0).saturating_add(sign_ins.non_interactive.unwrap_or(0));
    if let (Some(0), Some(count @ 10..)) = (sign_ins.interactive, sign_ins.non_interactive) {
        say(Line::NonInteractiveOnly(count));
    }
    if total >= 20 && sign_ins.distinct_ips == Some(1) {
        say(Line::OneAddress(total));
    }
    if let (50.., Some(hours @ 20..), Some(share)) = (total, sign_ins.active_hours, sign_ins.weekend_share)
        && share >= 0.2
    {
        say(Line::RoundTheClock { hours, weekend_share: share });
    }
    if let Some([app]) = sign_ins.apps.as_deref()
        && app.count >= 1
    {
        say(Line::OneApplication(app.display_name.as_ref().unwrap_or(&app.id)));
    }
    if let Some(client) = sign_ins.clients.as_deref().into_iter().flatten().find(|client| is_scripting_client(client)) {
        say(Line::ScriptingClient(client));
    }
    if let Some(count) = sign_ins.interactive_mfa.filter(|count| *count > 0) {
        say(Line::InteractiveMfa(count));
    }
}

/// Program libraries and shells, by the first product of the user agent.
#[must_use]
pub(crate) fn is_scripting_client(client: &str) -> bool {
    const PRODUCTS: &[&str] = &[
        "python-requests",
        "python-urllib",
        "python",
        "aiohttp",
        "httpx",
        "curl",
        "wget",
        "powershell",
        "windowspowershell",
        "bav2ropc",
        "go-http-client",
        "okhttp",
        "axios",
        "node-fetch",
        "java",
        "apache-httpclient",
        "libwww-perl",
        "perl",
        "ruby",
        "restsharp",
        "postmanruntime",
        "azure-cli",
        "msal.python",
        "guzzlehttp",
        "php",
        "dotnet",
        "winhttp",
    ];
    let product = client.split(['/', ' ']).next().unwrap_or(client);
    PRODUCTS.iter().any(|one| one.eq_ignore_ascii_case(product))
}

/// Exchange mail and nothing else: `EXCHANGESTANDARD`, `EXCHANGEENTERPRISE`, `EXCHANGEDESKLESS` and their variants.
fn is_mail_only(sku: &str) -> bool {
    let upper = sku.to_ascii_uppercase();
    upper.starts_with("EXCHANGE") && ["STANDARD", "ENTERPRISE", "DESKLESS"].iter().any(|part| upper.contains(part))
}

/// How many of employee id, job title, department and full name are known to be empty although most members have them.
fn missing_personal_data(user: &User, population: &Population) -> u8 {
    let empty = |attribute| user.empty.contains(attribute);
    let blank = |text: &Option<Text>| text.as_deref().is_some_and(|text| text.trim().is_empty());
    let missing = [
        (empty(Attribute::EmployeeId) || blank(&user.employee_id), population.employee_id),
        (empty(Attribute::JobTitle) || blank(&user.job_title), population.job_title),
        (empty(Attribute::Department) || blank(&user.department), population.department),
        (
            empty(Attribute::GivenName) || empty(Attribute::Surname) || blank(&user.given_name) || blank(&user.surname),
            population.full_name,
        ),
    ];
    missing.iter().filter(|(missing, count)| *missing && population.usual(*count)).count() as u8
}

#[derive(Default)]
struct Tally {
    points: i32,
    behaviour: bool,
}

impl Tally {
    fn add(&mut self, line: &Line<'_>) {
        self.points += line.points();
        self.behaviour |= line.is_behaviour();
    }

    fn score(&self, certain: u8) -> u8 {
        let cap = if self.behaviour { 100 } else { STATIC_CAP.min(i32::from(certain) - 1).max(0) };
        self.points.clamp(0, cap) as u8
    }
}

/// A score and what it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal<'a> {
    /// 0–100.
    pub score: u8,
    /// What speaks for a workload, and what against.
    pub lines: Vec<Line<'a>>,
}

impl Signal<'_> {
    /// The lines as evidence: text and points.
    #[must_use]
    pub fn evidence(&self) -> serde_json::Value {
        self.lines.iter().map(|line| format!("{line} ({:+})", line.points())).collect()
    }
}

/// One line of evidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line<'a> {
    /// Sign-ins by the password grant.
    Ropc(u32),
    /// Sign-ins by SMTP AUTH.
    Smtp(u32),
    /// Non-interactive sign-ins and no interactive one.
    NonInteractiveOnly(u32),
    /// All sign-ins from one address.
    OneAddress(u32),
    /// At all hours and on weekends.
    RoundTheClock {
        /// Distinct hours of day.
        hours: u8,
        /// Share of weekend sign-ins, 0–1.
        weekend_share: f32,
    },
    /// One application only.
    OneApplication(&'a str),
    /// A program library or shell signs in.
    ScriptingClient(&'a str),
    /// No registered method.
    NoMethod,
    /// The password never expires, which is unusual in this tenant.
    PasswordNeverExpires,
    /// The password's age in days.
    OldPassword(i64),
    /// A word in the name.
    Name(&'a str),
    /// How many personal attributes are empty.
    MissingPersonalData(u8),
    /// No licence, or mail only.
    NoLicense,
    /// The organisation's own mark.
    Tag(&'a str),
    /// Interactive sign-ins with MFA.
    InteractiveMfa(u32),
    /// Authenticator, Windows Hello or FIDO2.
    PersonalMethod,
    /// Registered devices.
    Devices(u32),
}

impl Line<'_> {
    /// What the line adds to the score.
    #[must_use]
    pub const fn points(&self) -> i32 {
        match self {
            Self::Ropc(_) => 60,
            Self::Smtp(_) => 55,
            Self::NonInteractiveOnly(_) => 35,
            Self::OneAddress(_) | Self::ScriptingClient(_) => 20,
            Self::RoundTheClock { .. } | Self::Name(_) => 25,
            Self::OneApplication(_) | Self::NoMethod | Self::PasswordNeverExpires => 10,
            Self::OldPassword(_) | Self::NoLicense => 8,
            Self::MissingPersonalData(_) => 12,
            Self::Tag(_) => 45,
            Self::InteractiveMfa(_) => -50,
            Self::PersonalMethod => -25,
            Self::Devices(_) => -20,
        }
    }

    /// Does it show the account *at work*, as opposed to what stands in the directory?
    #[must_use]
    pub const fn is_behaviour(&self) -> bool {
        matches!(
            self,
            Self::Ropc(_)
                | Self::Smtp(_)
                | Self::NonInteractiveOnly(_)
                | Self::OneAddress(_)
                | Self::RoundTheClock { .. }
                | Self::OneApplication(_)
                | Self::ScriptingClient(_)
        )
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ropc(count) => write!(f, "{count} sign-ins by the password grant (ROPC)"),
            Self::Smtp(count) => write!(f, "{count} sign-ins by SMTP AUTH"),
            Self::NonInteractiveOnly(count) => write!(f, "{count} non-interactive sign-ins and no interactive one"),
            Self::OneAddress(count) => write!(f, "all {count} sign-ins from one address"),
            Self::RoundTheClock { hours, weekend_share } => {
                write!(f, "active in {hours} of 24 hours, {:.0} % of it on weekends", weekend_share * 100.0)
            }
            Self::OneApplication(app) => write!(f, "signs in to one application only: {app}"),
            Self::ScriptingClient(client) => write!(f, "signs in with {client}"),
            Self::NoMethod => f.write_str("no registered method"),
            Self::PasswordNeverExpires => f.write_str("password never expires, unlike most members' passwords"),
            Self::OldPassword(days) => write!(f, "password is {days} days old"),
            Self::Name(word) => write!(f, "the word \"{word}\" in the name"),
            Self::MissingPersonalData(count) => {
                write!(f, "{count} of employee id, job title, department and full name are empty")
            }
            Self::NoLicense => f.write_str("no licence, or mail only"),
            Self::Tag(tag) => write!(f, "marked by the organisation as \"{tag}\""),
            Self::InteractiveMfa(count) => write!(f, "{count} interactive sign-ins with MFA"),
            Self::PersonalMethod => f.write_str("Authenticator, Windows Hello or FIDO2 is registered"),
            Self::Devices(count) => write!(f, "{count} devices"),
        }
    }
}
