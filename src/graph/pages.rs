//! Lists of many pages: whoever follows a nextLink follows it here, once, at the same origin, and not for ever.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use reqwest::Url;

use super::{
    client::{Client, Failure, clean},
    requests::{Family, RequestSpec},
};

/// The most pages of one list: ten million users at 999 a page.
const MOST: usize = 10_000;
/// Of a log: a hundred million records.
const MOST_OF_A_LOG: usize = 100_000;

/// The way through one list.
pub(crate) struct Pages<'a> {
    client: &'a Client,
    most: usize,
    /// Hashes of the addresses: eight bytes a page, however long its address.
    seen: HashSet<u64>,
}

impl<'a> Pages<'a> {
    /// Starts at `first`.
    pub(crate) fn new(client: &'a Client, spec: &RequestSpec, first: &str) -> Self {
        let most = if spec.family == Family::Reporting { MOST_OF_A_LOG } else { MOST };
        Self { client, most, seen: HashSet::from([hash(first)]) }
    }

    /// The address of the next page, if it may be asked.
    pub(crate) fn follow(&mut self, link: &str) -> Result<String, Failure> {
        // The token goes nowhere else.
        if !Url::parse(link).is_ok_and(|url| self.client.endpoints.is_graph(&url)) {
            return Err(Failure::Unusable(format!(
                "the service sent a next page at another address than {}; it was not followed",
                self.client.endpoints.graph()
            )));
        }
        if !self.seen.insert(hash(link)) {
            let link = self.client.tokens.known().said(link);
            return Err(Failure::Unusable(format!(
                "the service sent the same next page twice: {}; a list that leads back to itself has no end",
                clean(&link)
            )));
        }
        if self.seen.len() > self.most {
            return Err(Failure::Unusable(format!(
                "the service sent more than {} pages of one list, and still a next one",
                self.most
            )));
        }
        Ok(link.to_owned())
    }
}

fn hash(link: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    link.hash(&mut hasher);
    hasher.finish()
}
