#!/bin/sh
# Run all tests on every Python from 3.11 that is here, each in a virtual environment of its own,
# then those that need servers again against Elasticsearch 9 and RabbitMQ 4.
# With an argument, "pythons" or "servers", only that half.
set -eu
mkdir -p .run
half=${1:-}
ran=
for version in 3.11 3.12 3.13 3.14 3.15; do
    python$version -c 'pass' >/dev/null 2>&1 || continue
    echo "== Python $version"
    PYTHON=python$version sh scripts/install.sh ".run/venv-$version" '.[dev]'
    [ "$half" = servers ] || ".run/venv-$version/bin/pytest" -n 2 --dist loadfile
    ran="$ran $version"
    [ "$half" != servers ] || break
done
[ -n "$ran" ] || { echo "no python3.11 or later by that name on the path" >&2; exit 1; }
if [ "$half" != pythons ]; then
    echo "== Elasticsearch 9 and RabbitMQ 4"
    HOPTRAIL_TEST_ELASTIC_VERSION=9 HOPTRAIL_TEST_BROKER=4 \
        ".run/venv-${ran##* }/bin/pytest" -n 2 --dist loadfile tests/contract tests/integration tests/e2e
fi
echo "passed on Python$ran"
