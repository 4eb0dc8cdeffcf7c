//! Every capability by a scripted client, and a client that makes no sense.

use std::{collections::BTreeSet, fs};

use lsp_server::{Message, Notification, Request, RequestId};
use serde_json::{Value, json};

use super::{
    tests::{CANARY, Client, MAIN, SNAPSHOT, script, script_with},
    text::uri_of,
};

fn lines(places: &Value) -> Vec<(String, u64)> {
    let mut found: Vec<(String, u64)> = places
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let file = one["uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            (file, one["range"]["start"]["line"].as_u64().unwrap())
        })
        .collect();
    found.sort();
    found
}

const BESIDE: &str = "check \"few\" {\n  assert {\n    condition     = plan.summary.enforce < var.wave\n    \
                      error_message = \"${var.wave}\"\n  }\n}\n";
const SCENARIO: &str =
    "run \"waves\" {\n  variables {\n    wave = 2\n  }\n  expect_failures = [check.few, var.wave]\n}\n";

/// The configuration of two files with values and a scenario, on the disk and (the first) open.
fn several(client: &mut Client<'_>, dir: &std::path::Path) {
    fs::create_dir(dir.join("tests")).unwrap();
    fs::write(dir.join("beside.mfa.hcl"), BESIDE).unwrap();
    fs::write(dir.join("x.auto.mfavars.hcl"), "wave = 3\n").unwrap();
    fs::write(dir.join("tests/waves.mfatest.hcl"), SCENARIO).unwrap();
    client.open(MAIN);
    client.diagnostics();
}

#[test]
fn a_name_is_found_and_renamed_in_every_file_that_knows_it() {
    script(|client, dir| {
        several(client, dir);
        let mut place = client.behind("variable \"wa");
        place["context"] = json!({"includeDeclaration": true});
        let expected = [
            ("beside.mfa.hcl", 2),
            ("beside.mfa.hcl", 3),
            ("main.mfa.hcl", 5),
            ("main.mfa.hcl", 23),
            ("waves.mfatest.hcl", 2),
            ("waves.mfatest.hcl", 4),
            ("x.auto.mfavars.hcl", 0),
        ]
        .map(|(file, line)| (file.to_owned(), line));
        assert_eq!(lines(&client.ask("textDocument/references", place.clone())), expected);
        place["context"]["includeDeclaration"] = false.into();
        assert_eq!(lines(&client.ask("textDocument/references", place)).len(), 6);
        // From a use, as from the declaration.
        let place = client.behind("var.wa");
        assert_eq!(client.ask("textDocument/prepareRename", place.clone())["placeholder"], "wave");
        let mut renamed = place.clone();
        renamed["newName"] = "batch".into();
        let changes = client.ask("textDocument/rename", renamed)["changes"].clone();
        let counts: Vec<usize> =
            changes.as_object().unwrap().values().map(|edits| edits.as_array().unwrap().len()).collect();
        assert_eq!(counts.iter().sum::<usize>(), 7, "{changes}");
        let marks = client.ask("textDocument/documentHighlight", place);
        assert_eq!(marks.as_array().unwrap().len(), 2);
        // Where it is declared.
        let place = client.behind("local.depart");
        assert_eq!(client.ask("textDocument/definition", place)["range"]["start"]["line"], 10);
    });
}

#[test]
fn a_name_that_cannot_be_is_refused_and_nothing_changes() {
    script(|client, dir| {
        several(client, dir);
        for (needle, to, why) in [
            ("var.wa", "2nd", "is no name"),
            ("rollout \"spr", "", "is no name"),
            ("tenant \"Con", "a\"b", "without quotes"),
            ("state", "x", "nothing that is declared"),
        ] {
            let mut place = client.behind(needle);
            place["newName"] = to.into();
            let said = client.ask_for_error("textDocument/rename", place);
            assert!(said.contains(why), "{needle}: {said}");
        }
        client.change(&MAIN.replace("locals {\n", "locals {\n  other = 1\n"));
        let mut place = client.behind("local.depart");
        place["newName"] = "other".into();
        assert!(client.ask_for_error("textDocument/rename", place).contains("another local"));
    });
}

