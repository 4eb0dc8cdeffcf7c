//! Files, relative to the configuration directory.

use std::{
    fs,
    io::{ErrorKind, Read},
};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

use super::{Args, Fail, Function, Map, Outcome, Takes, function, hash::hex, param};
use crate::{
    diag::{Diagnostics, SourceMap},
    eval::{CompileContext, Scope, Value, compile_template},
};

const GROUP: &str = "Files";
const PATH: super::Param = param("path", Takes::String);

/// Larger files are refused: a configuration reads lists, not archives.
const MAX_FILE: u64 = 64 << 20;

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "file",
        GROUP,
        &[PATH],
        file,
        "The content of a UTF-8 file. A relative path starts at the configuration directory. Only files of the git work tree around it (else of the directory itself) can be read; `--allow-files` opens one more directory.",
        "try(file(\"no-such-file.csv\"), \"missing\")",
    )
    .impure(),
    function(
        "fileexists",
        GROUP,
        &[PATH],
        fileexists,
        "Is there a file at this path? A directory is an error, and so is a path that `file` may not read.",
        "fileexists(\"no-such-file.csv\")",
    )
    .impure(),
    function(
        "filebase64",
        GROUP,
        &[PATH],
        |args| Ok(Value::string(STANDARD.encode(content(args)?))),
        "The bytes of a file in Base64; the file as `file` may read it, but it need not be text.",
        "try(filebase64(\"no-such-file.bin\"), \"missing\")",
    )
    .impure(),
    function(
        "filebase64sha256",
        GROUP,
        &[PATH],
        |args| Ok(Value::string(STANDARD.encode(digest(&SHA256, &content(args)?)))),
        "The SHA-256 digest of a file, in Base64.",
        "try(filebase64sha256(\"no-such-file.bin\"), \"missing\")",
    )
    .impure(),
    function(
        "filebase64sha512",
        GROUP,
        &[PATH],
        |args| Ok(Value::string(STANDARD.encode(digest(&SHA512, &content(args)?)))),
        "The SHA-512 digest of a file, in Base64.",
        "try(filebase64sha512(\"no-such-file.bin\"), \"missing\")",
    )
    .impure(),
    function(
        "filemd5",
        GROUP,
        &[PATH],
        |args| Ok(hex(&Md5::digest(content(args)?))),
        "The MD5 digest of a file, in hexadecimal. Not for anything that must be safe.",
        "try(filemd5(\"no-such-file.bin\"), \"missing\")",
    )
    .impure(),
    function(
        "filesha1",
        GROUP,
        &[PATH],
        |args| Ok(hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, &content(args)?).as_ref())),
        "The SHA-1 digest of a file, in hexadecimal. Not for anything that must be safe.",
        "try(filesha1(\"no-such-file.bin\"), \"missing\")",
    )
    .impure(),
    function(
        "filesha256",
        GROUP,
        &[PATH],
        |args| Ok(hex(digest(&SHA256, &content(args)?).as_ref())),
        "The SHA-256 digest of a file, in hexadecimal.",
        "try(filesha256(\"no-such-file.bin\"), \"missing\")",
    )
    .impure(),
    function(
        "filesha512",
        GROUP,
        &[PATH],
        |args| Ok(hex(digest(&SHA512, &content(args)?).as_ref())),
        "The SHA-512 digest of a file, in hexadecimal.",
        "try(filesha512(\"no-such-file.bin\"), \"missing\")",
    )
    .impure(),
    function(
        "templatefile",
        GROUP,
        &[PATH, param("vars", Takes::Mapping)],
        templatefile,
        "A file as a template (`${…}`, `%{ for … }`), in which the names in `vars` are known. It may read files, but no \
         further template.",
        "try(templatefile(\"no-such-file.tftpl\", { name = \"jdoe\" }), \"missing\")",
    )
    .impure(),
    function(
        "templatestring",
        GROUP,
        &[param("template", Takes::String), param("vars", Takes::Mapping)],
        templatestring,
        "A text as a template, in which the names in `vars` are known. For templates that are values; one that is written out \
         needs no function.",
        "templatestring(\"Hello $${name}\", { name = \"jdoe\" })",
    )
    .impure(),
];

/// The bytes of a file, as far as expressions may read it; none where there is no such file.
///
/// # Errors
/// Why it cannot be read, in a clause.
pub(in crate::eval) fn bytes(name: &str, scope: &Scope<'_>) -> Result<Option<Vec<u8>>, String> {
    let path = super::reach::resolve(name, scope)?;
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot read {name:?}: {error}")),
    };
    if metadata.is_dir() {
        return Err(format!("{name:?} is a directory, not a file"));
    }
    if !metadata.is_file() {
        return Err(format!("{name:?} is not a regular file"));
    }
    let mut bytes = Vec::new();
    let read = fs::File::open(&path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes));
    read.map_err(|error| format!("cannot read {name:?}: {error}"))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("{name:?} is larger than {} MiB", MAX_FILE >> 20));
    }
    Ok(Some(bytes))
}

