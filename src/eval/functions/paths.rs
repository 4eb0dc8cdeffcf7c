//! Paths as texts: no file is looked at.

use super::{Args, Function, Outcome, Takes, function, param};
use crate::eval::Value;

const GROUP: &str = "Files";
const PATH: super::Param = param("path", Takes::String);

pub(super) static FUNCTIONS: &[Function] = &[
    function(
        "abspath",
        GROUP,
        &[PATH],
        abspath,
        "The path from the root; a relative one starts at the configuration directory. What it gives depends on where the configuration lies.",
        "startswith(abspath(\"users.csv\"), \"/\")",
    )
    .impure(),
    function("basename", GROUP, &[PATH], basename, "The last part of a path.", "basename(\"lists/pilots.csv\")"),
    function("dirname", GROUP, &[PATH], dirname, "A path without its last part.", "dirname(\"lists/pilots.csv\")"),
];

fn abspath(args: &Args<'_, '_>) -> Outcome {
    let path = args.str(0)?;
    if path.starts_with('/') {
        return Ok(Value::string(clean(path)));
    }
    let base = std::path::absolute(args.scope.base_dir.join(path))
        .map_err(|error| format!("the configuration directory has no path from the root: {error}"))?;
    Ok(Value::string(clean(&base.to_string_lossy())))
}

fn basename(args: &Args<'_, '_>) -> Outcome {
    let path = args.str(0)?;
    let trimmed = path.trim_end_matches('/');
    Ok(Value::string(match trimmed.rsplit('/').next() {
        _ if path.is_empty() => ".",
        Some("") | None => "/",
        Some(last) => last,
    }))
}

fn dirname(args: &Args<'_, '_>) -> Outcome {
    let path = args.str(0)?;
    Ok(Value::string(clean(path.rfind('/').map_or("", |at| &path[..=at]))))
}

/// The shortest path that leads to the same place, by its text alone, as Go's `filepath.Clean` has it.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(last) if *last != ".." => drop(parts.pop()),
                None if rooted => {}
                _ => parts.push(".."),
            },
            other => parts.push(other),
        }
    }
    match (rooted, parts.join("/")) {
        (true, rest) => format!("/{rest}"),
        (false, rest) if rest.is_empty() => ".".into(),
        (false, rest) => rest,
    }
}
