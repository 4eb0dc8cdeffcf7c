//! Values that double with each step end the load with a sentence, before they take the memory.

use std::path::Path;

use super::{Config, LoadFailure, LoadInput, Overlay, load_over};
use crate::diag::render;

/// Forty values, each twice the one before: `local.a40` has 2⁴⁰ elements.
fn doubled(double: &str) -> Result<Config, Box<LoadFailure>> {
    let mut text = String::from(
        "tenant \"t\" {\n  id = \"00000000-0000-0000-0000-000000000007\"\n}\n\nlocals {\n  a0 = [\"x\"]\n",
    );
    for at in 1..=40 {
        text.push_str(&format!("  a{at} = {}\n", double.replace("it", &format!("local.a{}", at - 1))));
    }
    text.push_str("}\n");
    let mut overlay = Overlay::alone();
    overlay.insert("dir/main.mfa.hcl", text);
    let input = LoadInput {
        dir: Path::new("dir"),
        policy_dir: None,
        assignments: &[],
        allow_files: &[],
        environment: &[],
        instant: jiff::Timestamp::UNIX_EPOCH,
        known_rules: &[],
    };
    load_over(input, &overlay)
}

#[test]
fn values_of_shared_structure_end_with_a_sentence() {
    for double in [
        "[it, it]",
        "{ a = it, b = it }",
        "concat(it, it)",
        "[for x in [1, 2] : it]",
        "true ? [it, it] : []",
        "tolist([it, it])",
        "[it, it][*]",
        "[jsonencode(it), jsonencode(it)]",
    ] {
        let failure = doubled(double).expect_err(double);
        let said = render::to_string(&failure.diagnostics, &failure.sources, render::RenderOptions::default());
        let told = ["Value too large", "String too long", "Error in function call", "Value too deep"];
        assert!(told.iter().any(|one| said.contains(one)), "{double}: {said}");
        assert_eq!(failure.diagnostics.len(), 1, "{double}: {said}");
    }
}