/// Is there a file of this name, as far as expressions may look?
///
/// # Errors
/// Why that cannot be told, in a clause.
pub(in crate::eval) fn exists(name: &str, scope: &Scope<'_>) -> Result<bool, String> {
    match fs::metadata(super::reach::resolve(name, scope)?) {
        Ok(metadata) if metadata.is_file() => Ok(true),
        Ok(_) => Err(format!("{name:?} is a directory, not a file")),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(format!("cannot look at {name:?}: {error}")),
    }
}

/// The bytes of the file that the first argument names.
fn content(args: &Args<'_, '_>) -> Result<Vec<u8>, Fail> {
    let name = args.str(0)?;
    let fail = |message: String| Fail::Argument(0, message);
    let found = bytes(name, args.scope).map_err(fail)?;
    if let Some(reads) = args.scope.reads {
        reads.content(name, found.as_deref());
    }
    found
        .ok_or_else(|| fail(format!("no file exists at {name:?}; relative paths start at the configuration directory")))
}

fn read(args: &Args<'_, '_>) -> Result<String, Fail> {
    String::from_utf8(content(args)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let name = args.str(0).unwrap_or_default();
        Fail::Argument(0, format!("contents of {name:?} are not valid UTF-8 (byte {at}); only text files can be read"))
    })
}

fn file(args: &Args<'_, '_>) -> Outcome {
    Ok(Value::normalised(&read(args)?))
}

fn fileexists(args: &Args<'_, '_>) -> Outcome {
    let name = args.str(0)?;
    let found = exists(name, args.scope).map_err(|message| Fail::Argument(0, message))?;
    if let Some(reads) = args.scope.reads {
        reads.existence(name, found);
    }
    Ok(found.into())
}

fn templatefile(args: &Args<'_, '_>) -> Outcome {
    template(&read(args)?, args.str(0)?, args)
}

fn templatestring(args: &Args<'_, '_>) -> Outcome {
    template(args.str(0)?, "the template", args)
}

/// Renders a template with the names of the second argument.
fn template(text: &str, name: &str, args: &Args<'_, '_>) -> Outcome {
    let vars = args.map(1)?;
    if let Some(name) = vars.keys().find(|name| !is_name(name)) {
        let message = format!("{name:?} cannot be the name of a template variable: it is no identifier");
        return Err(Fail::Argument(1, message));
    }
    let rendered = render(text, name, vars, args.scope).map_err(Fail::Call)?;
    if rendered.is_null() {
        return Err(Fail::Unknown(format!("the result of {name} is null")));
    }
    Ok(rendered)
}

/// An identifier of the language: a letter or `_`, then letters, digits, `_` and `-`.
fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|char| char.is_alphanumeric() || matches!(char, '_' | '-'))
}

/// Renders a template with these names. Problems name the template's file, line and column.
fn render(text: &str, name: &str, vars: &Map, scope: &Scope<'_>) -> Result<Value, String> {
    // A byte order mark is no text of the template.
    let text = text.trim_start_matches('\u{feff}');
    let mut sources = SourceMap::default();
    let file = sources.add(name, text);
    let mut diags = Diagnostics::default();
    let extra = std::sync::Arc::new(vars.keys().cloned().collect());
    let cx = CompileContext { extra, ..CompileContext::default() };
    let place = |span: crate::diag::Span| {
        let place = sources.start(span);
        format!("{name}:{}:{}", place.line, place.column)
    };
    let Some(template) = compile_template(text, file, &cx, &mut diags) else {
        let first = diags.into_sorted().into_iter().next();
        return Err(match first {
            Some(problem) => {
                let place = problem.primary.as_ref().map_or_else(|| name.to_owned(), |label| place(label.span));
                format!("{place}: {}: {}", problem.summary, problem.detail.trim_end_matches('.'))
            }
            None => format!("{name} is not a template"),
        });
    };
    // Within a template a template cannot be read again, which could never end.
    if template.references().templates {
        return Err(format!("{name}: a template cannot call `templatefile` or `templatestring`"));
    }
    let names = Names(vars);
    let nothing = Value::Null;
    let inner = Scope {
        extra: Some(&names),
        reads: scope.reads,
        allow_files: scope.allow_files,
        ..Scope::new(&nothing, &nothing, scope.base_dir, scope.instant)
    };
    template.eval(&inner).map_err(|error| {
        format!("{}: {}: {}", place(error.span()), error.summary(), error.detail().trim_end_matches('.'))
    })
}

