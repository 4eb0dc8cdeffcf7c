//! What can be written instead: from diagnostics that know a better word, and from a plan's findings.

use std::ops::Range;

use jiff::{Timestamp, ToSpan};

use crate::{
    config::schema::{AttributeSchema, Kind, top_level},
    render::words::hcl_string,
};

/// A word that is better replaced, as a diagnostic proposes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fix {
    /// The bytes of the diagnostic.
    pub(super) about: Range<usize>,
    /// What stands there.
    pub(super) wrong: String,
    /// What may be meant.
    pub(super) right: String,
}

impl Fix {
    /// The bytes to replace in this text; none where the word is gone by now.
    pub(super) fn place(&self, text: &str) -> Option<Range<usize>> {
        let about = text.get(self.about.clone())?;
        let at = self.about.start + about.find(&self.wrong)?;
        Some(at..at + self.wrong.len())
    }
}

/// A block of this kind over one user with everything it must have, as far as the schema tells: dates lie ninety days
/// ahead, texts are left to be written.
pub(super) fn block(kind: &str, label: &str, user: &str, now: Timestamp) -> Option<String> {
    let schema = top_level(kind)?;
    let required: Vec<&AttributeSchema> = schema.attributes.iter().filter(|one| one.required).collect();
    let width = required.iter().map(|one| one.name.len()).chain(["users".len()]).max()?;
    let date = now.checked_add((90 * 24).hours()).unwrap_or(now).strftime("%Y-%m-%d").to_string();
    let mut out = format!("{kind} {} {{\n  {:width$} = [{}]\n", hcl_string(label), "users", hcl_string(user));
    for one in required {
        let value = match one.kind {
            Kind::Date => format!("\"{date}\""),
            Kind::Text => "\"\"".to_owned(),
            _ => "null".to_owned(),
        };
        out.push_str(&format!("  {:width$} = {value}\n", one.name));
    }
    out.push_str("}\n");
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_from_a_finding_has_what_the_schema_asks_for() {
        let now = "2026-11-24T08:00:00Z".parse().unwrap();
        let accept = block("accept", "MFA006", "scan@contoso.com", now).unwrap();
        assert_eq!(
            accept,
            "accept \"MFA006\" {\n  users   = [\"scan@contoso.com\"]\n  reason  = \"\"\n  expires = \"2027-02-22\"\n}\n"
        );
        assert!(block("service_account", "scan", "scan@contoso.com", now).unwrap().contains("owner"));
        assert_eq!(block("nonsense", "", "", now), None);
        // What is in a name does not get out of it.
        let odd = block("accept", "MFA006", "a\"]\n${file(\"x\")}@contoso.com", now).unwrap();
        assert!(odd.contains(r#"["a\"]\U0000000a$${file(\"x\")}@contoso.com"]"#), "{odd}");
    }

    #[test]
    fn a_fix_knows_when_its_word_is_gone() {
        let fix = Fix { about: 8..17, wrong: "enforcd".into(), right: "enforced".into() };
        assert_eq!(fix.place("state = \"enforcd\""), Some(9..16));
        assert_eq!(fix.place("state = \"enabled\""), None);
    }
}
