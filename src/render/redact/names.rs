//! Finding names in text: linear in the text, whatever the number of names.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use aws_lc_rs::digest::{SHA256, digest};
use regex::Regex;
use uuid::Uuid;

use crate::{
    escape,
    plan::file::checksum::hex,
    tenant::{TenantId, Text, UserId},
};

/// Anything with an `@` and a domain. Guests' names hold `#EXT#`.
static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"[^\s"'`<>(){}\[\],;:|\\=]+@[\pL\pN](?:[\pL\pN.-]*[\pL\pN])?"#).ok());

static GUID: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").ok());

/// Initial domains carry the organisation's name, and occur without an address.
static INITIAL_DOMAIN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)[a-z0-9-]+(?:\.mail)?\.(?:onmicrosoft\.(?:com|us)|partner\.onmschina\.cn)").ok());

#[derive(Debug)]
pub(super) struct Names {
    tenant: TenantId,
    addresses: Trie,
    names: Trie,
    domains: HashSet<String>,
}

impl Names {
    pub(super) fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            addresses: Trie { whole: true, ..Trie::default() },
            names: Trie::default(),
            domains: HashSet::new(),
        }
    }

    /// All names of these users, each with what stands for it. The words of addresses and those of names are kept apart,
    /// so both are added at the same time.
    pub(super) fn add_users(&mut self, users: &[User<'_>], pseudonyms: &[(UserId, Text)]) {
        let Self { tenant, addresses, names, domains } = self;
        let all = || users.iter().zip(pseudonyms);
        rayon::join(
            || {
                for (user, (pseudonymous, pseudonym)) in all() {
                    addresses.add_id(user.id.as_uuid(), pseudonymous.as_uuid(), pseudonym);
                    for address in user.addresses() {
                        addresses.add(address, pseudonym, false);
                    }
                }
            },
            || {
                for (user, (_, pseudonym)) in all() {
                    for domain in user.addresses().filter_map(|address| address.rsplit_once('@').map(|(_, it)| it)) {
                        let domain = folded(domain);
                        if !domains.contains(&*domain) {
                            let pseudonym = format!("domain-{}", hash(&domain, *tenant)).into();
                            names.add(&domain, &pseudonym, false);
                            domains.insert(domain.into_owned());
                        }
                    }
                    if let Some(name) = user.display_name {
                        // A name of one word only counts as it is written: "Scanner" is a user, "scanner" is a word.
                        let one_word = tokens(name).filter(|token| is_word(token)).count() <= 1;
                        names.add(name, pseudonym, one_word);
                        // What is said has been escaped already where it comes here.
                        if let Cow::Owned(shown) = escape::text(name) {
                            names.add(&shown, pseudonym, one_word);
                        }
                    }
                }
            },
        );
    }

    /// The id and the word that stand for an object.
    pub(super) fn pseudonym(&self, id: Uuid) -> Option<&(Uuid, Text)> {
        self.addresses.ids.get(&id)
    }

    /// The tenant's name counts however it is written.
    pub(super) fn add_tenant(&mut self, pseudonymous: TenantId, name: &str, pseudonym: &Text) {
        self.addresses.add_id(self.tenant.as_uuid(), pseudonymous.as_uuid(), pseudonym);
        self.names.add(name, pseudonym, false);
    }

    /// The text without names; `None` where there are none.
    pub(super) fn replace(&self, text: &str) -> Option<String> {
        let known = self.addresses.replace(text);
        let text_now = known.as_deref().unwrap_or(text);
        let other = self.unknown(text_now, ADDRESS.as_ref(), "user");
        let text_now = other.as_deref().unwrap_or(text_now);
        let ids = self.unknown(text_now, GUID.as_ref(), "id");
        let text_now = ids.as_deref().unwrap_or(text_now);
        let domains = self.unknown(text_now, INITIAL_DOMAIN.as_ref(), "domain");
        let text_now = domains.as_deref().unwrap_or(text_now);
        let named = self.names.replace(text_now);
        named.or(domains).or(ids).or(other).or(known)
    }

    fn unknown(&self, text: &str, pattern: Option<&Regex>, kind: &str) -> Option<String> {
        let pattern = pattern?;
        if !pattern.is_match(text) {
            return None;
        }
        let pseudonym = |found: &regex::Captures<'_>| {
            format!("{kind}-{}", hash(&found.get_match().as_str().to_lowercase(), self.tenant))
        };
        Some(pattern.replace_all(text, pseudonym).into_owned())
    }
}

fn hash(text: &str, tenant: TenantId) -> String {
    let hash = digest(&SHA256, format!("{text}{tenant}").as_bytes());
    hex(hash.as_ref().get(..4).unwrap_or_default())
}

/// What a user is called.
#[derive(Clone, Copy, Debug)]
pub(super) struct User<'a> {
    pub(super) id: UserId,
    pub(super) user_principal_name: &'a str,
    pub(super) mail: Option<&'a str>,
    pub(super) display_name: Option<&'a str>,
}

