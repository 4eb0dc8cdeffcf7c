#!/bin/sh
# Prints the instructions of `mfaplan plan --json` beside benches/baseline.json. Never fails on a number: a reader judges.
#
#     benches/compare.sh          compare
#     benches/compare.sh --save   make the present numbers the baseline
set -eu
cd "$(dirname "$0")/.."
if ! command -v valgrind > /dev/null; then
    echo "valgrind is not installed: nothing is compared"
    exit 0
fi
exec cargo bench --quiet --bench plan -- instructions "$@"
