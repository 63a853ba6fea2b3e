"""Real parts that tests need, and what happens when one cannot be had.

A missing part fails the test with its reason, unless the caller named the part in
``HOPTRAIL_TEST_WITHOUT``, separated by commas; then the test is skipped and the run says so.
"""

import os
from typing import Final, Literal, NoReturn

import pytest

KNOWN: Final = {
    "broker": "a RabbitMQ to observe",
    "own-broker": "a RabbitMQ that may be stopped, killed and restarted",
    "elastic": "an Elasticsearch to store in",
    "own-elastic": "an Elasticsearch that may be stopped, killed and restarted",
    "small-disk": "a small file system that can be filled",
    "browser": "a browser to look at the web UI with",
    "otel-collector": "an OpenTelemetry Collector to export to",
}
VARIABLE: Final = "HOPTRAIL_TEST_WITHOUT"
CHOICES: Final = {
    "HOPTRAIL_TEST_BROKER": frozenset({"4", "4.3"}),
    "HOPTRAIL_TEST_ELASTIC_VERSION": frozenset({"8", "9"}),
    "HOPTRAIL_TEST_UI": frozenset({"as-built"}),
    "HOPTRAIL_TEST_PROOFS": frozenset({"whole"}),
}
STRIPPED_PREFIX: Final = "HOPTRAIL_"
KEPT_PREFIX: Final = "TESTS_KEEP_"
USED: Final = pytest.StashKey[set[str]]()


def strip_environment() -> None:
    """Take every ``HOPTRAIL_*`` variable out of the environment and keep it aside.

    Kept in the environment under another name, because a worker process inherits that.
    """
    for name in [name for name in os.environ if name.startswith(STRIPPED_PREFIX)]:
        os.environ[KEPT_PREFIX + name] = os.environ.pop(name)


def given(name: str) -> str | None:
    """Return what the caller had set *name* to; empty counts as not set."""
    return os.environ.get(KEPT_PREFIX + name) or None


def left_out() -> frozenset[str]:
    """Return the parts that the caller wants to do without.

    Raises:
        pytest.UsageError: one of them is not a part.
    """
    names = {name.strip() for name in (given(VARIABLE) or "").split(",")} - {""}
    if unknown := names - KNOWN.keys():
        raise pytest.UsageError(
            f"{VARIABLE} names {', '.join(sorted(unknown))}; there are {', '.join(KNOWN)}"
        )
    return frozenset(names)


def choice(name: str) -> str | None:
    """Return what the caller had set *name*, one of ``CHOICES``, to.

    Raises:
        pytest.UsageError: it cannot be that.
    """
    wanted = given(name)
    if wanted is not None and wanted not in CHOICES[name]:
        raise pytest.UsageError(
            f"{name} is {wanted}; it can be {' or '.join(sorted(CHOICES[name]))}"
        )
    return wanted


def proof(short: int, whole: int) -> int:
    """Return how often or how long a slow proof is done: *whole* where ``make test-matrix`` asks for it."""
    return whole if choice("HOPTRAIL_TEST_PROOFS") == "whole" else short


def elastic_version() -> Literal["8", "9"]:
    """Return the major version of the Elasticsearch servers that are started here."""
    return "9" if choice("HOPTRAIL_TEST_ELASTIC_VERSION") == "9" else "8"


def note(config: pytest.Config, used: str) -> None:
    """Have the end of the run say *used*, such as ``observed RabbitMQ 3.10.8, private node``."""
    config.stash[USED].add(used)


def require(part: str) -> None:
    """Skip the test if the caller left *part* out; call it before trying to get the part."""
    if part in left_out():
        pytest.skip(f"without {part}, as {VARIABLE} says")


def missing(part: str, reason: object) -> NoReturn:
    """Fail the test because *part* cannot be had."""
    pytest.fail(
        f"{KNOWN[part]} cannot be had:\n{reason}\nTo run the other tests, set {VARIABLE}={part}",
        pytrace=False,
    )
