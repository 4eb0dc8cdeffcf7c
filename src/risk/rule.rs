//! What a rule is.

use std::borrow::Cow;

use serde_json::Value;

use super::{Evidence, case::Case, plan_case::PlanCase};
use crate::{severity::Severity, tenant::Fact};

/// A built-in rule.
#[derive(Debug)]
pub struct Rule {
    /// `MFA006`: fixed, it stands in configurations and plans.
    pub id: &'static str,
    /// `smtp-auth-sender`.
    pub name: &'static str,
    /// A few words.
    pub title: &'static str,
    /// The severities it can have by default, worst first. A `risk` block sets all of them.
    pub grades: &'static [Severity],
    /// The facts it needs.
    pub facts: &'static [Fact],
    /// What a finding says of the account, beside the risk.
    pub traits: Traits,
    /// What to do, in a sentence.
    pub remediation: &'static str,
    /// The rest of its page.
    pub doc: RuleDoc,
    pub(super) check: Check,
}

/// What a finding of a rule says of the account, beside the risk: a set. The engine and the views ask it, so that a new
/// rule says of itself what lists of ids elsewhere would forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits(u8);

impl Traits {
    /// None of the others.
    pub const NONE: Self = Self(0);
    /// The account is known to be no person. Nobody is there to register, and it need not look like a workload as well.
    pub const NO_PERSON: Self = Self(1);
    /// A program or a device may sign in with the account, so declaring a workload may be the way out.
    pub const WORKLOAD: Self = Self(2);
    /// The service account signal speaks, which names are part of.
    pub const SIGNAL: Self = Self(4);
    /// A name speaks, and nothing else.
    pub const NAME: Self = Self(8);
    /// It means something of a person only.
    pub const PERSONAL: Self = Self(16);
    /// What helps is that somebody registers a method.
    pub const REGISTER: Self = Self(32);

    /// The traits of both.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Has it any of these?
    #[must_use]
    pub const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }
}

/// The documentation of a rule, Markdown.
#[derive(Debug)]
pub struct RuleDoc {
    /// When it fires.
    pub meaning: &'static str,
    /// Why that matters.
    pub why: &'static str,
    /// What the finding shows.
    pub evidence: &'static str,
    /// What to do about it.
    pub action: &'static str,
    /// Titles of the pages it rests on.
    pub sources: &'static [&'static str],
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// One user's change.
    Change,
    /// The tenant, the plan, a block or an unchanged user.
    Plan,
    /// What apply meets.
    Apply,
}

impl RuleKind {
    /// The word in the catalogue.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Plan => "plan",
            Self::Apply => "apply",
        }
    }
}

impl Rule {
    /// What it looks at.
    #[must_use]
    pub const fn kind(&self) -> RuleKind {
        match self.check {
            Check::Change(..) | Check::Both(..) => RuleKind::Change,
            Check::Plan(_) => RuleKind::Plan,
            Check::Apply => RuleKind::Apply,
        }
    }

    /// On which changes it runs, in words.
    #[must_use]
    pub fn on(&self) -> String {
        match self.check {
            Check::Change(on, _) => on.words(),
            Check::Both(on, ..) => format!("{}, plan", on.words()),
            Check::Plan(_) => "plan".into(),
            Check::Apply => "apply".into(),
        }
    }

    /// Its worst severity by default.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.grades.first().copied().unwrap_or(Severity::Info)
    }
}

/// Judges a change.
pub(super) type OfChange = fn(&Case<'_>) -> Verdict;
/// Judges a plan.
pub(super) type OfPlan = fn(&mut PlanCase<'_>);

#[derive(Clone, Copy)]
pub(super) enum Check {
    Change(On, OfChange),
    Plan(OfPlan),
    /// Changes, and users of whom the same holds and who have none.
    Both(On, OfChange, OfPlan),
    Apply,
}

impl Check {
    /// What it asks of changes.
    pub(super) const fn of_changes(self) -> Option<(On, OfChange)> {
        match self {
            Self::Change(on, check) | Self::Both(on, check, _) => Some((on, check)),
            Self::Plan(_) | Self::Apply => None,
        }
    }

    /// What it asks of the plan.
    pub(super) const fn of_plan(self) -> Option<OfPlan> {
        match self {
            Self::Plan(check) | Self::Both(_, _, check) => Some(check),
            Self::Change(..) | Self::Apply => None,
        }
    }
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Change(..) => "Change",
            Self::Plan(_) => "Plan",
            Self::Both(..) => "Both",
            Self::Apply => "Apply",
        })
    }
}

/// On which changes a rule runs: a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct On(u8);

impl On {
    /// ↑E: raises to enabled.
    pub(super) const ENABLE: Self = Self(1);
    /// ↑F: raises to enforced, or may end there (enabled, and registered or not known not to be).
    pub(super) const ENFORCE: Self = Self(2);
    /// ↓E: enforced to enabled.
    pub(super) const RELAX: Self = Self(4);
    /// ↓D: to disabled.
    pub(super) const DISABLE: Self = Self(8);
    /// ↑E ↑F
    pub(super) const RAISE: Self = Self(1 | 2);
    /// ↓E ↓D
    pub(super) const LOWER: Self = Self(4 | 8);
    /// All.
    pub(super) const ALL: Self = Self(15);

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn words(self) -> String {
        if self == Self::ALL {
            return "every change".into();
        }
        let named =
            [(Self::ENABLE, "enable"), (Self::ENFORCE, "enforce"), (Self::RELAX, "relax"), (Self::DISABLE, "disable")];
        let words: Vec<&str> = named.into_iter().filter(|(one, _)| self.meets(*one)).map(|(_, word)| word).collect();
        words.join(", ")
    }
}

/// What a rule says of one change.
pub(super) enum Verdict {
    /// Nothing.
    Clear,
    /// It cannot tell without this fact.
    Blind(Fact),
    /// A risk.
    Fires(Hit),
    /// A risk that may be graded higher, were this fact known.
    AtLeast(Hit, Fact),
}

/// A risk that a rule saw.
pub(super) struct Hit {
    pub(super) severity: Severity,
    pub(super) message: Cow<'static, str>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) remediation: Option<Cow<'static, str>>,
}

impl Hit {
    pub(super) fn new(severity: Severity, message: impl Into<Cow<'static, str>>) -> Self {
        Self { severity, message: message.into(), evidence: Vec::new(), remediation: None }
    }

    /// Adds a fact.
    pub(super) fn with(mut self, fact: &'static str, value: impl Into<Value>) -> Self {
        self.evidence.push(Evidence { fact: Cow::Borrowed(fact), value: value.into() });
        self
    }

    /// Adds a fact where there is one.
    pub(super) fn with_some(self, fact: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(fact, value),
            None => self,
        }
    }

    pub(super) fn remedy(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.remediation = Some(text.into());
        self
    }
}

impl From<Hit> for Verdict {
    fn from(hit: Hit) -> Self {
        Self::Fires(hit)
    }
}

/// What every rule file needs.
pub(super) mod prelude {
    pub(in crate::risk) use super::{Check, Hit, On, Rule, RuleDoc, Traits, Verdict};
    pub(in crate::risk) use crate::{
        facts::{deadlines, methods, recognise},
        risk::{case::Case, plan_case::PlanCase},
        severity::Severity::{Critical, High, Info, Low, Medium},
        tenant::{Fact, MfaState},
    };
}
