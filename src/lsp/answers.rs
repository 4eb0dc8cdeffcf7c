//! Requests and their answers, one function each.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use lsp_types::{
    CodeActionParams, CompletionList, CompletionParams, DocumentFormattingParams, DocumentSymbol, DocumentSymbolParams,
    DocumentSymbolResponse, Hover, HoverContents, Location, MarkupContent, MarkupKind, Position, ReferenceParams,
    RenameParams, SymbolKind, TextDocumentIdentifier, TextDocumentPositionParams, TextEdit, WorkspaceSymbolParams,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{
    complete,
    context::Language,
    fixes::{self, Fix},
    hover,
    lens::Planned,
    modules,
    outline::{self, Declared},
    references, server, signature, structure, text,
    text::Encoding,
    workspace::Workspace,
};
use crate::render::words;

/// Why there is no answer.
pub(super) enum Refusal {
    /// The server does not know this request.
    Unknown,
    /// Its parameters are not those of this request.
    Params(serde_json::Error),
    /// It cannot be done; why, in a sentence.
    No(String),
}

impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Self::Params(error)
    }
}

/// What answers are made from.
pub(super) struct Answers<'s> {
    pub(super) workspace: &'s mut Workspace,
    pub(super) client: server::Client,
    pub(super) fixes: &'s BTreeMap<PathBuf, Vec<Fix>>,
    pub(super) lenses: &'s BTreeMap<PathBuf, Vec<Planned>>,
    pub(super) now: Timestamp,
}

/// The parameters that only name a file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfFile {
    text_document: TextDocumentIdentifier,
}

type Answer = Result<Option<Value>, Refusal>;

