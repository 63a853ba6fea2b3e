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
    """One delivery of a copy. `settled` says why settlement is inferred; None: not known.

    `processing_ms` estimates how long the consumer worked on it, on `processing_evidence`; None: nothing tells.
    """

    delivered_at: int
    redelivered: bool
    consumer: Party
    position: int = 0
    settled: str | None = None
    processing_ms: float | None = None
    processing_evidence: str | None = None


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

    `cause` and `confidence` explain an inferred state (gone, settled). `queue_wait_ms` is from its coming to the queue to
    its first delivery, None unless both were seen as they happened and no gap of capture lies between.
    """

    queue: Text
    origin: str
    state: str
    attempts: tuple[Attempt, ...] = ()
    dead_letter: DeadLetter | None = None
    enqueued_at: int | None = None
    cause: str | None = None
    confidence: float = 1.0
    queue_wait_ms: float | None = None


class ParentLink(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The message believed to have caused this one.

    `rivals` counts other candidates of the same rank; `rival_uids` are the likeliest few of them, the likeliest first.
    """

    uid: str
    evidence: str
    confidence: float
    rivals: int = 0
    rival_uids: tuple[str, ...] = ()


class ParentChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """That another parent became believed: when (ns) and by which event, what was believed before and after, and why."""

    at: int
    position: int
    before: ParentLink | None
    after: ParentLink | None
    why: str


class MessageDocument(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message.

    `position` is that of its first fact and gives the uid; `version` counts the facts folded into it, so a later document
    has a higher one. `events` are the positions of its facts. `state` is one of unroutable, dead-lettered, redelivered,
    delivered, waiting, gone, settled, unknown. `latency_ms` is from publish to the first delivery of a routed copy, None
    when either was not observed live. `time_quality`: live, backlog or broker. `retry_rounds` counts returns to a queue
    it was in before. `not_observed` says why the publish was not seen. `end_to_end_ms` is from the beginning of its
    conversation to the last that is known of work on it; its end is estimated where `processing_ms` is.
    `message_type` is the property `type`, else what the framework that sent it calls its type, as `message_type_evidence`
    says; `framework`, `framework_retries` (how often it was published again) and `error` (why it failed, in one line) are
    what a framework wrote into headers or body.
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
    end_to_end_ms: float | None = None
    message_type: str | None = None
    message_type_evidence: str | None = None
    framework: str | None = None
    framework_retries: int | None = None
    error: str | None = None
    parent_changes: tuple[ParentChange, ...] = ()


def last_at(document: MessageDocument) -> int:
    """Return the last that is known to have happened to a message, in ns: its publish, a coming, a delivery, a death."""
    found = document.published_at
    for copy in document.copies:
        times = [copy.enqueued_at, *(attempt.delivered_at for attempt in copy.attempts)]
        if copy.dead_letter is not None:
            times.append(copy.dead_letter.at)
        found = max(at for at in (found, *times) if at is not None)
    return found
