//! The loop: messages in, answers and diagnostics out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, InitializeParams,
    PositionEncodingKind, PublishDiagnosticsParams, Uri,
};
use serde_json::{Value, json};

use super::{
    answers::{self, Answers},
    capabilities::capabilities,
    diagnostics,
    fixes::Fix,
    lens, text,
    text::Encoding,
    workspace::Workspace,
};

/// What the server cannot find out by itself.
pub(crate) struct ServeOptions<'a> {
    /// The policy directory, if there is one.
    pub policy_dir: Option<PathBuf>,
    /// The environment's `MFAPLAN_VAR_<name>` with their values, as for every command.
    pub environment: Vec<(String, String)>,
    /// The clock: `timestamp()` and dates in `where` are evaluated at the instant it gives.
    pub clock: &'a dyn Fn() -> Timestamp,
}

/// The conversation ended other than by the client's wish.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// Nobody receives any more.
    #[error("the client went away")]
    Gone,
    /// The client said `exit` without `shutdown`.
    #[error("the client ended the conversation without a shutdown")]
    NoShutdown,
    /// Answers cannot be written.
    #[error("cannot write to the client: {0}")]
    Write(#[source] std::io::Error),
}

/// Serves one client until it says `exit`. Nothing that a client sends ends it sooner: what makes no sense is answered with
/// an error, or dropped where there is nobody to answer.
///
/// # Errors
/// [`ServeError`].
pub(crate) fn serve(connection: &Connection, options: &ServeOptions<'_>) -> Result<(), ServeError> {
    let mut server = Server {
        connection,
        clock: options.clock,
        stage: Stage::Asleep,
        client: Client { encoding: Encoding::Utf16, snippets: false, watches: false, lenses: false },
        workspace: Workspace::new(options.policy_dir.clone(), options.environment.clone()),
        published: BTreeMap::new(),
        changed: Vec::new(),
        fixes: BTreeMap::new(),
        plans: false,
        lenses: BTreeMap::new(),
        asked: 0,
    };
    server.run()
}

/// What the client can.
#[derive(Clone, Copy, Debug)]
pub(super) struct Client {
    /// How it counts columns.
    pub(super) encoding: Encoding,
    /// Does it understand `$1` in completions?
    pub(super) snippets: bool,
    /// Does it watch files when it is asked to?
    watches: bool,
    /// Does it ask for lenses again when it is told to?
    lenses: bool,
}

/// How far the conversation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// `initialize` has not been asked yet.
    Asleep,
    Awake,
    /// `shutdown` was asked: only `exit` follows.
    Down,
}

struct Server<'c> {
    connection: &'c Connection,
    clock: &'c dyn Fn() -> Timestamp,
    stage: Stage,
    client: Client,
    workspace: Workspace,
    /// Files with diagnostics at the client, by directory.
    published: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// Directories whose diagnostics are out of date.
    changed: Vec<PathBuf>,
    /// What the diagnostics at the client propose to write instead.
    fixes: BTreeMap<PathBuf, Vec<Fix>>,
    /// Is a plan made when a file is saved (`mfaplan.plan`)?
    plans: bool,
    /// What the plans of saved directories say of their blocks.
    lenses: BTreeMap<PathBuf, Vec<lens::Planned>>,
    /// Requests of our own.
    asked: i32,
}

