"""What the SQLite index keeps of a message is what the table of fields says of it."""

from typing import Any

from hypothesis import given

from store.fields import keywords, numbers
from store.sqlite.index_terms import LABELS, NUMBER_IDS, NUMBERS, labels, number_rows
from tests.contract.documents import documents


@given(documents(3))
def test_every_number_has_the_values_of_the_table(document: Any) -> None:
    """The numbers without a column are those of the table of fields, neither more nor less."""
    expected = {
        (NUMBER_IDS[field.name], value) for field in NUMBERS for value in numbers(field, document)
    }

    assert number_rows(document) == expected


@given(documents(3))
def test_every_label_has_the_values_of_the_table(document: Any) -> None:
    """The labels are those of the table of fields, neither more nor less."""
    expected = {(field.name, value) for field in LABELS for value in keywords(field, document)}

    assert labels(document) == expected
