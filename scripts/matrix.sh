#!/bin/sh
# Run all tests on every Python from 3.11 that is here, each in a virtual environment of its own,
# then those that need servers again against Elasticsearch 9 and RabbitMQ 4, and those of capturing and retrying against
# RabbitMQ 4.3.
# With an argument, "pythons" or "servers", only that half.
set -eu
# The slow proofs in full.
export HOPTRAIL_TEST_PROOFS=whole
mkdir -p .run
half=${1:-}
ran=
for version in 3.11 3.12 3.13 3.14 3.15; do
    python$version -c 'pass' >/dev/null 2>&1 || continue
    echo "== Python $version"
    PYTHON=python$version sh scripts/install.sh ".run/venv-$version" '.[dev]'
    [ "$half" = servers ] || ".run/venv-$version/bin/pytest" -n 3 --dist loadfile --no-loadscope-reorder
    ran="$ran $version"
    [ "$half" != servers ] || break
done
[ -n "$ran" ] || { echo "no python3.11 or later by that name on the path" >&2; exit 1; }
if [ "$half" != pythons ]; then
    echo "== Elasticsearch 9 and RabbitMQ 4"
    HOPTRAIL_TEST_ELASTIC_VERSION=9 HOPTRAIL_TEST_BROKER=4 \
        ".run/venv-${ran##* }/bin/pytest" -n 3 --dist loadfile --no-loadscope-reorder tests/contract tests/integration tests/e2e
    echo "== RabbitMQ 4.3"
    HOPTRAIL_TEST_BROKER=4.3 \
        ".run/venv-${ran##* }/bin/pytest" -n 3 --dist loadfile --no-loadscope-reorder \
        tests/integration/test_capture_*.py tests/integration/test_visible_*.py tests/integration/test_retry.py \
        tests/e2e/test_image_pipeline.py
    echo "== the OpenTelemetry Collector"
    ".run/venv-${ran##* }/bin/pytest" -n 0 tests/matrix/otel_collector.py
fi
echo "passed on Python$ran"
