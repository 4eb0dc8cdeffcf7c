//! Modules while they are written: what is wrong in them, and what could stand there.

use std::fs;

use super::{
    tests::{MAIN, script},
    text::uri_of,
};

const MODULE: &str = "variable \"staff\" {\n  type = list(string)\n}\n\nmfa \"staff\" {\n  state  = \"enforced\"\n  groups = var.staff\n}\n\noutput \"staff\" {\n  value = var.staff\n}\n";

fn main(call: &str) -> String {
    format!("{MAIN}\n{call}")
}

#[test]
fn a_module_is_judged_where_it_is_called() {
    script(|client, dir| {
        fs::create_dir(dir.join("m")).unwrap();
        fs::write(dir.join("m/main.mfa.hcl"), MODULE).unwrap();
        let module = uri_of(&dir.join("m/main.mfa.hcl")).unwrap().as_str().to_owned();
        let root = client.uri().to_owned();
        // By itself it lacks a tenant and a value, which are its caller's word.
        client.move_to(&module);
        client.open(MODULE);
        assert_eq!(client.diagnostics(), [] as [serde_json::Value; 0]);
        let found = client.change(&MODULE.replace("enforced", "enforcd"));
        assert_eq!(found.len(), 1, "{found:?}");
        // A caller that is open says what is wrong with its values.
        client.change(MODULE);
        client.move_to(&root);
        client.open(&main("module \"m\" {\n  source = \"./m\"\n  staff  = { a = 1 }\n}\n"));
        let found = client.diagnostics();
        assert!(found.iter().any(|one| one["message"].as_str().unwrap().contains("var.staff")), "{found:?}");
        client.move_to(&module);
        let is_it = |one: &serde_json::Value| one["message"].as_str().unwrap().contains("enforcd");
        let mut found = client.change(&MODULE.replace("enforced", "enforcd"));
        // What was said before is still on its way.
        while !found.iter().any(is_it) {
            found = client.diagnostics();
        }
        let said = found.iter().find(|one| is_it(one)).unwrap();
        let places: Vec<_> =
            said["relatedInformation"].as_array().unwrap().iter().map(|one| &one["location"]["uri"]).collect();
        assert_eq!(places, [root.as_str()]);
    });
}

#[test]
fn inputs_and_outputs_of_a_module_are_offered() {
    script(|client, dir| {
        fs::create_dir(dir.join("m")).unwrap();
        fs::write(dir.join("m/main.mfa.hcl"), MODULE).unwrap();
        client
            .open(&main("module \"m\" {\n  source = \"./m\"\n  \n}\n\nlocals {\n  a = module.\n  b = module.m.\n}\n"));
        let offered = client.complete("source = \"./m\"\n  ");
        assert!(offered.contains(&"staff".to_owned()) && offered.contains(&"for_each".to_owned()), "{offered:?}");
        assert!(!offered.contains(&"source".to_owned()), "{offered:?}");
        assert_eq!(client.complete("a = module."), ["m"]);
        assert_eq!(client.complete("b = module.m."), ["staff"]);
        assert!(client.complete("  b = m").contains(&"module".to_owned()));
    });
}

#[test]
fn inputs_and_outputs_lead_into_the_modules_files() {
    script(|client, dir| {
        fs::create_dir(dir.join("m")).unwrap();
        fs::write(dir.join("m/main.mfa.hcl"), MODULE).unwrap();
        client.open(&main(
            "module \"m\" {\n  source = \"./m\"\n  staff  = []\n  nobody = 1\n}\n\nlocals {\n  a = module.m.staff\n  b = module.m[local.keys[0]].staff\n  c = module.m.nothing\n  d = local.staff\n}\n",
        ));
        let mut asked = |needle: &str| {
            let place = client.behind(needle);
            let found = client.ask("textDocument/definition", place.clone());
            let said = client.ask("textDocument/hover", place)["contents"]["value"].as_str().map(str::to_owned);
            (found, said)
        };
        for (needle, line, declares) in [
            ("\n  staff", 0, "variable \"staff\""),
            ("a = module.m.staff", 9, "output \"staff\""),
            ("[local.keys[0]].sta", 9, "output \"staff\""),
        ] {
            let (found, said) = asked(needle);
            assert!(found["uri"].as_str().unwrap().ends_with("/m/main.mfa.hcl"), "{needle}: {found}");
            assert_eq!(found["range"]["start"]["line"], line, "{needle}");
            assert!(said.is_some_and(|said| said.contains(declares)), "{needle}");
        }
        // The name of the call is declared here, and its own arguments are the block's.
        let (found, _) = asked("a = module.m");
        assert!(found["uri"].as_str().unwrap().ends_with("/main.mfa.hcl"), "{found}");
        assert!(!found["uri"].as_str().unwrap().ends_with("/m/main.mfa.hcl"), "{found}");
        assert!(asked("\n  source").1.is_some_and(|said| said.contains("required")));
        for nothing in ["\n  nobody", "d = local.staff"] {
            assert_eq!(asked(nothing), (serde_json::Value::Null, None), "{nothing}");
        }
        assert_eq!(asked("module.m.nothing").1, None);
    });
}

#[test]
fn a_fleet_is_judged_and_completed_as_one() {
    script(|client, dir| {
        let fleet = uri_of(&dir.join("all.mfafleet.hcl")).unwrap().as_str().to_owned();
        client.move_to(&fleet);
        let text = "fleet \"f\" {\n  tenant \"a\" {\n    directory = \"a\"\n    ring      = \"pilto\"\n  }\n\n  ring \"pilot\" {}\n}\n";
        client.open(text);
        let found = client.diagnostics();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0]["message"].as_str().unwrap().contains("did you mean `pilot`?"));
        assert_eq!(client.change(&text.replace("pilto", "pilot")), [] as [serde_json::Value; 0]);
        client.change(&text.replace("ring      = \"pilto\"", ""));
        let offered = client.complete("directory = \"a\"\n    ");
        assert!(offered.contains(&"ring".to_owned()) && offered.contains(&"credentials".to_owned()), "{offered:?}");
    });
}
