//! A scripted client at the other end of the line.

use std::{path::Path, thread};

use lsp_server::{Connection, Message, Notification, Request, RequestId, ResponseError};
use serde_json::{Value, json};

use super::{ServeOptions, serve, text::uri_of};

pub(super) const MAIN: &str = r#"tenant "Contoso" {
  id       = "00000000-0000-0000-0000-000000000007"
  snapshot = "tenant.json"
}

variable "wave" {
  default = 1
}

locals {
  departments = ["Finance"]
}

rollout "spring" {
  wave "all" {
    from    = "2026-12-01"
    percent = 100
  }
}

mfa "staff" {
  state   = "enforced"
  users   = ["ann@contoso.com"]
  where   = contains(local.departments, user.department) && var.wave > 0
  rollout = "spring"
}
"#;

pub(super) const SNAPSHOT: &str = r#"{"formatVersion": "1.0", "capturedAt": "2026-11-20T08:00:00Z",
 "tenant": {"id": "00000000-0000-0000-0000-000000000007", "displayName": "Contoso"},
 "groups": [{"id": "00000000-0000-0000-0000-000000000009", "displayName": "SG-Finance", "mail": null}],
 "users": [{"id": "00000000-0000-0000-0000-000000000001", "userPrincipalName": "ann@contoso.com", "perUserMfaState": "disabled", "department": "Finance"},
           {"id": "00000000-0000-0000-0000-000000000002", "userPrincipalName": "bo@contoso.com", "perUserMfaState": "disabled"}]}"#;

/// The value of `var.secret`, where a script declares it.
pub(super) const CANARY: &str = "pebble-471100471";

/// The client's end.
pub(super) struct Client<'a> {
    connection: &'a Connection,
    uri: String,
    text: String,
    requests: i32,
}

