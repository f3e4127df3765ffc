#!/usr/bin/env bash
# Says what to compare with (the output `against`), and fetches it where the checkout does not have it.
#
# AGAINST is the revision as the workflow names it: empty for the base of a pull request, `none` for nothing. Where
# nothing can be fetched, `modelspec check` is the one that says what is missing.
set -euo pipefail
export GIT_TERMINAL_PROMPT=0

revision=${AGAINST%%$'\n'*}
if [ -z "$revision" ] && [ -n "${GITHUB_BASE_REF:-}" ]; then
    revision="origin/$GITHUB_BASE_REF"
fi

has_base() { # whether it is known where HEAD and the revision went apart: no history between them is cut off
    local commit head bases shallow
    commit=$(git rev-parse --verify --quiet "$1^{commit}") || return 1
    head=$(git rev-parse HEAD)
    bases=$(git merge-base --all "$commit" "$head") || return 1
    shallow=$(git rev-parse --git-path shallow)
    if [[ "$bases" == *"$commit"* || "$bases" == *"$head"* || ! -s "$shallow" ]]; then
        return 0
    fi
    # shellcheck disable=SC2086 # there may be several
    [ "$(git rev-list "$commit" "$head" --not $bases | grep --count --line-regexp --file="$shallow")" = 0 ]
}

fetch() { # ARGUMENTS: fetch the base, and HEAD's own history with it where the remote has that commit
    git fetch --quiet --no-tags "$@" "$(git rev-parse HEAD)" 2> /dev/null || git fetch --quiet --no-tags "$@"
}

if [ "$revision" = none ]; then
    revision=""
elif [[ -n "$revision" && "$revision" != -* ]] && ! has_base "$revision"; then
    if [[ "$revision" =~ ^[0-9a-f]{40}$ ]]; then
        tracked="$revision"
        refspec="$revision"
    else
        tracked="origin/${revision#origin/}"
        refspec="+refs/heads/${revision#origin/}:refs/remotes/$tracked"
    fi
    if [ "$(git rev-parse --is-shallow-repository)" = false ]; then
        fetch origin "$refspec" || true
    else
        # Most bases are near; of a history that is longer than this, the checkout has to bring more.
        for commits in 10 100 1000 10000; do
            fetch --deepen="$commits" origin "$refspec" || break
            if has_base "$tracked"; then
                break
            fi
        done
    fi
    if git rev-parse --verify --quiet "$tracked^{commit}" > /dev/null; then
        revision="$tracked"
    fi
fi

if [ -n "$revision" ]; then
    echo "compared with $revision"
else
    echo "compared with nothing"
fi
echo "against=$revision" >> "$GITHUB_OUTPUT"