/// The titles of the actions right behind `needle`, and the actions.
fn actions(client: &mut Client<'_>, needle: &str) -> (Vec<String>, Value) {
    let place = client.behind(needle);
    let range = json!({"start": place["position"], "end": place["position"]});
    let params = json!({"textDocument": place["textDocument"], "range": range, "context": {"diagnostics": []}});
    let found = client.ask("textDocument/codeAction", params);
    (found.as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap().to_owned()).collect(), found)
}

#[test]
fn a_better_word_is_one_action_away() {
    script(|client, _| {
        client.open(MAIN);
        client.diagnostics();
        for (wrong, needle, title) in [
            (MAIN.replace("\"enforced\"", "\"enforcd\""), "\"enfor", "Replace `enforcd` by `enforced`"),
            (MAIN.replace("  rollout =", "  rolout ="), "  rol", "Replace `rolout` by `rollout`"),
            (MAIN.replace("var.wave", "var.wav"), "var.wa", "Replace `wav` by `wave`"),
            (MAIN.replace("contains(", "contain("), "= contai", "Replace `contain` by `contains`"),
            (MAIN.replace(" && ", " and "), "an", "Replace `and` by `&&`"),
            (MAIN.replace("\"spring\"\n}", "\"sprin\"\n}"), "= \"spri", "Replace `sprin` by `spring`"),
        ] {
            client.change(&wrong);
            // `an` stands in "ann", too: the place is that of the diagnostic.
            let needle = if needle == "an" { "user.department) an" } else { needle };
            let (titles, found) = actions(client, needle);
            assert_eq!(titles, [title], "{wrong}");
            let edit = &found[0]["edit"]["changes"][client.uri()][0];
            assert!(edit["newText"].as_str().is_some_and(|text| title.contains(text)), "{edit}");
        }
        client.change(MAIN);
        assert_eq!(actions(client, "state").0, [""; 0]);
    });
}

#[test]
fn a_plan_on_save_stands_above_the_blocks_and_answers_its_findings() {
    script_with(json!({"initializationOptions": {"plan": true}}), |client, dir| {
        let legacy =
            "\"department\": \"Finance\", \"signIns\": {\"windowDays\": 30, \"legacy\": {\"IMAP4\": {\"count\": 41}}}";
        fs::write(dir.join("tenant.json"), SNAPSHOT.replace("\"department\": \"Finance\"", legacy)).unwrap();
        let plain = MAIN.replace("  rollout = \"spring\"\n", "").replace("rollout \"spring\"", "rollout \"unused\"");
        client.open(&plain);
        client.diagnostics();
        let document = json!({"textDocument": {"uri": client.uri()}});
        assert_eq!(client.ask("textDocument/codeLens", document.clone()), json!([]), "not before it is saved");
        client.note("textDocument/didSave", document.clone());
        let lenses = client.ask("textDocument/codeLens", document);
        let title = lenses[0]["command"]["title"].as_str().unwrap().to_owned();
        assert!(title.starts_with("plan: 1 "), "{title}");
        let (titles, found) = actions(client, "mfa \"sta");
        let accept =
            titles.iter().position(|one| one.starts_with("Accept MFA")).unwrap_or_else(|| panic!("{titles:?} {title}"));
        let text = found[accept]["edit"]["changes"][client.uri()][0]["newText"].as_str().unwrap();
        assert!(text.contains("users   = [\"ann@contoso.com\"]") && text.contains("expires = \"2027-"), "{text}");
        assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), titles.len(), "{titles:?}");
        assert!(titles.contains(&"Declare ann@contoso.com as a service account".to_owned()), "{titles:?}");
        // With a reason it is a block like any other.
        let answered = format!("{plain}{}\n", text.replace("\"\"", "\"The handhelds are replaced in March\""));
        let errors: Vec<Value> = client.change(&answered).into_iter().filter(|one| one["severity"] == 1).collect();
        assert_eq!(errors, [Value::Null; 0]);
    });
    // Off unless it is asked for.
    script(|client, _| {
        client.open(MAIN);
        client.diagnostics();
        let document = json!({"textDocument": {"uri": client.uri()}});
        client.note("textDocument/didSave", document.clone());
        assert_eq!(client.ask("textDocument/codeLens", document), json!([]));
    });
}