impl Server<'_> {
    fn run(&mut self) -> Result<(), ServeError> {
        loop {
            // Fast typing must not pile up work: a directory is loaded once the client waits for us.
            if self.connection.receiver.is_empty() {
                self.refresh()?;
            }
            let Ok(message) = self.connection.receiver.recv() else {
                return if self.stage == Stage::Down { Ok(()) } else { Err(ServeError::Gone) };
            };
            match message {
                Message::Request(request) => {
                    let response = self.answer(request);
                    self.send(response.into())?;
                }
                Message::Notification(one) if one.method == "exit" => {
                    return if self.stage == Stage::Down { Ok(()) } else { Err(ServeError::NoShutdown) };
                }
                Message::Notification(one) => self.note(one)?,
                Message::Response(_) => {}
            }
        }
    }

    fn send(&self, message: Message) -> Result<(), ServeError> {
        self.connection.sender.send(message).map_err(|_| ServeError::Gone)
    }

    /// Asks the client for something whose answer does not matter.
    fn ask(&mut self, method: &str, params: Value) -> Result<(), ServeError> {
        self.asked += 1;
        self.send(Request::new(RequestId::from(format!("mfaplan-{}", self.asked)), method.into(), params).into())
    }

    /// Answers a request. A question about a file that is not open, or not on a disk, has no answer: `null`.
    fn answer(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let refused = |code: ErrorCode, message: String| Response::new_err(id.clone(), code as i32, message);
        match (self.stage, method.as_str()) {
            (Stage::Asleep, "initialize") => {
                return match serde_json::from_value::<InitializeParams>(params.clone()) {
                    Ok(parsed) => Response::new_ok(id, self.initialize(&parsed, &params)),
                    Err(error) => refused(ErrorCode::InvalidParams, error.to_string()),
                };
            }
            (Stage::Asleep, _) => return refused(ErrorCode::ServerNotInitialized, "ask `initialize` first".into()),
            (_, "initialize") => return refused(ErrorCode::InvalidRequest, "initialized already".into()),
            (Stage::Down, _) => return refused(ErrorCode::InvalidRequest, "shut down already".into()),
            (Stage::Awake, "shutdown") => {
                self.stage = Stage::Down;
                return Response::new_ok(id, Value::Null);
            }
            (Stage::Awake, _) => {}
        }
        let mut answers = Answers {
            workspace: &mut self.workspace,
            client: self.client,
            fixes: &self.fixes,
            lenses: &self.lenses,
            now: (self.clock)(),
        };
        match answers.of(&method, params) {
            Ok(answer) => Response::new_ok(id, answer.unwrap_or(Value::Null)),
            Err(answers::Refusal::Unknown) => {
                refused(ErrorCode::MethodNotFound, format!("mfaplan does not answer {method}"))
            }
            Err(answers::Refusal::Params(error)) => refused(ErrorCode::InvalidParams, error.to_string()),
            Err(answers::Refusal::No(why)) => refused(ErrorCode::RequestFailed, why),
        }
    }

    fn initialize(&mut self, params: &InitializeParams, raw: &Value) -> Value {
        self.stage = Stage::Awake;
        let has = |path: &str| raw.pointer(path).and_then(Value::as_bool).unwrap_or(false);
        self.client = Client {
            encoding: encoding(params),
            snippets: has("/capabilities/textDocument/completion/completionItem/snippetSupport"),
            watches: has("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration"),
            lenses: has("/capabilities/workspace/codeLens/refreshSupport"),
        };
        self.plans = has("/initializationOptions/plan") || has("/initializationOptions/mfaplan/plan");
        json!({
            "capabilities": capabilities(self.client.encoding),
            "serverInfo": {"name": "mfaplan", "version": env!("CARGO_PKG_VERSION")},
        })
    }

    /// Takes a notification. It has no answer, not even an error: one that cannot be read is dropped.
    fn note(&mut self, notification: Notification) -> Result<(), ServeError> {
        if self.stage != Stage::Awake {
            return Ok(());
        }
        let Notification { method, params } = notification;
        match method.as_str() {
            "initialized" => return self.watch(),
            "textDocument/didOpen" => {
                if let Ok(DidOpenTextDocumentParams { text_document }) = serde_json::from_value(params) {
                    self.set(&text_document.uri, text_document.text);
                }
            }
            "textDocument/didChange" => {
                if let Ok(params) = serde_json::from_value::<DidChangeTextDocumentParams>(params) {
                    self.change(&params);
                }
            }
            "textDocument/didSave" => {
                if let Some(path) = path_in(&params, "/textDocument/uri") {
                    self.touch(&path);
                    return self.plan(&path);
                }
            }
            "textDocument/didClose" => {
                if let Ok(DidCloseTextDocumentParams { text_document }) = serde_json::from_value(params)
                    && let Some(path) = text::path_of(&text_document.uri)
                {
                    self.workspace.close(&path);
                    self.touch(&path);
                }
            }
            // Somebody else changed, made or removed a file: git, another editor, `mfaplan fmt`.
            "workspace/didChangeWatchedFiles" => {
                for change in params.get("changes").and_then(Value::as_array).into_iter().flatten() {
                    if let Some(path) = path_in(change, "/uri") {
                        self.touch(&path);
                    }
                }
            }
            "workspace/didChangeConfiguration" => {
                if let Some(wanted) = params.pointer("/settings/mfaplan/plan").and_then(Value::as_bool) {
                    self.plans = wanted;
                    if !wanted {
                        self.lenses.clear();
                        return self.lenses_changed();
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Asks to be told of changes outside of the editor.
    fn watch(&mut self) -> Result<(), ServeError> {
        if !self.client.watches {
            return Ok(());
        }
        let globs = [
            "**/*.mfa.hcl",
            "**/*.mfavars.hcl",
            "**/*.mfavars.json",
            "**/*.mfatest.hcl",
            "**/*.mfafleet.hcl",
            "**/*.json",
            "**/*.csv",
        ];
        let watchers: Vec<Value> = globs.iter().map(|glob| json!({"globPattern": glob})).collect();
        let registration = json!({
            "id": "mfaplan-files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": {"watchers": watchers},
        });
        self.ask("client/registerCapability", json!({"registrations": [registration]}))
    }

    fn set(&mut self, uri: &Uri, content: String) {
        if let Some(path) = text::path_of(uri) {
            self.workspace.set(&path, uri, content);
            self.touch(&path);
        }
    }

    /// Applies changes one after the other: each is about the text that the one before left.
    fn change(&mut self, params: &DidChangeTextDocumentParams) {
        let Some(path) = text::path_of(&params.text_document.uri) else { return };
        // A file that was never opened has no text that a range could be about.
        let Some(before) = self.workspace.text(&path) else { return };
        let mut content = before.to_owned();
        for change in &params.content_changes {
            match change.range {
                None => content.clone_from(&change.text),
                Some(range) => {
                    let start = self.client.encoding.byte(&content, range.start);
                    let end = self.client.encoding.byte(&content, range.end).max(start);
                    content.replace_range(start..end, &change.text);
                }
            }
        }
        self.set(&params.text_document.uri, content);
    }

    fn touch(&mut self, path: &Path) {
        let Some(dir) = path.parent() else { return };
        // What it says is part of every configuration that calls it.
        for dir in std::iter::once(dir.to_owned()).chain(self.workspace.callers(dir)) {
            if !self.changed.contains(&dir) {
                self.changed.push(dir);
            }
        }
    }

    /// Publishes the diagnostics of every directory that changed.
    fn refresh(&mut self) -> Result<(), ServeError> {
        for dir in std::mem::take(&mut self.changed) {
            let mut files = match self.workspace.directories().contains(&dir) {
                true => diagnostics::of_directory(&mut self.workspace, &dir, (self.clock)(), self.client.encoding),
                // The last file of the directory was closed.
                false => BTreeMap::new(),
            };
            for before in self.published.remove(&dir).unwrap_or_default() {
                files.entry(before).or_default();
            }
            let mut published = Vec::new();
            for (path, diagnostics::OfFile { shown, fixes }) in files {
                let Some(uri) = self.workspace.uri(&path) else { continue };
                self.fixes.insert(path.clone(), fixes);
                if !shown.is_empty() {
                    published.push(path);
                }
                let params = PublishDiagnosticsParams::new(uri, shown, None);
                self.send(Notification::new("textDocument/publishDiagnostics".into(), params).into())?;
            }
            self.published.insert(dir, published);
        }
        Ok(())
    }

    /// Plans the directory of a file that was saved, where that is wanted.
    fn plan(&mut self, path: &Path) -> Result<(), ServeError> {
        let Some(dir) = path.parent().filter(|_| self.plans) else { return Ok(()) };
        let planned = lens::plan(&mut self.workspace, dir, (self.clock)());
        self.lenses.insert(dir.to_owned(), planned);
        self.lenses_changed()
    }

    fn lenses_changed(&mut self) -> Result<(), ServeError> {
        if self.client.lenses { self.ask("workspace/codeLens/refresh", Value::Null) } else { Ok(()) }
    }
}

/// UTF-8 where the client knows it: no counting then.
fn encoding(params: &InitializeParams) -> Encoding {
    let offered = params.capabilities.general.as_ref().and_then(|one| one.position_encodings.as_ref());
    if offered.is_some_and(|all| all.contains(&PositionEncodingKind::UTF8)) { Encoding::Utf8 } else { Encoding::Utf16 }
}

fn path_in(params: &Value, pointer: &str) -> Option<PathBuf> {
    text::path_of(&params.pointer(pointer)?.as_str()?.parse().ok()?)
}
