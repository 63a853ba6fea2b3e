"""The message document: one message as the linker understands it, as index, API and CLI pass it on.

Pure data. Field names are those of the API and of the query language. Times are ns UTC, or None where not observed.
Broker text keeps its bytes form here; ``events.values.to_json`` turns it into JSON.
"""

import msgspec

from events.facts import BodyRef, Table
from events.values import Text


class Party(msgspec.Struct, frozen=True, omit_defaults=True):
    """A service seen at one end: its name, on what evidence, and how sure (0 to 1)."""

    service: str | None = None
    connection: Text | None = None
    user: Text | None = None
    evidence: str | None = None
    confidence: float = 0.0


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One delivery of a copy. `settled` says why settlement is inferred; None: not known."""

    delivered_at: int
    redelivered: bool
    consumer: Party
    position: int = 0
    settled: str | None = None


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a copy died in its own queue. `count` is its deaths there so far; `timer`: an expiry used as a delay."""

    reason: str
    exchange: Text | None = None
    routing_key: Text | None = None
    to_queues: tuple[Text, ...] = ()
    count: int = 1
    timer: bool = False
    at: int | None = None


class Copy(msgspec.Struct, frozen=True, omit_defaults=True):
    """The message in one queue. `origin`: routed, dead-letter or inferred. `state` as in the message's states.

    `cause` and `confidence` explain an inferred state (gone, settled).
    """

    queue: Text
    origin: str
    state: str
    attempts: tuple[Attempt, ...] = ()
    dead_letter: DeadLetter | None = None
    enqueued_at: int | None = None
    cause: str | None = None
    confidence: float = 1.0


class ParentLink(msgspec.Struct, frozen=True, omit_defaults=True):
    """The message believed to have caused this one. `rivals` counts other candidates of the same rank."""

    uid: str
    evidence: str
    confidence: float
    rivals: int = 0


class MessageDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message.

    `position` is that of its first fact and gives the uid; `version` counts the facts folded into it, so a later document
    has a higher one. `events` are the positions of its facts. `state` is one of unroutable, dead-lettered, redelivered,
    delivered, waiting, gone, settled, unknown. `latency_ms` is from publish to the first delivery of a routed copy, None
    when either was not observed live. `time_quality`: live, backlog or broker. `retry_rounds` counts returns to a queue
    it was in before. `not_observed` says why the publish was not seen.
    """

    uid: str
    position: int
    version: int
    published_at: int
    time_quality: str
    publish_observed: bool
    vhost: Text
    exchange: Text
    routing_keys: tuple[Text, ...]
    routed_queues: tuple[Text, ...]
    publisher: Party
    state: str
    message_id: Text | None = None
    correlation_id: Text | None = None
    type: Text | None = None
    content_type: Text | None = None
    headers: Table | None = None
    body: BodyRef | None = None
    copies: tuple[Copy, ...] = ()
    trace_id: str = ""
    parent: ParentLink | None = None
    other_parents: tuple[ParentLink, ...] = ()
    latency_ms: float | None = None
    reply_to: Text | None = None
    app_id: Text | None = None
    content_encoding: Text | None = None
    retry_rounds: int = 0
    not_observed: str | None = None
    events: tuple[int, ...] = ()
