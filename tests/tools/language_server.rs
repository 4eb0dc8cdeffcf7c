//! `mfaplan lsp`: a scripted editor at the other end of the pipes.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdout, Stdio},
};

use serde_json::{Value, json};

use super::program::Place;

struct Editor {
    server: Child,
    from: BufReader<ChildStdout>,
}

impl Editor {
    fn start(place: &Place) -> Self {
        let mut command = place.command(&["lsp"]);
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let from = BufReader::new(server.stdout.take().unwrap());
        Self { server, from }
    }

    fn send(&mut self, mut message: Value) {
        message["jsonrpc"] = "2.0".into();
        let body = message.to_string();
        let to = self.server.stdin.as_mut().unwrap();
        write!(to, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        to.flush().unwrap();
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "the server hung up");
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.from.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    fn ask(&mut self, id: i32, method: &str, params: Value) -> Value {
        self.send(json!({"id": id, "method": method, "params": params}));
        loop {
            let message = self.receive();
            if message["id"] == id {
                assert!(message.get("error").is_none(), "{message}");
                return message["result"].clone();
            }
        }
    }

    fn diagnostics(&mut self, uri: &str) -> Vec<Value> {
        loop {
            let message = self.receive();
            if message["method"] == "textDocument/publishDiagnostics" && message["params"]["uri"] == uri {
                return message["params"]["diagnostics"].as_array().unwrap().clone();
            }
        }
    }
}

#[test]
fn an_editor_gets_diagnostics_completion_formatting_and_a_clean_end() {
    let place = Place::copy_of("examples/minimal");
    let path = place.path().canonicalize().unwrap().join("main.mfa.hcl");
    let uri = format!("file://{}", path.display());
    let text = place.read("main.mfa.hcl").replace("state = \"enforced\"", "state =   \"enforce\"");
    let mut editor = Editor::start(&place);
    let said = editor.ask(1, "initialize", json!({"capabilities": {}, "processId": null, "rootUri": null}));
    assert_eq!(said["serverInfo"]["name"], "mfaplan");
    editor.send(json!({"method": "initialized", "params": {}}));
    let document = json!({"uri": uri, "languageId": "mfaplan", "version": 1, "text": text});
    editor.send(json!({"method": "textDocument/didOpen", "params": {"textDocument": document}}));

    let found = editor.diagnostics(&uri);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0]["message"].as_str().unwrap().contains("did you mean `enforced`?"), "{found:?}");

    let line = text.lines().position(|line| line.contains("\"jdoe@")).unwrap();
    let character = text.lines().nth(line).unwrap().find("jdoe").unwrap();
    let place = json!({"textDocument": {"uri": uri}, "position": {"line": line, "character": character}});
    let offered = editor.ask(2, "textDocument/completion", place).to_string();
    assert!(offered.contains("emergency1@contoso.onmicrosoft.com"), "{offered}");

    let options = json!({"tabSize": 2, "insertSpaces": true});
    let edits = editor.ask(3, "textDocument/formatting", json!({"textDocument": {"uri": uri}, "options": options}));
    assert!(edits[0]["newText"].as_str().unwrap().contains("state = \"enforce\"\n"), "{edits}");

    assert_eq!(editor.ask(4, "shutdown", Value::Null), Value::Null);
    editor.send(json!({"method": "exit"}));
    assert_eq!(editor.server.wait().unwrap().code(), Some(0));
}
