//! What is generated for shells and readers, habits of Terraform's users, and secrets in outputs.

use super::program::Place;

#[test]
fn a_long_flag_with_one_dash_is_an_error_that_spells_it_and_writes_nothing() {
    let place = Place::copy_of("examples/minimal");
    for (line, spelling) in [
        (&["plan", "-out=x.mfaplan"][..], "--out=x.mfaplan"),
        (&["plan", "-out", "x.mfaplan"], "--out"),
        (&["-chdir=.", "plan"], "--chdir=."),
        (&["plan", "-json"], "--json"),
        (&["apply", "-auto-approve"], "--auto-approve"),
        (&["fmt", "-recursive"], "--recursive"),
        (&["-version"], "--version"),
    ] {
        let said = place.run(line);
        assert_eq!((said.out.as_str(), said.code), ("", 1), "{line:?}");
        assert!(said.err.contains(&format!("hint: write {spelling}\n")), "{line:?}: {}", said.err);
    }
    let names: Vec<_> = std::fs::read_dir(place.path()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
}

#[test]
fn short_flags_still_have_one_dash() {
    let place = Place::copy_of("examples/minimal");
    let said = place.run(&["plan", "-vq", "-o", "x.mfaplan"]);
    assert_eq!(said.code, 1, "-v and -q exclude each other");
    let said = place.run(&["plan", "-v", "-o", "x.mfaplan"]);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(place.path().join("x.mfaplan").exists());
}

#[test]
fn every_shell_has_completions_and_every_command_a_manual_page() {
    let place = Place::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let said = place.run(&["completions", shell]);
        assert!(said.code == 0 && said.out.contains("MFAPLAN_COMPLETE"), "{shell}: {}", said.out);
    }
    for command in ["plan", "apply", "fmt", "console"] {
        let said = place.run(&["man", command]);
        assert!(said.code == 0 && said.out.contains(".TH") && said.out.contains("Examples"), "{command}");
    }
    let synopsis = |command: &str| {
        let page = place.run(&["man", command]).out;
        page.lines().skip_while(|line| *line != ".SH SYNOPSIS").nth(1).unwrap().replace("\\fB", "").replace("\\fI", "")
    };
    let approve = synopsis("approve").replace("\\fR", "").replace("\\-", "-");
    assert!(approve.starts_with("mfaplan approve [--chdir DIR]") && approve.contains("[-o|--out FILE]"), "{approve}");
    assert!(approve.trim_end().ends_with("--key KEY <FILE|--digest DIGEST>"), "{approve}");
    assert!(synopsis("plan").replace("\\fR", "").replace("\\-", "-").contains("[--var NAME=VALUE]..."));
    assert!(place.run(&["man"]).out.contains("mfaplan\\-plan"));
    assert_eq!(place.run(&["man", "plann"]).code, 1);
}

#[test]
fn an_output_of_a_sensitive_value_must_say_so() {
    let place = Place::copy_of("examples/minimal");
    let output = |more: &str| {
        format!(
            "variable \"key\" {{\n  sensitive = true\n}}\n\noutput \"key\" {{\n  value = \"a-${{var.key}}\"\n{more}}}\n"
        )
    };
    place.write("output.mfa.hcl", &output(""));
    let said = place.run(&["plan", "--var", "key=hunter2"]);
    assert_eq!((said.out.as_str(), said.code), ("", 1), "{}", said.err);
    assert!(said.err.contains("Output refers to a sensitive value") && !said.err.contains("hunter2"), "{}", said.err);
    place.write("output.mfa.hcl", &output("  sensitive = true\n"));
    for line in [&["plan", "--var", "key=hunter2"][..], &["plan", "--var", "key=hunter2", "--json"]] {
        let said = place.run(line);
        assert_eq!(said.code, 0, "{}", said.err);
        assert!(!said.out.contains("hunter2") && !said.err.contains("hunter2"), "{}", said.out);
    }
}
