"""The JSON forms: times, broker text, bodies, cursors."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import cursor, wire
from api.bodies import show
from events.facts import MessagePublished, Properties


@pytest.mark.parametrize(
    ("ns", "told"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (1_767_323_045_123_456_789, "2026-01-02T03:04:05.123456789Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (2**80, "9999-12-31T23:59:59."),
    ],
)
def test_times_keep_their_nanoseconds(ns: int, told: str) -> None:
    """A time is RFC 3339 in UTC with nine digits, and none is out of a calendar's range."""
    assert wire.time(ns).startswith(told)


def test_text_that_is_not_utf8_is_base64() -> None:
    """Broker text is a string, or an object that holds its bytes."""
    assert wire.text("é") == "é"
    told = wire.text(b"\xff\xfe")
    assert not isinstance(told, str)
    assert told.b64 == "//4="


def test_a_fact_is_told_under_its_fields_names() -> None:
    """A fact becomes an object, with bytes as base64 and structs inside as objects."""
    fact = MessagePublished(
        tap="t",
        delivery=b"\x00",
        vhost="/",
        exchange=b"\xff",
        routing_keys=("a",),
        routed_queues=(),
        node="n",
        connection="c",
        channel=1,
        user="guest",
        properties=Properties(headers={b"\xff": 2**60, "n": {"x": [1]}}),
        fingerprint=b"",
        body=None,
    )

    told = wire.plain(fact)

    assert told["exchange"] == {"b64": "/w=="}
    assert told["properties"]["headers"] == {"b64:/w==": str(2**60), "n": {"x": [1]}}


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "value"),
    [
        (b'{"a": 1}', None, "json", {"a": 1}),
        (b"[1, 2]", "application/json; charset=utf-8", "json", [1, 2]),
        (b"12", "application/vnd.x+json", "json", 12),
        (b"12", None, "text", "12"),
        (b'{"a": NaN}', None, "text", '{"a": NaN}'),
        (b'{"a": 1e999}', None, "text", '{"a": 1e999}'),
        (b"[1e999]", None, "text", "[1e999]"),
        (b'{"a": 1, "a": 2}', None, "text", '{"a": 1, "a": 2}'),
        (b'["\\ud800"]', None, "text", '["\\ud800"]'),
        (b"[" * 5_000, None, "text", "[" * 5_000),
        (b"[" * 100 + b"]" * 100, None, "text", "[" * 100 + "]" * 100),
        (b"", None, "text", ""),
        (b"\xff\xd8\xff", "image/jpeg", "base64", "/9j/"),
        (b"a\0b", None, "base64", "YQBi"),
    ],
)
def test_a_body_is_shown_as_what_it_is(
    body: bytes, content_type: str | None, encoding: str, value: object
) -> None:
    """JSON that survives the passage is a value, other text a string, everything else base64."""
    told = show(body, content_type=content_type, content_encoding=None, truncated=False)

    assert (told.encoding, told.value) == (encoding, value)


def test_a_cut_body_may_end_within_a_character() -> None:
    """A truncated text body loses at most the character that was cut."""
    told = show("aé".encode()[:-1], content_type=None, content_encoding=None, truncated=True)

    assert (told.encoding, told.value) == ("text", "a")


def test_a_compressed_body_stays_base64() -> None:
    """A body with a content encoding is not read as text."""
    assert (
        show(b"{}", content_type=None, content_encoding="gzip", truncated=False).encoding
        == "base64"
    )


@given(st.binary(max_size=300), st.booleans())
def test_any_body_can_be_passed_on_as_json(body: bytes, truncated: bool) -> None:
    """Whatever the bytes, what is shown of them is valid JSON and valid UTF-8."""
    told = show(body, content_type=None, content_encoding=None, truncated=truncated)

    json.dumps(told.value, allow_nan=False, ensure_ascii=False).encode()


KEY = cursor.key_from(bytes(32))


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.text()), st.text())
def test_a_cursor_gives_back_its_values(values: list[int | str], request: str) -> None:
    """Decoding inverts encoding for the same request."""
    told = cursor.encode(KEY, request, tuple(values))

    assert cursor.decode(KEY, request, told) == tuple(values)


@given(st.data())
def test_a_damaged_cursor_is_refused(data: st.DataObject) -> None:
    """Changing any character of a cursor makes it invalid."""
    told = cursor.encode(KEY, "r", (1, "x"))
    at = data.draw(st.integers(0, len(told) - 1))
    other = data.draw(st.characters().filter(lambda char: char != told[at]))

    with pytest.raises(cursor.CursorInvalid):
        cursor.decode(KEY, "r", told[:at] + other + told[at + 1 :])


def test_a_cursor_belongs_to_its_request() -> None:
    """A cursor of one list is refused by another, and by another store."""
    told = cursor.encode(KEY, "one", (1,))

    with pytest.raises(cursor.CursorInvalid):
        cursor.decode(KEY, "two", told)
    with pytest.raises(cursor.CursorInvalid):
        cursor.decode(cursor.key_from(b"x" * 32), "one", told)


@given(st.text())
def test_any_text_as_a_cursor_is_refused(told: str) -> None:
    """Nothing but a signed cursor is accepted, and nothing raises anything else."""
    with pytest.raises(cursor.CursorInvalid):
        cursor.decode(KEY, "r", told)
