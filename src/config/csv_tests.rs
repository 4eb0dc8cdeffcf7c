//! A list with a broken quote is an error in every argument that a list can come to: the rest of the file would else be
//! one name, and whom it names would be left out without a word.

use super::{
    samples::{arguments, errors, said},
    schema::Kind,
};

/// The second of three names lacks its closing quote.
const BROKEN: &str = "csvdecode(\"upn\\nmara@contoso.com\\n\\\"otto@contoso.com\\nines@contoso.com\\n\")";

#[test]
fn a_list_with_a_broken_quote_is_an_error_with_its_line_in_every_argument() {
    let mut seen = 0;
    for (top, path, block, argument) in arguments() {
        // Which files a configuration is made of is no expression.
        if (block.name, argument.name) == ("module", "source") {
            continue;
        }
        let list = format!("[for row in {BROKEN} : row.upn]");
        let form = match argument.kind {
            Kind::Type => continue,
            Kind::Texts | Kind::AnyOf(_) | Kind::Any => list,
            Kind::Expression(_) | Kind::Bool => format!("contains({list}, \"mara@contoso.com\")"),
            Kind::Number => format!("length({list})"),
            Kind::Text | Kind::OneOf(_) | Kind::Date => format!("{list}[0]"),
        };
        let said = errors(&said(top, &path, Some((argument.name, &form)), false));
        // What is evaluated for each user is so when there are users; here the constant parts of it are.
        let expression = matches!(argument.kind, Kind::Expression(_));
        let told = said.iter().any(|one| one.contains("record on line 3; parse error on line 4"));
        assert!(told || expression, "{path:?} {}.{}: {said:?}", block.name, argument.name);
        seen += usize::from(told);
    }
    assert!(seen > 60, "{seen}");
}
