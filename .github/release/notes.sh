#!/usr/bin/env bash
# notes.sh: prints the section of CHANGELOG.md that belongs to the version; fails where there is none.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$("$here/version.sh")
awk -v version="$version" '
    /^## / { on = ($2 == version); if (on) found = 1; next }
    on { print }
    END { exit !found }
' "$here/../../CHANGELOG.md" || { echo "CHANGELOG.md has no section \"## $version\"" >&2; exit 1; }
