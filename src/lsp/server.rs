//! The loop: messages in, answers and diagnostics out.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, Response};
use lsp_types::{
    CompletionList, CompletionOptions, CompletionParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DocumentFormattingParams, DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse,
    GotoDefinitionParams, GotoDefinitionResponse, Hover, HoverContents, HoverParams, HoverProviderCapability,
    InitializeParams, MarkupContent, MarkupKind, OneOf, PositionEncodingKind, PublishDiagnosticsParams, SaveOptions,
    ServerCapabilities, SymbolKind, TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions, TextEdit, Uri,
};
use serde_json::{Value, json};

use super::{complete, definition, diagnostics, hover, outline, text, text::Encoding, workspace::Workspace};

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
    /// The client broke the protocol or went away.
    #[error("{0}")]
    Protocol(#[from] ProtocolError),
    /// The client's first message could not be read.
    #[error("the client's initialisation cannot be read: {0}")]
    Initialise(#[source] serde_json::Error),
    /// Nobody receives any more.
    #[error("the client went away")]
    Gone,
}

/// Serves one client until it says `exit`.
///
/// # Errors
/// [`ServeError`].
pub(crate) fn serve(connection: &Connection, options: &ServeOptions<'_>) -> Result<(), ServeError> {
    let (id, params) = connection.initialize_start()?;
    let params: InitializeParams = serde_json::from_value(params).map_err(ServeError::Initialise)?;
    let encoding = encoding(&params);
    let result = json!({
        "capabilities": capabilities(encoding),
        "serverInfo": {"name": "mfaplan", "version": env!("CARGO_PKG_VERSION")},
    });
    connection.initialize_finish(id, result)?;
    let text_document = params.capabilities.text_document;
    let item = text_document.and_then(|one| one.completion).and_then(|one| one.completion_item);
    let mut server = Server {
        connection,
        clock: options.clock,
        encoding,
        snippets: item.and_then(|one| one.snippet_support).unwrap_or(false),
        workspace: Workspace::new(options.policy_dir.clone(), options.environment.clone()),
        published: BTreeMap::new(),
        changed: Vec::new(),
    };
    server.run()
}

/// UTF-8 where the client knows it: no counting then.
fn encoding(params: &InitializeParams) -> Encoding {
    let offered = params.capabilities.general.as_ref().and_then(|one| one.position_encodings.as_ref());
    if offered.is_some_and(|all| all.contains(&PositionEncodingKind::UTF8)) { Encoding::Utf8 } else { Encoding::Utf16 }
}

fn capabilities(encoding: Encoding) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(match encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::FULL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", "\"", "="].map(str::to_owned).into()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}

struct Server<'c> {
    connection: &'c Connection,
    clock: &'c dyn Fn() -> Timestamp,
    encoding: Encoding,
    snippets: bool,
    workspace: Workspace,
    /// Files with diagnostics at the client, by directory.
    published: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// Directories whose diagnostics are out of date.
    changed: Vec<PathBuf>,
}

