#!/bin/sh
# Style, types and import contracts; the tools are on the path. All run, then the verdict.
set -u
failed=
check() {
    name=$1
    shift
    "$@" || failed="$failed $name"
}
check "ruff-check" ruff check --quiet .
check "ruff-format" ruff format --quiet --diff .
check "pyright" pyright
check "import-contracts" lint-imports --no-logo
check "web" python scripts/web.py check
[ -z "$failed" ] || { echo "lint found something:$failed" >&2; exit 1; }
