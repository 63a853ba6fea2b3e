"""What a message published again takes over, what it cannot, and the marker in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.decoding.decoder import REDACTED as REDACTED_BY_DECODER
from events.facts import MessageDeadLettered, MessagePublished, Properties, Table
from events.republish import (
    MARKER,
    REDACTED,
    Again,
    Mark,
    Source,
    again,
    delivery_limit,
    is_redacted,
    mark_in,
    marked,
)

AT_NS = 1_800_000_000_000_000_000


def published(keys: tuple[str, ...] = ("key",), **properties: object) -> MessagePublished:
    """A publish with *properties*."""
    told = Properties(**properties)  # type: ignore[arg-type]
    return MessagePublished("tap", b"", "/", "orders", keys, (), "n", "c", 1, "u", told, b"f", None)


def died(**properties: object) -> MessageDeadLettered:
    """A dead letter with *properties*."""
    told = Properties(**properties)  # type: ignore[arg-type]
    return MessageDeadLettered("tap", b"", "/", "dlx", ("key",), told, b"f", None)


def republished(source: Source, *, to_queue: bool = True, user: str | None = "guest") -> Again:
    """What *source* is published with again."""
    return again(source, observed_at=AT_NS, to_queue=to_queue, user=user)


@given(
    st.text("0123456789abcdef", min_size=16, max_size=16),
    st.integers(0, 10**18 - 1),
    st.integers(0, 20_000),
)
def test_a_marker_is_read_as_it_was_written(retry: str, position: int, item: int) -> None:
    """The marker of a copy names its retry, message and item; the other headers stay."""
    mark = Mark(retry, position, item)
    told = marked(Properties(headers={"other": 1, MARKER: "old"}), mark)

    assert mark_in(told.headers) == mark
    assert told.headers is not None
    assert told.headers["other"] == 1


@pytest.mark.parametrize("value", ["", "x", f"{'a' * 16}.1", f"{'a' * 16}.1.2.3", 7, b"\xff", None])
def test_what_is_no_marker_says_nothing(value: object) -> None:
    """Whatever else stands in that header is ignored."""
    assert mark_in({MARKER: value}) is None
    assert mark_in(None) is None


def test_what_the_broker_added_is_left_out() -> None:
    """Deaths and counters of an earlier life do not travel along, and nothing is lost by it."""
    headers: Table = {
        "x-death": [{"queue": "work"}],
        "x-first-death-queue": "work",
        "x-last-death-reason": "rejected",
        "x-delivery-count": 3,
        "mine": "yes",
    }
    found = republished(died(headers=headers))

    assert found == Again(Properties(headers={"mine": "yes"}), ())


def test_deaths_that_the_publisher_wrote_are_told_of() -> None:
    """A history that stood on the publish itself cannot be published again, and that is said."""
    assert republished(published(headers={"x-death": []})).unrestored == ("x-death",)


def test_copies_to_other_keys_go_to_the_exchange_only() -> None:
    """Sent to a queue, CC would send it elsewhere too; BCC is never known whole."""
    source = published(("key", "a", "b"), headers={"CC": ["a"]})

    assert republished(source) == Again(Properties(), ("CC",))
    to_exchange = republished(source, to_queue=False)
    assert to_exchange == Again(Properties(headers={"CC": ["a"]}), ("BCC",))


def test_an_expiration_comes_from_before_the_first_death() -> None:
    """The publish tells its expiration; of a later sight the oldest death does."""
    deaths = [{"queue": "b"}, {"queue": "a", "original-expiration": "500"}]

    assert republished(published(expiration="500")).properties.expiration == "500"
    assert republished(died(headers={"x-death": deaths})).properties.expiration == "500"


def test_the_user_stays_where_it_is_the_same() -> None:
    """A user id is kept for the user that publishes again, whom the broker would refuse another's."""
    assert republished(published(user_id="guest")).properties.user_id == "guest"
    assert republished(published(user_id="shop")) == Again(Properties(), ("user_id",))


def test_a_timestamp_that_was_cut_is_left_out() -> None:
    """A timestamp near the time of the publish is right; any other was cut to 32 bits, or is none."""
    near = AT_NS // 10**9 + 60

    assert republished(published(timestamp=near)).properties.timestamp == near
    assert republished(published(timestamp=1_128_179_835)).unrestored == ("timestamp",)


def test_redacted_means_what_the_decoder_writes() -> None:
    """What the decoder puts in place of a header's value is what a retry refuses."""
    assert REDACTED == REDACTED_BY_DECODER
    assert is_redacted(Properties(headers={"card": REDACTED}))
    assert not is_redacted(Properties(headers={"card": "1234"}))


@pytest.mark.parametrize(
    ("kind", "arguments", "policy", "version", "limit"),
    [
        ("classic", {"x-delivery-limit": 3}, {}, "4.0.5", None),
        ("quorum", {}, {}, "4.0.5", 20),
        ("quorum", {"x-delivery-limit": -1}, {}, "4.0.5", None),
        ("quorum", {"x-delivery-limit": -1}, {"delivery-limit": 5}, "4.0.5", 5),
        ("quorum", {}, {}, "3.10.8", None),
        ("quorum", {"x-delivery-limit": -1}, {}, "3.10.8", 0),
        ("quorum", {"x-delivery-limit": 7}, {"delivery-limit": 9}, "3.10.8", 7),
    ],
)
def test_delivery_limits_are_those_of_the_version(
    kind: str, arguments: Table, policy: Table, version: str, limit: int | None
) -> None:
    """From 4.0 a quorum queue drops after 20 returns unless told otherwise; before, -1 means at once."""
    assert delivery_limit(kind, arguments, policy, version) == limit
