"""Edits: what is not named stays as it was, and the difference is all that is changed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.facts import Properties, RetryItem
from events.values import AmqpDecimal, AmqpTimestamp, to_json
from projector.operations.editing import (
    Change,
    EditInvalid,
    Patch,
    differences,
    edited,
    from_json,
)
from projector.operations.plan import EDITED_BODY_BYTES_MAX
from projector.operations.requesting import PIECE_BYTES_MAX, PIECE_ITEMS_MAX, pieces
from tests.unit.test_amqp_publish import TABLES

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.builds(AmqpTimestamp, st.integers(0, 2**53))
    | st.builds(AmqpDecimal, st.integers(0, 8), st.integers(-(10**8) + 1, 10**8 - 1)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("nm", min_size=1), inner, max_size=2)
    ),
)


@given(VALUES)
def test_a_value_shown_can_be_sent_back(value: Any) -> None:
    """What the API shows of a header is read as the same value when it is sent."""
    assert from_json(to_json(value)) == value


@given(TABLES)
def test_what_is_not_named_stays(headers: dict[Any, Any]) -> None:
    """An edit of one header leaves every other as it was, types and all."""
    before = Properties(headers={**headers, "mine": 1}, priority=3)
    after = edited(before, Patch(headers={"mine": 2})).properties

    assert after is not None
    assert after == Properties(headers={**headers, "mine": 2}, priority=3)
    assert differences(before, b"", edited(before, Patch(headers={"mine": 2}))) == [
        Change("header mine", 1, 2)
    ]


def test_the_difference_tells_all() -> None:
    """Properties, headers that come and go, and the body each stand with what was and what will be."""
    before = Properties(type="old", headers={"gone": 1})
    patch = Patch(
        properties={"type": None, "priority": 5},
        headers={"new": {"b64": "/w=="}},
        remove=("gone",),
        body=b"better",
    )

    assert differences(before, b"worse", edited(before, patch)) == [
        Change("priority", None, 5),
        Change("type", "old", None),
        Change("header gone", 1, None),
        Change("header new", None, {"b64": "/w=="}),
        Change("body", "worse", "better"),
    ]


def test_an_edit_that_changes_nothing_differs_in_nothing() -> None:
    """Setting what is set already is no change."""
    before = Properties(type="same", headers={"h": 1})
    edit = edited(before, Patch(properties={"type": "same"}, headers={"h": 1}, body=b"same"))

    assert edit.properties is None
    assert differences(before, b"same", edit) == []


@pytest.mark.parametrize(
    ("patch", "told"),
    [
        (Patch(body=b"x" * (EDITED_BODY_BYTES_MAX + 1)), "is the most"),
        (Patch(properties={"headers": {}}), "no property"),
        (Patch(properties={"delivery_mode": True}), "number from 1 to 2"),
        (Patch(properties={"message_id": 7}), "is a text"),
        (Patch(headers={"h" * 256: 1}), "longer than 255 bytes"),
        (Patch(headers={"h": {"decimal": "1.2.3"}}), "no decimal"),
        (Patch(headers={"h": {"b64": "?"}}), "no base64"),
        (Patch(headers={f"h{at}": at for at in range(201)}), "200 headers"),
        (Patch(headers={"h": "***"}), "kept out of the log"),
    ],
)
def test_what_does_not_fit_is_refused(patch: Patch, told: str) -> None:
    """An edit that AMQP or the log has no room for says so."""
    with pytest.raises(EditInvalid, match=told):
        edited(Properties(), patch)


@given(st.lists(st.integers(0, EDITED_BODY_BYTES_MAX), max_size=6), st.integers(0, 1_200))
def test_pieces_hold_every_item_once(bodies: list[int], plain: int) -> None:
    """A plan is cut into pieces that each fit into a command, in order, none left out."""
    items = [
        RetryItem(at, at, "q", "", "w", b"f", edited_body=b"x" * size)
        for at, size in enumerate(bodies)
    ]
    items += [RetryItem(at, at, "q", "", "w", b"f") for at in range(plain)]
    found = list(pieces(items))

    assert [each for _, piece in found for each in piece] == items
    assert [first for first, _ in found] == [
        sum(len(piece) for _, piece in found[:at]) for at in range(len(found))
    ]
    for _, piece in found:
        assert 0 < len(piece) <= PIECE_ITEMS_MAX
        assert (
            len(piece) == 1 or sum(len(each.edited_body or b"") for each in piece) < PIECE_BYTES_MAX
        )
