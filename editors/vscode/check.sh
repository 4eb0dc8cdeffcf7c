#!/bin/sh
# Tests and packages the extension. Needs Node.js with npm; says so where there is none.
set -eu
cd "$(dirname "$0")"
command -v npm >/dev/null || { echo "skipped: there is no npm"; exit 0; }
# A fetch that hangs is begun once more.
timeout 180 npm ci --silent --no-audit --no-fund --ignore-scripts || timeout 180 npm ci --silent --no-audit --no-fund --ignore-scripts
npm test --silent
npx vsce package --out "$(mktemp -d)/mfaplan.vsix" >/dev/null
echo "the extension is tested and packaged"
