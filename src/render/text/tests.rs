use crate::{
    plan::Plan,
    render::{
        Flags, NextStep, Options,
        testing::{empty, many, refused, sample},
        text::write,
    },
    severity::Severity,
};

fn shown(plan: &Plan, options: &Options) -> String {
    let mut out = Vec::new();
    write(plan, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(plan: &Plan) -> String {
    shown(plan, &Options::default())
}

#[test]
fn golden() {
    insta::assert_snapshot!("sample", plain(&sample()));
    let saved = Options {
        next: NextStep::Saved { file: "my plan.mfaplan".to_owned(), flags: Flags::default() },
        ..Options::default()
    };
    insta::assert_snapshot!("refused", shown(&refused(), &saved));
    insta::assert_snapshot!("empty", plain(&empty()));
    insta::assert_snapshot!("many", plain(&many(200)));
}

#[test]
fn nothing_from_a_tenant_reaches_the_terminal_raw() {
    let mut plan = refused();
    plan.tenant.name = "Con\u{1b}[2Jtoso\nPlan: 0 to enforce".into();
    for change in &mut plan.changes {
        change.user.user_principal_name = format!("\u{202e}{}\u{1b}]8;;x\u{7}", change.user.user_principal_name).into();
        for finding in &mut change.findings {
            finding.message = format!("{}\u{9b}31m\r", finding.message).into();
        }
    }
    for verbose in [false, true] {
        let text = shown(&plan, &Options { verbose, ..Options::default() });
        assert!(!text.chars().any(|c| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text}");
        assert!(text.contains("Con\\u{1b}[2Jtoso\\u{a}Plan"));
    }
}

#[test]
fn lines_fit_eighty_columns_unless_one_word_does_not() {
    for plan in [sample(), refused(), empty(), many(300)] {
        for line in plain(&plan).lines() {
            let wide = console::measure_text_width(line) > 80;
            assert!(!wide || line.contains("#EXT#"), "{line}");
        }
    }
}

#[test]
fn risky_users_are_never_cut_and_others_are_counted() {
    let plan = many(3_000);
    let text = plain(&plan);
    for change in &plan.changes {
        if change.worst() >= Some(Severity::High) {
            assert!(text.contains(&*change.user.user_principal_name), "{}", change.user.user_principal_name);
        }
    }
    assert!(text.contains("more without a high risk (--verbose lists them)"));
    let verbose = shown(&plan, &Options { verbose: true, ..Options::default() });
    assert!(plan.changes.iter().all(|change| verbose.contains(&*change.user.user_principal_name)));
}

#[test]
fn colour_only_adds_to_the_text() {
    let colored = shown(&refused(), &Options { color: true, ..Options::default() });
    assert!(colored.contains("\u{1b}["));
    assert_eq!(console::strip_ansi_codes(&colored), plain(&refused()));
}

#[test]
fn a_refused_plan_names_no_way_to_apply_it() {
    let text = plain(&refused());
    assert!(text.contains("REFUSED") && text.contains("Fix: --waive max_downgrades=2"));
    assert!(!text.contains("mfaplan apply"));
}

/// The picture in the documentation: the coloured text as SVG, so that it cannot be older than the code.
#[test]
fn the_picture_in_the_documentation_is_current() {
    let text = shown(&refused(), &Options { color: true, ..Options::default() });
    let lines: Vec<_> = text.lines().collect();
    let height = lines.len() * 18 + 24;
    let widest = lines.iter().map(|line| console::measure_text_width(line)).max().unwrap_or(80);
    let width = widest * 17 / 2 + 32;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"ui-monospace, Menlo, \
         'Liberation Mono', monospace\" font-size=\"14\"><rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#12161c\"/>\n"
    );
    for (at, line) in lines.iter().enumerate() {
        svg.push_str(&format!("<text x=\"16\" y=\"{}\" fill=\"#e6eaf0\" xml:space=\"preserve\">", at * 18 + 28));
        let (mut color, mut bold) = ("", false);
        for (part, is_code) in console::AnsiCodeIterator::new(line) {
            if !is_code {
                let weight = if bold { " font-weight=\"bold\"" } else { "" };
                let fill = if color.is_empty() { String::new() } else { format!(" fill=\"{color}\"") };
                svg.push_str(&format!("<tspan{fill}{weight}>{}</tspan>", crate::render::escape::xml(part)));
                continue;
            }
            match part {
                "\u{1b}[0m" => (color, bold) = ("", false),
                "\u{1b}[1m" => bold = true,
                "\u{1b}[2m" => color = "#9aa6b5",
                "\u{1b}[31m" => color = "#ff8291",
                "\u{1b}[32m" => color = "#5cbf85",
                "\u{1b}[33m" => color = "#e8b931",
                "\u{1b}[35m" => color = "#c98be4",
                other => panic!("a colour the picture does not know: {other:?}"),
            }
        }
        svg.push_str("</text>\n");
    }
    svg.push_str("</svg>\n");
    crate::render::testing::check_generated("docs/images/plan-text.svg", &svg);
}
