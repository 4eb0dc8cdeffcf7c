//! `null` means the same in every block, argument by argument of the schema table: a block that is added there is held to
//! it without anybody thinking of it.

use super::{
    samples::{arguments, errors, said, said_of, sample, written},
    schema::SELECTORS,
};

#[test]
fn a_required_argument_that_is_null_is_an_error_at_its_place_in_every_block() {
    let mut seen = 0;
    for (top, path, block, argument) in arguments().into_iter().filter(|(.., argument)| argument.required) {
        // A variable has no name for `null` inside its own declaration but the literal, and a source is none other.
        let literal = matches!(top.name, "variable" | "module");
        let forms = if literal { &["null"][..] } else { &["null", "var.nothing"] };
        let repeated = (top.attribute("for_each").is_some() && !literal).then_some("each.value");
        for form in forms.iter().copied().chain(repeated) {
            for policy in [false, true] {
                if policy && (!top.policy || form != "null") {
                    continue;
                }
                let said = match repeated {
                    Some(each) if form == each => {
                        let mut text = String::new();
                        written(top, &path, Some((argument.name, form)), &mut text);
                        let text = text.replacen('\n', "\nfor_each = { a = null }\n", 1);
                        said_of(&text)
                    }
                    _ => said(top, &path, Some((argument.name, form)), policy),
                };
                let wanted = format!("`{}` is required and this is null.", argument.name);
                let told: Vec<_> = said.iter().filter(|one| one.detail == wanted).collect();
                assert!(!told.is_empty(), "{path:?} {}.{} = {form}: {:?}", block.name, argument.name, errors(&said));
                assert!(told.iter().all(|one| one.primary.is_some()));
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}

/// Where absence says more than nobody, or where Terraform wants a value: there `null` is an error.
fn absence_would_widen(block: &str, argument: &str) -> bool {
    match (block, argument) {
        (_, "for_each") => true,
        ("accept" | "wave", name) => SELECTORS.contains(&name),
        ("window", "days") | ("variable", "description" | "sensitive" | "nullable" | "type") => true,
        _ => false,
    }
}

#[test]
fn an_optional_argument_that_is_null_counts_as_not_set_in_every_block() {
    let mut seen = 0;
    for (top, path, block, argument) in arguments().into_iter().filter(|(.., argument)| !argument.required) {
        if absence_would_widen(block.name, argument.name) {
            let said = errors(&said(top, &path, Some((argument.name, "null")), false));
            assert!(!said.is_empty(), "{}.{}", block.name, argument.name);
            continue;
        }
        // There `null` is a value like any other.
        if (block.name, argument.name) == ("variable", "default") {
            continue;
        }
        let without = errors(&said(top, &path, None, top.policy));
        let with = errors(&said(top, &path, Some((argument.name, "null")), top.policy));
        assert_eq!(with, without, "{path:?} {}.{}", block.name, argument.name);
        // And the sample is one: otherwise null would be compared with a mistake.
        let valid = errors(&said(top, &path, Some((argument.name, &sample(block, argument))), top.policy));
        assert_eq!(valid, Vec::<String>::new(), "{path:?} {}.{}", block.name, argument.name);
        seen += 1;
    }
    assert!(seen > 40, "{seen}");
}
