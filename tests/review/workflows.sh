#!/bin/sh
# Checks the action and the example workflows against GitHub's schemas, with action-validator from npm.
# Exit code 0 and a word where npm or the package is not to be had.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v npm >/dev/null; then
    echo "skipped: there is no npm to install action-validator with"
    exit 0
fi
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
if ! timeout 180 npm install --silent --no-fund --no-audit --prefix "$tools" \
    @action-validator/core@0.6.0 @action-validator/cli@0.6.0 >"$tools/log" 2>&1; then
    echo "skipped: action-validator could not be installed"
    exit 0
fi
# The validator's schema is older than the permission to attest.
sed '/^ *attestations: write$/d' .github/workflows/release.yml >"$tools/release.yml"
for file in action.yml "$tools/release.yml" .github/workflows/site.yml examples/ci/github/*.yml; do
    "$tools/node_modules/.bin/action-validator" "$file"
    echo "$file is valid"
done
