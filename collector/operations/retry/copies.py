"""What is published for an item: the copy of a message, from the log or from the live message in its queue.

Pure. From the log only what is whole: the fingerprint of what is about to be published must be the one that was planned. The
live message keeps its headers byte by byte.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from collector.amqp.encode import header_payload, table_entries
from collector.amqp.errors import TableDamaged
from collector.amqp.frames import Delivery
from collector.amqp.table import decode_properties, spans
from collector.decoding.decoder import body_missing
from collector.decoding.digest import header_span
from collector.decoding.properties import properties_from
from collector.operations.retry.decide import OUT_MISSING, OUT_REFUSED
from events.facts import (
    Envelope,
    MessageDeadLettered,
    Properties,
    RetryItem,
    RetryOutcome,
    Table,
)
from events.identity import body_digest, fingerprint
from events.republish import Mark, again, as_source, is_redacted, mark_in, marked
from events.values import Text, to_text

FROM_LOG, FROM_QUEUE = "log", "queue"
NOT_RETAINED = "retention has removed it"


class Copy:
    """A message ready to be published for item `number`; `tag` is its delivery where it was taken off a queue, else 0."""

    __slots__ = ("body", "exchange", "header", "key", "number", "source", "tag")

    def __init__(
        self, number: int, item: RetryItem, header: bytes, body: bytes, *, tag: int = 0
    ) -> None:
        self.number = number
        self.exchange: Text = item.exchange
        self.key: Text = item.routing_key
        self.header = header
        self.body = body
        self.tag = tag
        self.source = FROM_QUEUE if tag else FROM_LOG


def refused(
    number: int, why: str, outcome: str = OUT_REFUSED, source: str = FROM_LOG
) -> RetryOutcome:
    """Return the outcome of an item that is not published."""
    return RetryOutcome(number, outcome, source=source, why=why)


def from_log(
    retry: str,
    number: int,
    item: RetryItem,
    source: Envelope | None,
    body: bytes | None,
    key: bytes,
) -> Copy | RetryOutcome:
    """Return the copy of a message that the log tells of by *source* and *body*, or why there is none."""
    fact = None if source is None else as_source(source.fact)
    if source is None or fact is None:
        return refused(number, NOT_RETAINED, OUT_MISSING)
    if item.edited_body is not None:
        body = item.edited_body
    elif body is None:
        return refused(number, "retention has removed its body", OUT_MISSING)
    elif fact.body is not None and fact.body.truncated:
        return refused(number, "the log holds only the begin of its body")
    if item.edited is not None:
        properties = item.edited
    else:
        if is_redacted(fact.properties):
            return refused(number, "a header was kept out of the log")
        whole = item.edited_body is not None or (
            fingerprint(key, body_digest(key, body), fact.properties) == item.fingerprint
        )
        if not whole:
            return refused(number, "what the log holds is not what was planned")
        user = None if "user_id" in item.unrestored else fact.properties.user_id
        properties = again(
            fact, observed_at=source.observed_at, to_queue=item.exchange == "", user=user
        ).properties
    return _copy(retry, number, item, properties, body)


def from_queue(retry: str, number: int, item: RetryItem, taken: Delivery) -> Copy | RetryOutcome:
    """Return the copy of the live message *taken* off its dead-letter queue, or why there is none."""
    if why := body_missing(taken):
        return refused(number, why, source=FROM_QUEUE)
    body = taken.body if item.edited_body is None else item.edited_body
    if item.edited is not None:
        return _copy(retry, number, item, item.edited, body, tag=taken.tag)
    properties = properties_from(decode_properties(taken.header))
    user = None if "user_id" in item.unrestored else properties.user_id
    keys = (to_text(taken.routing_key),)
    source = MessageDeadLettered(
        "", b"", "", to_text(taken.exchange), keys, properties, item.fingerprint, None
    )
    found = again(source, observed_at=0, to_queue=item.exchange == "", user=user).properties
    found = replace(found, timestamp=properties.timestamp)  # it was never cut here
    raw = _entries(taken.header, found.headers or {})
    return _copy(retry, number, item, found, body, raw=raw, tag=taken.tag)


def nowhere_by_item(returned: Iterable[tuple[str, bytes]]) -> dict[int, str]:
    """Return why copies went nowhere, by the items that their markers name, for pairs of reason and content header."""
    found: dict[int, str] = {}
    for why, header in returned:
        mark = mark_in(decode_properties(header).get("headers"))
        if mark is not None:
            found[mark.item] = why
    return found


def fingerprint_of(taken: Delivery, retry: str, key: bytes) -> bytes | None:
    """Return the fingerprint of a live message; None for a copy of *retry* itself, or where its properties do not parse."""
    try:
        properties = properties_from(decode_properties(taken.header))
    except TableDamaged:
        return None
    mark = mark_in(properties.headers)
    if mark is not None and mark.retry == retry:
        return None
    return fingerprint(key, body_digest(key, taken.body), properties)


def _copy(
    retry: str,
    number: int,
    item: RetryItem,
    properties: Properties,
    body: bytes,
    *,
    raw: bytes | None = None,
    tag: int = 0,
) -> Copy | RetryOutcome:
    mark = Mark(retry, item.position, number)
    headers = None if raw is None else raw + table_entries(marked(Properties(), mark).headers or {})
    try:
        header = header_payload(marked(properties, mark), len(body), headers=headers)
    except ValueError as error:
        return refused(number, str(error), source=FROM_QUEUE if tag else FROM_LOG)
    return Copy(number, item, header, body, tag=tag)


def _entries(header: bytes, kept: Table) -> bytes:
    """Return the entries of the header table in *header* that are *kept*, as they came."""
    _, table, end = header_span(header)
    if end == table:
        return b""
    return b"".join(
        header[begin - 1 - len(name) : stop]
        for name, (begin, stop) in spans(header, table).items()
        if to_text(name) in kept
    )
