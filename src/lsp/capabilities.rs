//! What the server offers a client.

use serde_json::{Value, json};

use super::{structure::LEGEND, text::Encoding};

/// The capabilities. The same for every client, but for how columns are counted.
pub(super) fn capabilities(encoding: Encoding) -> Value {
    json!({
        "positionEncoding": match encoding {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16 => "utf-16",
        },
        // 2: only what changed is sent.
        "textDocumentSync": {"openClose": true, "change": 2, "save": {"includeText": false}},
        "completionProvider": {"triggerCharacters": [".", "\"", "="]},
        "signatureHelpProvider": {"triggerCharacters": ["(", ","]},
        "hoverProvider": true,
        "definitionProvider": true,
        "referencesProvider": true,
        "documentHighlightProvider": true,
        "renameProvider": {"prepareProvider": true},
        "codeActionProvider": {"codeActionKinds": ["quickfix", "refactor"]},
        "codeLensProvider": {"resolveProvider": false},
        "documentFormattingProvider": true,
        "documentSymbolProvider": true,
        "workspaceSymbolProvider": true,
        "foldingRangeProvider": true,
        "documentLinkProvider": {"resolveProvider": false},
        "semanticTokensProvider": {"legend": {"tokenTypes": LEGEND, "tokenModifiers": []}, "full": true},
    })
}
