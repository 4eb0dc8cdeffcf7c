//! Which sign-ins a policy without any other restriction is for: kinds of client, and applications. What several such
//! policies leave open together.

use std::fmt;

use super::applications;
use crate::tenant::{ApplicationConditions, Conditions, Text};

/// A kind of modern client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    Browser,
    Modern,
}

impl Client {
    pub(super) const ALL: [Self; 2] = [Self::Browser, Self::Modern];

    /// Graph's word.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Modern => "mobileAppsAndDesktopClients",
        }
    }
}

/// The sign-ins a policy is for.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    clients: [bool; 2],
    applications: Applications,
}

/// Ids and keywords, in lower case and sorted.
#[derive(Clone, Debug)]
enum Applications {
    AllBut(Box<[Text]>),
    Only(Box<[Text]>),
}

impl Reach {
    pub(super) fn of(conditions: &Conditions) -> Self {
        let ApplicationConditions { include_applications, exclude_applications, .. } = &conditions.applications;
        let names = |list: &[Text]| {
            let mut names: Vec<Text> = list.iter().map(|one| one.to_ascii_lowercase().into()).collect();
            names.sort_unstable();
            names.into()
        };
        let all = include_applications.iter().any(|one| one.eq_ignore_ascii_case("All"));
        let applications = if all {
            Applications::AllBut(names(exclude_applications))
        } else {
            let mut only: Vec<Text> = include_applications.clone();
            only.retain(|one| !exclude_applications.iter().any(|excluded| excluded.eq_ignore_ascii_case(one)));
            Applications::Only(names(&only))
        };
        let has = |kind: &str| conditions.client_app_types.iter().any(|one| one.eq_ignore_ascii_case(kind));
        Self { clients: Client::ALL.map(|client| has("all") || has(client.as_str())), applications }
    }

    fn is_for(&self, client: Client) -> bool {
        self.clients[client as usize]
    }

    /// As [`Reach::covers`], where the resource may be unknown, and may be one of a suite that is left out.
    fn surely_covers(&self, resource: Option<&str>) -> bool {
        match (&self.applications, resource) {
            (Applications::AllBut(list), Some(one)) => {
                list.iter().all(|left_out| left_out.as_str() != one && uuid::Uuid::try_parse(left_out).is_ok())
            }
            (Applications::AllBut(list), None) => list.is_empty(),
            (Applications::Only(list), Some(one)) => list.iter().any(|named| named.as_str() == one),
            (Applications::Only(_), None) => false,
        }
    }

    fn covers(&self, application: &str) -> bool {
        let has = |list: &[Text]| list.iter().any(|one| one.as_str() == application);
        match &self.applications {
            Applications::AllBut(list) => !has(list),
            Applications::Only(list) => has(list),
        }
    }
}

/// The policies that ask one user, or block them, as far as users, applications and kinds of client decide it.
#[derive(Debug)]
pub(crate) struct AskedAt<'p> {
    pub(super) everywhere: bool,
    pub(super) policies: Vec<&'p Reach>,
}

impl AskedAt<'_> {
    /// Do they ask at, or block, a sign-in by this client (`clientAppUsed`) to this resource? What is not known is not asked at.
    pub(crate) fn at(&self, client: &str, resource: Option<&str>) -> bool {
        let resource = resource.map(str::to_ascii_lowercase);
        let asks =
            |client| self.policies.iter().any(|one| one.is_for(client) && one.surely_covers(resource.as_deref()));
        self.everywhere
            || match client.trim() {
                one if one.eq_ignore_ascii_case("Browser") => asks(Client::Browser),
                one if one.eq_ignore_ascii_case("Mobile Apps and Desktop clients") => asks(Client::Modern),
                _ => Client::ALL.into_iter().all(asks),
            }
    }
}

/// Sign-ins for which no policy asks MFA, out of those that some policy without other gaps could have covered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Applications that are open in every kind of client, by name.
    pub applications: Vec<Text>,
    /// Applications that are open in browsers only.
    pub browser: Vec<Text>,
    /// Applications that are open in mobile apps and desktop clients only.
    pub modern: Vec<Text>,
    /// A kind of client is open for every application that is not covered by name.
    pub clients: Vec<&'static str>,
}

impl Open {
    fn is_empty(&self) -> bool {
        let Self { applications, browser, modern, clients } = self;
        applications.is_empty() && browser.is_empty() && modern.is_empty() && clients.is_empty()
    }
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { applications, browser, modern, clients } = self;
        let list = |names: &[Text]| {
            let mut text = names.iter().take(5).map(Text::as_str).collect::<Vec<_>>().join(", ");
            if names.len() > 5 {
                text.push_str(&format!(" and {} more", names.len() - 5));
            }
            text
        };
        let mut parts: Vec<String> = clients.iter().map(|one| format!("sign-ins by {one}")).collect();
        for (names, client) in
            [(applications, ""), (browser, " in browsers"), (modern, " in mobile apps and desktop clients")]
        {
            if !names.is_empty() {
                parts.push(format!("sign-ins to {}{client}", list(names)));
            }
        }
        f.write_str(&parts.join("; "))
    }
}

/// What policies leave open together: nothing (`Ok`), something that can be named, or (`Err(None)`) all but a few
/// applications, which says nothing in particular.
pub(super) fn together(policies: &[&Reach]) -> Result<(), Option<Open>> {
    let open = Client::ALL.map(|client| open_for(client, policies));
    let mut left = Open::default();
    let words = ["browsers", "mobile apps and desktop clients"];
    match open {
        [None, None] => return Err(None),
        [Some(browser), Some(modern)] => {
            let (both, browser): (Vec<_>, Vec<_>) = browser.into_iter().partition(|one| modern.contains(one));
            left.modern = named(modern.into_iter().filter(|one| !both.contains(one)));
            left.applications = named(both.into_iter());
            left.browser = named(browser.into_iter());
        }
        [None, Some(modern)] => {
            left.clients.push(words[0]);
            left.modern = named(modern.into_iter());
        }
        [Some(browser), None] => {
            left.clients.push(words[1]);
            left.browser = named(browser.into_iter());
        }
    }
    if left.is_empty() { Ok(()) } else { Err(Some(left)) }
}

/// Are these policies for every application together, whatever the client?
pub(super) fn every_application(policies: &[&Reach]) -> bool {
    let left_out = policies.iter().find_map(|one| match &one.applications {
        Applications::AllBut(list) => Some(list),
        Applications::Only(_) => None,
    });
    left_out.is_some_and(|list| list.iter().all(|id| policies.iter().any(|one| one.covers(id))))
}

fn named<'a>(ids: impl Iterator<Item = &'a Text>) -> Vec<Text> {
    ids.map(|id| Text::from(applications::name(id))).collect()
}

/// The applications that are open for this client; `None` where no policy is for all applications but some.
fn open_for<'a>(client: Client, policies: &[&'a Reach]) -> Option<Vec<&'a Text>> {
    let mut candidates = policies.iter().filter(|one| one.is_for(client));
    let base = candidates.find_map(|one| match &one.applications {
        Applications::AllBut(list) => Some(list),
        Applications::Only(_) => None,
    })?;
    let covered = |id: &str| policies.iter().any(|one| one.is_for(client) && one.covers(id));
    Some(base.iter().filter(|id| !covered(id)).collect())
}
