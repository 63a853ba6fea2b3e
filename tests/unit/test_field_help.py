"""What is told of the query language's fields is told of all of them, and their examples are queries."""

import pytest

from store.field_help import HELP, PREFIXES, is_counted
from store.fields import FIELDS, field_of
from store.query_parser import parse
from store.ranking import begins


def test_every_field_is_explained() -> None:
    """Each field of the table has its sentence, and nothing else has one."""
    assert set(HELP) == set(FIELDS)
    assert all(field_of(f"{prefix}x") is not None for prefix in PREFIXES)


@pytest.mark.parametrize("name", [*HELP, *PREFIXES])
def test_an_example_is_a_query_of_its_field(name: str) -> None:
    """The example can be parsed and names the field; the sentence ends as one."""
    told = (HELP | PREFIXES)[name]

    parse(told.example)
    assert told.example.startswith(name)
    assert told.told.endswith(".")


def test_words_and_values_of_bodies_are_not_counted() -> None:
    """Facets count neither fields of words nor what stands within bodies."""
    uncounted = [name for name in (*FIELDS, *PREFIXES) if not is_counted(name)]

    assert uncounted == ["body", "headers", "body."]


@pytest.mark.parametrize(
    ("value", "prefix", "expected"),
    [("Orders", "oRD", True), ("Orders", "", True), ("or", "ord", False), ("ſtate", "s", False)],
)
def test_a_value_begins_in_upper_or_lower_case(value: str, prefix: str, expected: bool) -> None:
    """Letters are compared one by one, each as it is, in upper case or in lower case."""
    assert begins(value, prefix) is expected