#[test]
fn the_shape_of_a_file_is_told() {
    script(|client, dir| {
        several(client, dir);
        let document = json!({"textDocument": {"uri": client.uri()}});
        let folds = client.ask("textDocument/foldingRange", document.clone());
        assert!(folds.as_array().unwrap().len() >= 5, "{folds}");
        let links = client.ask("textDocument/documentLink", document.clone());
        assert!(links[0]["target"].as_str().unwrap().ends_with("/tenant.json"), "{links}");
        let tokens = client.ask("textDocument/semanticTokens/full", document);
        let data = tokens["data"].as_array().unwrap();
        assert!(data.len() % 5 == 0 && data.len() > 200, "{}", data.len());
        assert_eq!(data[..5], [0, 0, 6, 0, 0].map(Value::from), "`tenant` is a keyword of six letters");
        let found = client.ask("workspace/symbol", json!({"query": "FEW"}));
        assert_eq!((found.as_array().unwrap().len(), &found[0]["name"]), (1, &json!("check.few")));
        let all = client.ask("workspace/symbol", json!({"query": ""}));
        assert!(all.as_array().unwrap().len() >= 6, "{all}");
        let place = client.behind("contains(");
        let help = client.ask("textDocument/signatureHelp", place);
        assert_eq!(help["signatures"][0]["label"], "contains(list, value)");
    });
}

