//! The parameters of the function whose call is being written.

use lsp_types::{
    Documentation, MarkupContent, MarkupKind, ParameterInformation, ParameterLabel, SignatureHelp, SignatureInformation,
};

use crate::{
    config::scan::{Kind, scan},
    diag::FileId,
    eval::functions,
};

/// The innermost call around a byte, with the parameter that stands there.
pub(super) fn help(text: &str, offset: usize) -> Option<SignatureHelp> {
    let offset = text.floor_char_boundary(offset.min(text.len()));
    let before = &text[..offset];
    let tokens = scan(before, FileId(0)).tokens;
    // What is open: for a call, its function and how many commas were passed.
    let mut open: Vec<Option<(&str, u32)>> = Vec::new();
    for (at, token) in tokens.iter().enumerate().take_while(|(_, token)| (token.start as usize) < offset) {
        match token.kind {
            Kind::OpenParen => {
                let name = at.checked_sub(1).and_then(|at| tokens.get(at)).filter(|one| one.kind == Kind::Ident);
                open.push(name.map(|name| (name.text(before), 0)));
            }
            Kind::OpenBrace | Kind::OpenBracket | Kind::OpenQuote | Kind::OpenTemplate | Kind::OpenHeredoc => {
                open.push(None)
            }
            Kind::CloseParen
            | Kind::CloseBrace
            | Kind::CloseBracket
            | Kind::CloseQuote
            | Kind::CloseTemplate
            | Kind::CloseHeredoc => drop(open.pop()),
            Kind::Comma => {
                if let Some(Some((_, commas))) = open.last_mut() {
                    *commas += 1;
                }
            }
            _ => {}
        }
    }
    let (name, commas) = open.into_iter().rev().flatten().find(|(name, _)| functions::find(name).is_some())?;
    let function = functions::find(name)?;
    let all = function.params.iter().chain(&function.variadic);
    let parameters: Vec<ParameterInformation> = all
        .map(|param| ParameterInformation { label: ParameterLabel::Simple(param.name.to_owned()), documentation: None })
        .collect();
    // Behind the last parameter a variadic one goes on.
    let last = u32::try_from(parameters.len()).ok()?.checked_sub(1);
    let active = last.map(|last| if function.variadic.is_some() { commas.min(last) } else { commas });
    Some(SignatureHelp {
        signatures: vec![SignatureInformation {
            label: function.signature(),
            documentation: Some(Documentation::MarkupContent(MarkupContent {
                kind: MarkupKind::Markdown,
                value: function.doc.to_owned(),
            })),
            parameters: Some(parameters),
            active_parameter: active,
        }],
        active_signature: Some(0),
        active_parameter: active,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<(String, Option<u32>)> {
        help(text, text.len()).map(|help| (help.signatures[0].label.clone(), help.active_parameter))
    }

    #[test]
    fn the_innermost_call_and_its_parameter_are_known() {
        assert_eq!(shown("x = substr(\"a,b\", 1"), Some(("substr(str, offset, length)".into(), Some(1))));
        assert_eq!(shown("x = upper(substr(\"a\", 1), "), Some(("upper(str)".into(), Some(1))));
        assert_eq!(shown("x = coalesce(1, 2, [3, 4"), Some(("coalesce(vals...)".into(), Some(0))));
        assert_eq!(shown("x = (1 + "), None);
        assert_eq!(shown("x = substr(\"a\")"), None);
    }
}
