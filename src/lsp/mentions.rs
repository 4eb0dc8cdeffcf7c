//! Every place at which a text names something that is declared: what references, renaming and "go to" look through.
//!
//! From tokens alone, so that it works while a file does not parse. What may stand where comes from the schema and from
//! the surroundings that completion knows too ([`Tracker`]).

use std::ops::Range;

use super::context::{Language, Tracker};
use crate::{
    config::scan::{Kind, Token, scan},
    diag::FileId,
};

/// A name at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    /// What it names: the kind of block (`variable`, `rollout`, …), or `local`.
    pub(super) kind: String,
    /// The name.
    pub(super) name: String,
    /// The bytes of the name alone, without quotes.
    pub(super) range: Range<usize>,
    /// Is this where it is declared?
    pub(super) declares: bool,
}

/// Arguments whose strings name a block, and which kind.
const NAMING: [(&str, &str); 3] = [("rollout", "rollout"), ("not_acceptable", "rule"), ("expect_failures", "rule")];

/// The blocks whose label is the id of a rule, built in or declared by a `rule` block.
const OF_RULES: [&str; 2] = ["accept", "risk"];

/// All mentions of a text, in order. Linear.
pub(super) fn mentions(text: &str, language: Language) -> Vec<Mention> {
    let tokens: Vec<Token> = scan(text, FileId(0)).tokens;
    let mut tracker = Tracker::new(text, language);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let starts = tracker.line_start();
        match token.kind {
            Kind::Text if tracker.in_quote() => {
                let kind = match (tracker.argument(), tracker.header()) {
                    (Some(argument), _) => {
                        let named = NAMING.iter().find(|(name, _)| *name == argument);
                        named.map(|(_, kind)| ((*kind).to_owned(), false))
                    }
                    (None, Some(block)) => tracker.label_of(block),
                    (None, None) => None,
                };
                push(&mut found, kind, *token, text);
            }
            Kind::Ident if starts && tracker.in_body() => {
                let sets = tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Equal);
                let kind = match () {
                    () if sets && tracker.blocks() == ["locals"] => Some(("local".to_owned(), true)),
                    () if sets && tracker.sets_variables() => Some(("variable".to_owned(), false)),
                    () => None,
                };
                push(&mut found, kind, *token, text);
            }
            // A label without quotes.
            Kind::Ident if tracker.in_body() && tracker.argument().is_none() => {
                let kind = tracker.header().and_then(|block| tracker.label_of(block));
                push(&mut found, kind, *token, text);
            }
            Kind::Ident => {
                let kind = match token.text(text) {
                    "var" => "variable",
                    "local" => "local",
                    "module" => "module",
                    // `expect_failures = [check.x]`
                    "check" if language == Language::Scenario => "check",
                    _ => {
                        tracker.step(*token);
                        continue;
                    }
                };
                let behind_dot =
                    at.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(|one| one.kind == Kind::Dot);
                if !behind_dot
                    && let (Some(dot), Some(name)) = (tokens.get(at + 1), tokens.get(at + 2))
                    && (dot.kind, name.kind) == (Kind::Dot, Kind::Ident)
                {
                    push(&mut found, Some((kind.to_owned(), false)), *name, text);
                }
            }
            _ => {}
        }
        tracker.step(*token);
    }
    found
}

fn push(found: &mut Vec<Mention>, kind: Option<(String, bool)>, token: Token, text: &str) {
    if let Some((kind, declares)) = kind {
        found.push(Mention { kind, name: token.text(text).to_owned(), range: token.range(), declares });
    }
}

/// The mention at a byte, its ends included.
pub(super) fn at(text: &str, language: Language, offset: usize) -> Option<Mention> {
    // On the `var` of `var.x` the name is meant as well.
    let word = super::context::word_at(text, offset);
    let root = text.get(word.clone()).and_then(|word| word.split('.').next());
    let behind = root
        .filter(|root| matches!(*root, "var" | "local" | "module" | "check"))
        .map(|root| word.start + root.len() + 1);
    let meant = |one: &Mention| one.range.start <= offset && offset <= one.range.end || behind == Some(one.range.start);
    mentions(text, language).into_iter().find(meant)
}

/// What the label of a block names.
pub(super) fn label(block: &str) -> (String, bool) {
    if OF_RULES.contains(&block) { ("rule".to_owned(), false) } else { (block.to_owned(), true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, language: Language) -> Vec<String> {
        let show = |one: Mention| {
            assert_eq!(&text[one.range.clone()], one.name);
            format!("{}{}.{}", if one.declares { "*" } else { "" }, one.kind, one.name)
        };
        mentions(text, language).into_iter().map(show).collect()
    }

    #[test]
    fn declarations_and_uses_are_found_wherever_they_stand() {
        let text = "variable \"wave\" {\n  default = 1\n}\nlocals {\n  a = var.wave\n  b = { local = x.var.wave, c = \"${local.a}\" }\n}\n\
                    mfa \"staff\" {\n  rollout = \"spring\"\n  where = var.wave > 1\n}\naccept \"ORG1\" {\n}\nrule ORG1 {\n}\n\
                    guardrails {\n  not_acceptable = [\"MFA005\", \"ORG1\"]\n}\n";
        assert_eq!(
            shown(text, Language::Configuration),
            [
                "*variable.wave",
                "*local.a",
                "variable.wave",
                "*local.b",
                "local.a",
                "*mfa.staff",
                "rollout.spring",
                "variable.wave",
                "rule.ORG1",
                "*rule.ORG1",
                "rule.MFA005",
                "rule.ORG1",
            ]
        );
        let scenario = "run \"a\" {\n  variables {\n    wave = 2\n  }\n  expect_failures = [check.canary, var.wave, \"ORG1\"]\n}\n";
        assert_eq!(
            shown(scenario, Language::Scenario),
            ["*run.a", "variable.wave", "check.canary", "variable.wave", "rule.ORG1"]
        );
        assert_eq!(shown("wave = 1\n", Language::Variables), ["variable.wave"]);
    }

    #[test]
    fn a_file_that_does_not_parse_has_mentions_all_the_same() {
        let text = "mfa \"a\" {\n  where = var.wave &&\n  users = [local.x\n";
        assert_eq!(shown(text, Language::Configuration), ["*mfa.a", "variable.wave", "local.x"]);
    }
}
