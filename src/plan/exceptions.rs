//! Who is exempt from what the configuration declares, and why: protected, accepted, held and withheld users.
//!
//! Made of a plan, which has decided all of it; only waivers that accept nothing at present come from the configuration.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{Timestamp, civil::Date};

use super::{BlockKind, ChangeUser, Claimed, Plan, PlanBlock, build::place};
use crate::{
    config::{Accept, Config},
    risk::{Accepted, Finding, Place},
    severity::Severity,
    tenant::{Text, UserId},
};

/// Why somebody is exempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ExceptionKind {
    /// An emergency account.
    BreakGlass,
    /// A workload.
    ServiceAccount,
    /// A risk that was accepted.
    Accept,
    /// Their change waits.
    Hold,
    /// Their change is withheld.
    Block,
    /// No block claims them.
    Unmanaged,
}

impl ExceptionKind {
    /// The word of every format.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::BreakGlass => "break_glass",
            Self::ServiceAccount => "service_account",
            Self::Accept => "accept",
            Self::Hold => "hold",
            Self::Block => "block",
            Self::Unmanaged => "unmanaged",
        }
    }
}

/// One exception: a user and one reason.
#[derive(Clone, Debug)]
pub(crate) struct Exception<'a> {
    /// Who; none for a waiver of the whole tenant, and for one that accepts nothing at present.
    pub(crate) user: Option<&'a ChangeUser>,
    /// What.
    pub(crate) kind: ExceptionKind,
    /// The block behind it, and where.
    pub(crate) place: Option<Place>,
    /// The block's `owner`.
    pub(crate) owner: Option<&'a str>,
    /// Why.
    pub(crate) reason: String,
    /// What is to take the account's place.
    pub(crate) replacement: Option<&'a str>,
    /// Who approved it.
    pub(crate) approved_by: Option<String>,
    /// Until when, as written; a date is valid through that day.
    pub(crate) until: Option<String>,
    /// Days from the plan's instant to the end: 0 = ends today, negative = over.
    pub(crate) days_left: Option<i64>,
    /// The state they have.
    pub(crate) state: Option<&'a str>,
    /// The rules it is about: those accepted, or those that withhold.
    pub(crate) rules: Vec<&'a str>,
    /// What is risked meanwhile: findings about this user, worst first.
    pub(crate) risk: Vec<(&'a str, Severity)>,
}

impl Exception<'_> {
    /// Is its date over?
    #[must_use]
    pub(crate) fn expired(&self) -> bool {
        self.days_left.is_some_and(|days| days < 0)
    }
}

/// All exceptions: those that end first come first, those without an end last; then by name.
#[must_use]
pub(crate) fn exceptions<'a>(plan: &'a Plan, config: Option<&'a Config>, unmanaged: bool) -> Vec<Exception<'a>> {
    let mut risks: HashMap<UserId, Vec<&'a Finding>> = HashMap::new();
    for one in &plan.findings {
        if let Some(user) = &one.user {
            risks.entry(user.id).or_default().push(&one.finding);
        }
    }
    let protecting: HashMap<&str, &PlanBlock> = plan
        .blocks
        .iter()
        .filter(|block| block.kind != BlockKind::Mfa)
        .map(|block| (&*block.place.address, block))
        .collect();
    let mut all = Vec::new();
    let mut accepts = Accepts::default();
    for change in &plan.changes {
        let state = Some(change.before.as_str());
        let risk = || open(change.findings.iter());
        if let Some(hold) = change.decision.hold() {
            all.push(Exception {
                reason: hold.reason.to_string(),
                until: hold.until.map(|until| until.strftime("%Y-%m-%d").to_string()),
                days_left: hold.until.and_then(|until| days(plan.as_of, Some(date(until)))),
                place: change.declared_by.clone(),
                state,
                risk: risk(),
                ..of(Some(&change.user), ExceptionKind::Hold)
            });
        }
        if change.decision.is_block() {
            let blocking: Vec<_> = change.blocking().collect();
            all.push(Exception {
                reason: blocking.first().map_or_else(String::new, |one| one.message.to_string()),
                place: change.declared_by.clone(),
                state,
                rules: blocking.iter().map(|one| &*one.rule).collect(),
                risk: risk(),
                ..of(Some(&change.user), ExceptionKind::Block)
            });
        }
        // A workload that is lowered is still one.
        if let Some(block) = change.declared_by.as_ref().and_then(|place| protecting.get(&*place.address)) {
            all.push(Exception { state, risk: risk(), ..of_block(&change.user, block, plan.as_of) });
        }
        for finding in &change.findings {
            if let Some(accepted) = finding.accepted.as_deref() {
                accepts.add(Some(&change.user), state, accepted, finding);
            }
        }
    }
    for other in &plan.others {
        let state = Some(other.state.as_str());
        let risk = || open(risks.get(&other.user.id).into_iter().flatten().copied());
        match other.claim {
            Claimed::Protected(at) => {
                if let Some(block) = plan.blocks.get(at as usize) {
                    all.push(Exception { state, risk: risk(), ..of_block(&other.user, block, plan.as_of) });
                }
            }
            Claimed::Unmanaged if unmanaged => {
                let reason = "no block claims them".to_owned();
                all.push(Exception { state, reason, risk: risk(), ..of(Some(&other.user), ExceptionKind::Unmanaged) });
            }
            Claimed::Unmanaged | Claimed::Declared(..) => {}
        }
        for finding in risks.get(&other.user.id).into_iter().flatten() {
            if let Some(accepted) = finding.accepted.as_deref() {
                accepts.add(Some(&other.user), state, accepted, finding);
            }
        }
    }
    for one in plan.findings.iter().filter(|one| one.user.is_none()) {
        if let Some(accepted) = one.finding.accepted.as_deref() {
            accepts.add(None, None, accepted, &one.finding);
        }
    }
    accepts.finish(plan, config, &mut all);
    all.sort_by_cached_key(|one| {
        let name = one.user.map(|user| (user.user_principal_name.to_lowercase(), user.id));
        let address = one.place.as_ref().map(|place| place.address.clone());
        (
            one.days_left.is_none(),
            one.days_left,
            name,
            one.kind,
            address,
            one.rules.first().map(|rule| (*rule).to_owned()),
        )
    });
    all
}

