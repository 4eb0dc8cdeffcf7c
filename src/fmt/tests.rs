//! Against goldens recorded from `terraform fmt`, and properties that hold for any text.

use proptest::prelude::*;

use super::format;

/// `fixtures/fmt/corpus.txt`: snippets, each followed by what `terraform fmt` makes of it.
fn corpus() -> Vec<(String, String)> {
    let text = include_str!("../../fixtures/fmt/corpus.txt");
    text.split("=====\n")
        .skip(1)
        .map(|case| {
            let (input, output) = case.split_once("-----\n").unwrap();
            (input.to_owned(), output.to_owned())
        })
        .collect()
}

#[test]
fn the_corpus_is_formatted_as_terraform_formats_it() {
    let corpus = corpus();
    assert!(corpus.len() >= 270, "{} snippets", corpus.len());
    let mut wrong = Vec::new();
    for (input, expected) in &corpus {
        let found = format(input).unwrap_or_else(|problems| format!("{problems:#?}"));
        if &found != expected {
            wrong.push(format!("of:\n{input}Terraform makes:\n{expected}this makes:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), corpus.len(), wrong.join("\n"));
}

#[test]
fn formatting_twice_is_formatting_once_and_loses_no_comment() {
    for (input, _) in corpus() {
        let once = format(&input).unwrap();
        assert_eq!(format(&once).unwrap(), once, "of:\n{input}");
        assert_eq!(comments(&once), comments(&input), "of:\n{input}");
    }
}

/// Where Terraform loses a comment, and its count of brackets: `docs/language/differences.md`.
#[test]
fn what_terraform_spoils_is_kept() {
    let odd = "mfa /* odd */ \"a\" {\n  state = \"enforced\"\n}\n";
    assert_eq!(format(odd).unwrap(), odd);
    let nested = "locals {\n  text = <<-EOT\n    outer ${<<IN\ninner\nIN\n}\n  EOT\n  other = 1\n}\n";
    assert_eq!(format(nested).unwrap(), nested);
}

/// One layer a time, as in Terraform: the only case in which formatting again goes on.
#[test]
fn of_templates_in_a_template_the_outermost_goes() {
    assert_eq!(format("a = \"${\"${var.a}\"}\"\n").unwrap(), "a = \"${var.a}\"\n");
}

fn comments(text: &str) -> Vec<String> {
    let mut sources = crate::diag::SourceMap::default();
    let file = sources.add("", text);
    let scan = super::scan(text, file);
    let comments =
        scan.tokens.iter().filter(|token| matches!(token.kind, super::Kind::LineComment | super::Kind::BlockComment));
    comments.map(|token| token.text(text).to_owned()).collect()
}

/// The tree without blanks and comments, as text: what a file means.
fn meaning(text: &str) -> String {
    format!("{:?}", hcl::parse(text).unwrap())
}

#[test]
fn a_text_with_errors_is_refused() {
    let problems = format("mfa \"x\" {\n  state = \"enforced\n}\n").unwrap_err();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].summary, "Unterminated string");
}

#[test]
fn line_ends_stay_what_they_are_and_a_byte_order_mark_goes() {
    assert_eq!(format("\u{feff}a=1\r\nbb=2\r\n").unwrap(), "a  = 1\r\nbb = 2\r\n");
}

/// Blanks and line ends in places where they mean nothing.
fn unformatted() -> impl Strategy<Value = (String, String)> {
    let blanks = prop::collection::vec(0usize..4, 8);
    (0..corpus().len(), blanks).prop_map(|(index, blanks)| {
        let expected = corpus()[index].1.clone();
        let mut blanks = blanks.into_iter().cycle();
        let mut sources = crate::diag::SourceMap::default();
        let file = sources.add("", expected.as_str());
        let tokens = super::scan(&expected, file).tokens;
        let mut out = String::new();
        let mut last = 0;
        let mut inside = 0;
        for token in tokens {
            let gap = &expected[last..token.start as usize];
            // More blanks where there are some, and indentation at will; never inside of strings.
            if inside == 0
                && (!gap.is_empty() || expected[..last].ends_with('\n'))
                && token.kind != super::Kind::Newline
            {
                let least = usize::from(!gap.is_empty() && !expected[..last].ends_with('\n'));
                out.push_str(&" ".repeat(blanks.next().unwrap_or(0).max(least)));
            } else {
                out.push_str(gap);
            }
            out.push_str(&expected[token.range()]);
            last = token.end as usize;
            match token.kind {
                super::Kind::OpenQuote | super::Kind::OpenHeredoc => inside += 1,
                super::Kind::CloseQuote | super::Kind::CloseHeredoc => inside -= 1,
                _ => {}
            }
        }
        (out, expected)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn blanks_do_not_matter((text, _) in unformatted()) {
        let once = format(&text).unwrap();
        prop_assert_eq!(&format(&once).unwrap(), &once);
        prop_assert_eq!(meaning(&once), meaning(&text));
    }

    #[test]
    fn any_text_is_formatted_or_refused(text in "[a-c={}\\[\\]()\"$%~<>!#/*+\\-.,:?1 \n]{0,40}") {
        if let Ok(once) = format(&text) {
            let twice = format(&once);
            prop_assert_eq!(twice.as_ref(), Ok(&once), "of {:?}", text);
        }
    }
}
