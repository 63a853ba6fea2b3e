#!/bin/sh
# Run all tests on every Python from 3.11 that is here, each in a virtual environment of its own.
set -eu
mkdir -p .run
ran=
for version in 3.11 3.12 3.13 3.14 3.15; do
    python$version -c 'pass' >/dev/null 2>&1 || continue
    echo "== Python $version"
    PYTHON=python$version sh scripts/install.sh ".run/venv-$version" '.[dev]'
    ".run/venv-$version/bin/pytest" -n 2 --dist loadfile
    ran="$ran $version"
done
[ -n "$ran" ] || { echo "no python3.11 or later by that name on the path" >&2; exit 1; }
echo "passed on$ran"
