//! `start`: a first configuration that goes somewhere: whoever is no person is protected, five people go first.

use std::collections::HashSet;

use hcl::Expression;
use jiff::civil::Date;

use super::{
    Guess, GuessKind, Options,
    hcl_text::{Body, all, differs, equal, shown, user},
    pen::Pen,
};
use crate::{
    facts::{Facts, UserKind, methods, recognise},
    tenant::{MfaState, UserIndex, UserType},
};

/// What the answers were.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// Emergency accounts, workloads and devices, as answered.
    pub protected: Vec<Guess>,
    /// Who goes first.
    pub first: Vec<UserIndex>,
    /// The day of the first wave.
    pub from: Date,
    /// Days until the wave of those who have registered, and from there to that of everybody.
    pub weeks: [i64; 2],
}

/// What there is to ask about: emergency accounts, and whatever has any sign of a workload, with the reason. Devices and the
/// synchronisation's account give themselves away and are protected without a question.
#[must_use]
pub(crate) fn guesses(facts: &Facts<'_>) -> Vec<Guess> {
    let mut found = super::guess::guess(facts);
    let known: HashSet<UserIndex> = found.iter().map(|one| one.user).collect();
    for (index, user) in facts.tenant.indexed() {
        if !known.contains(&index) && facts.score(index) >= facts.model.possible {
            let reason = super::guess::signal(facts, user);
            found.push(Guess { user: index, kind: GuessKind::PossibleServiceAccount, reason });
        }
    }
    found.sort_by_key(|one| one.user);
    found
}

/// The people who go first: ordinary people who can answer when they are asked, those with the strongest methods before
/// others.
#[must_use]
pub(crate) fn first(facts: &Facts<'_>, protected: &[Guess], count: usize) -> Vec<UserIndex> {
    let protected: HashSet<UserIndex> = protected.iter().map(|one| one.user).collect();
    let mut ready: Vec<UserIndex> = facts
        .tenant
        .indexed()
        .filter(|(index, user)| {
            !protected.contains(index)
                && user.mfa_state.known() == Some(MfaState::Disabled)
                && user.user_type == Some(UserType::Member)
                && user.account_enabled == Some(true)
                && user.registered == Some(true)
                && methods::usable(user, facts.instant) == Some(true)
                && recognise::privileged(user) == Some(false)
                && facts.kind(*index, None) == UserKind::Person
                && facts.score(*index) < facts.model.possible
        })
        .map(|(index, _)| index)
        .collect();
    let strongest =
        |index: &UserIndex| methods::mfa_grade(facts.tenant.user(*index)).and_then(|all| all.map(methods::grade).max());
    ready.sort_by_cached_key(|index| (std::cmp::Reverse(strongest(index)), *index));
    ready.truncate(count);
    ready.sort_unstable();
    ready
}

/// The text, in canonical style.
#[must_use]
pub(crate) fn start(facts: &Facts<'_>, options: &Options, start: &Start) -> String {
    let tenant = facts.tenant;
    let header = format!(
        "# Per-user MFA of {name}, begun on {from} with a copy of {date}, {users} users.\n\
         # Written by `mfaplan start`. `mfaplan plan` shows what would change; nothing changes before `mfaplan apply`.\n",
        name = shown(&tenant.name),
        from = start.from,
        date = tenant.captured_at.strftime("%Y-%m-%d"),
        users = tenant.users().len(),
    );
    let mut pen = Pen::new(facts, header);
    pen.tenant(options);
    let comment = "One plan changes at most so many users; raise it when the first waves went well.";
    let bound = 100_usize.max(start.first.len());
    pen.block("guardrails", None, comment, &Body::default().argument("max_changes", bound));
    pen.protected(&start.protected);
    let comment = "Everybody else who can sign in, wave by wave. Guests do MFA in their home tenants.";
    let filter = all(vec![equal(user("user_type"), "Member"), differs(user("account_enabled"), false)]);
    let body = Body::default()
        .argument("state", "enforced")
        .argument("rollout", "start")
        .argument("where", filter.unwrap_or(Expression::from(true)));
    pen.block("mfa", Some("everybody"), comment, &body);
    let day = |days: i64| {
        let at = start.from.checked_add(jiff::Span::new().days(days)).unwrap_or(start.from);
        at.to_string()
    };
    let [registered, everybody] = start.weeks;
    let mut body = Body::default();
    if !start.first.is_empty() {
        let first =
            Body::default().argument("from", day(0)).names("users", pen.references(start.first.iter().copied()));
        body = body.labelled("wave", "first", first);
    }
    let ready = Body::default().argument("from", day(registered)).argument("where", equal(user("registered"), true));
    let last = Body::default().argument("from", day(registered + everybody)).argument("percent", 100);
    let body = body.labelled("wave", "registered", ready).labelled("wave", "everybody", last);
    let comment = "Move the dates as you like: whoever is in no wave yet waits. The last wave asks people to register.";
    pen.block("rollout", Some("start"), comment, &body);
    pen.out.text
}
