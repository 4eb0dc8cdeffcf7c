//! Rules over changes.

use std::{borrow::Cow, cmp::Reverse};

use rayon::prelude::*;

use super::{
    Context, Finding, NotEvaluated,
    case::Case,
    catalogue::registry,
    own::{ChangeValues, OwnVerdict, evaluate},
    rule::{Rule, Traits, Verdict},
};
use crate::{diff::Transition, tenant::Fact};

/// The rule whose acceptance also says that somebody has asked the owner, where nobody can see how an account signs in.
const POSSIBLE: &str = "MFA009";

/// How many transitions one task takes: large enough that tasks cost nothing, small enough for two cores to share.
const CHUNK: usize = 2048;

/// What the rules say of the changes.
#[derive(Debug, Default)]
pub struct ChangeFindings {
    /// Per transition, in its order: worst first, then by rule.
    pub findings: Vec<Vec<Finding>>,
    /// Per transition, in its order: it raises what looks like a workload, nobody knows how that signs in, and the
    /// question was not accepted.
    pub behaviour_unknown: Vec<bool>,
    /// Rules that lacked a fact, by rule, then fact.
    pub not_evaluated: Vec<NotEvaluated>,
    /// Own rules that failed: the rule's id and the first message.
    pub errors: Vec<(String, String)>,
    /// Per `accept` block: did it accept anything?
    pub(super) used_accepts: Vec<bool>,
}

/// Runs every rule over every transition. The result does not depend on how the work is shared.
#[must_use]
pub fn assess_changes(context: &Context<'_>, transitions: &[Transition]) -> ChangeFindings {
    let own = ChangeValues::new(context.config, context.tenant);
    let parts: Vec<Part> = transitions
        .par_chunks(CHUNK)
        .map(|chunk| {
            let mut part = Part::new(context);
            part.findings.reserve_exact(chunk.len());
            for transition in chunk {
                let findings = part.assess(context, &own, transition);
                part.findings.push(findings);
            }
            part
        })
        .collect();
    let mut whole = Part::new(context);
    whole.findings.reserve_exact(transitions.len());
    for part in parts {
        whole.join(part);
    }
    whole.finish(context)
}

/// The result of some transitions.
struct Part {
    findings: Vec<Vec<Finding>>,
    behaviour_unknown: Vec<bool>,
    /// Per built-in rule and fact.
    blind: Vec<[u64; Fact::ALL.len()]>,
    /// Per own rule: without a fact, and the first failure.
    own: Vec<(u64, Option<String>)>,
    used_accepts: Vec<bool>,
}

impl Part {
    fn new(context: &Context<'_>) -> Self {
        Self {
            findings: Vec::new(),
            behaviour_unknown: Vec::new(),
            blind: vec![[0; Fact::ALL.len()]; registry().len()],
            own: vec![(0, None); context.config.rules.len()],
            used_accepts: vec![false; context.config.accepts.len()],
        }
    }

    fn assess(&mut self, context: &Context<'_>, own: &ChangeValues, transition: &Transition) -> Vec<Finding> {
        let case = Case::new(context, transition);
        let mut found: Vec<(&Rule, Finding)> = Vec::new();
        for (index, rule) in registry().iter().enumerate() {
            let Some((on, check)) = rule.check.of_changes() else { continue };
            if !on.meets(case.on) || !context.is_enabled(index) {
                continue;
            }
            match check(&case) {
                Verdict::Clear => {}
                Verdict::Blind(fact) => self.blind[index][fact as usize] += 1,
                Verdict::Fires(hit) => found.push((rule, context.finding(index, rule, hit))),
                Verdict::AtLeast(hit, fact) => {
                    self.blind[index][fact as usize] += 1;
                    found.push((rule, context.finding(index, rule, hit)));
                }
            }
        }
        suppress(&mut found);
        if context.facts.is_probably_a_machine(transition.user) {
            advise_nobody(&mut found);
        }
        let mut findings: Vec<Finding> = found.into_iter().map(|(_, finding)| finding).collect();
        for (index, rule) in context.config.rules.iter().enumerate() {
            match evaluate(rule, context.config, own, &case) {
                OwnVerdict::Clear => {}
                OwnVerdict::Blind => self.own[index].0 += 1,
                OwnVerdict::Fires(finding) => findings.push(finding),
                OwnVerdict::Failed(message) => {
                    self.own[index].0 += 1;
                    self.own[index].1.get_or_insert(message);
                }
            }
        }
        let waits = context.behaviour_unknown(transition)
            && context.waivers.find(POSSIBLE, Some(transition.user), &mut self.used_accepts).is_none();
        self.behaviour_unknown.push(waits);
        for finding in &mut findings {
            finding.accepted = context.waivers.find(&finding.rule, Some(transition.user), &mut self.used_accepts);
        }
        findings.sort_by(|a, b| Reverse(a.severity).cmp(&Reverse(b.severity)).then_with(|| a.rule.cmp(&b.rule)));
        findings
    }

