"""What the collector copies out of bodies: known fields of known shapes, and nothing else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decoding.hints import (
    BODY_BYTES_MAX,
    ERROR_LENGTH_MAX,
    REDACTED,
    TEXT_LENGTH_MAX,
    bulk_of,
    hints_of,
    limit_of,
)

DRAMATIQ: dict[str, Any] = {
    "queue_name": "orders.DQ",
    "actor_name": "charge",
    "args": ["secret"],
    "kwargs": {"card": "secret"},
    "options": {
        "retries": 1,
        "traceback": 'Traceback:\n  File "shop.py"\nshop.Refused: no such address\n',
        "eta": 1,
    },
    "message_id": "m1",
    "message_timestamp": 1,
}
BEGINNINGS = (
    '{"queue_name":"',
    '{"pattern":',
    '{"uuid":"',
    '{"RoutingKey":"',
    '{"status": "',
    '{"task_id": "',
    '{"result": null, "error": {"',
    '{"response":',
    '{"err":',
    '{"error":',
)
CONTENT_TYPES = (None, b"\xff", "application/json", "application/vnd.masstransit+json",
                 "application/cloudevents+json; charset=utf-8")  # fmt: skip


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def test_a_known_shape_gives_its_fields_and_no_payload() -> None:
    """Of a Dramatiq message the id, the actor, the count and the last line of the traceback are copied."""
    assert hints_of(None, compact(DRAMATIQ), ()) == {
        "dramatiq/message_id": "m1",
        "dramatiq/actor_name": "charge",
        "dramatiq/options.retries": "1",
        "dramatiq/options.traceback": "shop.Refused: no such address",
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"status": "FAILURE", "result": {"exc_type": "Refused", "exc_message": ["no"]}, "task_id": "t"}',
            {"celery/status": "FAILURE", "celery/error": "Refused: no"},
        ),
        (
            b'{"task_id": "t", "status": "SUCCESS", "result": "secret"}',
            {"celery/status": "SUCCESS"},
        ),
        (
            b'{"result": null, "error": {"exc_type": "Refused", "value": "no", "exc_args": ["no"]}}',
            {"nameko/error": "Refused: no"},
        ),
    ],
)
def test_replies_tell_why_a_call_failed(body: bytes, expected: dict[str, str]) -> None:
    """A reply gives its error, and never its result."""
    assert hints_of("application/json", body, ()) == expected


def test_what_is_to_be_redacted_is_not_copied() -> None:
    """A redacted name is there without its value."""
    found = hints_of(None, compact(DRAMATIQ), {"dramatiq/options.traceback"})

    assert found is not None
    assert found["dramatiq/options.traceback"] == REDACTED
    assert found["dramatiq/message_id"] == "m1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"queue_name":"',
        b'{"queue_name":"a","actor_name":1}',
        b'{"queue_name":"\xff"}',
        b'{"pattern":' + b"[" * 100_000,
        compact(DRAMATIQ | {"args": ["x" * BODY_BYTES_MAX]}),
        b' {"queue_name":"a"}',
        b'{"order":1}',
    ],
)
def test_what_only_looks_like_a_shape_gives_nothing(body: bytes) -> None:
    """A body that is cut, damaged, of another shape or too large is left alone."""
    assert hints_of("application/json", body, ()) is None


def test_what_is_too_long_for_an_id_is_left_out() -> None:
    """An id has a limit; the rest of the body still tells."""
    found = hints_of(None, compact(DRAMATIQ | {"message_id": "m" * (TEXT_LENGTH_MAX + 1)}), ())

    assert found is not None
    assert "dramatiq/message_id" not in found
    assert found["dramatiq/actor_name"] == "charge"


@given(
    st.sampled_from(CONTENT_TYPES),
    st.tuples(st.sampled_from(BEGINNINGS), st.text(max_size=60)).map("".join).map(str.encode)
    | st.binary(max_size=60)
    | st.dictionaries(st.sampled_from(sorted({*DRAMATIQ, "pattern", "id", "uuid", "job", "status", "result", "task_id",
                                              "error", "messageId", "host", "source", "type"})),
                      st.recursive(st.none() | st.text(max_size=600) | st.integers() | st.booleans(),
                                   lambda inner: st.lists(inner, max_size=2) | st.dictionaries(
                                       st.sampled_from(["exc_type", "value", "processName", "retries", "message"]),
                                       inner, max_size=2), max_leaves=4)).map(compact),
)  # fmt: skip
def test_any_body_gives_short_texts_or_nothing(content_type: Any, body: bytes) -> None:
    """Whatever is sent, nothing is raised, and what is copied is bounded text under a known name."""
    found = hints_of(content_type, body, ())

    assert found is None or found
    for name, text in (found or {}).items():
        assert isinstance(name, str)
        assert "/" in name
        assert 0 < len(text) <= limit_of(name) <= ERROR_LENGTH_MAX
    assert bulk_of(found) <= sum(len(n) + 6 + len(t) for n, t in (found or {}).items())
