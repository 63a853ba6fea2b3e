"""The attributes of spans and links: OpenTelemetry's messaging conventions 1.44.0, and what only hoptrail knows.

Pure. Everything exported is marked as inferred, with the evidence and how sure it is: nobody reported these spans, they
are derived from what the broker showed.
"""

from collections.abc import Mapping

from events.identity import uid
from events.values import Text
from projector.linker import latency
from projector.linker.model import (
    DELIVERED,
    REDELIVERED,
    Endpoint,
    LiveAttempt,
    LiveCopy,
    LiveMessage,
)
from projector.otlp.model import Link, Value
from projector.otlp.names import server_of, shown
from projector.otlp.places import Cause
from store.documents import DeadLetter

PUBLISH_SEEN = "publish observed"
DELIVERY_SEEN = "delivery observed"
WAIT_SEEN = "publish and delivery observed"
WAIT_UNKNOWN = "delivery observed, its beginning not"
DEATH_SEEN = "seen on the dead-letter exchange"
DEATH_TOLD = "told by x-death"
CREATION = "creation context"

TOLD_BY_TAP = "tap"
HANDED = (DELIVERED, REDELIVERED)

Attributes = dict[str, Value]


def common(message: LiveMessage, stream: str, destination: str, *, made_up: bool) -> Attributes:
    """Return what every span of *message* says."""
    properties = message.properties
    told: Attributes = {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": destination,
        "hoptrail.uid": uid(stream, message.position),
        "hoptrail.vhost": shown(message.vhost),
    }
    if message.routing_keys and (key := shown(message.routing_keys[0])):
        told["messaging.rabbitmq.destination.routing_key"] = key
    if properties.message_id is not None:
        told["messaging.message.id"] = shown(properties.message_id)
    if properties.correlation_id is not None:
        told["messaging.message.conversation_id"] = shown(properties.correlation_id)
    if made_up:
        told |= {"messaging.destination.anonymous": True, "messaging.destination.temporary": True}
    return told


def operation(name: str, kind: str) -> Attributes:
    """Return what an operation of a client is called; *kind* is ``messaging.operation.type``."""
    return {"messaging.operation.name": name, "messaging.operation.type": kind}


def believed(evidence: str, confidence: float, rivals: int = 0) -> Attributes:
    """Return the mark of what is inferred."""
    told: Attributes = {
        "hoptrail.inferred": True,
        "hoptrail.evidence": evidence,
        "hoptrail.confidence": confidence,
    }
    return told | {"hoptrail.rivals": rivals} if rivals else told


def of_endpoint(endpoint: Endpoint | None) -> Attributes:
    """Return what is known of the client: its connection, the broker's end of it, and why it has its name."""
    if endpoint is None:
        return {}
    told: Attributes = {"messaging.client.id": shown(endpoint.connection)}
    server = server_of(endpoint.connection)
    if server is not None:
        told |= {"server.address": server[0], "server.port": server[1]}
    party = endpoint.party
    if party.evidence is not None:
        told |= {
            "hoptrail.service.evidence": party.evidence,
            "hoptrail.service.confidence": party.confidence,
        }
    return told


def of_body(message: LiveMessage) -> Attributes:
    """Return the size of the body in bytes."""
    return {} if message.body is None else {"messaging.message.body.size": message.body.size}


def of_delivery(copy: LiveCopy) -> Attributes:
    """Return how sure it is that this copy is the one delivered."""
    sure = copy.confidence if copy.state in HANDED else 1.0
    return believed(DELIVERY_SEEN, sure)


def of_work(message: LiveMessage, attempt: LiveAttempt) -> Attributes:
    """Return the estimate of how long a delivery was worked on, which no span's end is made of."""
    estimated_ms, evidence = latency.processing_ms(message, attempt)
    told: Attributes = {"hoptrail.redelivered": True} if attempt.redelivered else {}
    if estimated_ms is not None and evidence is not None:
        told |= {
            "hoptrail.processing.estimated_ms": estimated_ms,
            "hoptrail.processing.evidence": evidence,
        }
    return told


def of_death(source: LiveCopy | None, letter: DeadLetter, to: Text | None) -> Attributes:
    """Return how a copy died; a *letter* that is a timer is no failure."""
    told: Attributes = {
        "hoptrail.dead_letter.reason": letter.reason,
        "hoptrail.dead_letter.count": letter.count,
        "hoptrail.dead_letter.timer": letter.timer,
    }
    if source is not None:
        told["hoptrail.dead_letter.from"] = shown(source.queue)
    if letter.exchange is not None:
        told["hoptrail.dead_letter.exchange"] = shown(letter.exchange)
    if to is not None:
        told["hoptrail.dead_letter.to"] = shown(to)
    if not letter.timer:
        told["error.type"] = letter.reason
    by_tap = source is not None and source.told_by == TOLD_BY_TAP
    return told | believed(DEATH_SEEN if by_tap else DEATH_TOLD, 1.0)


def link_to(cause: Cause) -> Link:
    """Return the link that a *cause* is which is no parent."""
    told: Mapping[str, Value] = believed(
        cause.link.evidence, cause.link.confidence, cause.link.rivals
    )
    return Link(cause.to, told)