#[test]
fn a_file_that_changes_outside_of_the_editor_counts() {
    let watching = json!({"capabilities": {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": true}}}});
    script_with(watching, |client, dir| {
        assert_eq!(client.next_request(), "client/registerCapability");
        several(client, dir);
        let other = dir.join("beside.mfa.hcl");
        fs::write(&other, BESIDE.replace("var.wave", "var.wav")).unwrap();
        let uri = uri_of(&other).unwrap();
        client.note("workspace/didChangeWatchedFiles", json!({"changes": [{"uri": uri, "type": 2}]}));
        let found = json!(client.diagnostics_of(uri.as_str())).to_string();
        assert!(found.contains("did you mean `wave`?"), "{found}");
    });
}

#[test]
fn only_what_changed_is_sent() {
    script(|client, _| {
        client.open(&MAIN.replace("Contoso", "Contoso é𝄞"));
        client.diagnostics();
        let range = |line: u32, from: u32, to: u32| json!({"start": {"line": line, "character": from}, "end": {"line": line, "character": to}});
        // Two edits in one message: the second is about the text that the first left.
        let edits = json!([
            {"range": range(0, 0, 0), "text": "# a comment\n"},
            {"range": range(22, 13, 21), "text": "enforcd"},
        ]);
        client.note(
            "textDocument/didChange",
            json!({"textDocument": {"uri": client.uri(), "version": 3}, "contentChanges": edits}),
        );
        let found = client.diagnostics();
        assert_eq!((found.len(), &found[0]["range"]["start"]["line"]), (1, &json!(22)), "{found:?}");
        let back = json!([{"range": range(22, 13, 20), "text": "enforced"}]);
        client.note(
            "textDocument/didChange",
            json!({"textDocument": {"uri": client.uri(), "version": 4}, "contentChanges": back}),
        );
        assert_eq!(client.diagnostics(), [Value::Null; 0]);
    });
}

/// What is offered at `|`: what must be among it, and what must not.
const POSITIONS: [(&str, &[&str], &[&str]); 24] = [
    ("mfa \"|\"", &[], &["MFA001", "mfa"]),
    ("variable \"|\"", &[], &["MFA001"]),
    ("rollout \"|\"", &[], &["MFA001"]),
    ("output \"|\"", &[], &["MFA001"]),
    ("accept \"|\"", &["MFA001", "ORG1"], &["MFA00"]),
    ("risk \"|\"", &["MFA001"], &[]),
    ("mfa \"x\" {\n  state = \"enforced\"\n  |\n}", &["users", "priority"], &["state"]),
    ("mfa \"x\" {\n  |\n  users = []\n}", &["state"], &["users"]),
    ("mfa \"x\" {\n  except {\n  }\n  |\n}", &["state"], &["except"]),
    ("mfa \"x\" {\n  except {\n    users = []\n    |\n  }\n}", &["groups"], &["users", "state"]),
    ("mfa \"x\" {\n  where = user.mfa_state == \"|\"\n}", &["enforced", "disabled"], &["ann@contoso.com"]),
    ("mfa \"x\" {\n  where = user.mfa_state != |\n}", &["\"enabled\""], &[]),
    ("mfa \"x\" {\n  where = user.kind == \"|\"\n}", &["service_account", "teams_room"], &["enforced"]),
    ("mfa \"x\" {\n  where = user.user_type == \"|\"\n}", &["Guest"], &[]),
    ("rule \"x\" {\n  when = change.after == \"|\"\n}", &["enforced"], &["Guest"]),
    ("check \"x\" {\n  condition = tenant.cloud == \"|\"\n}", &["usgov"], &[]),
    ("guardrails {\n  window {\n    days = [\"|\"]\n  }\n}", &["mon", "sun"], &["MFA001"]),
    ("locals {\n  b = local.team.|\n}", &["lead", "deputy"], &["upn"]),
    ("locals {\n  b = local.team.deputy.|\n}", &["upn"], &["lead"]),
    ("locals {\n  b = var.limits.|\n}", &["max"], &[]),
    (
        "mfa \"x\" {\n  for_each = { a = { upn = \"a\", wave = 1 } }\n  users = [each.value.|]\n}",
        &["upn", "wave"],
        &["a"],
    ),
    ("mfa \"x\" {\n  for_each = local.teams\n  users = [each.value.|]\n}", &["lead"], &["a"]),
    ("guardrails {\n  not_acceptable = [\"|\"]\n}", &["MFA001", "ORG1"], &[]),
    ("mfa \"x\" {\n  state = |\n}", &["\"enforced\""], &[]),
];

const NAMES: &str = "\nlocals {\n  team = { lead = \"a\", deputy = { upn = 1 } }\n  teams = { a = { lead = \"x\" } }\n}\n\
                     variable \"limits\" {\n  default = { max = 1 }\n}\nrule \"ORG1\" {\n  when = true\n  severity = \"low\"\n  message = \"m\"\n}\n";

#[test]
fn what_can_stand_at_the_cursor_is_offered_and_nothing_else() {
    // With values as the configuration last had them, and in a directory that never loaded.
    for loaded in [true, false] {
        script(|client, _| {
            let names =
                if loaded { NAMES.to_owned() } else { format!("{NAMES}\nlocals {{\n  slip = local.nope\n}}\n") };
            client.open(&format!("{MAIN}{names}"));
            client.diagnostics();
            for (typed, offered, not) in POSITIONS {
                let (before, after) = typed.split_once('|').unwrap();
                client.change(&format!("{MAIN}{names}\n# here\n{before}{after}\n"));
                let found = client.complete(&format!("# here\n{before}"));
                for one in offered {
                    assert!(found.iter().any(|label| label == one), "{loaded} {typed}: {one} is missing: {found:?}");
                }
                for one in not {
                    assert!(!found.iter().any(|label| label == one), "{loaded} {typed}: {one} is offered: {found:?}");
                }
            }
        });
    }
}

#[test]
fn scenarios_know_the_names_of_their_configuration() {
    script(|client, dir| {
        several(client, dir);
        fs::write(dir.join("main.mfa.hcl"), MAIN).unwrap();
        client.move_to(uri_of(&dir.join("tests/waves.mfatest.hcl")).unwrap().as_str());
        client.open("run \"a\" {\n  expect_failures = [check.]\n  variables {\n    \n  }\n}\n");
        assert_eq!(client.complete("[check."), ["few"]);
        assert_eq!(client.complete("variables {\n    "), ["wave"]);
        client.open("run \"a\" {\n  expect_failures = [\"\"]\n}\n");
        assert!(client.complete("[\"").contains(&"max_changes".to_owned()));
        client.open("run \"a\" {\n  expect_failures = [var.]\n}\n");
        assert_eq!(client.complete("[var."), ["wave"]);
        client.open("run \"\" {\n}\n");
        assert_eq!(client.complete("run \""), [""; 0]);
    });
}

#[test]
fn what_comes_at_the_wrong_time_is_answered_too() {
    script(|client, _| {
        assert!(client.ask_for_error("initialize", json!({})).contains("already"));
        assert!(client.ask_for_error("textDocument/unheardOf", json!({})).contains("does not answer"));
        assert!(!client.ask_for_error("textDocument/hover", json!({"position": 1})).is_empty());
        client.note("textDocument/didChange", json!([]));
        client.note(
            "textDocument/didChange",
            json!({"textDocument": {"uri": "file:///never/opened", "version": 1}, "contentChanges": []}),
        );
        client.open(MAIN);
        assert_eq!(client.diagnostics(), [Value::Null; 0]);
    });
}

#[test]
fn no_answer_shows_a_sensitive_value() {
    script_with(json!({"initializationOptions": {"plan": true}}), |client, _| {
        let text = format!(
            "{MAIN}\nvariable \"secret\" {{\n  sensitive = true\n}}\nlocals {{\n  map = {{ k = var.secret, (var.secret) = 1 }}\n  \
             made = \"a ${{var.secret}}\"\n}}\nmfa \"more\" {{\n  state = var.secret\n  users = [var.secret, local.map.k]\n  \
             reason = \"${{local.made}}\"\n  where = user.department == local.map.\n}}\n"
        );
        let right = text.replace("state = var.secret", "state = \"enforced\"").replace("local.map.\n", "local.made\n");
        client.open(&right);
        let mut said = json!(client.diagnostics()).to_string();
        client.note("textDocument/didSave", json!({"textDocument": {"uri": client.uri()}}));
        said += &json!(client.change(&text)).to_string();
        let lines = text.lines().count();
        for (_, method) in CAPABILITIES.iter().filter(|(_, one)| one.starts_with("textDocument/")) {
            for line in 0..lines {
                for character in [4, 12, 20, 28] {
                    let place = json!({"line": line, "character": character});
                    let params = json!({
                        "textDocument": {"uri": client.uri()}, "position": place, "range": {"start": place, "end": place},
                        "context": {"includeDeclaration": true, "diagnostics": [], "triggerKind": 1}, "newName": "other",
                        "options": {"tabSize": 2, "insertSpaces": true},
                    });
                    said += &client.try_ask(method, params);
                }
            }
        }
        said += &client.ask("workspace/symbol", json!({"query": ""})).to_string();
        assert!(said.contains("(sensitive value)") && !said.contains(CANARY) && !said.contains("pebble"), "{said}");
    });
}

/// A small generator: the same messages each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }

    fn number(&mut self) -> Value {
        match self.roll(6) {
            0 => json!(-1),
            1 => json!(u64::MAX),
            2 => json!(u32::MAX),
            3 => json!(1.5),
            _ => json!(self.roll(30)),
        }
    }

    fn params(&mut self, uri: &str) -> Value {
        let position = json!({"line": self.number(), "character": self.number()});
        let range = json!({"start": position, "end": {"line": self.number(), "character": self.number()}});
        let uri = *self.pick(&[uri, uri, uri, "file:///", "untitled:x", "", "file://host/x%zz"]);
        let pieces = ["mfa \"a\" {", "}", "\"", "${", "<<E\n", "user.", "é𝄞", "[1, ", "\r\n", "local.x = ", "\u{0}"];
        let text: String = (0..self.roll(8)).map(|_| *self.pick(&pieces)).collect();
        let mut params = json!({
            "textDocument": {"uri": uri, "languageId": "x", "version": self.number(), "text": text},
            "position": position, "range": range, "context": {"includeDeclaration": true, "diagnostics": [], "triggerKind": 1},
            "newName": text, "query": text, "options": {"tabSize": 2, "insertSpaces": true},
            "contentChanges": [{"range": range, "text": text}], "changes": [{"uri": uri, "type": 1}],
        });
        // One member in four messages is something else than it should be.
        if self.roll(4) == 0 {
            let odd = [Value::Null, json!([]), json!({}), json!("x"), json!(7), json!([[[]]]), json!(true)];
            let keys =
                ["textDocument", "position", "range", "context", "newName", "query", "contentChanges", "changes"];
            params[*self.pick(&keys)] = self.pick(&odd).clone();
        }
        params
    }
}

/// What the server says it can, and the request that asks for it.
const CAPABILITIES: [(&str, &str); 16] = [
    ("codeActionProvider", "textDocument/codeAction"),
    ("codeLensProvider", "textDocument/codeLens"),
    ("completionProvider", "textDocument/completion"),
    ("definitionProvider", "textDocument/definition"),
    ("documentFormattingProvider", "textDocument/formatting"),
    ("documentHighlightProvider", "textDocument/documentHighlight"),
    ("documentLinkProvider", "textDocument/documentLink"),
    ("documentSymbolProvider", "textDocument/documentSymbol"),
    ("foldingRangeProvider", "textDocument/foldingRange"),
    ("hoverProvider", "textDocument/hover"),
    ("referencesProvider", "textDocument/references"),
    ("renameProvider", "textDocument/rename"),
    ("renameProvider", "textDocument/prepareRename"),
    ("semanticTokensProvider", "textDocument/semanticTokens/full"),
    ("signatureHelpProvider", "textDocument/signatureHelp"),
    ("workspaceSymbolProvider", "workspace/symbol"),
];

/// A capability that is added is asked for here, over a secret and among nonsense, or this fails.
#[test]
fn what_the_server_says_it_can_it_answers() {
    let said = super::capabilities::capabilities(super::text::Encoding::Utf8);
    let said: BTreeSet<&str> = said.as_object().unwrap().keys().map(String::as_str).collect();
    let asked = CAPABILITIES.iter().map(|(name, _)| *name);
    assert_eq!(said, asked.chain(["positionEncoding", "textDocumentSync"]).collect());
    script(|client, _| {
        client.open(&MAIN.replace("percent = 100", "percent  = 100"));
        client.diagnostics();
        for (_, method) in CAPABILITIES {
            let mut params = client.behind(if method.contains("signature") { "contains(" } else { "var.wa" });
            let place = params["position"].clone();
            params["range"] = json!({"start": place, "end": place});
            params["context"] = json!({"includeDeclaration": true, "diagnostics": [], "triggerKind": 1});
            params["newName"] = "other".into();
            params["query"] = "".into();
            params["options"] = json!({"tabSize": 2, "insertSpaces": true});
            assert_ne!(client.ask(method, params), Value::Null, "{method}");
        }
    });
}

const NOTES: [&str; 9] = [
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didChange",
    "textDocument/didSave",
    "textDocument/didClose",
    "workspace/didChangeWatchedFiles",
    "workspace/didChangeConfiguration",
    "initialized",
    "initialize",
];

/// Without sense or order; the server must still answer the last one.
#[test]
fn a_hundred_thousand_messages_without_sense_do_not_end_the_conversation() {
    script_with(json!({"initializationOptions": {"plan": true}}), |client, _| {
        let mut dice = Dice(4711);
        let methods: Vec<&str> = NOTES.iter().copied().chain(CAPABILITIES.iter().map(|(_, method)| *method)).collect();
        for at in 0..100_000 {
            let method = (*dice.pick(&methods)).to_owned();
            let params = dice.params(client.uri());
            let message = match dice.roll(8) {
                0 => Notification::new(method, params).into(),
                1 => Message::Response(lsp_server::Response::new_ok(RequestId::from(at), params)),
                _ if method.contains("/did") || method == "initialized" => Notification::new(method, params).into(),
                _ => Request::new(RequestId::from(format!("n{at}")), method, params).into(),
            };
            client.send(message);
            if at % 500 == 0 {
                client.ask("workspace/symbol", json!({"query": ""}));
            }
        }
        client.open(MAIN);
        let place = client.behind("contains(");
        assert_eq!(client.ask("textDocument/signatureHelp", place)["signatures"][0]["label"], "contains(list, value)");
    });
}
