#!/usr/bin/env bash
# Installs modelspec from the action's own checkout into an environment of its own; the workflow's is left as it is.
set -euo pipefail

find_python() { # the first that is new enough
    local python
    for python in python python3; do
        if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' > /dev/null 2>&1; then
            echo "$python"
            return
        fi
    done
    return 1
}

if ! python=$(find_python); then
    echo "::error title=modelspec::there is no Python 3.11 or later here: give the action python-version: \"3.13\""
    exit 1
fi
environment="$RUNNER_TEMP/modelspec/environment"
"$python" -m venv --clear "$environment"
bin="$environment/bin"
if [ ! -d "$bin" ]; then
    bin="$environment/Scripts" # on Windows
fi
"$bin/python" -m pip install --quiet --disable-pip-version-check "$GITHUB_ACTION_PATH"
"$bin/modelspec" --version
