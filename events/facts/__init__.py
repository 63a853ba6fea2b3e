"""The facts the log holds: immutable, past tense, values as observed.

Nothing inferred ever enters the log. The tag of a type is its name and version; a changed meaning is a new version with
an entry in ``upcast.py``, a new field at the end with a default is not. Times are nanoseconds since 1970, UTC, unless a
name says otherwise. Facts encode as MessagePack arrays, so the order of fields is part of the format.
"""

from typing import TYPE_CHECKING, Union

import msgspec

from events.facts.capture import (
    BrokerBound,
    CaptureAudited,
    CaptureStarted,
    CaptureStopped,
    ClockStepped,
    GapClosed,
    GapOpened,
    OverlapAmbiguous,
    SegmentStarted,
    TapsPlanned,
)
from events.facts.fact import (
    Fact,
    Table,
    Texts,
)
from events.facts.operator import (
    OPERATOR,
    AccessDenied,
    CommandRefused,
    GroupArchived,
    KeyCreated,
    KeyRevoked,
    MessagesArchived,
    MessagesExported,
    NoteSet,
    OperatorRestated,
    RetryCancelled,
    RetryFailure,
    RetryFinished,
    RetryItem,
    RetryOutcome,
    RetryPaused,
    RetryPlanned,
    RetryPublished,
    RetryRequested,
    RetryResumed,
)
from events.facts.topology import (
    AlarmCleared,
    AlarmRaised,
    BindingCreated,
    BindingDeleted,
    ChannelClosed,
    ChannelOpened,
    ConnectionClosed,
    ConnectionOpened,
    ConsumerStarted,
    ConsumerStopped,
    DeadLettersCounted,
    ExchangeDeclared,
    ExchangeDeleted,
    NodeStarted,
    NodeStopped,
    PolicyCleared,
    PolicySet,
    QueueDeclared,
    QueueDeleted,
    QueueSampled,
    VhostDeclared,
    VhostDeleted,
)
from events.facts.traffic import (
    TRAFFIC,
    BodyRef,
    MessageDeadLettered,
    MessageDelivered,
    MessagePublished,
    Properties,
    Undecodable,
)

__all__ = [
    "CURRENT",
    "OPERATOR",
    "RETIRED",
    "TRAFFIC",
    "AccessDenied",
    "AlarmCleared",
    "AlarmRaised",
    "AnyFact",
    "BindingCreated",
    "BindingDeleted",
    "BodyRef",
    "BrokerBound",
    "CaptureAudited",
    "CaptureStarted",
    "CaptureStopped",
    "ChannelClosed",
    "ChannelOpened",
    "ClockStepped",
    "CommandRefused",
    "ConnectionClosed",
    "ConnectionOpened",
    "ConsumerStarted",
    "ConsumerStopped",
    "DeadLettersCounted",
    "Envelope",
    "ExchangeDeclared",
    "ExchangeDeleted",
    "Fact",
    "GapClosed",
    "GapOpened",
    "GroupArchived",
    "KeyCreated",
    "KeyRevoked",
    "MessageDeadLettered",
    "MessageDelivered",
    "MessagePublished",
    "MessagesArchived",
    "MessagesExported",
    "NodeStarted",
    "NodeStopped",
    "NoteSet",
    "OperatorRestated",
    "OverlapAmbiguous",
    "PolicyCleared",
    "PolicySet",
    "Properties",
    "QueueDeclared",
    "QueueDeleted",
    "QueueSampled",
    "RetryCancelled",
    "RetryFailure",
    "RetryFinished",
    "RetryItem",
    "RetryOutcome",
    "RetryPaused",
    "RetryPlanned",
    "RetryPublished",
    "RetryRequested",
    "RetryResumed",
    "SegmentStarted",
    "Table",
    "TapsPlanned",
    "Texts",
    "Undecodable",
    "VhostDeclared",
    "VhostDeleted",
    "kind_of",
]

CURRENT: tuple[type[Fact], ...] = tuple(Fact.__subclasses__())
RETIRED: tuple[type[Fact], ...] = ()

if TYPE_CHECKING:
    AnyFact = Fact
else:  # msgspec tells the members of this union apart by their tags
    AnyFact = Union.__getitem__(CURRENT + RETIRED)


def kind_of(fact: Fact) -> str:
    """Return the name of a fact's type without its version, e.g. ``MessagePublished``."""
    return type(fact).__name__


class Envelope(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A fact with its identity (position in the stream) and the time the collector saw it.

    `lag_ms` is how long the event may have waited in the tap before: 0 says live, more says backlog, and then the
    true time lies between ``observed_at - lag_ms`` and ``observed_at``.
    """

    position: int
    observed_at: int
    lag_ms: int
    fact: AnyFact
