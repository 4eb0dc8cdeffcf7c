#!/bin/sh
# Fuzzes one target with libFuzzer on stable Rust.
#
#   tests/fuzz/run.sh TARGET [SECONDS]     default: 600 seconds
#
# Only this program is instrumented, not its dependencies, so that they need not be built a second time. What fails is
# written to tests/fuzz/artifacts/TARGET; the corpus grows in tests/fuzz/corpus/TARGET.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ "${1:-}" = "--rustc" ]; then
    # Called by cargo for each crate: the compiler, then its arguments.
    shift
    compiler=$1
    shift
    case " $* " in
    *" --crate-name mfaplan "*)
        set -- "$@" -Cpasses=sancov-module
        for option in level=4 inline-8bit-counters pc-table trace-compares; do
            set -- "$@" "-Cllvm-args=-sanitizer-coverage-$option"
        done
        ;;
    esac
    exec "$compiler" "$@"
fi
target=${1:?which target? plan, plan_file, journal, snapshot, format, sign_ins}
seconds=${2:-600}
repository=$here/../..
corpus=$here/corpus/$target
artifacts=$here/artifacts/$target
mkdir -p "$corpus" "$artifacts"

# The seeds: what is in the repository anyway.
seed() {
    for file in "$@"; do
        [ -f "$file" ] && cp "$file" "$corpus/seed-$(printf '%s' "${file#"$repository"/}" | tr '/ ' '--')"
    done
    return 0
}
seed "$repository/fixtures/fuzz/$target"/*
case $target in
plan | format)
    seed "$repository"/fixtures/diagnostics/*/*.hcl "$repository"/examples/*/*.hcl "$repository"/fixtures/scenarios/*.hcl
    cat "$repository"/examples/contoso/*.mfa.hcl >"$corpus/seed-contoso"
    grep -v '^#' "$repository/tests/terraform/expressions.txt" | split -l 20 - "$corpus/seed-expressions-"
    for file in "$corpus"/seed-expressions-*; do
        { echo 'locals {'; awk '{ print "  e" NR " = " $0 }' "$file"; echo '}'; } >"$file.hcl"
        rm "$file"
    done
    ;;
snapshot) seed "$repository"/examples/*/tenant.json "$repository"/fixtures/scenarios/tests/tenant.json ;;
esac

wrapper=$(mktemp)
trap 'rm -f "$wrapper"' EXIT
printf '#!/bin/sh\nexec "%s" --rustc "$@"\n' "$here/run.sh" >"$wrapper"
chmod +x "$wrapper"
cd "$here"
RUSTC_WRAPPER=$wrapper cargo build --release --bin "$target"
"${CARGO_TARGET_DIR:-$here/target}/release/$target" "$corpus" -artifact_prefix="$artifacts/" -dict="$here/words.dict" \
    -max_total_time="$seconds" -max_len=16384 -timeout=30 -rss_limit_mb=4096 -print_final_stats=1
