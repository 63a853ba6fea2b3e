"""Message documents to put into an index: by hand, and drawn by hypothesis."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from events.facts import BodyRef
from events.values import AmqpDecimal, AmqpTimestamp
from store.documents import (
    Attempt,
    Copy,
    DeadLetter,
    MessageDocument,
    ParentChange,
    ParentLink,
    Party,
)
from store.ports import Checkpoint, MessageIndex

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND


def message(position: int, **changes: Any) -> MessageDocument:
    """Return a plain document first seen at *position*, published that many seconds after NOW - 1 h."""
    plain: dict[str, Any] = {
        "uid": f"main-{position}",
        "position": position,
        "version": 1,
        "published_at": NOW - 3600 * SECOND + position * SECOND,
        "time_quality": "live",
        "publish_observed": True,
        "vhost": "/",
        "exchange": "orders",
        "routing_keys": ("new",),
        "routed_queues": ("work",),
        "publisher": Party(),
        "state": "waiting",
    }
    return MessageDocument(**(plain | changes))


def checkpoint(position: int = 0) -> Checkpoint:
    return Checkpoint("messages", "1", position, position)


async def fill(
    index: MessageIndex, documents: Sequence[MessageDocument], texts: dict[str, str] | None = None
) -> None:
    await index.save(documents, texts or {}, checkpoint())


WORDS = ("card", "declined", "image", "4711", "a.b", "can't", "Über", "日本", "x_y", "ca")
NAMES = (
    "orders",
    "Orders",
    "orders.new",
    "a b",
    "",
    "/x/%2F",
    "ü",
    "card declined",
    "o'clock",
    'a"b',
)

_text = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=5).map("-".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
)
_name = st.one_of(st.sampled_from(NAMES), st.sampled_from(NAMES), _text, st.binary(max_size=3))
_shown = st.one_of(st.sampled_from(NAMES), _text)
_few = st.lists(_name, max_size=3).map(tuple)
_instant = st.integers(NOW - 5, NOW + 5)
_scalar = st.one_of(
    _name,
    st.integers(-2, 2),
    st.booleans(),
    st.none(),
    st.just(0.5),
    st.just(AmqpTimestamp(2**63)),
    st.just(AmqpDecimal(2, 5)),
)
_values = st.recursive(
    _scalar,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["a", "b", "a.b"]), inner, max_size=2),
    ),
    max_leaves=5,
)
_headers = st.none() | st.dictionaries(
    st.one_of(st.sampled_from(["a", "b", "tenant", "a.b", b"\xff"])), _values, max_size=3
)
_party = st.builds(
    Party,
    service=st.none() | st.sampled_from(["Image Normalizer", "combiner", "card"]),
    connection=st.none() | _name,
    evidence=st.none() | st.just("app_id"),
    confidence=st.sampled_from([0.0, 0.5, 1.0]),
)
_attempt = st.builds(
    Attempt,
    delivered_at=_instant,
    redelivered=st.booleans(),
    consumer=_party,
    processing_ms=st.none() | st.just(2.5),
)
_death = st.builds(
    DeadLetter,
    reason=st.sampled_from(["rejected", "expired"]),
    exchange=st.none() | _name,
    routing_key=st.none() | _name,
    to_queues=_few,
    count=st.integers(1, 3),
    timer=st.booleans(),
    at=st.none() | _instant,
)
_copy = st.builds(
    Copy,
    queue=_name,
    origin=st.sampled_from(["routed", "dead-letter"]),
    state=st.sampled_from(["waiting", "delivered", "dead-lettered"]),
    attempts=st.lists(_attempt, max_size=2).map(tuple),
    dead_letter=st.none() | _death,
    enqueued_at=st.none() | _instant,
)
_link = st.builds(
    ParentLink,
    uid=st.sampled_from(["main-0", "main-1"]),
    evidence=st.just("w3c"),
    confidence=st.just(0.9),
    rivals=st.just(4),
    rival_uids=st.sampled_from([(), ("main-2",), ("main-2", "main-3")]),
)
_change = st.builds(
    ParentChange,
    at=_instant,
    position=st.just(7),
    before=st.none() | _link,
    after=_link,
    why=st.just("told late"),
)


def documents(position: int) -> st.SearchStrategy[MessageDocument]:
    """Draw any document first seen at *position*."""
    return st.builds(
        message,
        st.just(position),
        version=st.integers(1, 3),
        published_at=_instant,
        publish_observed=st.booleans(),
        vhost=_name,
        exchange=_name,
        routing_keys=_few,
        routed_queues=_few,
        publisher=_party,
        state=st.sampled_from(["waiting", "delivered", "dead-lettered"]),
        message_id=st.none() | _name,
        type=st.none() | _name,
        message_type=st.none() | _shown,
        message_type_evidence=st.none() | st.just("celery task"),
        framework=st.none() | st.sampled_from(["Celery", "Dramatiq"]),
        framework_retries=st.none() | st.integers(1, 3),
        error=st.none() | _text,
        end_to_end_ms=st.none() | st.sampled_from([0.0, 12.5]),
        headers=_headers,
        body=st.none()
        | st.builds(BodyRef, st.just(bytes(16)), st.integers(0, 9), st.just(0), st.just(0)),
        copies=st.lists(_copy, max_size=2).map(tuple),
        trace_id=st.sampled_from(["", "t1", "t2"]),
        parent=st.none() | _link,
        other_parents=st.lists(_link, max_size=1).map(tuple),
        latency_ms=st.none() | st.sampled_from([0.0, 0.0005, 1.5, 2.0, 500.25]),
        retry_rounds=st.integers(0, 2),
        parent_changes=st.lists(_change, max_size=1).map(tuple),
    )


bodies = st.one_of(
    _text,
    st.sampled_from(
        [
            '{"a": {"b": "card declined"}, "n": 12, "t": true, "z": null}',
            '{"a": [{"b": 1}, {"b": "x"}], "b": ["Über", 0.5]}',
            '["card", {"a": "declined"}]',
            '{"broken": ',
            '{"a": "\\ud800"}',
            "card\x00declined",
            "[" * 2000,
            '{"n": 123456789012345678901234567890}',
        ]
    ),
)
