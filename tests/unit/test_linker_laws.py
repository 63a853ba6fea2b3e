"""Laws of the linker: they hold for any log, also a hostile one."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from events import facts
from events.facts import Envelope, Fact, MessageDelivered, MessagePublished, Properties
from events.upcast import decode, encode
from events.values import AmqpDecimal, AmqpTimestamp
from projector.linker.limits import Limits
from projector.linker.linker import Linker
from projector.linker.model import WAITING, ChangeKind

MS = 1_000_000
SMALL = Limits(
    live_copies_max=12,
    passed_messages_max=6,
    attempts_per_copy_max=3,
    copies_per_message_max=5,
    events_per_message_max=8,
    unfinished_per_consumer_max=3,
    conversations_max=3,
    conversation_steps_max=4,
    closed_connections_max=2,
    renamed_messages_max=3,
    held_events_max=4,
    held_events_backlog_max=6,
    deaths_per_message_max=3,
    rivals_scanned_max=4,
    causes_scanned_max=3,
    effects_per_delivery_max=2,
)

QUEUES = st.sampled_from(["work", "retry", "failed", b"\xff"])
BODIES = st.sampled_from([b"a", b"a", b"b", b"c"])
CONNECTIONS = st.sampled_from(["10.0.0.1:1 -> b:5672", "c2", b"\xfe", "c3"])
IDS = st.none() | st.sampled_from(["i1", "i2", b"\xff"])
REASONS = st.sampled_from(["rejected", "expired", "maxlen", "delivery_limit", b"\xff", "else"])
ANY_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=5) | st.binary(max_size=5)
    | st.builds(AmqpTimestamp, st.integers(0, 2**64 - 1)) | st.builds(AmqpDecimal, st.integers(0, 255), st.integers(-9, 9)),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3) | st.binary(max_size=3), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
DEATHS = st.fixed_dictionaries(
    {"queue": QUEUES, "reason": REASONS, "count": st.integers(-2, 4)},
    optional={
        "exchange": st.sampled_from(["", "dlx"]),
        "routing-keys": st.lists(st.just("k"), max_size=2),
    },
)
HOSTILE_DEATHS = st.lists(DEATHS | ANY_VALUE, max_size=4) | ANY_VALUE
TRACES = st.sampled_from(
    [f"00-{'a' * 32}-{'b' * 16}-01", f"00-{'c' * 32}-{'d' * 16}-01", "junk", b"\xff", 7]
)
HEADERS = st.none() | st.dictionaries(
    st.sampled_from(["x-death", "traceparent", "x-stream-offset", "parent_id", "id", b"\xff", "timestamp_in_ms",
                     "NServiceBus.ConversationId", "x-shovelled"]),
    ANY_VALUE, max_size=3,
)  # fmt: skip


@st.composite
def properties(draw: st.DrawFn) -> Properties:
    headers: Any = draw(HEADERS)
    if draw(st.booleans()):
        headers = {
            **(headers or {}),
            "x-death": draw(st.lists(DEATHS, max_size=3) | HOSTILE_DEATHS),
        }
    if draw(st.integers(0, 3)) == 0:
        headers = {**(headers or {}), "traceparent": draw(TRACES)}
    return Properties(
        headers=headers,
        correlation_id=draw(IDS),
        reply_to=draw(st.none() | st.sampled_from(["reply", "amq.rabbitmq.reply-to"])),
        message_id=draw(IDS),
        expiration=draw(st.none() | st.sampled_from(["100", "x", b"\xff"])),
        app_id=draw(st.none() | st.sampled_from(["app", "other", ""])),
        type=draw(IDS),
    )


SOURCES = st.sampled_from(["event", "reconciliation", "restated"])
FACTS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(
        MessagePublished, st.just("t"), st.just(b"d"), st.just("/"), st.sampled_from(["", "ex", "dlx"]),
        st.lists(QUEUES, max_size=2).map(tuple), st.lists(QUEUES, max_size=3, unique=True).map(tuple),
        st.sampled_from(["n1", "n2"]), CONNECTIONS, st.integers(0, 1), st.sampled_from(["guest", "svc"]), properties(),
        BODIES, st.none(),
    ),
    st.builds(
        MessageDelivered, st.just("t"), st.just(b"d"), st.just("/"), QUEUES, st.sampled_from(["", "ex", "dlx"]),
        st.lists(QUEUES, max_size=2).map(tuple), st.booleans(), st.sampled_from(["n1", "n1", "n2"]), CONNECTIONS,
        st.integers(0, 1), st.sampled_from(["guest", "svc"]), properties(), BODIES, st.none(),
    ),
    st.builds(
        facts.MessageDeadLettered, st.just("t"), st.just(b"d"), st.just("/"), st.sampled_from(["dlx", "ex"]),
        st.lists(QUEUES, max_size=2).map(tuple), properties(), BODIES, st.none(),
    ),
    st.builds(
        facts.QueueDeclared, st.just("/"), QUEUES, st.sampled_from(["classic", "stream", b"\xff"]), st.just(True),
        st.just(False), st.just(False),
        st.dictionaries(st.sampled_from(["x-message-ttl", "x-dead-letter-exchange", "x-max-priority"]), ANY_VALUE),
        st.just({}), SOURCES,
    ),
    st.builds(facts.QueueDeleted, st.just("/"), QUEUES, SOURCES),
    st.builds(
        facts.ExchangeDeclared, st.just("/"), st.sampled_from(["dlx", "ex"]),
        st.sampled_from(["fanout", "topic", "headers", "direct", "x-random", b"\xff"]), st.just(True), st.just(False),
        st.just(False), st.just({"alternate-exchange": "dlx"}), st.just({}), SOURCES,
    ),
    st.builds(
        facts.BindingCreated, st.just("/"), st.sampled_from(["dlx", "ex"]), QUEUES,
        st.sampled_from(["queue", "exchange"]), QUEUES, st.just({}), SOURCES,
    ),
    st.builds(
        facts.ConnectionOpened, st.just("n1"), CONNECTIONS, st.just("/"), st.sampled_from(["guest", "svc"]),
        st.sampled_from([None, "svc-1", "svc-2", "other", b"\xff"]), st.just("pika"), st.just(""), st.just(""),
        st.just(""), st.just("h"), st.just(1), st.just(0), st.sampled_from(["", "p1", "p2"]), SOURCES,
    ),
    st.builds(facts.ConnectionClosed, CONNECTIONS, st.sampled_from(["", "p1"]), SOURCES),
    st.builds(facts.ChannelClosed, CONNECTIONS, st.integers(0, 1), st.just(""), SOURCES),
    st.builds(
        facts.ConsumerStarted, st.just("/"), QUEUES, st.sampled_from(["t1", "t2"]), CONNECTIONS, st.integers(0, 1),
        st.booleans(), st.just(False), st.integers(-1, 3), SOURCES,
    ),
    st.builds(
        facts.ConsumerStopped, st.just("/"), QUEUES, st.sampled_from(["t1", "t2"]), CONNECTIONS, st.integers(0, 1), SOURCES
    ),
    st.builds(facts.QueueSampled, st.just("/"), QUEUES, st.integers(0, 1), st.just(0), st.just(0)),
    st.builds(facts.GapOpened, st.just("g"), st.sampled_from(["", "/"]), st.just(""), st.just("poison"), st.just(5)),
    st.builds(
        facts.GapClosed, st.just("g"), st.just("/"), st.just(""), st.just("poison"), st.just(5), st.just(6),
        st.integers(-1, 1),
    ),
)  # fmt: skip


@st.composite
def logs(draw: st.DrawFn, max_size: int = 40) -> list[Envelope]:
    told: list[Envelope] = []
    now = 1_700_000_000_000_000_000
    for position, fact in enumerate(draw(st.lists(FACTS, max_size=max_size))):
        now += draw(st.sampled_from([MS, MS, MS, 20_000 * MS]))
        told.append(Envelope(position, now, draw(st.sampled_from([0, 0, 0, 50])), fact))
    return decode(encode(told))


LIMITS = st.sampled_from([Limits(), SMALL])
LAWS = settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def fold(linker: Linker, envelopes: list[Envelope]) -> list[str]:
    """Fold, and return the changes as text without object identities."""
    return [
        f"{envelope.position} {change[0].name} {getattr(change[1], 'position', getattr(change[1], 'number', None))}"
        f" {getattr(change[2], 'queue', None)} {change[3] if isinstance(change[3], int | str) else None}"
        for envelope in envelopes
        for change in linker.fold(envelope)
    ]


@LAWS
@given(logs(), LIMITS, st.data())
def test_a_restart_anywhere_changes_nothing(
    log: list[Envelope], limits: Limits, data: st.DataObject
) -> None:
    """Going on from a state saved anywhere gives the state, the changes and the documents of an unbroken run."""
    cut = data.draw(st.integers(0, len(log)))
    whole, first, second = Linker("main", limits), Linker("main", limits), Linker("main", limits)
    told = fold(whole, log)
    before = fold(first, log[:cut])
    first.take_changed()
    second.restore(first.save())

    assert second.digest() == first.digest()
    assert before + fold(second, log[cut:]) == told
    assert second.digest() == whole.digest()
    assert all(
        second.document(m) == whole.document(whole_of(whole, m.position))
        for m in second.take_changed()
    )


def whole_of(linker: Linker, position: int) -> Any:
    """Return the message, also one that is no longer remembered but was changed."""
    found = linker.get(position)
    if found is None:
        found = next(
            message for message in linker._memory.changed.values() if message.position == position
        )
    return found


@LAWS
@given(logs(), LIMITS)
def test_every_publish_and_delivery_belongs_to_exactly_one_message(
    log: list[Envelope], limits: Limits
) -> None:
    """Each is told of once, unless it still waits for an earlier event."""
    linker = Linker("main", limits)
    met: Counter[int] = Counter()
    for envelope in log:
        for kind, first, _, third in linker.fold(envelope):
            if kind is ChangeKind.PUBLISHED:
                met[first.position] += 1
            elif kind is ChangeKind.COPY_DELIVERED:
                met[third.position] += 1
    expected = {e.position for e in log if isinstance(e.fact, MessagePublished | MessageDelivered)}
    held = set(linker._state.held.waiting)

    assert set(met) | held >= expected
    assert set(met.values()) <= {1}


@LAWS
@given(logs(60))
def test_what_is_remembered_stays_within_the_limits(log: list[Envelope]) -> None:
    """Copies, messages, attempts, steps and connections are bounded, and the counts of waiting copies are right."""
    linker = Linker("main", SMALL)
    for envelope in log:
        linker.fold(envelope)
        linker.take_changed()
        memory = linker._memory
        waiting = [
            copy
            for message in memory.messages.values()
            for copy in message.copies
            if copy.state == WAITING
        ]
        assert memory.waiting == len(waiting) <= SMALL.live_copies_max
        assert sum(line.waiting for line in memory.lines.values()) == len(waiting)
        assert {place: line.waiting + line.in_hand for place, line in memory.lines.items()} == {
            place: len(line.contents()) for place, line in memory.lines.items()
        }
    messages = list(linker._memory.messages.values())
    assert len(messages) <= SMALL.live_copies_max + SMALL.passed_messages_max + 16
    assert all(len(message.copies) <= SMALL.copies_per_message_max for message in messages)
    assert all(
        len(copy.attempts) <= SMALL.attempts_per_copy_max
        for message in messages
        for copy in message.copies
    )


@LAWS
@given(logs())
def test_versions_of_documents_only_grow(log: list[Envelope]) -> None:
    """A document that differs from an earlier one of its message has a higher version."""
    linker = Linker("main")
    seen: dict[int, Any] = {}
    for envelope in log:
        linker.fold(envelope)
        for message in linker.take_changed():
            document = linker.document(message)
            earlier = seen.get(message.position)
            assert earlier is None or earlier.version < document.version
            seen[message.position] = document
    for position, document in seen.items():
        message = linker.get(position)
        assert message is None or linker.document(message) == document


def test_the_digest_does_not_depend_on_the_hash_seed() -> None:
    """Processes with different hash seeds come to the same digest."""
    program = (
        "import sys; from events.upcast import decode; from projector.linker.linker import Linker\n"
        "linker = Linker('main')\n"
        "for envelope in decode(sys.stdin.buffer.read()): linker.fold(envelope)\n"
        "print(linker.digest().hex())"
    )
    log = encode(sample_log())
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            input=log, capture_output=True, check=True, env={**os.environ, "PYTHONHASHSEED": seed}, timeout=60,
        ).stdout
        for seed in ("0", "1", "4711")
    }  # fmt: skip

    assert len(digests) == 1


def sample_log() -> list[Envelope]:
    """Return a log with loops, traces and names, the same every time."""
    from tests.unit.linker_log import Log, death

    log = Log()
    log.opened("c1", "svc-1")
    for number in range(50):
        body = bytes([number % 7])
        trace = {"traceparent": f"00-{number % 5 + 1:032x}-{number + 1:016x}-01"}
        log.publish(
            "work",
            "audit",
            body=body,
            by=f"c{number % 3}",
            headers=trace,
            correlation_id=f"k{number % 4}",
        )
        log.deliver("work", body=body, to=f"c{number % 3}", headers=trace)
        if number % 3 == 0:
            log.dead_letter([death("work")], body=body)
            log.deliver("work", body=body, deaths=[death("retry", "expired"), death("work")])
    return log.envelopes


@pytest.mark.parametrize("header", ["x-death", "traceparent", "x-stream-offset", "timestamp_in_ms"])
def test_a_header_of_any_shape_is_folded(header: str) -> None:
    """No value of a header the linker reads can stop it."""
    from tests.unit.linker_log import Log

    shapes: list[Any] = [None, 0, -1, 1.5, "", b"\xff", [], [None], [[]], {}, {"queue": {}}, [{"queue": []}],
                         [{"queue": "work", "reason": "rejected", "count": -(2**63)}], AmqpTimestamp(2**64 - 1)]  # fmt: skip
    log = Log()
    for shape in shapes:
        log.publish("work", headers={header: shape})
        log.deliver("work", headers={header: shape})

    assert [a.position + 1 for a, _ in pairwise(log.envelopes)] == list(
        range(1, len(log.envelopes))
    )
