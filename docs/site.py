"""A preprocessor of mdBook: links that leave docs/ lead to the repository, those to a README to the index of its folder."""
import json, posixpath, re, sys

REPOSITORY = "https://github.com/mfaplan/mfaplan/blob/main/"
LINK = re.compile(r"\]\(([^)\s:]+)\)")


def outside(chapter, link):
    """Where the link leads on the site."""
    path, mark, anchor = link.partition("#")
    found = posixpath.normpath(posixpath.join("docs", posixpath.dirname(chapter), path)) if path else "docs/"
    if not found.startswith("docs/"):
        return REPOSITORY + found + mark + anchor
    # mdBook writes a README as the index of its folder.
    return re.sub(r"(^|/)README\.md$", r"\1index.md", path) + mark + anchor


def walk(items):
    for item in items:
        chapter = item.get("Chapter") if isinstance(item, dict) else None
        if chapter:
            path = chapter.get("path") or ""
            chapter["content"] = LINK.sub(lambda found: f"]({outside(path, found[1])})", chapter["content"])
            walk(chapter["sub_items"])


if sys.argv[1:2] == ["supports"]:
    sys.exit(0)
_, book = json.load(sys.stdin)
walk(book.get("items") or book.get("sections"))
json.dump(book, sys.stdout)
