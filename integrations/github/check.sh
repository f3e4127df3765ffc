#!/usr/bin/env bash
# Checks the specs: annotations and the step summary, the JSON report and the comment. Its exit status is an output,
# so that the steps that follow can tell of it.
#
# PATHS (one a line), AGAINST, BASELINE, FAIL_ON and ARGS (words, quoted as in a shell) come from the action's inputs.
set -euo pipefail

folder="$RUNNER_TEMP/modelspec"
modelspec="$folder/environment/bin/modelspec"
if [ ! -x "$modelspec" ]; then
    modelspec="$folder/environment/Scripts/modelspec.exe" # on Windows
fi
report="$folder/report.json"
comment="$folder/comment.md"
trouble="$folder/trouble.txt"
rm -f "$report" "$comment"

options=()
if [ -n "${ARGS//[[:space:]]/}" ]; then
    if ! words=$(xargs -n 1 printf '%s\n' <<< "$ARGS"); then
        echo "::error title=modelspec::args cannot be read: is a quote missing?"
        exit 1
    fi
    while IFS= read -r word; do
        options+=("$word")
    done <<< "$words"
fi
if [ -n "$FAIL_ON" ]; then
    options+=("--fail-on=$FAIL_ON")
fi
if [ -n "$BASELINE" ]; then
    options+=("--baseline=$BASELINE")
fi
if [ -n "$AGAINST" ]; then
    options+=("--against=$AGAINST")
fi
options+=(--) # what follows is a path, also if it begins with a dash
while IFS= read -r path; do
    path=${path%$'\r'}
    if [ -n "$path" ]; then
        options+=("$path")
    fi
done <<< "$PATHS"

check() { # FORMAT [OPTION…]
    "$modelspec" check --format "$@" "${options[@]}"
}

status=0
check github 2> "$trouble" || status=$?
cat "$trouble" >&2

# The same once more, for those who read it elsewhere. The step summary is written already.
summary=$GITHUB_STEP_SUMMARY
unset GITHUB_STEP_SUMMARY
check json --output "$report" 2> /dev/null || true
check markdown --output "$comment.part" 2> /dev/null || true

if [ "$status" -ge 2 ]; then
    while IFS= read -r line; do
        echo "::error title=modelspec::${line//%/%25}"
    done < <(grep '^modelspec: ' "$trouble" || echo "modelspec: failed; the log of this step says more")
    printf '**modelspec could not check everything** (exit status %s):\n\n~~~text\n%s\n~~~\n\n' \
        "$status" "$(sed 's/~~~/~ ~/g' "$trouble")" | tee -a "$summary" > "$comment.trouble"
fi
# The mark by which the next run finds the comment of this one.
{
    echo '<!-- modelspec -->'
    if [ "$status" -ge 2 ]; then
        cat "$comment.trouble"
    fi
    if [ -f "$comment.part" ]; then
        sed '1{/^<!-- modelspec -->$/d;}' "$comment.part"
    fi
} > "$comment"
rm -f "$comment.part" "$comment.trouble"

{
    echo "exit-status=$status"
    echo "report=$report"
    echo "comment=$comment"
} >> "$GITHUB_OUTPUT"
