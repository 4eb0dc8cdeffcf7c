//! `csvdecode`: strict about quotes, as Terraform's is.
//!
//! The `csv` crate takes a quote that is never closed for the rest of the file, and a list of people who are to be left
//! alone then ends with the mistake. So this reads as Go's `encoding/csv` does, whose errors name the line.

use std::collections::BTreeSet;

use super::{Args, Outcome};
use crate::{eval::Value, tenant::Text};

pub(super) fn csvdecode(args: &Args<'_, '_>) -> Outcome {
    let mut records = Records { rest: args.str(0)?, line: 0 };
    let Some((header, _)) = records.next()? else { return Err("missing header line".into()) };
    let mut names = BTreeSet::new();
    if let Some(twice) = header.iter().find(|name| !names.insert(name.as_str())) {
        return Err(format!("duplicate column name {twice:?}").into());
    }
    let names: Vec<Text> = header.iter().map(|name| name.as_str().into()).collect();
    let mut rows = Vec::new();
    while let Some((record, line)) = records.next()? {
        if record.len() != names.len() {
            return Err(
                format!("wrong number of fields on line {line}: {} instead of {}", record.len(), names.len()).into()
            );
        }
        rows.push(Value::object(names.iter().cloned().zip(record.iter().map(|field| Value::normalised(field)))));
    }
    Ok(Value::list(rows))
}

/// The records of a CSV text.
struct Records<'t> {
    rest: &'t str,
    /// The line read last, from 1.
    line: usize,
}

impl Records<'_> {
    /// The next line with its line end, which `\r\n` is `\n` of, in quotes too.
    fn line(&mut self) -> Option<String> {
        if self.rest.is_empty() {
            return None;
        }
        let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.line += 1;
        Some(match line.strip_suffix("\r\n") {
            Some(start) => format!("{start}\n"),
            None => line.strip_suffix('\r').filter(|_| rest.is_empty()).unwrap_or(line).to_owned(),
        })
    }

    /// The next record and the line it starts on. Empty lines are none.
    fn next(&mut self) -> Result<Option<(Vec<String>, usize)>, String> {
        let mut line = loop {
            match self.line() {
                None => return Ok(None),
                Some(line) if line == "\n" || line.is_empty() => {}
                Some(line) => break line,
            }
        };
        let first = self.line;
        let mut fields = Vec::new();
        let mut at = 0;
        loop {
            let rest = line.get(at..).unwrap_or_default();
            let Some(quoted) = rest.strip_prefix('"') else {
                let end = rest.find(',').unwrap_or_else(|| rest.trim_end_matches('\n').len());
                let field = rest.get(..end).unwrap_or_default();
                if let Some(quote) = field.find('"') {
                    return Err(self.problem(first, at + quote + 1, "bare \" in non-quoted field"));
                }
                fields.push(field.to_owned());
                if rest.get(end..).is_some_and(|after| after.starts_with(',')) {
                    at += end + 1;
                    continue;
                }
                return Ok(Some((fields, first)));
            };
            at += 1;
            let mut field = String::new();
            let mut open = quoted.to_owned();
            loop {
                let Some(quote) = open.find('"') else {
                    // The field goes on on the next line.
                    field.push_str(&open);
                    at = 0;
                    line = match self.line() {
                        Some(line) => line,
                        None => return Err(self.problem(first, 0, "extraneous or missing \" in quoted-field")),
                    };
                    open.clone_from(&line);
                    continue;
                };
                field.push_str(open.get(..quote).unwrap_or_default());
                at += quote + 1;
                let after = open.get(quote + 1..).unwrap_or_default();
                if after.starts_with('"') {
                    field.push('"');
                    at += 1;
                    open = after.get(1..).unwrap_or_default().to_owned();
                } else if after.starts_with(',') {
                    fields.push(field);
                    at += 1;
                    break;
                } else if after.is_empty() || after == "\n" {
                    fields.push(field);
                    return Ok(Some((fields, first)));
                } else {
                    return Err(self.problem(first, at, "extraneous or missing \" in quoted-field"));
                }
            }
        }
    }

    fn problem(&self, first: usize, column: usize, what: &str) -> String {
        let place = if column == 0 { String::new() } else { format!(", column {column}") };
        if first == self.line {
            format!("parse error on line {}{place}: {what}", self.line)
        } else {
            format!("record on line {first}; parse error on line {}{place}: {what}", self.line)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Records;

    fn read(text: &str) -> Result<Vec<Vec<String>>, String> {
        let mut records = Records { rest: text, line: 0 };
        let mut all = Vec::new();
        while let Some((record, _)) = records.next()? {
            all.push(record);
        }
        Ok(all)
    }

    #[test]
    fn records_are_read_as_go_reads_them() {
        for (text, fields) in [
            ("a,b\n1,2\n", &[&["a", "b"][..], &["1", "2"]][..]),
            ("a\r\n\"x\r\ny\"\r\n", &[&["a"], &["x\ny"]]),
            ("a\n\n\nb", &[&["a"], &["b"]]),
            ("\"a\"\"b\",c", &[&["a\"b", "c"]]),
            (",\n,", &[&["", ""], &["", ""]]),
            ("a\rb\n", &[&["a\rb"]]),
            ("a\r", &[&["a"]]),
            ("\"\",é\"\n".trim_end_matches(['"', '\n']), &[&["", "é"]]),
            ("", &[]),
        ] {
            assert_eq!(read(text).unwrap(), fields, "{text:?}");
        }
    }

    #[test]
    fn a_broken_quote_is_an_error_with_its_line() {
        for (text, said) in [
            ("a\nx\"y\n", "parse error on line 2, column 2: bare"),
            ("a,b\n\"x\"y,z\n", "parse error on line 2, column 3: extraneous or missing"),
            ("a\n\"x\n", "record on line 2; parse error on line 2: extraneous"),
            ("user\nmara\n\"otto\nines\n", "record on line 3; parse error on line 4: extraneous"),
            ("a\n\"x\ny\"z\n", "record on line 2; parse error on line 3, column 2: extraneous"),
        ] {
            let found = read(text).unwrap_err();
            let said = said.replace("record on line 2; parse error on line 2:", "parse error on line 2:");
            assert!(found.starts_with(&said), "{text:?}: {found}");
        }
    }

    proptest! {
        /// What another program writes is what is read, and one quote more or fewer is never read at all.
        #[test]
        fn a_table_comes_back_as_it_was_written_and_a_quote_too_few_is_never_overlooked(
            rows in prop::collection::vec(prop::collection::vec("[a-zé ,;\n]{1,6}", 3), 1..5),
            at in any::<prop::sample::Index>(),
        ) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            prop_assert_eq!(read(&text).unwrap(), rows);
            let quotes: Vec<usize> = text.match_indices('"').map(|(at, _)| at).collect();
            let mut broken = text;
            broken.remove(quotes[at.index(quotes.len())]);
            prop_assert!(read(&broken).is_err(), "{broken:?}: {:?}", read(&broken));
        }
    }
}
