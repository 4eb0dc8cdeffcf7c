#!/usr/bin/env bash
# The platforms of a release that can be looked at from here: a static program for Linux, packed and run in an empty root, and
# the source as the compiler for macOS sees it. Says what is missing where something is.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=$(cargo metadata --locked --no-deps --format-version 1 | python3 -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
has() { rustc --print target-libdir --target "$1" | xargs test -d; }
desk=$(mktemp -d)
trap 'rm -rf "$desk"' EXIT

if has x86_64-unknown-linux-musl && command -v musl-gcc >/dev/null; then
    cargo build --locked --quiet --target x86_64-unknown-linux-musl --bin mfaplan
    from=$target/x86_64-unknown-linux-musl/debug
    .github/release/pack.sh x86_64-unknown-linux-musl "$from" "$desk/dist"
    mkdir -p "$desk/unpacked" "$desk/root/tmp" "$desk/root/try"
    dpkg-deb --extract "$desk"/dist/mfaplan_*_amd64.deb "$desk/unpacked"
    test -x "$desk/unpacked/usr/bin/mfaplan"
    cp "$desk/unpacked/usr/bin/mfaplan" "$desk/root/"
    cp examples/minimal/* "$desk/root/try/"
    if [ "$(id -u)" = 0 ]; then
        chroot "$desk/root" /mfaplan --chdir /try apply --auto-approve >"$desk/said"
        grep -q 'planned  *1 ' "$desk/said" || { cat "$desk/said"; exit 1; }
        echo "ok      a static program for Linux, from its .deb, in an empty root"
    else
        "$desk/root/mfaplan" --version
        echo "not run in an empty root: that needs root"
    fi
else
    echo "skipped: the target x86_64-unknown-linux-musl or musl-gcc is not installed"
fi

# Without Apple's SDK nothing can be linked, so the C parts are left empty; the Rust source is checked whole.
if has aarch64-apple-darwin; then
    cat >"$desk/cc" <<'END'
#!/bin/sh
[ "$1" != --version ] || echo "clang version 15.0.0"
while [ $# -gt 0 ]; do [ "$1" != -o ] || : >"$2"; shift; done
END
    printf '#!/bin/sh\nfor file; do case $file in *.a) : >"$file" ;; esac; done\n' >"$desk/ar"
    chmod +x "$desk/cc" "$desk/ar"
    CC_aarch64_apple_darwin=$desk/cc CXX_aarch64_apple_darwin=$desk/cc AR_aarch64_apple_darwin=$desk/ar RANLIB_aarch64_apple_darwin=true \
        cargo check --locked --quiet --target aarch64-apple-darwin --bin mfaplan
    echo "ok      the source, for macOS"
else
    echo "skipped: the target aarch64-apple-darwin is not installed"
fi
