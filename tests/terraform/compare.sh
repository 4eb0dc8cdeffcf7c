#!/bin/sh
# Asks `terraform console` for every expression of expressions.txt and writes what it says to expected.txt, does the same
# for those of multiline.txt and the types of types.txt, then runs the
# test that compares this program's results with them and prints the rate of agreement.
#
#   tests/terraform/compare.sh             record with the installed terraform, then compare
#   tests/terraform/compare.sh --check     compare only
#
# Recorded with Terraform 1.11.4. Format: the expression after "> ", then what the console prints; "error" where it
# prints an error.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ "${1:-}" != "--check" ]; then
    command -v terraform >/dev/null || { echo "terraform is not installed; --check compares with the recorded results" >&2; exit 1; }
    empty=$(mktemp -d)
    trap 'rm -rf "$empty"' EXIT
    export TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1
    cd "$empty"
    grep -v '^#' "$here/expressions.txt" | while IFS= read -r expression; do
        printf '> %s\n' "$expression"
        if result=$(printf '%s\n' "$expression" | terraform console -no-color 2>/dev/null); then
            printf '%s\n' "$result"
        else
            printf 'error\n'
        fi
    done >"$here/expected.new"
    mv "$here/expected.new" "$here/expected.txt"
    python3 "$here/configurations.py"
fi
cd "$here/../.."
cargo test --lib conformance -- --nocapture
