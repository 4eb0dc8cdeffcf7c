#!/bin/bash
# Keeps the night's sign-in records on a branch of their own, so that no pull request reads the log of a month again: the
# nightly job adds what is new to the store (`mfaplan evidence pull`) and pushes it, every other job plans from it.
#
#     evidence.sh pull BRANCH DIRECTORY      before anything is planned: DIRECTORY/.mfaplan/evidence is what the branch has
#     evidence.sh push BRANCH DIRECTORY      in the nightly job, after it was added to
#
# JOURNAL_REMOTE and JOURNAL_HEADER as for journal.sh. The branch has one commit and no history: what the store forgets
# (`mfaplan evidence prune`), the branch forgets.
# The store says who signs in where and when: use this in private repositories only.
set -euo pipefail
umask 077
command=$1 branch=$2 directory=${3%/}
key=${directory#./}
if [ "$key" = . ] || [ -z "$key" ]; then key=root; fi
store=$directory/.mfaplan/evidence
# What lies below .mfaplan is this program's own: nothing of it is read or written through a link.
for part in "$directory/.mfaplan" "$store"; do
    if [ -L "$part" ]; then echo "::error::$part is a link; the evidence is not touched." >&2; exit 1; fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_TERMINAL_PROMPT=0 GIT_AUTHOR_NAME=mfaplan GIT_AUTHOR_EMAIL=mfaplan@localhost
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
if [ -n "${JOURNAL_HEADER:-}" ]; then
    export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_VALUE_0=$JOURNAL_HEADER
fi
git() { command git -C "$work" "$@"; }
git init --quiet
git remote add origin "$JOURNAL_REMOTE"

# The branch as it is now, or nothing where there is none yet. That the remote does not answer is no empty branch.
before=
fetch() {
    local found=0 line
    line=$(git ls-remote --exit-code --heads origin "$branch") || found=$?
    case $found in
    0)
        before=${line%%[[:space:]]*}
        git fetch --quiet --depth 1 origin "refs/heads/$branch"
        git checkout --quiet --force --detach FETCH_HEAD
        ;;
    2) before= ;;
    *) echo "::error::The branch $branch with the evidence cannot be read." >&2; return 1 ;;
    esac
}
files() { # files FROM TO: its plain files, the lock left out
    local file
    mkdir -p "$2"
    for file in "$1"/*; do
        if [ -f "$file" ] && [ ! -L "$file" ] && [ "${file##*/}" != lock ]; then cp "$file" "$2/"; chmod 600 "$2/${file##*/}"; fi
    done
}

case $command in
pull)
    fetch
    if [ ! -f "$work/$key/store.json" ]; then exit 0; fi
    # Whole, or not at all: a store is valid as its store.json names it.
    rm -rf "$store"
    files "$work/$key" "$store"
    ;;
push)
    [ -f "$store/store.json" ] || exit 0
    # Another job may push first, for another directory: take what it brought, and try again.
    for _ in 1 2 3 4 5; do
        fetch
        rm -rf "${work:?}/$key"
        files "$store" "$work/$key"
        git add --all
        commit=$(git commit-tree -m "Evidence" "$(git write-tree)")
        if git push --quiet --force-with-lease="refs/heads/$branch:$before" origin "$commit:refs/heads/$branch" 2>/dev/null; then exit 0; fi
    done
    echo "::error::The evidence cannot be pushed to $branch: the next jobs plan from that of the night before." >&2
    exit 1
    ;;
*)
    echo "usage: evidence.sh pull|push BRANCH DIRECTORY" >&2
    exit 1
    ;;
esac
