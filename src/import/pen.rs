//! Blocks that every first configuration has, and what they are written with.

use std::{collections::HashSet, fmt::Write as _};

use super::{
    Guess, GuessKind, Options,
    feature::is_plain,
    hcl_text::{Body, block, shown},
};
use crate::{
    config::CloudName,
    facts::Facts,
    tenant::{MfaState, ObservedTenant, UserId, UserIndex},
};

/// The text, and where its blocks begin.
pub(super) struct Document {
    pub(super) text: String,
    pub(super) starts: Vec<usize>,
}

/// Writes blocks for a tenant.
pub(super) struct Pen<'a> {
    pub(super) facts: &'a Facts<'a>,
    labels: HashSet<String>,
    pub(super) out: Document,
}

impl<'a> Pen<'a> {
    /// A text that begins with this.
    pub(super) fn new(facts: &'a Facts<'a>, header: String) -> Self {
        Self { facts, labels: HashSet::new(), out: Document { text: header, starts: Vec::new() } }
    }

    pub(super) fn block(&mut self, kind: &str, label: Option<&str>, comment: &str, body: &Body) {
        self.out.starts.push(self.out.text.len());
        block(kind, label, comment, body, &mut self.out.text);
    }

    /// `mfaplan` and `tenant`.
    pub(super) fn tenant(&mut self, options: &Options) {
        self.block("mfaplan", None, "", &Body::default().argument("required_version", ">= 0.1"));
        let tenant = self.facts.tenant;
        let mut body = Body::default().argument("id", tenant.id.to_string());
        if options.cloud != CloudName::Global {
            body = body.argument("cloud", options.cloud.as_str());
        }
        if let Some(snapshot) = &options.snapshot {
            body = body.argument("snapshot", snapshot.as_str());
        }
        let label = slug(&tenant.name, "tenant");
        self.block("tenant", Some(&label), "", &body);
    }

    /// Emergency accounts and workloads.
    pub(super) fn protected(&mut self, guesses: &[Guess]) {
        let of = |kind| guesses.iter().filter(move |guess: &&Guess| guess.kind == kind).collect::<Vec<_>>();
        let emergency = of(GuessKind::BreakGlass);
        if !emergency.is_empty() {
            let comment =
                self.evidence("Check this: taken for emergency accounts, which no plan ever changes.", &emergency);
            let body = Body::default()
                .names("users", self.references(emergency.iter().map(|guess| guess.user)))
                .argument("reason", "emergency access");
            let label = self.label("emergency");
            self.block("break_glass", Some(&label), &comment, &body);
        }
        let kinds = [
            (GuessKind::Sync, "directory-sync", "the account of the directory synchronisation"),
            (GuessKind::TeamsRoom, "teams-rooms", "Teams Rooms devices"),
            (GuessKind::BulkEnrolment, "bulk-enrolment", "tokens of bulk enrolment"),
            (GuessKind::ServiceAccount, "workloads", "workloads"),
        ];
        for (kind, label, what) in kinds {
            let found = of(kind);
            if found.is_empty() {
                continue;
            }
            let text = format!("Check this: taken for {what}, which no `mfa` block raises or lowers.");
            let mut comment = self.evidence(&text, &found);
            comment.push_str("Name the owner, who knows what breaks.\n");
            let body = Body::default()
                .names("users", self.references(found.iter().map(|guess| guess.user)))
                .argument("owner", "not known yet")
                .argument("reason", format!("found by init --from-tenant: {what}"));
            let label = self.label(label);
            self.block("service_account", Some(&label), &comment, &body);
        }
    }

    /// One line a guess, with what speaks for it.
    pub(super) fn evidence(&self, text: &str, guesses: &[&Guess]) -> String {
        let mut comment = format!("{text}\n");
        for guess in guesses {
            let user = self.facts.tenant.user(guess.user);
            let state = match user.mfa_state.known() {
                Some(MfaState::Disabled) => String::new(),
                _ => format!(", {} now", user.mfa_state),
            };
            let _ = writeln!(comment, "  {}{state}: {}", shown(&user.user_principal_name), shown(&guess.reason));
        }
        comment
    }

    pub(super) fn references(&self, users: impl Iterator<Item = UserIndex>) -> Vec<String> {
        users.map(|index| reference(self.facts.tenant, index)).collect()
    }

    /// A label nobody has yet.
    pub(super) fn label(&mut self, wanted: &str) -> String {
        let mut label = wanted.to_owned();
        let mut number = 1;
        while !self.labels.insert(label.clone()) {
            number += 1;
            label = format!("{wanted}-{number}");
        }
        label
    }
}

/// The name of a user where it means them and nobody else and can be reviewed, else their object id.
fn reference(tenant: &ObservedTenant, index: UserIndex) -> String {
    let user = tenant.user(index);
    let name = user.user_principal_name.as_str();
    let usable = is_plain(name) && name.parse::<UserId>().is_err() && tenant.by_name(name) == Some(index);
    if usable { name.to_owned() } else { user.id.to_string() }
}

/// A label made of a name: letters and digits in lower case, anything else a hyphen.
fn slug(name: &str, empty: &str) -> String {
    let mut slug = String::new();
    for char in name.chars() {
        if char.is_ascii_alphanumeric() {
            slug.push(char.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { empty.to_owned() } else { slug.to_owned() }
}