/// The names a template knows.
struct Names<'a>(&'a Map);

impl crate::eval::ExtraNames for Names<'_> {
    fn value(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }

    fn call(&self, _: &str, _: &[Value]) -> Result<Value, String> {
        Err("it does not exist in templates".into())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{
        diag::{Diagnostics, SourceMap},
        eval::{CompileContext, Expr, Scope, Value, parse_expression},
    };

    /// The result of `templatefile("t.tftpl", <vars>)` over a file with this text, or what is wrong.
    fn rendered(text: &str, vars: &str) -> Result<Value, String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("t.tftpl"), text).unwrap();
        std::fs::write(dir.path().join("more.txt"), "more").unwrap();
        evaluated(&format!("templatefile(\"t.tftpl\", {vars})"), dir.path())
    }

    fn evaluated(text: &str, dir: &Path) -> Result<Value, String> {
        let mut sources = SourceMap::default();
        let file = sources.add("test", text);
        let mut diags = Diagnostics::default();
        let expr = parse_expression(text, file, &mut diags).unwrap();
        let expr = Expr::compile(&expr, file, &CompileContext::default(), &mut diags).unwrap();
        let nothing = Value::object::<&str>([]);
        let scope = Scope::new(&nothing, &nothing, dir, jiff::Timestamp::UNIX_EPOCH);
        expr.eval(&scope).map_err(|error| error.detail().to_owned())
    }

    #[test]
    fn templates_are_rendered_as_terraform_renders_them() {
        for (text, vars, result) in [
            ("%{ for x in l ~}\n- ${x}\n%{ endfor ~}\n", "{ l = [\"a\", \"b\"] }", "- a\n- b\n"),
            ("a\r\nb\r\n${x}", "{ x = 1 }", "a\r\nb\r\n1"),
            ("\u{feff}bom ${x}", "{ x = 1 }", "bom 1"),
            ("${file(\"more.txt\")}!", "{}", "more!"),
            ("\"quoted\" \\n ${jsonencode(x)}", "{ x = [1, null] }", "\"quoted\" \\n [1,null]"),
            ("   ${~ x }", "{ x = 1 }", "1"),
        ] {
            assert_eq!(rendered(text, vars).unwrap(), Value::string(result), "{text}");
        }
        assert!(rendered("${x}", "{ x = [\"a\"] }").unwrap().as_list().is_some(), "one interpolation keeps its type");
    }

    #[test]
    fn what_is_wrong_with_a_template_is_told_with_its_place() {
        for (text, vars, part) in [
            ("a\n${missing}", "{}", "t.tftpl:2:3"),
            ("x${x}", "{ x = null }", "t.tftpl:1:"),
            ("${x}", "{ x = null }", "is null"),
            ("${x}", "{ x = 1, \"a b\" = 2 }", "no identifier"),
            ("plain", "null", "null"),
            ("${templatefile(\"t.tftpl\", {})}", "{}", "cannot call `templatefile`"),
            ("${templatestring(\"x\", {})}", "{}", "or `templatestring`"),
            ("${x", "{ x = 1 }", "t.tftpl:1:"),
        ] {
            let said = rendered(text, vars).unwrap_err();
            assert!(said.contains(part), "{text}: {said}");
        }
    }

    #[test]
    fn the_digest_of_a_file_is_that_of_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.txt"), "hello world").unwrap();
        std::fs::write(dir.path().join("a.bin"), [0xff, 0x00]).unwrap();
        for (of_file, of_text) in [
            ("filebase64", "base64encode"),
            ("filebase64sha256", "base64sha256"),
            ("filebase64sha512", "base64sha512"),
            ("filemd5", "md5"),
            ("filesha1", "sha1"),
            ("filesha256", "sha256"),
            ("filesha512", "sha512"),
        ] {
            let same = format!("{of_file}(\"a.txt\") == {of_text}(\"hello world\")");
            assert_eq!(evaluated(&same, dir.path()).unwrap(), true.into(), "{same}");
            let bytes = evaluated(&format!("{of_file}(\"a.bin\")"), dir.path());
            assert!(bytes.is_ok(), "{of_file} of what is no text: {bytes:?}");
            let outside = evaluated(&format!("{of_file}(\"../a.txt\")"), dir.path());
            assert!(outside.is_err(), "{of_file} of a file outside");
        }
        assert_eq!(evaluated("filebase64(\"a.bin\")", dir.path()).unwrap(), Value::string("/wA="));
    }
}
