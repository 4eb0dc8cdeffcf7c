//! Pages: every link within the repository leads to a file and a heading that are there, and every page can be reached from
//! the README.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// One page: its links, and the anchors of its headings.
#[derive(Default)]
struct Page {
    links: Vec<String>,
    anchors: BTreeSet<String>,
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn page(text: &str) -> Page {
    let mut page = Page::default();
    let mut heading: Option<String> = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push(dest_url.into_string())
            }
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => page.anchors.extend(heading.take().map(|text| anchor(&text))),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            Event::Html(text) | Event::InlineHtml(text) => {
                let ids = text.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next());
                page.anchors.extend(ids.map(str::to_owned));
            }
            _ => {}
        }
    }
    page
}

fn pages(root: &Path, dir: &Path, all: &mut BTreeMap<PathBuf, Page>) {
    for entry in fs::read_dir(root.join(dir)).unwrap() {
        let name = entry.unwrap().file_name();
        let path = dir.join(&name);
        let name = name.to_string_lossy();
        if root.join(&path).is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                pages(root, &path, all);
            }
        } else if name.ends_with(".md") {
            all.insert(path.clone(), page(&fs::read_to_string(root.join(&path)).unwrap()));
        }
    }
}

/// The file that a link of a page names; none outside the repository.
fn target(from: &Path, link: &str) -> Option<(PathBuf, Option<String>)> {
    if link.contains(':') {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor.to_owned())));
    if path.is_empty() {
        return Some((from.to_owned(), anchor));
    }
    let mut found = from.parent().unwrap_or(Path::new("")).to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                found.pop();
            }
            Component::Normal(name) => found.push(name),
            _ => {}
        }
    }
    Some((found, anchor))
}

#[test]
fn every_link_leads_somewhere_and_every_page_is_reached() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = BTreeMap::new();
    pages(root, Path::new(""), &mut all);
    let mut dead = Vec::new();
    for (from, page) in &all {
        for link in &page.links {
            let Some((path, anchor)) = target(from, link) else { continue };
            let there = root.join(&path).exists()
                && anchor.is_none_or(|anchor| all.get(&path).is_none_or(|page| page.anchors.contains(&anchor)));
            if !there {
                dead.push(format!("{}: {link}", from.display()));
            }
        }
    }
    assert!(dead.is_empty(), "links that lead nowhere: {dead:#?}");

    let mut reached = BTreeSet::from([PathBuf::from("README.md")]);
    let mut next: Vec<PathBuf> = reached.iter().cloned().collect();
    while let Some(path) = next.pop() {
        for (path, _) in all[&path].links.iter().filter_map(|link| target(&path, link)) {
            let path = if root.join(&path).is_dir() { path.join("README.md") } else { path };
            if all.contains_key(&path) && reached.insert(path.clone()) {
                next.push(path);
            }
        }
    }
    // The table of contents is what a site is built from.
    let contents: BTreeSet<PathBuf> = all[Path::new("docs/SUMMARY.md")]
        .links
        .iter()
        .filter_map(|link| Some(target(Path::new("docs/SUMMARY.md"), link)?.0))
        .collect();
    let unlisted: Vec<_> = all
        .keys()
        .filter(|path| path.starts_with("docs") && !path.ends_with("SUMMARY.md") && !contents.contains(*path))
        .collect();
    assert!(unlisted.is_empty(), "pages that are not in docs/SUMMARY.md: {unlisted:#?}");

    let lost: Vec<_> = all.keys().filter(|path| path.starts_with("docs") && !reached.contains(*path)).collect();
    assert!(lost.is_empty(), "pages that no page leads to: {lost:#?}");
}
