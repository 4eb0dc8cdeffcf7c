//! The walk from per-user MFA to Conditional Access: what its page shows is what comes out, command by command.

use std::{fs, path::Path, process::Command};

const EXAMPLE: &str = "examples/migrate-to-conditional-access";

/// What the command lines of one block say, run after those before.
fn said(dir: &Path, commands: &str) -> String {
    let mut said = String::new();
    for line in commands.lines() {
        let words: Vec<&str> = line.strip_prefix("$ ").unwrap().split(' ').collect();
        if let ["cp", from, to] = words.as_slice() {
            let name = Path::new(from).file_name().unwrap();
            fs::copy(dir.join(from), dir.join(to).join(name)).unwrap();
            continue;
        }
        assert_eq!(words[0], "mfaplan", "{line}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_mfaplan"));
        let output = command.env_clear().current_dir(dir).args(&words[1..]).output().unwrap();
        for stream in [output.stdout, output.stderr] {
            said += String::from_utf8(stream).unwrap().trim_matches('\n');
        }
    }
    said.lines().map(str::trim_end).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn the_walk_comes_out_as_its_page_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = tempfile::TempDir::new().unwrap();
    fs::create_dir_all(dir.path().join(EXAMPLE)).unwrap();
    for entry in fs::read_dir(root.join(EXAMPLE)).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.path().join(EXAMPLE).join(path.file_name().unwrap())).unwrap();
    }
    let page = fs::read_to_string(root.join(EXAMPLE).join("README.md")).unwrap();
    let (mut walked, mut rest) = (String::new(), page.as_str());
    let mut shown = 0;
    while let Some((before, after)) = rest.split_once("```console\n") {
        let (commands, after) = after.split_once("```\n").unwrap();
        let said = said(dir.path(), commands);
        walked += &format!("{before}```console\n{commands}```\n");
        rest = after;
        if let Some(after) = after.strip_prefix("```text\n") {
            walked += &format!("```text\n{said}```\n");
            rest = after.split_once("```\n").unwrap().1;
            shown += 1;
        }
    }
    walked += rest;
    assert!(shown >= 5, "{shown} blocks");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(root.join(EXAMPLE).join("README.md"), &walked).unwrap();
    } else {
        assert!(page == walked, "the page is old: UPDATE_DOCS=1 cargo test --test planning walk");
    }
}
