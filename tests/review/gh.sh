#!/bin/bash
# A stand-in for gh: logs what it is asked and answers from files.
printf '%s\n' "$*" >>"$GH_LOG"
for arg in "$@"; do
    case $arg in
    body=@*) cp "${arg#body=@}" "$GH_ANSWERS/body.md" ;;
    esac
done
case "$*" in
*"-X "*) ;;
*comments*) cat "$GH_ANSWERS/comments.json" ;;
*commits*pulls*) cat "$GH_ANSWERS/pulls.json" ;;
*commits*statuses*) cat "$GH_ANSWERS/statuses.json" ;;
*actions/artifacts\?name=*) cat "$GH_ANSWERS/artifacts.json" ;;
*actions/artifacts/*/zip) cat "$GH_ANSWERS/artifact.zip" ;;
"issue list"*) cat "$GH_ANSWERS/issues.json" ;;
esac