fn of<'a>(user: Option<&'a ChangeUser>, kind: ExceptionKind) -> Exception<'a> {
    Exception {
        user,
        kind,
        place: None,
        owner: None,
        reason: String::new(),
        replacement: None,
        approved_by: None,
        until: None,
        days_left: None,
        state: None,
        rules: Vec::new(),
        risk: Vec::new(),
    }
}

fn of_block<'a>(user: &'a ChangeUser, block: &'a PlanBlock, now: Timestamp) -> Exception<'a> {
    let PlanBlock { place, kind, owner, reason, until, replacement } = block;
    let kind = match kind {
        BlockKind::BreakGlass => ExceptionKind::BreakGlass,
        // An `mfa` block protects nobody.
        BlockKind::ServiceAccount | BlockKind::Mfa => ExceptionKind::ServiceAccount,
    };
    Exception {
        place: Some(place.clone()),
        owner: owner.as_deref(),
        reason: reason.as_deref().unwrap_or_default().to_owned(),
        replacement: replacement.as_deref(),
        until: until.as_deref().map(str::to_owned),
        days_left: until.as_deref().and_then(|until| days(now, until.parse().ok())),
        ..of(Some(user), kind)
    }
}

/// What nobody accepted, worst first; each rule once.
fn open<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<(&'a str, Severity)> {
    let mut open: Vec<_> =
        findings.filter(|one| one.accepted.is_none()).map(|one| (&*one.rule, one.severity)).collect();
    open.sort_by_key(|(rule, severity)| (std::cmp::Reverse(*severity), *rule));
    open.dedup();
    open
}

fn date(at: Timestamp) -> Date {
    jiff::tz::TimeZone::UTC.to_datetime(at).date()
}

/// Whole days from the instant's day to that date.
fn days(now: Timestamp, until: Option<Date>) -> Option<i64> {
    let today = date(now);
    until.map(|until| i64::from(today.until(until).map_or(0, |span| span.get_days())))
}

/// Accepted findings by user and waiver.
#[derive(Default)]
struct Accepts<'a>(BTreeMap<(Option<UserId>, &'a str), Exception<'a>>);

impl<'a> Accepts<'a> {
    fn add(
        &mut self,
        user: Option<&'a ChangeUser>,
        state: Option<&'a str>,
        accepted: &'a Accepted,
        finding: &'a Finding,
    ) {
        let Accepted { address, reason, expires, approved_by } = accepted;
        let entry = self.0.entry((user.map(|user| user.id), address)).or_insert_with(|| Exception {
            reason: reason.clone(),
            approved_by: approved_by.clone(),
            until: Some(expires.clone()),
            state,
            ..of(user, ExceptionKind::Accept)
        });
        if !entry.rules.contains(&&*finding.rule) {
            entry.rules.push(&finding.rule);
            entry.risk.push((&finding.rule, finding.severity));
        }
    }

    /// Adds what accepts something, and the waivers that accept nothing: those that are over, or fit nobody any more.
    fn finish(self, plan: &Plan, config: Option<&'a Config>, all: &mut Vec<Exception<'a>>) {
        let accepts = config.map(|config| &config.accepts[..]).unwrap_or_default();
        let declared: HashMap<&str, &Accept> = accepts.iter().map(|one| (&*one.declared.address, one)).collect();
        let used: HashSet<&str> = self.0.keys().map(|(_, address)| *address).collect();
        let at = |accept: &Accept| config.map(|config| place(config, &accept.declared));
        for accept in accepts {
            if !used.contains(&*accept.declared.address) {
                all.push(Exception {
                    place: at(accept),
                    reason: accept.reason.to_string(),
                    approved_by: accept.approved_by.as_deref().map(str::to_owned),
                    until: Some(accept.expires.to_string()),
                    days_left: days(plan.as_of, accept.expires.parse().ok()),
                    rules: vec![&accept.rule],
                    ..of(None, ExceptionKind::Accept)
                });
            }
        }
        for ((_, address), one) in self.0 {
            let until = one.until.as_deref().and_then(|until| until.parse().ok());
            all.push(Exception {
                place: declared
                    .get(address)
                    .and_then(|accept| at(accept))
                    .or_else(|| Some(Place { address: address.into(), file: Text::default(), line: 0 })),
                days_left: days(plan.as_of, until),
                ..one
            });
        }
    }
}
