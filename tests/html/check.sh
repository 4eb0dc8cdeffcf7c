#!/bin/sh
# Checks the HTML report in a headless Chromium: it renders, filters, runs nothing it should not, logs no error.
# Needs a Chromium (apt-get install -y chromium). With MFAPLAN_SCREENSHOTS=DIR it also writes pictures there.
set -eu
cd "$(dirname "$0")/../.."
for name in "${MFAPLAN_CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    [ -n "$name" ] && found=$(command -v "$name") && break
    found=
done
if [ -z "$found" ]; then
    echo "No Chromium found: apt-get install -y chromium, or set MFAPLAN_CHROMIUM." >&2
    exit 1
fi
MFAPLAN_CHROMIUM=$found exec cargo test --lib render::html::browser -- --ignored