impl Client<'_> {
    pub(super) fn note(&self, method: &str, params: Value) {
        self.connection.sender.send(Notification::new(method.into(), params).into()).unwrap();
    }

    /// Sends a request and waits for its answer; notifications in between are dropped.
    pub(super) fn ask(&mut self, method: &str, params: Value) -> Value {
        self.answer(method, params).unwrap()
    }

    /// Sends a request that cannot be answered, and returns why.
    pub(super) fn ask_for_error(&mut self, method: &str, params: Value) -> String {
        self.answer(method, params).unwrap_err().message
    }

    /// Whatever is answered, as text.
    pub(super) fn try_ask(&mut self, method: &str, params: Value) -> String {
        self.answer(method, params).map_or_else(|error| error.message, |answer| answer.to_string())
    }

    fn answer(&mut self, method: &str, params: Value) -> Result<Value, ResponseError> {
        self.requests += 1;
        let id = RequestId::from(self.requests);
        self.send(Request::new(id.clone(), method.into(), params).into());
        loop {
            match self.connection.receiver.recv().unwrap() {
                Message::Response(response) if response.id == id => return response.response_result,
                _ => {}
            }
        }
    }

    pub(super) fn send(&self, message: Message) {
        self.connection.sender.send(message).unwrap();
    }

    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// Goes on with another file.
    pub(super) fn move_to(&mut self, uri: &str) {
        self.uri = uri.to_owned();
    }

    /// The method of the next request that the server asks.
    pub(super) fn next_request(&self) -> String {
        loop {
            if let Message::Request(request) = self.connection.receiver.recv().unwrap() {
                return request.method;
            }
        }
    }

    pub(super) fn open(&mut self, text: &str) {
        self.text = text.to_owned();
        let document = json!({"uri": self.uri, "languageId": "mfaplan", "version": 1, "text": text});
        self.note("textDocument/didOpen", json!({"textDocument": document}));
    }

    /// Replaces the text, and waits for the diagnostics of the file.
    pub(super) fn change(&mut self, text: &str) -> Vec<Value> {
        self.text = text.to_owned();
        let document = json!({"uri": self.uri, "version": 2});
        self.note("textDocument/didChange", json!({"textDocument": document, "contentChanges": [{"text": text}]}));
        self.diagnostics()
    }

    pub(super) fn diagnostics(&self) -> Vec<Value> {
        self.diagnostics_of(&self.uri)
    }

    /// The next diagnostics of a file.
    pub(super) fn diagnostics_of(&self, uri: &str) -> Vec<Value> {
        loop {
            if let Message::Notification(one) = self.connection.receiver.recv().unwrap()
                && one.method == "textDocument/publishDiagnostics"
                && one.params["uri"] == *uri
            {
                return one.params["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    /// The position right behind the first occurrence of `needle`, in UTF-16 or, for ASCII, in UTF-8.
    pub(super) fn behind(&self, needle: &str) -> Value {
        let at = self.text.find(needle).unwrap() + needle.len();
        let before = &self.text[..at];
        let line = before.matches('\n').count();
        let column = before[before.rfind('\n').map_or(0, |at| at + 1)..].encode_utf16().count();
        json!({"textDocument": {"uri": self.uri}, "position": {"line": line, "character": column}})
    }

    /// The labels offered right behind `needle`.
    pub(super) fn complete(&mut self, needle: &str) -> Vec<String> {
        let place = self.behind(needle);
        let answer = self.ask("textDocument/completion", place);
        let items = answer["items"].as_array().unwrap();
        items.iter().map(|item| item["label"].as_str().unwrap().to_owned()).collect()
    }
}

/// Runs a script against a server over a directory with the snapshot in it.
pub(super) fn script(run: impl FnOnce(&mut Client<'_>, &Path)) {
    script_in(&["utf-16", "utf-8"], "utf-8", run);
}

/// … with a client that says this of itself.
pub(super) fn script_with(params: Value, run: impl FnOnce(&mut Client<'_>, &Path)) {
    converse(params, "utf-16", run);
}

/// … with a client that counts columns in these units, of which the server takes one.
fn script_in(offered: &[&str], taken: &str, run: impl FnOnce(&mut Client<'_>, &Path)) {
    converse(json!({"capabilities": {"general": {"positionEncodings": offered}}}), taken, run);
}

fn converse(mut params: Value, taken: &str, run: impl FnOnce(&mut Client<'_>, &Path)) {
    if params.get("capabilities").is_none() {
        params["capabilities"] = json!({});
    }
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("tenant.json"), SNAPSHOT).unwrap();
    thread::scope(|scope| {
        // In here, so that a client that panics hangs up and the server ends.
        let (server, client) = Connection::memory();
        let served = scope.spawn(move || {
            let clock = || "2026-11-24T08:00:00Z".parse().unwrap();
            serve(
                &server,
                &ServeOptions {
                    policy_dir: None,
                    environment: vec![
                        ("MFAPLAN_VAR_given".into(), "1".into()),
                        ("MFAPLAN_VAR_secret".into(), CANARY.into()),
                    ],
                    clock: &clock,
                },
            )
        });
        let uri = uri_of(&dir.path().join("main.mfa.hcl")).unwrap().as_str().to_owned();
        let mut client = Client { connection: &client, uri, text: String::new(), requests: 0 };
        let result = client.ask("initialize", params);
        assert_eq!(result["capabilities"]["positionEncoding"], taken);
        client.note("initialized", json!({}));
        run(&mut client, dir.path());
        client.ask("shutdown", Value::Null);
        client.note("exit", Value::Null);
        served.join().unwrap().unwrap();
    });
}

#[test]
fn diagnostics_come_while_typing_and_go_when_the_slip_is_mended() {
    script(|client, _| {
        client.open(MAIN);
        assert_eq!(client.diagnostics(), [Value::Null; 0]);
        let found = client.change(&MAIN.replace("\"enforced\"", "\"enforce\""));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0]["range"]["start"]["line"], 21);
        assert!(found[0]["message"].as_str().unwrap().contains("did you mean"), "{found:?}");
        // A value may come from the environment; one that comes from nowhere is missed.
        let needs = |name: &str| format!("{MAIN}\nvariable \"{name}\" {{\n  type = number\n}}\n");
        assert_eq!(client.change(&needs("given")), [Value::Null; 0]);
        assert_eq!(client.change(&needs("missing")).len(), 1);
        // What only the snapshot knows.
        let found = client.change(&MAIN.replace("ann@", "anne@"));
        assert!(found[0]["message"].as_str().unwrap().contains("did you mean `ann@contoso.com`?"), "{found:?}");
        assert_eq!(client.change(MAIN), [Value::Null; 0]);
    });
}

#[test]
fn completion_offers_blocks_arguments_values_names_and_people() {
    script(|client, _| {
        client.open(MAIN);
        client.diagnostics();
        client.change(&format!("{MAIN}\nacc"));
        assert!(client.complete("\nacc").contains(&"accept".to_owned()));
        // A file does not parse while it is being typed.
        let typed = |line: &str| MAIN.replace("rollout = \"spring\"\n}", &format!("{line}\n}}"));
        client.change(&typed("rollout = \""));
        assert_eq!(client.complete("rollout = \""), ["spring"]);
        client.change(&typed("groups = [\"sg"));
        assert_eq!(client.complete("groups = [\"sg"), ["SG-Finance"]);
        client.change(&typed("roles = [\"global r"));
        assert_eq!(client.complete("roles = [\"global r"), ["Global Reader"], "nobody holds it in the snapshot");
        client.change(&typed("reason = var.\n  prio"));
        assert_eq!(client.complete("reason = var."), ["wave"]);
        assert!(client.complete("  prio").contains(&"priority".to_owned()));
        assert_eq!(client.complete("state   = \""), ["disabled", "enabled", "enforced"]);
        assert_eq!(client.complete("users   = [\""), ["ann@contoso.com", "bo@contoso.com"]);
        assert!(client.complete("user.").contains(&"mfa_state".to_owned()));
        assert!(client.complete("where   = ").contains(&"startswith".to_owned()));
    });
}

#[test]
fn people_are_offered_in_a_file_that_is_opened_with_a_slip_in_it() {
    script(|client, _| {
        client.open(&MAIN.replace("\"enforced\"", "\"enforce\""));
        assert_eq!(client.diagnostics().len(), 1);
        assert_eq!(client.complete("users   = [\""), ["ann@contoso.com", "bo@contoso.com"]);
    });
}

#[test]
fn hover_explains_arguments_functions_values_and_rules() {
    script(|client, _| {
        client.open(&format!("{MAIN}\naccept \"MFA006\" {{\n}}\n"));
        let mut says = |needle: &str| {
            let place = client.behind(needle);
            client.ask("textDocument/hover", place)["contents"]["value"].as_str().unwrap_or_default().to_owned()
        };
        assert!(says("MFA006").contains("smtp-auth-sender"));
        assert!(says("contains").contains("contains(list, value)"), "{}", says("contains"));
        assert!(says("local.depart").contains("departments = [\"Finance\"]"));
        assert!(says("\nmfa").contains("```hcl"));
        assert!(says("  state").contains("required"));
        assert_eq!(says("\"ann@con"), "");
    });
}

#[test]
fn hover_tells_type_and_meaning_of_facts_where_they_exist() {
    script(|client, _| {
        let rule = "rule \"hr\" {\n  when     = change.after == \"enforced\" && user.extension[\"3\"] == \"x\"\n  \
                    severity = \"low\"\n  message  = \"${user.mfa_state} today\"\n}\n\nlocals {\n  no = user.kind\n}\n";
        client.open(&format!("{MAIN}\n{rule}"));
        let mut says = |needle: &str| {
            let place = client.behind(needle);
            client.ask("textDocument/hover", place)["contents"]["value"].as_str().unwrap_or_default().to_owned()
        };
        assert!(says("user.dep").starts_with("`user.department`: string\n\nThe department."), "{}", says("user.dep"));
        assert!(says("change.af").starts_with("`change.after`: string"));
        assert!(says("user.ext").contains("map(string)"));
        assert!(says("${user.mfa").contains("`disabled`, `enabled` or `enforced`"));
        assert_eq!(says("no = user.k"), "", "there is no `user` in locals");
        for field in crate::eval::UserField::ALL {
            let text = MAIN.replace("user.department", &format!("user.{}", field.as_str()));
            client.change(&text);
            let place = client.behind(&format!("user.{}", field.as_str()));
            let said = client.ask("textDocument/hover", place)["contents"]["value"].to_string();
            assert!(said.contains(field.member().ty), "{said}");
        }
    });
}

#[test]
fn columns_are_counted_as_the_client_counts_them() {
    script_in(&["utf-16"], "utf-16", |client, _| {
        let odd = MAIN.replace("users   = [\"ann@", "users   = [/* 𝄞é */ \"anne@");
        client.open(&odd);
        // 𝄞 is two units, one character and four bytes; é is one unit and two bytes.
        let found = client.diagnostics();
        assert_eq!((found.len(), &found[0]["range"]["start"]["character"]), (1, &json!(23)), "{found:?}");
        assert_eq!(found[0]["range"]["end"]["character"], 41);
        let place = client.behind("\"anne@");
        let offered = client.ask("textDocument/completion", place);
        let place = client.behind("\"ann");
        assert_eq!(client.ask("textDocument/completion", place)["items"][0]["label"], "ann@contoso.com");
        assert_eq!(offered["items"], json!([]));
        client.change(&MAIN.replace("where   = ", "where   = \"𝄞\" == user.mail || "));
        let place = client.behind("user.depart");
        let said = client.ask("textDocument/hover", place);
        assert_eq!(said["range"]["end"]["character"], 76, "{said}");
    });
}

#[test]
fn values_of_variables_are_completed_explained_and_lead_to_their_variable() {
    script(|client, dir| {
        std::fs::write(dir.join("main.mfa.hcl"), MAIN).unwrap();
        client.uri = uri_of(&dir.join("x.auto.mfavars.hcl")).unwrap().as_str().to_owned();
        client.open("wave = 2\nwa\n");
        assert_eq!(client.complete("\nwa"), ["wave"]);
        let place = client.behind("wave");
        let said = client.ask("textDocument/hover", place.clone());
        assert!(said["contents"]["value"].as_str().unwrap().contains("default = 1"), "{said}");
        assert_eq!(client.ask("textDocument/definition", place)["range"]["start"]["line"], 5);
        std::fs::create_dir(dir.join("tests")).unwrap();
        client.uri = uri_of(&dir.join("tests/a.mfatest.hcl")).unwrap().as_str().to_owned();
        client.open("run \"x\" {\n  variables {\n    wave = 1\n  }\n}\n");
        let place = client.behind("    wave");
        let found = client.ask("textDocument/definition", place);
        assert!(found["uri"].as_str().unwrap().ends_with("/main.mfa.hcl"), "{found}");
    });
}

#[test]
fn names_lead_to_their_declarations_even_in_other_files() {
    script(|client, dir| {
        std::fs::write(dir.join("values.mfa.hcl"), "\nvariable \"far\" {\n  default = 1\n}\n").unwrap();
        client.open(&MAIN.replace("var.wave", "var.far"));
        let mut line = |needle: &str| {
            let place = client.behind(needle);
            let found = client.ask("textDocument/definition", place);
            let file = found["uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            (file, found["range"]["start"]["line"].as_u64().unwrap())
        };
        assert_eq!(line("var.fa"), ("values.mfa.hcl".into(), 1));
        assert_eq!(line("local.dep"), ("main.mfa.hcl".into(), 10));
        assert_eq!(line("rollout = \"spr"), ("main.mfa.hcl".into(), 13));
    });
}

#[test]
fn formatting_is_that_of_the_command_and_unknown_questions_get_an_error() {
    script(|client, _| {
        let messy = "locals {\n a = 1\n   long = 2\n}\n";
        client.open(messy);
        let document = json!({"textDocument": {"uri": client.uri}, "options": {"tabSize": 2, "insertSpaces": true}});
        let edits = client.ask("textDocument/formatting", document.clone());
        assert_eq!(edits[0]["newText"], crate::fmt::format(messy).unwrap());
        let symbols = client.ask("textDocument/documentSymbol", document);
        assert_eq!(symbols[2]["name"], "local.long");
        client.connection.sender.send(Request::new(99.into(), "workspace/wonders".into(), Value::Null).into()).unwrap();
        loop {
            if let Message::Response(response) = client.connection.receiver.recv().unwrap() {
                assert_eq!(response.response_result.unwrap_err().code, -32601);
                return;
            }
        }
    });
}

#[test]
fn scenario_files_have_their_own_blocks() {
    script(|client, dir| {
        client.uri = uri_of(&dir.join("a.mfatest.hcl")).unwrap().as_str().to_owned();
        client.open("run \"x\" {\n  expect_failurs = []\n  as\n}\nv\n");
        let found = client.diagnostics();
        assert!(found.iter().any(|one| one["message"].as_str().unwrap().contains("Invalid block")), "{found:?}");
        assert!(client.complete("\n  as").contains(&"as_of".to_owned()));
        assert_eq!(client.complete("\nv"), ["variables", "run"]);
        let found = client.change("run \"x\" {\n  expect_failurs = []\n}\n");
        assert!(found[0]["message"].as_str().unwrap().contains("did you mean `expect_failures`?"), "{found:?}");
    });
}
