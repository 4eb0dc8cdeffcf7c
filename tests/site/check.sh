#!/usr/bin/env bash
# Builds docs/ as a site with mdBook and follows every link within it. Says so where mdBook is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in mdbook python3; do
    command -v "$tool" >/dev/null || { echo "skipped: there is no $tool"; exit 0; }
done
mdbook build docs
rm -f target/site/book.toml target/site/site.py
python3 tests/site/links.py target/site
