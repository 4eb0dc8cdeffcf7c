#!/usr/bin/env bash
# Builds docs/ as a site with mdBook and follows every link within it. Says so where mdBook is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in mdbook python3; do
    command -v "$tool" >/dev/null || { echo "skipped: there is no $tool"; exit 0; }
done
mdbook build docs
rm -f target/site/book.toml target/site/site.py
# A schema can be fetched by its id.
python3 - <<'END'
import json, pathlib
SITE = "https://mfaplan.github.io/mfaplan/"
for path in sorted(pathlib.Path("docs/schema").glob("*.json")):
    name = json.loads(path.read_text())["$id"]
    assert name.startswith(SITE), name
    there = pathlib.Path("target/site", name.removeprefix(SITE))
    there.parent.mkdir(parents=True, exist_ok=True)
    there.write_bytes(path.read_bytes())
END
python3 tests/site/links.py target/site
