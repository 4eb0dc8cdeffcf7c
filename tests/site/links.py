"""Follows every link of a built site: each leads to a file that is there and to a heading that is there."""
import os, pathlib, sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

SITE = pathlib.Path(sys.argv[1]).resolve()


class Page(HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.ids, self.words = [], set(), 0
        self.feed(path.read_text())

    def handle_starttag(self, _, attributes):
        for name, value in attributes:
            if name in ("href", "src") and value:
                self.links.append(value)
            elif name == "id":
                self.ids.add(value)


pages = {path: Page(path) for path in SITE.rglob("*.html")}
dead = []
for path, page in pages.items():
    if path.name in ("404.html", "toc.html"):  # their links start at the site's root
        continue
    for link in page.links:
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = path if not parts.path else pathlib.Path(os.path.normpath(path.parent / unquote(parts.path)))
        if target.is_dir():
            target /= "index.html"
        known = pages.get(target)
        if not target.is_file() or parts.fragment and known and unquote(parts.fragment) not in known.ids:
            dead.append(f"{path.relative_to(SITE)}: {link}")
for one in dead:
    print(f"leads nowhere: {one}")
print(f"{len(pages)} pages, {sum(len(page.links) for page in pages.values())} links, {len(dead)} dead")
sys.exit(1 if dead or len(pages) < 20 else 0)
