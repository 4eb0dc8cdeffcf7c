#!/usr/bin/env bash
# Builds the program for Windows and runs it under Wine: what the first hour of an administrator at Windows consists of.
# Needs the target x86_64-pc-windows-gnu, Debian's gcc-mingw-w64-x86-64 and wine64, Python 3. Says so where one is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
for tool in x86_64-w64-mingw32-gcc wine python3; do
    command -v "$tool" >/dev/null || { echo "skipped: there is no $tool"; exit 0; }
done
rustc --print target-libdir --target x86_64-pc-windows-gnu | xargs test -d \
    || { echo "skipped: the target x86_64-pc-windows-gnu is not installed"; exit 0; }
cargo build --locked --quiet --target x86_64-pc-windows-gnu --bin mfaplan
cargo build --locked --quiet --example fake-graph
target=$(cargo metadata --locked --no-deps --format-version 1 | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
desk=$(mktemp -d)
trap 'rm -rf "$desk"' EXIT
cp "$target/x86_64-pc-windows-gnu/debug/mfaplan.exe" "$desk/"
x86_64-w64-mingw32-gcc -shared -o "$desk/bcryptprimitives.dll" tests/windows/process_prng.c -ladvapi32
exec python3 tests/windows/stories.py "$desk" "$target/debug/examples/fake-graph" "$@"
