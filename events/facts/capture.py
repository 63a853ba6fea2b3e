"""The capture ledger: what was captured, what was missed, and whose log it is."""

from events.facts.fact import Fact, Texts
from events.values import Text


class BrokerBound(Fact, frozen=True, array_like=True, gc=False, tag="BrokerBound.1"):
    """The first fact of a log: the broker whose stream this is."""

    cluster_name: Text
    version: Text


class SegmentStarted(Fact, frozen=True, array_like=True, gc=False, tag="SegmentStarted.1"):
    """Opens a segment; the facts restated after it make replay from here self-contained."""

    segment: int
    cluster_name: Text


class CaptureStarted(Fact, frozen=True, array_like=True, gc=False, tag="CaptureStarted.1"):
    """A collector became leader. `prefetch` bounds what the broker may deliver again; `settings` names what matters."""

    epoch: int
    collector: str
    broker_version: Text
    prefetch: int
    vhosts: Texts
    settings: dict[str, str]


class CaptureStopped(Fact, frozen=True, array_like=True, gc=False, tag="CaptureStopped.1"):
    epoch: int
    why: str


class TapsPlanned(Fact, frozen=True, array_like=True, gc=False, tag="TapsPlanned.1"):
    """What is tapped in a vhost, and which dead-letter exchanges are left alone: ((exchange, why), ...).

    `mode` names the light mode, if it is one, and the type of the tap queues, such as "publishes, classic". `exchanges` are
    those whose messages are taken by a binding, `exchanges_left_alone` ((exchange, why), ...) those that were asked for in
    vain. `warnings` ((exchange, what), ...) say what a binding changes for who uses the exchange. `behind` ((exchange,
    queue), ...) tells into which queues the dead letters fall that pass an exchange left alone.
    """

    vhost: Text
    dead_letter_exchanges: Texts
    left_alone: tuple[tuple[Text, str], ...]
    event_exchange: bool
    mode: str
    exchanges: Texts = ()
    exchanges_left_alone: tuple[tuple[Text, str], ...] = ()
    warnings: tuple[tuple[Text, str], ...] = ()
    behind: tuple[tuple[Text, Text], ...] = ()


class GapOpened(Fact, frozen=True, array_like=True, gc=False, tag="GapOpened.1"):
    """Something may have been missed from `since` on. `vhost` and `node` are "" for all of them.

    `why`: tracing-off, broker-restart, connection-lost, tap-overflow, tap-queue-lost, collector-down, poison, new-vhost,
    node-added, unexplained (the broker counted more than came).
    """

    gap: str
    vhost: Text
    node: Text
    why: str
    since: int


class GapClosed(Fact, frozen=True, array_like=True, gc=False, tag="GapClosed.1"):
    """`estimated` counts events missed, -1 where nothing tells; 0 says that the broker kept them all for us."""

    gap: str
    vhost: Text
    node: Text
    why: str
    since: int
    until: int
    estimated: int = -1


class OverlapAmbiguous(Fact, frozen=True, array_like=True, gc=False, tag="OverlapAmbiguous.1"):
    """After a reconnect between `least` and `most` redelivered events could be repeats; `least` were dropped."""

    vhost: Text
    tap: str
    least: int
    most: int


class ClockStepped(Fact, frozen=True, array_like=True, gc=False, tag="ClockStepped.1"):
    before: int
    after: int


class CaptureAudited(Fact, frozen=True, array_like=True, gc=False, tag="CaptureAudited.1"):
    """Captured against the broker's own counters for one vhost and window; -1 where the broker does not tell.

    `acknowledged` says that after this fact every tap delivery before it may be acknowledged ("" as vhost: of all).
    `why` says what keeps the window from being compared, "" where it is: first-reading, counters-began-anew,
    clock-stepped.
    `published_total` and `delivered_total` are the broker's counters at `until`, from which the next window goes on;
    `published_ahead` and `delivered_ahead` count what was captured before this fact and belongs to the next window.
    """

    vhost: Text
    since: int
    until: int
    published_captured: int
    published_broker: int
    delivered_captured: int
    delivered_broker: int
    acknowledged: bool = False
    why: str = ""
    published_total: int = -1
    delivered_total: int = -1
    published_ahead: int = 0
    delivered_ahead: int = 0
