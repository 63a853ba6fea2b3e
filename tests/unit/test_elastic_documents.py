"""What is indexed of a message in Elasticsearch: the fields of the query language, each under the name the mapping has."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from events.values import AmqpTimestamp
from store.elastic import index_fields, mappings
from store.elastic.index_document import (
    WORD_UNITS_MAX,
    divided,
    encoded,
    packed,
    reduced,
    source,
    unpacked,
    words,
)
from store.elastic.index_texts import ENTRY_CHARS, RecentTexts
from store.fields import FIELDS, Kind, keywords, numbers
from store.ranking import SORT_VALUES
from store.tokens import tokens
from tests.contract.documents import bodies, documents, message


def values(told: dict[str, object], name: str) -> set[object]:
    found = told.get(name, [])
    return set(found) if isinstance(found, list) else {found}


def mapped(properties: dict[str, Any], above: str = "") -> dict[str, str]:
    """Return the type of every field, by its dotted name."""
    types: dict[str, str] = {}
    for name, told in properties.items():
        if "properties" in told:
            types |= mapped(told["properties"], f"{above}{name}.")
        else:
            types[above + name] = told["type"]
    return types


TYPES = mapped(mappings.messages()["mappings"]["properties"])


@given(documents(3))
def test_every_field_has_the_values_of_the_table(document: Any) -> None:
    """A field holds what the table of fields says of a message, neither more nor less."""
    told = source(document, None)

    for name, field in FIELDS.items():
        if field.kind in (Kind.NUMBER, Kind.TIME):
            expected: set[object] = set(numbers(field, document))
        elif field.kind is Kind.BOOLEAN:
            expected = {text == "true" for text in keywords(field, document)}
        elif field.kind is Kind.KEYWORD:
            expected = set(keywords(field, document))
        else:
            continue
        assert values(told, index_fields.stored_as(name)) == expected, name


@given(documents(3))
def test_every_sort_value_is_a_number(document: Any) -> None:
    """What results are ordered by stands as a whole number under the name that sorting uses."""
    told = source(document, None)

    for name, value in SORT_VALUES.items():
        assert told.get(index_fields.SORTED_BY[name]) == value(document), name


@given(documents(3), st.none() | bodies)
def test_every_field_is_mapped(document: Any, text: str | None) -> None:
    """Nothing is indexed that the mapping does not name, whole or reduced."""
    whole, less = encoded(document, text), reduced(document, "why")

    assert msgspec.json.decode(whole).keys() <= TYPES.keys()
    assert msgspec.json.decode(less).keys() <= TYPES.keys()


def test_every_field_of_the_language_can_be_typed_into_kibana() -> None:
    """Each field of the table is in the mapping under its own name, but for three that are told."""
    missing = {name for name in FIELDS if name not in TYPES}

    assert missing == {"service", "body", "headers"}


def test_aliases_lead_to_fields() -> None:
    """Every alias of the mapping names a field that is none."""
    for name, to in index_fields.ALIASES.items():
        assert TYPES[name] == "alias"
        assert TYPES[to] != "alias"


@given(documents(3))
def test_a_document_is_read_as_it_was(document: Any) -> None:
    """The document that travels along is the one saved, whatever its values."""
    assert unpacked(packed(document)) == document
    told = msgspec.json.decode(encoded(document, None), type=dict[str, Any])
    raw = msgspec.convert(told[index_fields.DOCUMENT], bytes)
    assert unpacked(raw) == document


def test_a_header_is_one_term() -> None:
    """A pair is read as path and value, and no two pairs are one term."""
    assert index_fields.pair("tenant", "acme=1") == "tenant=acme=1"
    pairs = [("a", "b=c"), ("a=b", "c"), ("a\\", "b"), ("a\\=b", "c"), ("a\\", "=b=c")]

    assert len({index_fields.pair(*each) for each in pairs}) == len(pairs)


@given(st.lists(st.text(st.sampled_from("aé日\U0001d400\U00020000"), min_size=1, max_size=400)))
def test_no_word_is_longer_than_elasticsearch_takes(texts: list[str]) -> None:
    """Words are cut to what the whitespace analyzer keeps whole, and nothing of them is lost."""
    found = tokens(" ".join(texts))
    pieces = divided(found)

    assert all(len(piece.encode("utf-16-le")) // 2 <= WORD_UNITS_MAX for piece in pieces)
    assert "".join(pieces) == "".join(found)
    assert words(" ".join(texts)) == " ".join(pieces)


def test_half_a_surrogate_is_no_obstacle() -> None:
    """A text that no UTF-8 can hold is indexed with what can be."""
    told = msgspec.json.decode(encoded(message(0), "card \ud800 declined"))

    assert told[index_fields.BODY_WORDS] == "card declined"


def test_amqp_values_are_searched_as_they_are_written() -> None:
    """Values that JSON has no type for are text."""
    told = source(message(0, headers={"at": AmqpTimestamp(2**63)}), None)

    assert told[index_fields.HEADER_PAIRS] == "at=9223372036854775808"


def test_recent_texts_are_bounded() -> None:
    """The texts put in longest ago are forgotten first, and never more is kept than told."""
    texts = RecentTexts(chars_max=3 * ENTRY_CHARS + 10)
    for uid, text in (("a", "12345"), ("b", None), ("c", "1234")):
        texts.put(uid, text)
    assert "a" in texts
    assert texts.get("a") == "12345"
    texts.put("a", "1")

    texts.put("d", "12345")

    assert [uid in texts for uid in "abcd"] == [True, False, True, True]
    texts.put("e", "x" * 1_000)
    assert [uid in texts for uid in "acde"] == [False] * 4
