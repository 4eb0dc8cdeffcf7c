#!/usr/bin/env bash
# pack.sh TARGET FROM TO: packs the program that lies in FROM for a release: an archive with the licences, the manual pages
# and the completion scripts; for Linux a .deb as well.
set -euo pipefail
target=$1 from=$2 to=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
version=$("$here/version.sh")
mkdir -p "$to"
to=$(cd "$to" && pwd)
name=mfaplan-$version-$target
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir "$stage/$name"
cp "$root"/{LICENSE-APACHE,LICENSE-MIT,README.md,CHANGELOG.md} "$stage/$name/"
case $target in
*-windows-*)
    cp "$from/mfaplan.exe" "$stage/$name/"
    (cd "$stage" && if command -v 7z >/dev/null; then 7z a -bso0 "$to/$name.zip" "$name"; else zip -qr "$to/$name.zip" "$name"; fi)
    ;;
*)
    install -m 755 "$from/mfaplan" "$stage/$name/mfaplan"
    "$from/mfaplan" man >"$stage/$name/mfaplan.1"
    for shell in bash zsh fish; do "$from/mfaplan" completions "$shell" >"$stage/$name/mfaplan.$shell"; done
    tar -C "$stage" -czf "$to/$name.tar.gz" "$name"
    ;;
esac
case $target in
*-linux-*)
    case $target in x86_64-*) architecture=amd64 ;; *) architecture=arm64 ;; esac
    tree=$stage/deb
    install -D -m 755 "$from/mfaplan" "$tree/usr/bin/mfaplan"
    install -D -m 644 "$stage/$name/mfaplan.1" "$tree/usr/share/man/man1/mfaplan.1"
    gzip -9n "$tree/usr/share/man/man1/mfaplan.1"
    install -D -m 644 "$stage/$name/mfaplan.bash" "$tree/usr/share/bash-completion/completions/mfaplan"
    install -D -m 644 "$stage/$name/mfaplan.zsh" "$tree/usr/share/zsh/vendor-completions/_mfaplan"
    install -D -m 644 "$stage/$name/mfaplan.fish" "$tree/usr/share/fish/vendor_completions.d/mfaplan.fish"
    install -D -m 644 "$root/LICENSE-MIT" "$tree/usr/share/doc/mfaplan/copyright"
    mkdir "$tree/DEBIAN"
    cat >"$tree/DEBIAN/control" <<END
Package: mfaplan
Version: $version
Architecture: $architecture
Maintainer: the mfaplan authors <mfaplan@users.noreply.github.com>
Section: admin
Priority: optional
Homepage: https://github.com/mfaplan/mfaplan
Description: per-user MFA of Microsoft Entra ID as reviewed code
 Reads HCL declarations of who must be in which per-user MFA state, shows every
 user's transition with what it may break, and applies exactly the approved plan.
END
    dpkg-deb --root-owner-group --build "$tree" "$to/mfaplan_${version}_$architecture.deb" >/dev/null
    ;;
esac
