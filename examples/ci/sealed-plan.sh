#!/bin/bash
# Seals a saved plan for the job that applies it. A saved plan names everybody in the tenant, more people than a comment
# does, and whoever can read a repository can read its artifacts: so it travels encrypted, or not at all.
#
#     sealed-plan.sh seal PLAN SEALED      to PLAN_CERTIFICATE, a certificate: no secret
#     sealed-plan.sh open SEALED PLAN      with PLAN_KEY, its private key: a secret of the protected environment
#
# Both are PEM text, or the path of a file that holds it. They are made once, and the key stays nowhere else:
#
#     openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj /CN=mfaplan -keyout plan.key -out plan.crt
#
# A seal hides and proves nothing: anybody can seal. What is opened counts only where its digest, which mfaplan computes
# anew, is the approved one.
set -euo pipefail
umask 077
command=$1 from=$2 to=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The text of a variable that holds it, or names the file that does. A key is never an argument, which others could list.
pem() {
    case $1 in
    -----BEGIN*) printf '%s\n' "$1" >"$work/pem" ;;
    *) cat -- "$1" >"$work/pem" ;;
    esac
}
case $command in
seal)
    pem "$PLAN_CERTIFICATE"
    openssl cms -encrypt -binary -stream -aes-256-cbc -in "$from" -outform DER -out "$to" \
        -recip "$work/pem" -keyopt rsa_padding_mode:oaep
    ;;
open)
    pem "$PLAN_KEY"
    openssl cms -decrypt -binary -inform DER -in "$from" -inkey "$work/pem" -out "$to"
    ;;
*)
    echo "usage: sealed-plan.sh seal|open FROM TO" >&2
    exit 1
    ;;
esac
