#!/usr/bin/env bash
# manifests.sh SHA256SUMS TO: writes the manifests for winget, Homebrew and scoop and a Containerfile from the checksums of a
# release. Whoever maintains the packages submits them by hand: nothing here publishes.
set -euo pipefail
sums=$(cd "$(dirname "$1")" && pwd)/$(basename "$1") to=$2
here=$(cd "$(dirname "$0")" && pwd)
version=$("$here/version.sh")
base=https://github.com/mfaplan/mfaplan/releases/download/v$version
mkdir -p "$to"
sum() { # sum TARGET ENDING: the checksum of that file, which must be there
    awk -v name="mfaplan-$version-$1$2" '$2 == name { print $1; found = 1 } END { exit !found }' "$sums" \
        || { echo "no mfaplan-$version-$1$2 in $sums" >&2; exit 1; }
}
windows_x64=$(sum x86_64-pc-windows-msvc .zip)
windows_arm64=$(sum aarch64-pc-windows-msvc .zip)
mac_x64=$(sum x86_64-apple-darwin .tar.gz)
mac_arm64=$(sum aarch64-apple-darwin .tar.gz)
linux_x64=$(sum x86_64-unknown-linux-musl .tar.gz)
linux_arm64=$(sum aarch64-unknown-linux-musl .tar.gz)

winget=$to/winget
mkdir -p "$winget"
cat >"$winget/mfaplan.mfaplan.yaml" <<END
PackageIdentifier: mfaplan.mfaplan
PackageVersion: $version
DefaultLocale: en-US
ManifestType: version
ManifestVersion: 1.6.0
END
cat >"$winget/mfaplan.mfaplan.locale.en-US.yaml" <<END
PackageIdentifier: mfaplan.mfaplan
PackageVersion: $version
PackageLocale: en-US
Publisher: mfaplan
PackageName: mfaplan
License: MIT OR Apache-2.0
ShortDescription: Per-user MFA of Microsoft Entra ID as reviewed code
PackageUrl: https://github.com/mfaplan/mfaplan
ManifestType: defaultLocale
ManifestVersion: 1.6.0
END
{
    cat <<END
PackageIdentifier: mfaplan.mfaplan
PackageVersion: $version
InstallerType: zip
NestedInstallerType: portable
Installers:
END
    for row in "x64 x86_64 $windows_x64" "arm64 aarch64 $windows_arm64"; do
        read -r architecture target hash <<<"$row"
        cat <<END
- Architecture: $architecture
  NestedInstallerFiles:
  - RelativeFilePath: mfaplan-$version-$target-pc-windows-msvc\\mfaplan.exe
    PortableCommandAlias: mfaplan
  InstallerUrl: $base/mfaplan-$version-$target-pc-windows-msvc.zip
  InstallerSha256: ${hash^^}
END
    done
    printf 'ManifestType: installer\nManifestVersion: 1.6.0\n'
} >"$winget/mfaplan.mfaplan.installer.yaml"

cat >"$to/mfaplan.json" <<END
{
  "version": "$version",
  "description": "Per-user MFA of Microsoft Entra ID as reviewed code",
  "homepage": "https://github.com/mfaplan/mfaplan",
  "license": "MIT|Apache-2.0",
  "architecture": {
    "64bit": {
      "url": "$base/mfaplan-$version-x86_64-pc-windows-msvc.zip",
      "hash": "$windows_x64",
      "extract_dir": "mfaplan-$version-x86_64-pc-windows-msvc"
    },
    "arm64": {
      "url": "$base/mfaplan-$version-aarch64-pc-windows-msvc.zip",
      "hash": "$windows_arm64",
      "extract_dir": "mfaplan-$version-aarch64-pc-windows-msvc"
    }
  },
  "bin": "mfaplan.exe"
}
END

cat >"$to/mfaplan.rb" <<END
class Mfaplan < Formula
  desc "Per-user MFA of Microsoft Entra ID as reviewed code"
  homepage "https://github.com/mfaplan/mfaplan"
  version "$version"
  license any_of: ["MIT", "Apache-2.0"]

  on_macos do
    on_arm do
      url "$base/mfaplan-$version-aarch64-apple-darwin.tar.gz"
      sha256 "$mac_arm64"
    end
    on_intel do
      url "$base/mfaplan-$version-x86_64-apple-darwin.tar.gz"
      sha256 "$mac_x64"
    end
  end
  on_linux do
    on_arm do
      url "$base/mfaplan-$version-aarch64-unknown-linux-musl.tar.gz"
      sha256 "$linux_arm64"
    end
    on_intel do
      url "$base/mfaplan-$version-x86_64-unknown-linux-musl.tar.gz"
      sha256 "$linux_x64"
    end
  end

  def install
    bin.install "mfaplan"
    man1.install "mfaplan.1"
    bash_completion.install "mfaplan.bash" => "mfaplan"
    zsh_completion.install "mfaplan.zsh" => "_mfaplan"
    fish_completion.install "mfaplan.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/mfaplan --version")
  end
end
END

cat >"$to/Containerfile" <<END
# podman build --build-arg TARGETARCH=amd64 -t mfaplan .
FROM scratch AS archive
ARG TARGETARCH
ADD --checksum=sha256:$linux_x64 $base/mfaplan-$version-x86_64-unknown-linux-musl.tar.gz /amd64.tar.gz
ADD --checksum=sha256:$linux_arm64 $base/mfaplan-$version-aarch64-unknown-linux-musl.tar.gz /arm64.tar.gz

FROM docker.io/library/alpine:3.22 AS unpacked
ARG TARGETARCH
COPY --from=archive /\$TARGETARCH.tar.gz /archive.tar.gz
RUN mkdir /unpacked && tar -xzf /archive.tar.gz --strip-components=1 -C /unpacked

# The program is static; the certificates it trusts are the system's.
FROM scratch
COPY --from=unpacked /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=unpacked /unpacked/mfaplan /mfaplan
USER 65532:65532
WORKDIR /configuration
ENTRYPOINT ["/mfaplan"]
END
