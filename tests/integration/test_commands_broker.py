"""Operators' requests over a real broker: done once, by who leads, whatever happens to it; and never for a stranger."""

import secrets
from collections import Counter
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from collector.operations.command import CommandsUnavailable, seal
from collector.taps.plan import COMMANDS
from tests.support.amqp091 import Client
from tests.support.collecting import Collector, System, tap_depth
from tests.support.commanding import Operator, note
from tests.support.wait import wait_until

TAKEN_S_MAX = 30
KILLED_TIMES = 1
COMMANDS_EACH = 25
TAP_USER = "tap-only"
RIGHTS = ("configure", "write", "read")


@pytest.fixture
def operator(system: System, tmp_path: Path) -> Operator:
    return Operator(tmp_path / "store", system.broker.amqp_url)


def publish(system: System, *sealed: bytes) -> None:
    """Put messages into the leader's queue as anybody may who may write to the broker."""
    with Client(system.broker.amqp_url, name="a stranger") as session:
        for body in sealed:
            session.publish_unconfirmed("", COMMANDS, body)
        session.settle()


def is_drained(system: System) -> bool:
    """Say whether nothing waits in the leader's queue and somebody consumes it."""
    depth = tap_depth(system.broker.amqp_url, COMMANDS)
    return depth is not None and depth[0] == 0 and depth[1] > 0


def settle(collector: Collector, operator: Operator, *, last: str) -> None:
    """Wait until the note sent *last* is in the log, and stop the leader."""
    wait_until(lambda: operator.notes()[last], timeout_s=TAKEN_S_MAX)
    collector.stop()


def test_a_request_is_recorded_once(system: System, tmp_path: Path, operator: Operator) -> None:
    """What was sent is in the log; the same bytes sent again, forged ones and old ones are not done."""
    with system.collector(tmp_path / "store") as collector:
        collector.start_leading()
        wait_until(lambda: is_drained(system), timeout_s=TAKEN_S_MAX)
        first = note("first")
        operator.send(first)
        publish(system, operator.sealed(first), seal(note("forged"), bytes(32)), b"noise")
        operator.send(note("old", age_s=3_600), note("last"))
        settle(collector, operator, last="last")
    whys = [fact.why for fact in operator.refused()]

    assert operator.notes() == Counter(["first", "last"])
    assert len(whys) == 2
    assert "signature" in whys[0]
    assert "older" in whys[1]


def test_the_rights_of_the_tap_are_enough(
    system: System, tmp_path: Path, operator: Operator
) -> None:
    """A user who may touch nothing but what is the tap's sends requests, over a connection that capture leaves out."""
    management, password = system.management, secrets.token_hex(8)
    management.put("users", TAP_USER, body={"password": password, "tags": ""})
    try:
        management.put("permissions", "/", TAP_USER, body=dict.fromkeys(RIGHTS, r"^obs\.tap\."))
        url = urlsplit(system.broker.amqp_url)
        limited = url._replace(netloc=f"{TAP_USER}:{password}@{url.netloc.rpartition('@')[2]}")
        with system.collector(tmp_path / "store") as collector:
            collector.start_leading()
            wait_until(lambda: is_drained(system), timeout_s=TAKEN_S_MAX)
            replace(operator, amqp_url=urlunsplit(limited)).send(note("allowed"))
            settle(collector, operator, last="allowed")
    finally:
        management.delete("users", TAP_USER)


def test_a_request_waits_for_a_leader_and_outlives_kills(
    system: System, tmp_path: Path, operator: Operator
) -> None:
    """Sent while leaders are killed, or none leads, each is in the log exactly once in the end."""
    sent = [note(f"note {number}") for number in range((KILLED_TIMES + 1) * COMMANDS_EACH)]
    with system.collector(tmp_path / "store", LINGER_MS=10) as collector:
        collector.start_leading()
        wait_until(lambda: is_drained(system), timeout_s=TAKEN_S_MAX)
        for turn in range(KILLED_TIMES):
            operator.send(*sent[turn * COMMANDS_EACH : (turn + 1) * COMMANDS_EACH])
            collector.kill()
            publish(system, *(operator.sealed(each) for each in sent[: (turn + 1) * COMMANDS_EACH]))
            operator.send(*sent[(turn + 1) * COMMANDS_EACH : (turn + 2) * COMMANDS_EACH])
            collector.start_leading()
        settle(collector, operator, last=f"note {len(sent) - 1}")

    assert operator.notes() == Counter(f"note {number}" for number in range(len(sent)))


def test_without_a_queue_nothing_is_said_to_be_sent(system: System, operator: Operator) -> None:
    """Where no collector has ever led, the sender is told so at once."""
    system.management.delete_taps()
    operator.directory.mkdir()
    (operator.directory / "key").write_text("00" * 32)

    with pytest.raises(CommandsUnavailable, match="no collector"):
        operator.send(note("nobody hears"))
