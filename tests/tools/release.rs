//! The scripts of a release, on the program as it is built for the tests.
#![cfg(unix)]

use std::{fs, path::Path, process::Command};

use super::program::repository;

const TARGETS: [(&str, &str); 6] = [
    ("x86_64-unknown-linux-musl", "tar.gz"),
    ("aarch64-unknown-linux-musl", "tar.gz"),
    ("x86_64-apple-darwin", "tar.gz"),
    ("aarch64-apple-darwin", "tar.gz"),
    ("x86_64-pc-windows-msvc", "zip"),
    ("aarch64-pc-windows-msvc", "zip"),
];

fn script(name: &str, arguments: &[&Path]) -> Result<String, String> {
    let said = Command::new(repository(".github/release").join(name)).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if said.status.success() { Ok(text(said.stdout)) } else { Err(text(said.stderr)) }
}

#[test]
fn a_tag_of_another_version_is_refused() {
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(script("version.sh", &[]).unwrap().trim(), version);
    script("version.sh", &[Path::new(&format!("v{version}"))]).unwrap();
    assert!(script("version.sh", &[Path::new("v99.0.0")]).unwrap_err().contains(version));
}

#[test]
fn every_place_that_names_the_version_names_the_same() {
    let extension = fs::read_to_string(repository("editors/vscode/package.json")).unwrap();
    let extension: serde_json::Value = serde_json::from_str(&extension).unwrap();
    assert_eq!(extension["version"], env!("CARGO_PKG_VERSION"));
    assert!(!script("notes.sh", &[]).unwrap().trim().is_empty());
}

#[test]
fn the_manifests_hold_every_checksum_beside_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let sums: Vec<_> = TARGETS
        .iter()
        .enumerate()
        .map(|(number, (target, ending))| (format!("{number:064x}"), format!("mfaplan-{version}-{target}.{ending}")))
        .collect();
    let list: String = sums.iter().map(|(sum, file)| format!("{sum}  {file}\n")).collect();
    fs::write(dir.path().join("SHA256SUMS"), &list).unwrap();
    script("manifests.sh", &[&dir.path().join("SHA256SUMS"), &dir.path().join("manifests")]).unwrap();
    let read = |name: &str| fs::read_to_string(dir.path().join("manifests").join(name)).unwrap();
    serde_json::from_str::<serde_json::Value>(&read("mfaplan.json")).unwrap();
    let all = [
        read("mfaplan.json"),
        read("mfaplan.rb"),
        read("winget/mfaplan.mfaplan.installer.yaml"),
        read("Containerfile"),
    ];
    for (sum, file) in &sums {
        let places: Vec<_> = all.iter().filter(|text| text.contains(file)).collect();
        assert!(!places.is_empty(), "{file} is in no manifest");
        assert!(places.iter().all(|text| text.to_lowercase().contains(sum)), "{file} without its checksum");
    }
    // A release that lacks a program has no manifests.
    fs::write(dir.path().join("SHA256SUMS"), list.lines().skip(1).collect::<Vec<_>>().join("\n")).unwrap();
    let error = script("manifests.sh", &[&dir.path().join("SHA256SUMS"), &dir.path().join("again")]).unwrap_err();
    assert!(error.contains("x86_64-unknown-linux-musl"), "{error}");
}

#[test]
fn an_archive_and_a_package_hold_the_program_its_manual_and_the_licences() {
    if Command::new("dpkg-deb").arg("--version").output().is_err() {
        // Said by name, since a test that silently checks nothing is worse than none.
        eprintln!("not checked: there is no dpkg-deb to build a package with");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // What is packed here only calls the program: compressing a debug build takes a minute.
    let from = dir.path().join("built");
    fs::create_dir(&from).unwrap();
    fs::write(from.join("mfaplan"), format!("#!/bin/sh\nexec {} \"$@\"\n", env!("CARGO_BIN_EXE_mfaplan"))).unwrap();
    Command::new("chmod").arg("755").arg(from.join("mfaplan")).status().unwrap();
    script("pack.sh", &[Path::new("x86_64-unknown-linux-musl"), &from, dir.path()]).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let archive = dir.path().join(format!("mfaplan-{version}-x86_64-unknown-linux-musl.tar.gz"));
    let package = dir.path().join(format!("mfaplan_{version}_amd64.deb"));
    let list = |program: &str, arguments: &[&str], file: &Path| {
        let said = Command::new(program).args(arguments).arg(file).output().unwrap();
        assert!(said.status.success(), "{said:?}");
        String::from_utf8(said.stdout).unwrap()
    };
    let archive = list("tar", &["-tzf"], &archive);
    for name in ["mfaplan", "mfaplan.1", "mfaplan.bash", "LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"] {
        assert!(archive.lines().any(|line| line.ends_with(&format!("/{name}"))), "{name}: {archive}");
    }
    let package = list("dpkg-deb", &["--contents"], &package);
    for name in ["./usr/bin/mfaplan", "./usr/share/man/man1/mfaplan.1.gz", "./usr/share/doc/mfaplan/copyright"] {
        assert!(package.contains(name), "{name}: {package}");
    }
}
