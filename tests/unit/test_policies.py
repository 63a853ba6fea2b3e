"""Policies that stand hold for what is new, before the broker says so; what it says counts more."""

from typing import Any

import msgspec
import pytest

from events.facts import Fact, PolicySet
from events.values import Text
from tests.unit.test_plan import exchange, planned, queue


def policy(name: str, pattern: Text, *, priority: int = 0, kind: str = "all", **told: Any) -> Fact:
    """Return a policy of the vhost ``/``; ``max_length`` stands for ``max-length``."""
    definition: dict[Text, Any] = {key.replace("_", "-"): value for key, value in told.items()}
    return PolicySet("/", name, pattern, kind, priority, definition, "reconciliation")


@pytest.mark.parametrize(
    ("pattern", "kind", "tapped"),
    [
        ("^work$", "queues", True),
        ("or", "all", True),
        ("^work$", "quorum_queues", True),
        ("^work$", "exchanges", False),
        ("^work$", "streams", False),
        ("other", "queues", False),
        ("(", "queues", False),
        (b"\xff", "all", False),
    ],
)
def test_a_standing_policy_holds_for_a_new_queue(pattern: Text, kind: str, tapped: bool) -> None:
    """What dies in a queue that was just declared is tapped by the policy that matches it, before a snapshot says so."""
    facts = [
        exchange(),
        queue(arguments={}),
        policy("p", pattern, kind=kind, dead_letter_exchange="dlx"),
    ]

    assert planned(*facts).tapped == (("dlx",) if tapped else ())


def test_the_highest_priority_holds_and_a_snapshot_counts_more() -> None:
    """Of several policies one holds; where a snapshot told the queue's policy, no reckoning is done."""
    facts = [exchange("a"), exchange("b"), policy("low", ".", dead_letter_exchange="a")]
    facts.append(policy("high", ".", priority=1, dead_letter_exchange="b"))
    told = msgspec.structs.replace(queue(arguments={}), source="reconciliation")

    assert planned(*facts, queue(arguments={})).tapped == ("b",)
    assert planned(*facts, told).tapped == ()


def test_a_standing_policy_makes_a_new_exchange_unsafe() -> None:
    """An exchange that was just declared is not bound where a policy gives it an alternate exchange."""
    found = planned(exchange(), queue(), policy("p", "dlx", alternate_exchange="ae"))

    assert [name for name, why in found.left_alone if "alternate" in why] == ["dlx"]