impl Server<'_> {
    fn run(&mut self) -> Result<(), ServeError> {
        loop {
            // Fast typing must not pile up work: a directory is loaded once the client waits for us.
            if self.connection.receiver.is_empty() {
                self.refresh()?;
            }
            let Ok(message) = self.connection.receiver.recv() else { return Err(ServeError::Gone) };
            match message {
                Message::Request(request) => {
                    if self.connection.handle_shutdown(&request)? {
                        return Ok(());
                    }
                    let response = self.answer(request);
                    self.send(response.into())?;
                }
                Message::Notification(notification) => self.note(notification),
                Message::Response(_) => {}
            }
        }
    }

    fn send(&self, message: Message) -> Result<(), ServeError> {
        self.connection.sender.send(message).map_err(|_| ServeError::Gone)
    }

    /// Answers a request. A question about a file that is not open, or not on a disk, has no answer: `null`.
    fn answer(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let answered = match method.as_str() {
            "textDocument/completion" => parsed(params).map(|params| self.complete(&params)),
            "textDocument/hover" => parsed(params).map(|params| self.hover(&params)),
            "textDocument/definition" => parsed(params).map(|params| self.definition(&params)),
            "textDocument/formatting" => parsed(params).map(|params| self.format(&params)),
            "textDocument/documentSymbol" => parsed(params).map(|params| self.symbols(&params)),
            _ => {
                let message = format!("mfaplan does not answer {method}");
                return Response::new_err(id, ErrorCode::MethodNotFound as i32, message);
            }
        };
        match answered {
            Ok(answer) => Response::new_ok(id, answer.unwrap_or(Value::Null)),
            Err(error) => Response::new_err(id, ErrorCode::InvalidParams as i32, error.to_string()),
        }
    }

    fn note(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        // A notification has no answer, not even an error: one that cannot be read is dropped.
        match method.as_str() {
            "textDocument/didOpen" => {
                if let Ok(DidOpenTextDocumentParams { text_document }) = serde_json::from_value(params) {
                    self.set(&text_document.uri, text_document.text);
                }
            }
            "textDocument/didChange" => {
                let params = serde_json::from_value::<DidChangeTextDocumentParams>(params);
                if let Ok(mut params) = params
                    && let Some(change) = params.content_changes.pop()
                {
                    self.set(&params.text_document.uri, change.text);
                }
            }
            "textDocument/didSave" => {
                let uri = params.pointer("/textDocument/uri").and_then(Value::as_str).and_then(|one| one.parse().ok());
                if let Some(path) = uri.and_then(|uri| text::path_of(&uri)) {
                    self.touch(&path);
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
            _ => {}
        }
    }

    fn set(&mut self, uri: &Uri, content: String) {
        if let Some(path) = text::path_of(uri) {
            self.workspace.set(&path, uri, content);
            self.touch(&path);
        }
    }

    fn touch(&mut self, path: &Path) {
        if let Some(dir) = path.parent()
            && !self.changed.iter().any(|one| one == dir)
        {
            self.changed.push(dir.to_owned());
        }
    }

    /// Publishes the diagnostics of every directory that changed.
    fn refresh(&mut self) -> Result<(), ServeError> {
        for dir in std::mem::take(&mut self.changed) {
            let mut files = match self.workspace.directories().contains(&dir) {
                true => diagnostics::of_directory(&mut self.workspace, &dir, (self.clock)(), self.encoding),
                // The last file of the directory was closed.
                false => BTreeMap::new(),
            };
            for before in self.published.remove(&dir).unwrap_or_default() {
                files.entry(before).or_default();
            }
            let mut published = Vec::new();
            for (path, diagnostics) in files {
                let Some(uri) = self.workspace.uri(&path) else { continue };
                if !diagnostics.is_empty() {
                    published.push(path);
                }
                let params = PublishDiagnosticsParams::new(uri, diagnostics, None);
                self.send(Notification::new("textDocument/publishDiagnostics".into(), params).into())?;
            }
            self.published.insert(dir, published);
        }
        Ok(())
    }

    /// Path and byte of a position in an open file.
    fn place(&self, params: &TextDocumentPositionParams) -> Option<(PathBuf, usize)> {
        let path = text::path_of(&params.text_document.uri)?;
        let offset = self.encoding.byte(self.workspace.text(&path)?, params.position);
        Some((path, offset))
    }

    fn complete(&mut self, params: &CompletionParams) -> Option<Value> {
        let (path, offset) = self.place(&params.text_document_position)?;
        let (items, is_incomplete) =
            complete::complete(&mut self.workspace, &path, offset, self.encoding, self.snippets)?;
        serde_json::to_value(CompletionList { is_incomplete, items }).ok()
    }

    fn hover(&self, params: &HoverParams) -> Option<Value> {
        let (path, offset) = self.place(&params.text_document_position_params)?;
        let (value, range) = hover::hover(&self.workspace, &path, offset)?;
        let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
        let range = Some(self.encoding.range(self.workspace.text(&path)?, range));
        serde_json::to_value(Hover { contents, range }).ok()
    }

    fn definition(&self, params: &GotoDefinitionParams) -> Option<Value> {
        let (path, offset) = self.place(&params.text_document_position_params)?;
        let location = definition::definition(&self.workspace, &path, offset, self.encoding)?;
        serde_json::to_value(GotoDefinitionResponse::Scalar(location)).ok()
    }

    /// The whole text formatted, or no edit where it is formatted already or is not HCL.
    fn format(&self, params: &DocumentFormattingParams) -> Option<Value> {
        let path = text::path_of(&params.text_document.uri)?;
        let before = self.workspace.text(&path)?;
        let after = crate::fmt::format(before).ok()?;
        let edits = match after == before {
            true => Vec::new(),
            false => vec![TextEdit::new(self.encoding.range(before, 0..before.len()), after)],
        };
        serde_json::to_value(edits).ok()
    }

    fn symbols(&self, params: &DocumentSymbolParams) -> Option<Value> {
        let path = text::path_of(&params.text_document.uri)?;
        let source = self.workspace.text(&path)?;
        let symbols = outline::declarations(&path, source).into_iter().map(|one| {
            let local = one.kind == "local";
            #[expect(deprecated, reason = "the field has to be set")]
            DocumentSymbol {
                name: if one.name.is_empty() { one.kind.clone() } else { format!("{}.{}", one.kind, one.name) },
                detail: None,
                kind: if local { SymbolKind::VARIABLE } else { SymbolKind::CLASS },
                tags: None,
                deprecated: None,
                range: self.encoding.range(source, one.whole),
                selection_range: self.encoding.range(source, one.header),
                children: None,
            }
        });
        serde_json::to_value(DocumentSymbolResponse::Nested(symbols.collect())).ok()
    }
}

fn parsed<T: serde::de::DeserializeOwned>(params: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(params)
}
