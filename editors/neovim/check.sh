#!/bin/sh
# Drives the language server by Neovim without a window: editors/neovim/check.sh [PROGRAM]. Says so where there is no Neovim.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
command -v nvim >/dev/null || { echo "skipped: there is no Neovim"; exit 0; }
program=${1:-}
if [ -z "$program" ]; then
    (cd "$here/../.." && cargo build --locked --quiet)
    program=${CARGO_TARGET_DIR:-$here/../../target}/debug/mfaplan
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp "$here/../../examples/minimal/tenant.json" "$dir/"
MFAPLAN=$program XDG_STATE_HOME=$dir/state XDG_CACHE_HOME=$dir/cache \
    timeout 120 nvim --headless --clean --cmd "cd $dir" -c "luafile $here/check.lua" -c "qa!" 2>"$dir/said" \
    || { cat "$dir/said"; exit 1; }
cat "$dir/said"
grep -q "all capabilities answer" "$dir/said"