impl Answers<'_> {
    /// The answer to a request; `None` where there is nothing to tell.
    pub(super) fn of(&mut self, method: &str, params: Value) -> Answer {
        match method {
            "textDocument/completion" => Ok(self.complete(&parsed(params)?)),
            "textDocument/signatureHelp" => Ok(self.signature(&parsed(params)?)),
            "textDocument/hover" => Ok(self.hover(&parsed(params)?)),
            "textDocument/definition" => Ok(self.definition(&parsed(params)?)),
            "textDocument/references" => Ok(self.references(&parsed(params)?)),
            "textDocument/documentHighlight" => Ok(self.highlights(&parsed(params)?)),
            "textDocument/prepareRename" => Ok(self.renamable(&parsed(params)?)),
            "textDocument/rename" => self.rename(&parsed(params)?),
            "textDocument/codeAction" => Ok(self.actions(&parsed(params)?)),
            "textDocument/codeLens" => Ok(self.lenses(&parsed(params)?)),
            "textDocument/formatting" => Ok(self.format(&parsed(params)?)),
            "textDocument/documentSymbol" => Ok(self.symbols(&parsed(params)?)),
            "textDocument/foldingRange" => Ok(self.folds(&parsed(params)?)),
            "textDocument/documentLink" => Ok(self.links(&parsed(params)?)),
            "textDocument/semanticTokens/full" => Ok(self.tokens(&parsed(params)?)),
            "workspace/symbol" => Ok(self.workspace_symbols(&parsed(params)?)),
            _ => Err(Refusal::Unknown),
        }
    }

    const fn encoding(&self) -> Encoding {
        self.client.encoding
    }

    /// Path and byte of a position in an open file.
    fn place(&self, params: &TextDocumentPositionParams) -> Option<(PathBuf, usize)> {
        let path = text::path_of(&params.text_document.uri)?;
        let offset = self.encoding().byte(self.workspace.text(&path)?, params.position);
        Some((path, offset))
    }

    /// Path and text of an open file.
    fn file(&self, params: &OfFile) -> Option<(PathBuf, &str)> {
        let path = text::path_of(&params.text_document.uri)?;
        let text = self.workspace.text(&path)?;
        Some((path, text))
    }

    fn location(&self, path: &Path, bytes: std::ops::Range<usize>) -> Option<Location> {
        let source = self.workspace.any_text(path)?;
        Some(Location::new(self.workspace.uri(path)?, self.encoding().range(&source, bytes)))
    }

    fn complete(&mut self, params: &CompletionParams) -> Option<Value> {
        let (path, offset) = self.place(&params.text_document_position)?;
        let (encoding, snippets) = (self.encoding(), self.client.snippets);
        let (items, is_incomplete) = complete::complete(self.workspace, &path, offset, encoding, snippets)?;
        serde_json::to_value(CompletionList { is_incomplete, items }).ok()
    }

    fn signature(&self, params: &TextDocumentPositionParams) -> Option<Value> {
        let (path, offset) = self.place(params)?;
        serde_json::to_value(signature::help(self.workspace.text(&path)?, offset)?).ok()
    }

    fn hover(&self, params: &TextDocumentPositionParams) -> Option<Value> {
        let (path, offset) = self.place(params)?;
        let (value, range) = hover::hover(self.workspace, &path, offset)?;
        let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
        let range = Some(self.encoding().range(self.workspace.text(&path)?, range));
        serde_json::to_value(Hover { contents, range }).ok()
    }

    fn definition(&self, params: &TextDocumentPositionParams) -> Option<Value> {
        let (path, offset) = self.place(params)?;
        let (file, bytes) = match modules::named(self.workspace, &path, offset) {
            Some((declared, _)) => (declared.path, declared.header),
            None => references::declaration(self.workspace, &path, offset)?,
        };
        serde_json::to_value(self.location(&file, bytes)?).ok()
    }

    fn references(&self, params: &ReferenceParams) -> Option<Value> {
        let (path, offset) = self.place(&params.text_document_position)?;
        let found = references::references(self.workspace, &path, offset, params.context.include_declaration);
        let places: Vec<Location> = found.into_iter().filter_map(|(path, bytes)| self.location(&path, bytes)).collect();
        serde_json::to_value(places).ok()
    }

    fn highlights(&self, params: &TextDocumentPositionParams) -> Option<Value> {
        let (path, offset) = self.place(params)?;
        let source = self.workspace.text(&path)?;
        let found = references::in_file(self.workspace, &path, offset).into_iter().map(|one| {
            // 3: it is written here, 2: it is read.
            json!({"range": self.encoding().range(source, one.range), "kind": if one.declares { 3 } else { 2 }})
        });
        Some(Value::Array(found.collect()))
    }

    fn renamable(&self, params: &TextDocumentPositionParams) -> Option<Value> {
        let (path, offset) = self.place(params)?;
        let named = references::renamable(self.workspace, &path, offset)?;
        let range = self.encoding().range(self.workspace.text(&path)?, named.range);
        Some(json!({"range": range, "placeholder": named.name}))
    }

    fn rename(&self, params: &RenameParams) -> Answer {
        let Some((path, offset)) = self.place(&params.text_document_position) else { return Ok(None) };
        let places = references::rename(self.workspace, &path, offset, &params.new_name).map_err(Refusal::No)?;
        let mut files: BTreeMap<String, Vec<TextEdit>> = BTreeMap::new();
        for (path, bytes) in places {
            let Some(Location { uri, range }) = self.location(&path, bytes) else { continue };
            files.entry(uri.as_str().to_owned()).or_default().push(TextEdit::new(range, params.new_name.clone()));
        }
        Ok(Some(json!({"changes": files})))
    }

    /// Better words for what diagnostics are about, and blocks that answer the findings of the block at the cursor.
    fn actions(&self, params: &CodeActionParams) -> Option<Value> {
        let path = text::path_of(&params.text_document.uri)?;
        let source = self.workspace.text(&path)?;
        let from = self.encoding().byte(source, params.range.start);
        let to = self.encoding().byte(source, params.range.end).max(from);
        let uri = params.text_document.uri.as_str();
        let edit = |range, new: String| {
            let mut changes = Map::new();
            changes.insert(uri.to_owned(), json!([{"range": range, "newText": new}]));
            json!({"changes": changes})
        };
        let mut actions = Vec::new();
        for fix in self.fixes.get(&path).into_iter().flatten() {
            let Some(place) = fix.place(source).filter(|_| fix.about.start <= to && from <= fix.about.end) else {
                continue;
            };
            let title = format!("Replace `{}` by `{}`", fix.wrong, fix.right);
            let range = self.encoding().range(source, place);
            let preferred = json!({"title": title, "kind": "quickfix", "isPreferred": true, "edit": edit(range, fix.right.clone())});
            actions.push(preferred);
        }
        if let Some((planned, block)) = self.planned(&path, source).find(|(_, block)| block.whole.contains(&from)) {
            // Behind the block they are about.
            let at = self.encoding().range(source, block.whole.end..block.whole.end);
            for found in planned.findings.iter().take(MOST_ACTIONS) {
                let mut offer = |title: String, kind: &str, label: &str| {
                    // Several findings of a user have the same answer.
                    if actions.iter().any(|one| one["title"] == *title) {
                        return;
                    }
                    let Some(text) = fixes::block(kind, label, &found.user, self.now) else { return };
                    let edit = edit(at, format!("\n\n{}", text.trim_end()));
                    actions.push(json!({"title": title, "kind": "refactor", "edit": edit}));
                };
                if found.acceptable {
                    offer(format!("Accept {} for {}", found.rule, found.user), "accept", &found.rule);
                }
                if found.workload {
                    let label = words::label(&found.user);
                    offer(format!("Declare {} as a service account", found.user), "service_account", &label);
                }
            }
        }
        Some(Value::Array(actions))
    }

    /// What the last plan says of the blocks of a file, where they stand now.
    fn planned<'a>(&'a self, path: &'a Path, source: &str) -> impl Iterator<Item = (&'a Planned, Declared)> + use<'a> {
        let blocks = outline::declarations(path, source);
        let planned = path.parent().and_then(|dir| self.lenses.get(dir)).into_iter().flatten();
        planned.filter_map(move |one| {
            let (kind, name) = one.address.split_once('.')?;
            let block = blocks.iter().find(|block| block.kind == kind && block.name == name)?;
            Some((one, block.clone()))
        })
    }

    fn lenses(&self, params: &OfFile) -> Option<Value> {
        let (path, source) = self.file(params)?;
        let lenses = self.planned(&path, source).map(|(one, block)| {
            // Without a command there is nothing to click.
            json!({
                "range": self.encoding().range(source, block.header),
                "command": {"title": one.title, "command": ""},
            })
        });
        Some(Value::Array(lenses.collect()))
    }

    /// The whole text formatted, or no edit where it is formatted already or is not HCL.
    fn format(&self, params: &DocumentFormattingParams) -> Option<Value> {
        let path = text::path_of(&params.text_document.uri)?;
        let before = self.workspace.text(&path)?;
        let after = crate::fmt::format(before).ok()?;
        let edits = match after == before {
            true => Vec::new(),
            false => vec![TextEdit::new(self.encoding().range(before, 0..before.len()), after)],
        };
        serde_json::to_value(edits).ok()
    }

    fn symbols(&self, params: &DocumentSymbolParams) -> Option<Value> {
        let path = text::path_of(&params.text_document.uri)?;
        let source = self.workspace.text(&path)?;
        let symbols = outline::declarations(&path, source).into_iter().map(|one| {
            #[expect(deprecated, reason = "the field has to be set")]
            DocumentSymbol {
                name: title(&one),
                detail: None,
                kind: symbol_kind(&one),
                tags: None,
                deprecated: None,
                range: self.encoding().range(source, one.whole),
                selection_range: self.encoding().range(source, one.header),
                children: None,
            }
        });
        serde_json::to_value(DocumentSymbolResponse::Nested(symbols.collect())).ok()
    }

    /// Declarations of all directories with open files whose address contains the words asked for.
    fn workspace_symbols(&self, params: &WorkspaceSymbolParams) -> Option<Value> {
        let wanted = params.query.to_lowercase();
        let mut found = Vec::new();
        for dir in self.workspace.directories() {
            for one in self.workspace.declarations(&dir) {
                let name = title(&one);
                if name.to_lowercase().contains(&wanted)
                    && let Some(location) = self.location(&one.path, one.header.clone())
                {
                    found.push(json!({"name": name, "kind": symbol_kind(&one), "location": location}));
                }
            }
        }
        Some(Value::Array(found))
    }

    fn folds(&self, params: &OfFile) -> Option<Value> {
        let (_, source) = self.file(params)?;
        serde_json::to_value(structure::folds(source)).ok()
    }

    fn links(&self, params: &OfFile) -> Option<Value> {
        let (path, source) = self.file(params)?;
        let links = structure::links(source, Language::of(&path)).into_iter().filter_map(|(bytes, name)| {
            let target = self.workspace.uri(&structure::target(&path, &name)?)?;
            Some(json!({"range": self.encoding().range(source, bytes), "target": target}))
        });
        Some(Value::Array(links.collect()))
    }

    /// Each word as five numbers: lines and columns from the word before, length, kind, no modifiers.
    fn tokens(&self, params: &OfFile) -> Option<Value> {
        let (path, source) = self.file(params)?;
        let mut sources = crate::diag::SourceMap::default();
        let id = sources.add("", source);
        let file = sources.file(id);
        let mut data: Vec<u32> = Vec::new();
        let mut last = Position::default();
        for (bytes, kind) in structure::words(source, Language::of(&path)) {
            let lsp_types::Range { start, end } = self.encoding().range_in(file, bytes);
            let column =
                if start.line == last.line { start.character.saturating_sub(last.character) } else { start.character };
            data.extend([
                start.line.saturating_sub(last.line),
                column,
                end.character.saturating_sub(start.character),
                kind,
                0,
            ]);
            last = start;
        }
        Some(json!({"data": data}))
    }
}

/// How many findings of a block get actions: a menu is read, not scrolled.
const MOST_ACTIONS: usize = 10;

fn title(one: &Declared) -> String {
    if one.name.is_empty() { one.kind.clone() } else { format!("{}.{}", one.kind, one.name) }
}

fn symbol_kind(one: &Declared) -> SymbolKind {
    if one.kind == "local" { SymbolKind::VARIABLE } else { SymbolKind::CLASS }
}

fn parsed<T: DeserializeOwned>(params: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(params)
}
