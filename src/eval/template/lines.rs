//! The literals of heredocs and template files: stripped and dedented line by line.
//!
//! In a text of several lines HCL takes each line for a token of its own: `~}` at the end of a line strips that line's
//! end and no blank of the next line, and a line whose start was stripped away is not dedented.

use std::collections::VecDeque;

use hcl_edit::template::{Directive, Element, Template};

use super::{closing, opening};

/// A line, a piece of one, or (without text) a tag.
struct Token {
    text: Option<String>,
    /// Which literal it belongs to.
    literal: usize,
}

/// The texts of all literals, in the order they stand, inside directives too. `indent` is what the parser already took
/// from the lines at the top of an indented heredoc (`<<-`).
pub(super) fn of(template: &Template, indent: Option<usize>) -> VecDeque<String> {
    let mut tokens = Tokens { tokens: Vec::new(), literals: 0 };
    tokens.collect(template, (false, false), indent);
    if indent.is_some() {
        dedent(&mut tokens.tokens);
    }
    let mut texts = VecDeque::from(vec![String::new(); tokens.literals]);
    for token in tokens.tokens {
        if let (Some(text), Some(whole)) = (token.text, texts.get_mut(token.literal)) {
            whole.push_str(&text);
        }
    }
    texts
}

struct Tokens {
    tokens: Vec<Token>,
    literals: usize,
}

impl Tokens {
    fn tag(&mut self) {
        self.tokens.push(Token { text: None, literal: 0 });
    }

    /// `trims`: do the tags around the template strip its start and its end?
    fn collect(&mut self, template: &Template, trims: (bool, bool), restore: Option<usize>) {
        let elements: Vec<&Element> = template.iter().collect();
        let mut at_line_start = true;
        for (at, element) in elements.iter().enumerate() {
            match element {
                Element::Literal(literal) => {
                    let before = at.checked_sub(1).and_then(|at| elements.get(at));
                    let after = elements.get(at + 1);
                    let trim_start = before.map_or(trims.0, |one| closing(one).strip_end());
                    let trim_end = after.map_or(trims.1, |one| opening(one).strip_start());
                    let blanks = " ".repeat(restore.unwrap_or(0));
                    let text = literal.value();
                    // Before a tag that starts a line, the parser took the blanks as a whole.
                    let lost = after.is_some() && (text.ends_with('\n') || (text.is_empty() && at_line_start));
                    let whole = if lost { format!("{text}{blanks}") } else { text.to_owned() };
                    self.literal(&whole, text.len(), (trim_start, trim_end), &blanks, at_line_start);
                    at_line_start = literal.value().ends_with('\n');
                }
                Element::Interpolation(_) => {
                    self.tag();
                    at_line_start = false;
                }
                Element::Directive(directive) => {
                    self.directive(directive);
                    at_line_start = false;
                }
            }
        }
    }

    /// One literal, line by line. The parser's dedent is undone, because it does not know what is stripped: every line
    /// gets its blanks back, up to the byte `end`, after which they are back already.
    fn literal(&mut self, text: &str, end: usize, trims: (bool, bool), blanks: &str, at_line_start: bool) {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let last = lines.len().saturating_sub(1);
        let mut start = 0;
        for (at, line) in lines.into_iter().enumerate() {
            let dedented = (at > 0 || at_line_start) && start < end && !line.trim_end_matches(['\r', '\n']).is_empty();
            start += line.len();
            let mut text = if dedented { format!("{blanks}{line}") } else { line.to_owned() };
            if at == 0 && trims.0 {
                text = text.trim_start().to_owned();
            }
            if at == last && trims.1 {
                text.truncate(text.trim_end().len());
            }
            self.tokens.push(Token { text: Some(text), literal: self.literals });
        }
        self.literals += 1;
    }

    fn directive(&mut self, directive: &Directive) {
        match directive {
            Directive::If(one) => {
                let middle = one.else_expr.as_ref().map_or(one.endif_expr.strip, |other| other.strip);
                self.tag();
                self.collect(&one.if_expr.template, (one.if_expr.strip.strip_end(), middle.strip_start()), None);
                if let Some(other) = &one.else_expr {
                    self.tag();
                    let trims = (other.strip.strip_end(), one.endif_expr.strip.strip_start());
                    self.collect(&other.template, trims, None);
                }
            }
            Directive::For(one) => {
                self.tag();
                let trims = (one.for_expr.strip.strip_end(), one.endfor_expr.strip.strip_start());
                self.collect(&one.for_expr.template, trims, None);
            }
        }
        self.tag();
    }
}

/// Takes from every line the blanks that all lines have. Blank lines neither count nor change.
fn dedent(tokens: &mut [Token]) {
    let mut smallest = usize::MAX;
    let mut lines = Vec::new();
    let mut at_line_start = true;
    for (at, token) in tokens.iter().enumerate() {
        let text = token.text.as_deref();
        if at_line_start {
            at_line_start = false;
            let rest = text.unwrap_or_default().trim_start();
            let blank = rest.is_empty() && text.is_some_and(|text| text.ends_with('\n'));
            if !blank {
                let blanks = text.unwrap_or_default().chars().take_while(|char| char.is_whitespace()).count();
                smallest = smallest.min(blanks);
                lines.push(at);
            }
        }
        at_line_start |= text.is_some_and(|text| text.ends_with('\n'));
    }
    for at in lines {
        if let Some(Token { text: Some(text), .. }) = tokens.get_mut(at) {
            *text = text.chars().skip(smallest).collect();
        }
    }
}
