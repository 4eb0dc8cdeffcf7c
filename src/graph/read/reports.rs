//! Reports: who has registered, who signed in how, and when last. All of them need Entra ID P1 and are slow.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::Plan;
use crate::{
    graph::{
        client::{Client, Failure, encode},
        pages::Pages,
        requests,
        wire::{ActivityWire, Page, RegistrationWire},
    },
    sign_ins::{Aggregator, window_start, wire::SignIn},
    tenant::{ReadProgress, SignInDates, SignInKind, Text, UserId},
};

/// What is registered for one user.
pub(super) struct Row {
    pub(super) registered: Option<bool>,
    pub(super) capable: Option<bool>,
    pub(super) methods: Option<Box<[Text]>>,
}

/// The registration report.
#[derive(Default)]
pub(super) struct Registration {
    pub(super) rows: Vec<(UserId, Row)>,
    pub(super) captured_at: Option<Timestamp>,
}

/// Accounts that the report leaves out (disabled ones) stay unknown.
pub(super) async fn registration(plan: &Plan<'_>) -> Result<Registration, Failure> {
    let (client, spec) = (plan.client, &requests::REGISTRATION);
    let query = "$select=id,isMfaRegistered,isMfaCapable,methodsRegistered,lastUpdatedDateTime&$top=999";
    let mut url = client.url(spec, spec.path, query);
    let mut pages = Pages::new(client, spec, &url);
    let mut report = Registration::default();
    let mut names: HashSet<Text> = HashSet::new();
    loop {
        let next = client
            .read(spec, &url, |bytes| {
                let page: Page<RegistrationWire<'_>> = serde_json::from_slice(bytes)?;
                for row in page.value {
                    let methods = row.methods_registered.map(|methods| {
                        let shared = |name: &str| match names.get(name) {
                            Some(known) => known.clone(),
                            None => {
                                let text = Text::from(name);
                                names.insert(text.clone());
                                text
                            }
                        };
                        methods.iter().map(|method| &*method.0).map(shared).collect()
                    });
                    let updated = row.last_updated_date_time.0.parse().ok();
                    report.captured_at = report.captured_at.max(updated);
                    let facts = Row { registered: row.is_mfa_registered, capable: row.is_mfa_capable, methods };
                    report.rows.push((UserId::new(row.id), facts));
                }
                Ok(page.next)
            })
            .await?;
        plan.progress.progress("registration", report.rows.len() as u64, None);
        match next {
            Some(next) => url = pages.follow(&next)?,
            None => return Ok(report),
        }
    }
}

/// The sign-in log of the window, aggregated page by page.
///
/// Interactive and non-interactive records are asked apart: without a filter beta answers interactive ones only, and
/// filters that mix kinds have been refused.
pub(super) async fn sign_ins(plan: &Plan<'_>) -> Result<Aggregator<UserId>, Failure> {
    let (client, spec) = (plan.client, &requests::SIGN_INS);
    let since = window_start(plan.now, plan.window_days()).strftime("%Y-%m-%dT%H:%M:%SZ");
    let mut log = Aggregator::new(plan.tenant);
    for (kind, name) in
        [(SignInKind::Interactive, "interactiveUser"), (SignInKind::NonInteractive, "nonInteractiveUser")]
    {
        let filter = format!("createdDateTime ge {since} and signInEventTypes/any(t: t eq '{name}')");
        let mut url = client.url(spec, spec.path, &format!("$filter={}&$top=1000", encode(&filter)));
        let mut pages = Pages::new(client, spec, &url);
        loop {
            let next = client
                .read(spec, &url, |bytes| {
                    // The whole page is parsed before a record counts: a page that is cut off is read again.
                    let page: Page<SignIn<'_>> = serde_json::from_slice(bytes)?;
                    for sign_in in &page.value {
                        // A record that does not say when, or how it ended, says nothing.
                        if let (Some(user), Ok(record)) =
                            (sign_in.user(), sign_in.record(sign_in.kind().unwrap_or(kind)))
                        {
                            log.add(user, &record);
                        }
                    }
                    Ok(page.next)
                })
                .await?;
            plan.progress.progress("sign-ins", log.records(), None);
            match next {
                Some(next) => url = pages.follow(&next)?,
                None => break,
            }
        }
    }
    Ok(log)
}

/// Last sign-in dates of everybody there is: at most 500 users a page, 10 pages a minute.
pub(super) async fn activity(
    client: &Client,
    progress: &dyn ReadProgress,
) -> Result<HashMap<UserId, SignInDates>, Failure> {
    let spec = &requests::ACTIVITY;
    let mut url = client.url(spec, spec.path, "$select=id,signInActivity&$top=500");
    let mut pages = Pages::new(client, spec, &url);
    let mut all = HashMap::new();
    loop {
        let next = client
            .read(spec, &url, |bytes| {
                let page: Page<ActivityWire<'_>> = serde_json::from_slice(bytes)?;
                for user in &page.value {
                    // Who never signed in has no dates.
                    let dates = user.sign_in_activity.as_ref().map_or_else(SignInDates::default, |dates| {
                        let interactive = said(&dates.last_sign_in_date_time.0);
                        let any = interactive
                            .max(said(&dates.last_non_interactive_sign_in_date_time.0))
                            .max(said(&dates.last_successful_sign_in_date_time.0));
                        SignInDates { any, interactive }
                    });
                    all.insert(UserId::new(user.id), dates);
                }
                Ok(page.next)
            })
            .await?;
        progress.progress("last sign-ins", all.len() as u64, None);
        match next {
            Some(next) => url = pages.follow(&next)?,
            None => return Ok(all),
        }
    }
}

/// Year 1 is the service's "never".
fn said(text: &str) -> Option<Timestamp> {
    if text.starts_with("0001-") { None } else { text.parse().ok() }
}
