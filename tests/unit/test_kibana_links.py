"""Addresses in Kibana: what they say is what Kibana reads in them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import prison
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import wire_messages
from api.kibana_links import KibanaLinks, Rison, equal, rison
from tests.contract.documents import message

LINKS = KibanaLinks(url="https://kibana.example/s/ops/", data_view="hoptrail-messages")
AT_NS = 1_795_000_000_123_456_789

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES: st.SearchStrategy[Rison] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


def state_of(address: str) -> dict[str, Any]:
    """Return what an address of Discover says, as a reader of Rison understands it."""
    parts = urlsplit(address)
    where, _, query = parts.fragment.partition("?")
    assert where == "/"
    said = parse_qs(query, strict_parsing=True)
    return {name: prison.loads(value) for name, (value,) in said.items()}


@given(VALUES)
def test_rison_reads_back_what_was_written(value: Rison) -> None:
    """Another program's reader of Rison finds the same value."""
    assert prison.loads(rison(value)) == value


@given(TEXTS)
def test_an_address_survives_whatever_an_id_contains(uid: str) -> None:
    """The query arrives whole, and nothing in it ends the address early."""
    address = LINKS.message(uid, AT_NS)

    assert state_of(address)["_a"]["query"] == {"language": "kuery", "query": equal("uid", uid)}
    assert not set(address) & set(" ()'\"<>\\")


@given(TEXTS)
def test_a_value_in_kql_ends_where_it_should(value: str) -> None:
    """Between its outer quotes no quote stands unescaped, and no line ends."""
    inner = equal("uid", value).removeprefix('uid : "').removesuffix('"')
    unescaped = inner.replace("\\\\", "").replace('\\"', "")

    assert not set(unescaped) & set('"\n\r\t')


def test_a_message_is_looked_for_around_its_time() -> None:
    """Discover opens in the space, on the data view, a minute to both sides of the publish."""
    address = LINKS.message("main-7", AT_NS)
    published = datetime.fromtimestamp(AT_NS / 1e9, UTC)
    state = state_of(address)
    since, until = (datetime.fromisoformat(state["_g"]["time"][end]) for end in ("from", "to"))

    assert address.startswith("https://kibana.example/s/ops/app/discover#/?")
    assert state["_a"]["dataSource"] == {"dataViewId": "hoptrail-messages", "type": "dataView"}
    assert state["_a"]["sort"] == [["@timestamp", "asc"]]
    assert since < published < until
    assert until - since == timedelta(minutes=2)


@pytest.mark.parametrize("at", [0, AT_NS])
def test_a_trace_is_looked_for_in_the_days_around(at: int) -> None:
    """A conversation may be long, so the address of a trace looks a day to both sides."""
    state = state_of(LINKS.trace("4bf9", at))
    time = state["_g"]["time"]

    span = datetime.fromisoformat(time["to"]) - datetime.fromisoformat(time["from"])
    assert span == timedelta(days=2)
    assert state["_a"]["query"]["query"] == 'trace_id : "4bf9"'


def test_messages_link_to_kibana_only_where_one_is_set() -> None:
    """With a Kibana a message names both addresses; without one they are null."""
    told = message(7)

    with_kibana = wire_messages.message(told, None, LINKS).links
    without = wire_messages.message(told, None).links
    assert with_kibana.kibana == LINKS.message(told.uid, told.published_at)
    assert without.kibana is None
    assert without.kibana_trace is None
