#!/usr/bin/env bash
# version.sh [TAG]: prints the version, which stands in Cargo.toml only; fails where TAG is another one's.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
if [ $# -gt 0 ] && [ "$1" != "v$version" ]; then
    echo "the tag is $1, and Cargo.toml says $version" >&2
    exit 1
fi
echo "$version"
