//! What decides, by a few filtered pages: the log of a small tenant whole; else legacy clients, and users who look like
//! workloads. The password grant cannot be asked for: `authenticationProtocol` supports no `$filter` (Microsoft Graph,
//! "signIn resource type"), so that it stays unknown of everybody else.

use jiff::Timestamp;

use super::log::{Entries, event};
use crate::{
    graph::{
        client::{Client, Failure, encode},
        pages::Pages,
        requests,
        wire::Page,
    },
    sign_ins::{decided::Decided, wire::SignIn},
    tenant::{SignInKind, UserId},
};

/// Pages of each kind that are read without a filter: a log that ends within them is known whole.
const FIRST: usize = 3;
/// Records of a page.
const PAGE: u64 = 1_000;
/// Pages of legacy sign-ins of each kind.
const LEGACY: usize = 45;
/// Users asked about by name.
const USERS: usize = 100;
/// So many of them by one question, at most: no more than there are clients in the question about these, which is the
/// longest filter that is known to be taken.
const TOGETHER: usize = CLIENTS.len();
/// Values of `clientAppUsed` that are legacy protocols (Microsoft Entra, "Sign-ins using legacy authentication" workbook).
const CLIENTS: [&str; 16] = [
    "Authenticated SMTP",
    "AutoDiscover",
    "Exchange ActiveSync",
    "Exchange Online PowerShell",
    "Exchange Web Services",
    "IMAP",
    "IMAP4",
    "MAPI Over HTTP",
    "Offline Address Book",
    "Other clients",
    "Outlook Anywhere (RPC over HTTP)",
    "Outlook Service",
    "POP",
    "POP3",
    "Reporting Web Services",
    "SMTP",
];

/// What is asked.
pub(crate) struct Questions<'a> {
    /// What of the window is not known yet, by kind: from there to the plan's instant.
    pub(crate) unknown: [(Timestamp, Timestamp); 2],
    /// About how many records that is, where a store can tell.
    pub(crate) expected: Option<u64>,
    /// Whose sign-ins are asked about by name, the most suspect first.
    pub(crate) suspects: &'a [UserId],
}

/// Reads what decides of what is not known yet, into `decided`.
pub(super) async fn read(
    client: &Client,
    questions: &Questions<'_>,
    decided: &mut Decided,
    read: &(dyn Fn(u64) + Sync),
) -> Result<(), Failure> {
    let Questions { unknown, expected, suspects } = questions;
    let second = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let within = |kind: SignInKind| {
        let (from, to) = unknown[kind as usize];
        format!(
            "createdDateTime ge {} and createdDateTime le {} and signInEventTypes/any(t: t eq '{}')",
            second(from),
            second(to),
            event(kind)
        )
    };
    // Where a store says that the log goes on for long, its first pages decide nothing.
    let long = expected.is_some_and(|records| records > 2 * FIRST as u64 * PAGE);
    for kind in SignInKind::ALL.iter().copied().filter(|_| !long) {
        let stretch = expected.is_some().then_some(unknown[kind as usize]);
        let first = pages(client, &within(kind), kind, (FIRST, stretch), decided, read).await?;
        decided.whole[kind as usize] = first.ended;
        decided.estimate += match first.share_of(unknown[kind as usize]) {
            Some(share) if !first.ended => (first.records as f64 / share) as u64,
            _ => first.records,
        };
    }
    if let Some(expected) = expected.filter(|_| decided.whole != [true, true]) {
        decided.estimate = expected.max(decided.records());
    }
    let clients: Vec<String> = CLIENTS.iter().map(|name| format!("clientAppUsed eq '{name}'")).collect();
    for kind in SignInKind::ALL.iter().copied().filter(|kind| !decided.whole[*kind as usize]).collect::<Vec<_>>() {
        let filter = format!("{} and ({})", within(kind), clients.join(" or "));
        decided.legacy[kind as usize] = pages(client, &filter, kind, (LEGACY, None), decided, read).await?.ended;
    }
    let suspects = &suspects[..suspects.len().min(USERS)];
    for kind in SignInKind::ALL.iter().copied().filter(|kind| !decided.whole[*kind as usize]).collect::<Vec<_>>() {
        // Most of these questions have a short answer: programs rarely sign in interactively. Where the answer is longer than
        // a page, half as many are asked about, and from there one more each time: a busy one must not hide the others.
        let (mut rest, mut together) = (suspects, TOGETHER);
        while !rest.is_empty() {
            let (some, later) = rest.split_at(together.min(rest.len()));
            let ended = of_users(client, &within(kind), kind, some, decided, read).await?;
            if !ended && some.len() > 1 {
                together = some.len() / 2;
                continue;
            }
            together = (some.len() + 1).min(TOGETHER);
            rest = later;
        }
    }
    Ok(())
}

/// Reads the first page of what these users did; was it all?
async fn of_users(
    client: &Client,
    within: &str,
    kind: SignInKind,
    users: &[UserId],
    decided: &mut Decided,
    read: &(dyn Fn(u64) + Sync),
) -> Result<bool, Failure> {
    let named: Vec<String> = users.iter().map(|user| format!("userId eq '{user}'")).collect();
    let filter = format!("{within} and ({})", named.join(" or "));
    let ended = pages(client, &filter, kind, (1, None), decided, read).await?.ended;
    if ended {
        users.iter().for_each(|user| decided.knows(*user, kind));
    }
    Ok(ended)
}

/// What pages were.
#[derive(Default)]
struct Read {
    ended: bool,
    records: u64,
    span: Option<(Timestamp, Timestamp)>,
}

impl Read {
    /// How much of a stretch the records span.
    fn share_of(&self, (from, to): (Timestamp, Timestamp)) -> Option<f64> {
        let (oldest, newest) = self.span?;
        let spanned = newest.duration_since(oldest).as_secs_f64().max(1.0);
        Some(spanned / to.duration_since(from).as_secs_f64().max(1.0))
    }
}

/// Reads at most so many pages; of a stretch none more, once those before tell that it would take twice as many.
async fn pages(
    client: &Client,
    filter: &str,
    kind: SignInKind,
    (most, stretch): (usize, Option<(Timestamp, Timestamp)>),
    decided: &mut Decided,
    told: &(dyn Fn(u64) + Sync),
) -> Result<Read, Failure> {
    let spec = &requests::SIGN_INS;
    let mut url = client.url(spec, spec.path, &format!("$filter={}&$top=1000", encode(filter)));
    let mut pages = Pages::new(client, spec, &url);
    let mut read = Read::default();
    for page in 1..=most {
        let next = client
            .read(spec, &url, |bytes| {
                let page: Page<SignIn<'_>> = serde_json::from_slice(bytes)?;
                for entry in Entries::of(&page.value, kind) {
                    let at = entry.record.at;
                    let (from, to) = read.span.unwrap_or((at, at));
                    read.span = Some((from.min(at), to.max(at)));
                    read.records += 1;
                    decided.add(&entry);
                }
                Ok(page.next)
            })
            .await?;
        told(decided.records());
        match next {
            Some(next) => url = pages.follow(&next)?,
            None => return Ok(Read { ended: true, ..read }),
        }
        let share = stretch.and_then(|stretch| read.share_of(stretch));
        if share.is_some_and(|share| page as f64 / share > 2.0 * most as f64) {
            break;
        }
    }
    Ok(read)
}