    fn join(&mut self, other: Self) {
        let Self { findings, behaviour_unknown, blind, own, used_accepts } = other;
        self.findings.extend(findings);
        self.behaviour_unknown.extend(behaviour_unknown);
        for (mine, theirs) in self.blind.iter_mut().zip(blind) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
        for (mine, theirs) in self.own.iter_mut().zip(own) {
            mine.0 += theirs.0;
            mine.1 = mine.1.take().or(theirs.1);
        }
        self.used_accepts.iter_mut().zip(used_accepts).for_each(|(mine, theirs)| *mine |= theirs);
    }

    fn finish(self, context: &Context<'_>) -> ChangeFindings {
        let Self { findings, behaviour_unknown, blind, own, used_accepts } = self;
        let mut not_evaluated = Vec::new();
        for (rule, counts) in registry().iter().zip(blind) {
            for (fact, users) in Fact::ALL.iter().zip(counts).filter(|(_, users)| *users > 0) {
                not_evaluated.push(NotEvaluated { rule: rule.id.into(), users, fact: fact.as_str().into() });
            }
        }
        let mut errors = Vec::new();
        for (rule, (users, error)) in context.config.rules.iter().zip(own) {
            let id: Cow<'static, str> = rule.id.to_string().into();
            if users > 0 {
                not_evaluated.push(NotEvaluated { rule: id.clone(), users, fact: "when".into() });
            }
            errors.extend(error.map(|message| (id.into_owned(), message)));
        }
        ChangeFindings { findings, behaviour_unknown, not_evaluated, errors, used_accepts }
    }
}

/// The specific rule wins over the general one. An account that is known to be no person – a sync account, a shared
/// device, a bulk enrolment token, an agent – need not also look like a service account, nor be told to register: nobody
/// is there to. And a name alone adds nothing to a signal that names are part of. Acceptance and severity play no part, so
/// that accepting one finding never hides or shows another.
fn suppress(found: &mut Vec<(&Rule, Finding)>) {
    if found.len() < 2 {
        return;
    }
    let any = |traits: Traits| found.iter().any(|(rule, _)| rule.traits.any(traits));
    let mut dropped = Traits::NONE;
    if any(Traits::NO_PERSON) {
        dropped = dropped.or(Traits::SIGNAL).or(Traits::NAME).or(Traits::PERSONAL);
    }
    if any(Traits::SIGNAL) {
        dropped = dropped.or(Traits::NAME);
    }
    found.retain(|(rule, _)| !rule.traits.any(dropped));
}

/// A program cannot register: whoever looks after it would register a method of their own, for an account that several
/// know the password of.
fn advise_nobody(found: &mut [(&Rule, Finding)]) {
    for (_, finding) in found.iter_mut().filter(|(rule, _)| rule.traits.any(Traits::REGISTER)) {
        finding.remediation = "Find out first what signs in with this account: a program or a device cannot register. \
                               Declare a workload as `service_account`; a person registers before the change."
            .into();
    }
}
