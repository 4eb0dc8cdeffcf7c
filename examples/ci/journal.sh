#!/bin/bash
# Keeps the journals of runs on a branch of their own, where the next job finds them: resume, rollback and verify need
# them, and a signature that a run has used is not accepted again.
#
#     journal.sh pull BRANCH DIRECTORY      before a run: brings them back into DIRECTORY/.mfaplan/runs
#     journal.sh push BRANCH DIRECTORY      while it runs, and after it
#
# Without DIRECTORY: those of every configuration below the current directory, and of the fleet in it.
#
# JOURNAL_REMOTE is the repository's address. JOURNAL_HEADER, where it needs one, the header that signs in, for example
# "AUTHORIZATION: bearer …": it reaches git by the environment, never as an argument that others could list.
# A journal names people: use this in private repositories only.
set -euo pipefail
umask 077
command=$1 branch=$2 directory=${3:-}
directory=${directory%/}
# What lies below .mfaplan is this program's own: nothing of it is read or written through a link.
no_links() {
    local part
    for part in "${1%/*}" "$1"; do
        if [ -L "$part" ]; then echo "::error::$part is a link; the journal is not touched." >&2; exit 1; fi
    done
}
# On the branch a configuration has a directory of its name; a fleet's own journal lies in "fleet of" its directory.
key_of() {
    local key=${1#./}
    case $key in "" | .) key=root ;; esac
    printf '%s' "$key"
}
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

# The branch as it is now; an empty one where there is none yet. That the remote does not answer is no empty branch.
fetch() {
    local found=0
    git ls-remote --exit-code --heads origin "$branch" >/dev/null || found=$?
    case $found in
    0) git fetch --quiet --depth 1 origin "refs/heads/$branch" && git checkout --quiet --force -B kept FETCH_HEAD ;;
    2) git checkout --quiet --orphan "empty$RANDOM" ;;
    *) echo "::error::The branch $branch with the journal cannot be read." >&2; return 1 ;;
    esac
}

# A journal only grows: of two copies the longer one is the newer.
longer() {
    local from=$1 to=$2
    [ ! -e "$to" ] || [ "$(wc -c <"$from")" -gt "$(wc -c <"$to")" ]
}
copy() {
    local from=$1 to=$2 file
    mkdir -p "$to"
    for file in "$from"/*.jsonl; do
        if [ -f "$file" ] && [ ! -L "$file" ] && longer "$file" "$to/${file##*/}"; then
            cp "$file" "$to/"
            chmod 600 "$to/${file##*/}"
        fi
    done
}

# One configuration, or all of them: pairs of where the journals lie here and on the branch.
here=() there=()
pair() { no_links "$1"; here+=("$1"); there+=("$2"); }
pairs() {
    local dir name
    here=() there=()
    if [ -n "$directory" ]; then pair "$directory/.mfaplan/runs" "$(key_of "$directory")"; return; fi
    pair ./.mfaplan/fleet "fleet of root"
    pair ./.mfaplan/runs root
    while IFS= read -r -d '' dir; do
        name=$(key_of "${dir%/.mfaplan}")
        if [ "$name" != root ]; then pair "$dir/runs" "$name"; fi
    done < <(find . -path ./.git -prune -o -name .mfaplan -print0)
    # What lies on the branch alone belongs to a configuration that has no journal here yet.
    while IFS= read -r -d '' dir; do
        name=${dir#"$work"/}
        if [ -d "./$name" ] && [ ! -e "./$name/.mfaplan" ]; then pair "./$name/.mfaplan/runs" "$name"; fi
    done < <(find "$work" -path "$work/.git" -prune -o -mindepth 1 -type d -print0)
}

case $command in
pull)
    fetch
    pairs
    for at in "${!here[@]}"; do
        if [ -d "$work/${there[at]}" ]; then copy "$work/${there[at]}" "${here[at]}"; fi
    done
    ;;
push)
    if [ -n "$directory" ] && [ ! -d "$directory/.mfaplan/runs" ]; then exit 0; fi
    # Another job may push first: take what it brought, and try again.
    for _ in 1 2 3 4 5; do
        fetch
        pairs
        for at in "${!here[@]}"; do
            if [ -d "${here[at]}" ]; then copy "${here[at]}" "$work/${there[at]}"; fi
        done
        git add --all
        if git diff --cached --quiet; then exit 0; fi
        git commit --quiet --message "Journal of ${directory:-all}"
        if git push --quiet origin "HEAD:refs/heads/$branch" 2>/dev/null; then exit 0; fi
        git checkout --quiet --detach
    done
    echo "::error::The journal cannot be pushed to $branch: keep .mfaplan, or rollback has nothing to go by." >&2
    exit 1
    ;;
*)
    echo "usage: journal.sh pull|push BRANCH [DIRECTORY]" >&2
    exit 1
    ;;
esac
