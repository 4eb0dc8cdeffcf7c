//! The members of the JSON document, version 1.

use std::borrow::Cow;

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use crate::{
    diff::DecisionKind,
    facts::recognise::LastSeen,
    plan::file::{tenant_id_text, user_id_text},
    readiness::{self, By, Class},
    tenant::Text,
};

/// The document's version. A minor version only adds members.
pub(crate) const FORMAT_VERSION: &str = "1.0";

/// `mfaplan readiness --format json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Document<'a> {
    format_version: &'static str,
    tenant: Tenant<'a>,
    /// The plan's instant.
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    as_of: Timestamp,
    by: Option<By>,
    totals: Totals,
    cohorts: Vec<Cohort<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Tenant<'a> {
    id: String,
    name: &'a str,
    cloud: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Totals {
    users: u64,
    ready: u64,
    single_method: u64,
    phone_only: u64,
    not_capable: u64,
    not_registered: u64,
    unknown: u64,
    /// Of `users`: those that cannot sign in. They count in no percentage.
    disabled_accounts: u64,
    /// `ready`, `single_method` and `phone_only` of all enabled accounts; null where there is none.
    registered_percent: Option<f64>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Cohort<'a> {
    name: Option<&'a str>,
    totals: Totals,
    users: Vec<Person<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Person<'a> {
    user: User<'a>,
    class: Class,
    /// The day on which the user's telephones stop, where they have nothing else.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    ends: Option<Date>,
    /// That day has come.
    ended: bool,
    wave: Option<Wave<'a>>,
    /// Successful sign-ins of both kinds in the window; null where they are not known.
    sign_ins: Option<u64>,
    /// An instant, `never`, or null where it is not known.
    last_sign_in: Option<Cow<'static, str>>,
    /// The manager's sign-in name.
    manager: Option<&'a str>,
    /// Telephone numbers, the mobile one first.
    phones: Vec<&'a str>,
    account_enabled: bool,
    decision: DecisionKind,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct User<'a> {
    id: String,
    user_principal_name: &'a str,
    display_name: Option<&'a str>,
    mail: Option<&'a str>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Wave<'a> {
    rollout: &'a str,
    name: &'a str,
    #[cfg_attr(test, schemars(with = "crate::schema::DateTime"))]
    from: Timestamp,
}

impl<'a> From<&'a readiness::Report> for Document<'a> {
    fn from(report: &'a readiness::Report) -> Self {
        let readiness::Report { tenant, as_of, by, totals, cohorts } = report;
        Self {
            format_version: FORMAT_VERSION,
            tenant: Tenant { id: tenant_id_text(tenant.id).to_string(), name: &tenant.name, cloud: &tenant.cloud },
            as_of: *as_of,
            by: *by,
            totals: totals.into(),
            cohorts: cohorts.iter().map(Into::into).collect(),
        }
    }
}

impl From<&readiness::Totals> for Totals {
    fn from(totals: &readiness::Totals) -> Self {
        Self {
            users: totals.users(),
            ready: totals.of(Class::Ready),
            single_method: totals.of(Class::SingleMethod),
            phone_only: totals.of(Class::PhoneOnly),
            not_capable: totals.of(Class::NotCapable),
            not_registered: totals.of(Class::NotRegistered),
            unknown: totals.of(Class::Unknown),
            disabled_accounts: totals.disabled_accounts,
            registered_percent: totals.registered_percent(),
        }
    }
}

impl<'a> From<&'a readiness::Cohort> for Cohort<'a> {
    fn from(cohort: &'a readiness::Cohort) -> Self {
        let readiness::Cohort { name, totals, users } = cohort;
        Self { name: name.as_deref(), totals: totals.into(), users: users.iter().map(Into::into).collect() }
    }
}

impl<'a> From<&'a readiness::Person> for Person<'a> {
    fn from(person: &'a readiness::Person) -> Self {
        let readiness::Person {
            id,
            user_principal_name,
            display_name,
            mail,
            account_enabled,
            class,
            ends,
            ended,
            wave,
            sign_ins,
            last_sign_in,
            manager,
            phones,
            decision,
        } = person;
        Self {
            user: User {
                id: user_id_text(*id).to_string(),
                user_principal_name,
                display_name: display_name.as_deref(),
                mail: mail.as_deref(),
            },
            class: *class,
            ends: *ends,
            ended: *ended,
            wave: wave.as_ref().map(|wave| Wave { rollout: &wave.rollout, name: &wave.name, from: wave.from }),
            sign_ins: *sign_ins,
            last_sign_in: match last_sign_in {
                LastSeen::Unknown | LastSeen::NotIn(_) => None,
                LastSeen::Never => Some("never".into()),
                LastSeen::At(at) => Some(at.to_string().into()),
            },
            manager: manager.as_deref(),
            phones: phones.iter().map(Text::as_str).collect(),
            account_enabled: *account_enabled,
            decision: *decision,
        }
    }
}