impl<'a> User<'a> {
    fn addresses(self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.user_principal_name).chain(self.mail)
    }
}

/// What joins the parts of an address before its `@`.
const JOINS: [&str; 5] = [".", "_", "-", "+", "#"];

/// Names by their tokens: runs of letters and digits, and every other character alone.
#[derive(Debug, Default)]
struct Trie {
    /// The tokens of all names, without case. First names and domains repeat, so edges hold numbers; and most words of
    /// a text are in no name, which one look-up tells.
    vocabulary: HashMap<Box<str>, u32>,
    edges: HashMap<(u32, u32), u32>,
    ends: HashMap<u32, (Text, Option<Box<str>>)>,
    nodes: u32,
    /// Object ids. As names they would be nine nodes a user, and no two users share one.
    ids: HashMap<Uuid, (Uuid, Text)>,
    /// Not in the middle of an address: `doe@contoso.com` is not in `jane.doe@contoso.com`.
    whole: bool,
}

impl Trie {
    fn add_id(&mut self, id: Uuid, pseudonymous: Uuid, pseudonym: &Text) {
        self.ids.entry(id).or_insert_with(|| (pseudonymous, pseudonym.clone()));
    }

    fn add(&mut self, name: &str, pseudonym: &Text, exact: bool) {
        if !name.chars().any(char::is_alphanumeric) {
            return;
        }
        let mut node = 0;
        for token in tokens(name) {
            let new = self.vocabulary.len() as u32;
            let token = folded(token);
            let number = match self.vocabulary.get(&*token) {
                Some(number) => *number,
                None => *self.vocabulary.entry(token.into()).or_insert(new),
            };
            let next = self.nodes + 1;
            node = *self.edges.entry((node, number)).or_insert(next);
            self.nodes = self.nodes.max(node);
        }
        self.ends.entry(node).or_insert_with(|| (pseudonym.clone(), exact.then(|| name.into())));
    }

    fn replace(&self, text: &str) -> Option<String> {
        let tokens: Vec<&str> = tokens(text).collect();
        let mut out: Option<String> = None;
        let (mut at, mut offset) = (0, 0);
        while let Some(token) = tokens.get(at) {
            let inside =
                self.whole && at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(|t| JOINS.contains(t));
            match self.longest(&tokens, at, offset, text).filter(|_| !inside) {
                Some((count, length, pseudonym)) => {
                    out.get_or_insert_with(|| text.get(..offset).unwrap_or_default().to_owned()).push_str(pseudonym);
                    at += count;
                    offset += length;
                }
                None => {
                    if let Some(out) = &mut out {
                        out.push_str(token);
                    }
                    at += 1;
                    offset += token.len();
                }
            }
        }
        out
    }

    /// The longest name that starts at this token: how many tokens, how many bytes, and what stands for it.
    fn longest(&self, tokens: &[&str], at: usize, offset: usize, text: &str) -> Option<(usize, usize, &Text)> {
        let (mut node, mut length) = (0, 0);
        let mut best = self.id(tokens.get(at..)?, offset, text);
        for (count, token) in tokens.iter().skip(at).enumerate() {
            let Some(number) = self.vocabulary.get(&*folded(token)) else { break };
            let Some(next) = self.edges.get(&(node, *number)) else { break };
            node = *next;
            length += token.len();
            if let Some((pseudonym, exact)) = self.ends.get(&node)
                && exact.as_deref().is_none_or(|name| text.get(offset..offset + length) == Some(name))
                && best.is_none_or(|(_, longest, _)| length >= longest)
            {
                best = Some((count + 1, length, pseudonym));
            }
        }
        best
    }

    /// The known object id that is the first nine of these tokens: five groups of digits and four hyphens.
    fn id(&self, tokens: &[&str], offset: usize, text: &str) -> Option<(usize, usize, &Text)> {
        const TOKENS: usize = 9;
        if self.ids.is_empty() || tokens.first()?.len() != 8 {
            return None;
        }
        let length: usize = tokens.get(..TOKENS)?.iter().map(|token| token.len()).sum();
        let id = text.get(offset..offset + length).filter(|_| length == uuid::fmt::Hyphenated::LENGTH)?;
        let (_, pseudonym) = self.ids.get(&Uuid::try_parse(id).ok()?)?;
        Some((TOKENS, length, pseudonym))
    }
}

/// The token without case; nothing is copied where it is in lower case already.
fn folded(token: &str) -> Cow<'_, str> {
    if token.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        Cow::Borrowed(token)
    } else {
        Cow::Owned(token.to_lowercase())
    }
}

fn is_word(token: &str) -> bool {
    token.starts_with(char::is_alphanumeric)
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = if first.is_alphanumeric() {
            rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, left) = rest.split_at(length);
        rest = left;
        Some(token)
    })
}
