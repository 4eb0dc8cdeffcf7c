//! The sign-in log, a slice at a time, for a store.

use jiff::Timestamp;

use crate::{
    graph::{
        client::{Client, Failure, encode},
        pages::Pages,
        requests,
        wire::Page,
    },
    sign_ins::{
        records::{Entry, Tenants},
        wire::SignIn,
    },
    tenant::SignInKind,
};

/// A slice of the log. Its ends are whole seconds, and both are in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogSlice {
    /// Of which kind: the two are asked apart, as without a filter beta answers interactive ones only.
    pub(crate) kind: SignInKind,
    /// From here.
    pub(crate) from: Timestamp,
    /// To here.
    pub(crate) to: Timestamp,
}

/// The records of a page that say when, whose and how they ended.
pub(crate) struct Entries<'a> {
    records: std::slice::Iter<'a, SignIn<'a>>,
    kind: SignInKind,
}

impl<'a> Entries<'a> {
    /// Of a page of this kind.
    pub(super) fn of(records: &'a [SignIn<'a>], kind: SignInKind) -> Self {
        Self { records: records.iter(), kind }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let one = self.records.next()?;
            let Ok(record) = one.record(one.kind().unwrap_or(self.kind)) else { continue };
            return Some(Entry {
                request: &one.id.0,
                user_id: &one.user_id.0,
                user_name: &one.user_principal_name.0,
                // The log that was asked is this tenant's.
                tenants: Tenants::default(),
                record,
            });
        }
    }
}

/// How Graph names a kind.
pub(super) const fn event(kind: SignInKind) -> &'static str {
    match kind {
        SignInKind::Interactive => "interactiveUser",
        SignInKind::NonInteractive => "nonInteractiveUser",
    }
}

/// Reads a slice page by page, newest first; `each` says whether to go on.
pub(super) async fn read(
    client: &Client,
    slice: LogSlice,
    each: &mut (dyn FnMut(Entries<'_>) -> bool + Send),
) -> Result<(), Failure> {
    let LogSlice { kind, from, to } = slice;
    let spec = &requests::SIGN_INS;
    let second = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let filter = format!(
        "createdDateTime ge {} and createdDateTime le {} and signInEventTypes/any(t: t eq '{}')",
        second(from),
        second(to),
        event(kind)
    );
    let mut url = client.url(spec, spec.path, &format!("$filter={}&$top=1000", encode(&filter)));
    let mut pages = Pages::new(client, spec, &url);
    loop {
        let (next, more) = client
            .read(spec, &url, |bytes| {
                // The whole page is parsed before a record counts: a page that is cut off is read again.
                let page: Page<SignIn<'_>> = serde_json::from_slice(bytes)?;
                let more = each(Entries::of(&page.value, kind));
                Ok((page.next, more))
            })
            .await?;
        match next.filter(|_| more) {
            Some(next) => url = pages.follow(&next)?,
            None => return Ok(()),
        }
    }
}
