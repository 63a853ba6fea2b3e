"""Dialects: what is read of any headers and bodies, and what is left alone."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.facts import Properties, Table
from projector.linker.dialects import (
    DESCRIPTIONS_CACHED_MAX,
    DIALECTS,
    SHAPES_CACHED_MAX,
    Dialects,
)
from projector.linker.dialects.reading import (
    ERROR_LENGTH_MAX,
    VALUE_LENGTH_MAX,
    What,
    count,
    error_line,
    last_line,
)

NAMES = sorted({name for dialect in DIALECTS for name in dialect.headers})
IN_BODY = sorted({name for dialect in DIALECTS for name in dialect.in_body})
CELERY: Table = {
    "id": "t2",
    "task": "shop.charge",
    "root_id": "t1",
    "parent_id": "t1",
    "retries": 0,
}

_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=2)
    ),
    max_leaves=4,
)
_names = st.sampled_from(NAMES).flatmap(lambda name: st.sampled_from([name, name.upper()]))
_headers = st.dictionaries(_names | st.text(max_size=80) | st.binary(max_size=4), _values)
_in_body = st.none() | st.dictionaries(
    st.sampled_from(IN_BODY), st.text(min_size=1, max_size=500), min_size=1
)


@given(_headers, _in_body)
def test_any_headers_are_read_without_surprise(headers: Any, in_body: Any) -> None:
    """Whatever is written, what is told is bounded text, sorted by what it says, and the same the second time."""
    dialects = Dialects()

    told = dialects.read(headers, in_body)

    assert list(told) == sorted(told, key=lambda each: each[0])
    assert all(0 < len(value) <= max(VALUE_LENGTH_MAX, ERROR_LENGTH_MAX) for _, _, value in told)
    assert dialects.read(headers, in_body) == told
    assert Dialects().describe(told, Properties()) == dialects.describe(told, Properties())


@given(_headers)
def test_case_does_not_matter(headers: Any) -> None:
    """Names in other letters say the same."""
    plain: Table = {name: value for name, value in headers.items() if isinstance(name, str)}
    lowered: Table = {name.lower(): value for name, value in plain.items()}
    if len(lowered) < len(plain) or any(len(n) != len(n.lower()) for n in plain):
        return

    assert sorted(Dialects().read(plain)) == sorted(Dialects().read(lowered))


@pytest.mark.parametrize(
    "headers",
    [
        {"id": "4711"},
        {"id": "4711", "task": "clean up"},
        {"task_id": "4711"},
        {"source": "web", "attempts": 3},
        {"type": "order"},
        {"retries": 3, "id": "4711"},
    ],
)
def test_common_names_alone_say_nothing(headers: Table) -> None:
    """A header that anybody could have named so is not taken for a framework's."""
    assert not Dialects().read(headers)


def test_links_are_told_before_what_describes() -> None:
    """The framework stands last, so that one look tells whether there is anything to describe."""
    told = Dialects().read({**CELERY, "retries": 2, "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"})

    assert [what for what, _, _ in told] == [
        What.TRACE,
        What.CAUSE,
        What.CONVERSATION,
        What.IDENTITY,
        What.TYPE,
        What.RETRIES,
        What.FRAMEWORK,
    ]


def test_the_property_type_goes_before_a_framework_s() -> None:
    """What the sender called the type itself is its type."""
    dialects = Dialects()
    told = dialects.read(CELERY)

    own = dialects.describe(told, Properties(type="order.placed"))
    other = dialects.describe(told, Properties())

    assert own is not None
    assert other is not None
    assert (own.message_type, own.message_type_evidence) == ("order.placed", "type")
    assert (other.message_type, other.message_type_evidence) == ("shop.charge", "celery task")


def test_what_says_the_same_shares_its_description() -> None:
    """A million messages of one type hold one description."""
    dialects = Dialects()
    one = dialects.describe(dialects.read(CELERY), Properties())
    other = dialects.describe(dialects.read({**CELERY, "id": "t3"}), Properties())

    assert one is other


def test_what_is_remembered_is_bounded() -> None:
    """Names and types without end do not fill the memory, and are still read right."""
    dialects = Dialects()
    for number in range(SHAPES_CACHED_MAX + DESCRIPTIONS_CACHED_MAX + 10):
        told = dialects.read({**CELERY, "task": f"task-{number}", f"x-{number}": ""})
        described = dialects.describe(told, Properties())

        assert described is not None
        assert described.message_type == f"task-{number}"
    shapes, descriptions = dialects.remembered
    assert shapes <= SHAPES_CACHED_MAX
    assert descriptions <= DESCRIPTIONS_CACHED_MAX


def test_of_an_error_text_the_telling_line_is_kept() -> None:
    """The first line of what Java writes, the last of what Python writes."""
    assert error_line("java.io.IOException: gone\n\tat shop.Orders") == "java.io.IOException: gone"
    assert last_line("Traceback:\n  File\nshop.Gone: gone\n\n") == "shop.Gone: gone"
    assert error_line(b"\xff\n") == "�"
    assert error_line("  \n ") is None
    assert error_line(12) is None


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, None), (1, "1"), ("2", "2"), (True, None), (-1, None), ("x", None), (None, None), (10**12, None)],
)  # fmt: skip
def test_a_count_is_a_number_above_zero(value: Any, told: str | None) -> None:
    """A first attempt is no retry, and nonsense no count."""
    assert count(value) == told
