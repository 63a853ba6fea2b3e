"""What changed in the system: what came and went on the broker, and when capture ran, the newest of each kind.

Pure. What a snapshot of the broker finds in the log's first minute is taken to have been there before, and what is told
again where a segment begins is no change. Of each kind the newest `KEPT_MAX` are kept, so that much coming and going of
connections hides nothing else.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

from events.facts import (
    AlarmCleared,
    AlarmRaised,
    BindingCreated,
    BindingDeleted,
    CaptureStarted,
    CaptureStopped,
    ChannelClosed,
    ConnectionClosed,
    ConnectionOpened,
    ConsumerStarted,
    ConsumerStopped,
    Envelope,
    ExchangeDeclared,
    ExchangeDeleted,
    Fact,
    GapClosed,
    GapOpened,
    NodeStarted,
    NodeStopped,
    PolicyCleared,
    PolicySet,
    QueueDeclared,
    QueueDeleted,
    SegmentStarted,
    VhostDeclared,
    VhostDeleted,
)
from events.values import Text, shown
from projector.linker.model import FactHandler
from projector.views.names import exchange_id, named_id, queue_id
from projector.views.state import StateView, pack

KEPT_MAX = 500
KNOWN_MAX = 200_000
BEGINNING_NS = 60_000_000_000
EVENT, RECONCILIATION, RESTATED, LEDGER = "event", "reconciliation", "restated", "ledger"
SHAPE_BYTES = 8

Consumer = tuple[Any, Any, Any, int]


class Change(msgspec.Struct, array_like=True):
    """What changed at `at` (ns): `about` which ids, `told` in words, known from `seen_as`."""

    position: int
    at: int
    about: tuple[str, ...]
    told: str
    seen_as: str


class ChangesState(msgspec.Struct, array_like=True):
    """`kept` by kind, oldest first; `known` what is there, by (what, vhost, name), with a digest of how it is.

    `consumers` are by connection. `began_at` is when the log begins: its first segment, or capture, started (ns), 0 before.
    """

    kept: dict[str, list[Change]] = {}
    known: dict[tuple[Any, Any, Any], bytes] = {}
    consumers: dict[Any, dict[Consumer, None]] = {}
    began_at: int = 0


class ChangesView(StateView[ChangesState]):
    """The view `changes`."""

    name = "changes"
    edition = 2

    def __init__(self, linker_version: str) -> None:
        super().__init__(linker_version, ChangesState)

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        return {
            QueueDeclared: self._queue_declared,
            QueueDeleted: self._queue_deleted,
            ExchangeDeclared: self._exchange_declared,
            ExchangeDeleted: self._exchange_deleted,
            BindingCreated: self._bound,
            BindingDeleted: self._unbound,
            ConsumerStarted: self._consumer_started,
            ConsumerStopped: self._consumer_stopped,
            ChannelClosed: self._channel_closed,
            ConnectionOpened: self._connection_opened,
            ConnectionClosed: self._connection_closed,
            VhostDeclared: self._vhost_declared,
            VhostDeleted: self._vhost_deleted,
            PolicySet: self._policy_set,
            PolicyCleared: self._policy_cleared,
            AlarmRaised: lambda e, f: self._alarm(e, f, "alarm-raised"),
            AlarmCleared: lambda e, f: self._alarm(e, f, "alarm-cleared"),
            NodeStarted: lambda e, f: self._node(e, f, "node-started"),
            NodeStopped: lambda e, f: self._node(e, f, "node-stopped"),
            GapOpened: self._gap_opened,
            GapClosed: self._gap_closed,
            SegmentStarted: lambda e, _: self._begun(e),
            CaptureStarted: self._capture_started,
            CaptureStopped: self._capture_stopped,
        }

    def _tell(
        self, envelope: Envelope, source: str, kind: str, about: tuple[str, ...], told: str
    ) -> None:
        """Keep a change, unless it is none."""
        if source == RESTATED:
            return
        if source == RECONCILIATION and not self._goes_on(envelope.observed_at):
            return
        kept = self.state.kept.setdefault(kind, [])
        kept.append(Change(envelope.position, envelope.observed_at, about, told, source))
        if len(kept) >= 2 * KEPT_MAX:
            self.state.kept[kind] = kept[KEPT_MAX:]

    def _goes_on(self, at: int) -> bool:
        """Return whether the beginning of the log is over, so that what is found is new."""
        began = self.state.began_at
        return began != 0 and at >= began + BEGINNING_NS

    def _learn(self, thing: tuple[Any, Any, Any], shape: Any) -> str:
        """Note how a thing is; return "created", "changed", or "" for one known just so."""
        digest = blake2b(pack(shape), digest_size=SHAPE_BYTES).digest()
        known = self.state.known.get(thing)
        if known is None and len(self.state.known) >= KNOWN_MAX:
            del self.state.known[next(iter(self.state.known))]
        self.state.known[thing] = digest
        if known is None:
            return "created"
        return "" if known == digest else "changed"

    def _forget(self, thing: tuple[Any, Any, Any]) -> None:
        self.state.known.pop(thing, None)

    # Queues, exchanges, bindings

    def _queue_declared(self, envelope: Envelope, fact: QueueDeclared) -> None:
        shape = (fact.type, fact.durable, fact.arguments, fact.policy)
        became = self._learn(("queue", fact.vhost, fact.name), shape)
        if became:
            told = f"queue {shown(fact.name)} was {became} ({shown(fact.type)})"
            about = (queue_id(fact.vhost, fact.name), named_id("vhost", fact.vhost))
            self._tell(envelope, fact.source, f"queue-{became}", about, told)

    def _queue_deleted(self, envelope: Envelope, fact: QueueDeleted) -> None:
        self._forget(("queue", fact.vhost, fact.name))
        about = (queue_id(fact.vhost, fact.name), named_id("vhost", fact.vhost))
        told = f"queue {shown(fact.name)} was deleted"
        self._tell(envelope, fact.source, "queue-deleted", about, told)

    def _exchange_declared(self, envelope: Envelope, fact: ExchangeDeclared) -> None:
        shape = (fact.type, fact.durable, fact.internal, fact.arguments, fact.policy)
        became = self._learn(("exchange", fact.vhost, fact.name), shape)
        if became:
            told = f"exchange {shown(fact.name)} was {became} ({shown(fact.type)})"
            about = (exchange_id(fact.vhost, fact.name), named_id("vhost", fact.vhost))
            self._tell(envelope, fact.source, f"exchange-{became}", about, told)

    def _exchange_deleted(self, envelope: Envelope, fact: ExchangeDeleted) -> None:
        self._forget(("exchange", fact.vhost, fact.name))
        about = (exchange_id(fact.vhost, fact.name), named_id("vhost", fact.vhost))
        told = f"exchange {shown(fact.name)} was deleted"
        self._tell(envelope, fact.source, "exchange-deleted", about, told)

    def _bound(self, envelope: Envelope, fact: BindingCreated) -> None:
        told = f"{fact.destination_kind} {shown(fact.destination)} was bound to {_bound_to(fact)}"
        self._tell(envelope, fact.source, "binding-created", _ends(fact), told)

    def _unbound(self, envelope: Envelope, fact: BindingDeleted) -> None:
        told = f"{fact.destination_kind} {shown(fact.destination)} is no longer bound to {_bound_to(fact)}"
        self._tell(envelope, fact.source, "binding-deleted", _ends(fact), told)

    # Clients

    def _consumer_started(self, envelope: Envelope, fact: ConsumerStarted) -> None:
        consumer = (fact.vhost, fact.queue, fact.consumer_tag, fact.channel)
        held = self.state.consumers.setdefault(fact.connection, {})
        if consumer not in held:
            held[consumer] = None
            told = f"a consumer of {shown(fact.queue)} started on {shown(fact.connection)}"
            about = _of_consumer(fact.connection, consumer)
            self._tell(envelope, fact.source, "consumer-started", about, told)

    def _consumer_stopped(self, envelope: Envelope, fact: ConsumerStopped) -> None:
        consumer = (fact.vhost, fact.queue, fact.consumer_tag, fact.channel)
        self._left(envelope, fact.source, fact.connection, consumer)

    def _channel_closed(self, envelope: Envelope, fact: ChannelClosed) -> None:
        for consumer in list(self.state.consumers.get(fact.connection, ())):
            if consumer[3] == fact.number:
                self._left(envelope, fact.source, fact.connection, consumer)

    def _left(self, envelope: Envelope, source: str, connection: Text, consumer: Consumer) -> None:
        """Tell that a consumer left, once."""
        held = self.state.consumers.get(connection, {})
        if consumer not in held:
            return
        del held[consumer]
        if not held:
            del self.state.consumers[connection]
        told = f"a consumer of {shown(consumer[1])} left, on {shown(connection)}"
        about = _of_consumer(connection, consumer)
        self._tell(envelope, source, "consumer-stopped", about, told)

    def _connection_opened(self, envelope: Envelope, fact: ConnectionOpened) -> None:
        user = named_id("user", fact.user)
        if self._learn(("user", "", fact.user), ()):
            told = f"user {shown(fact.user)} was seen for the first time"
            self._tell(envelope, fact.source, "user-seen", (user,), told)
        if self._learn(("connection", "", fact.name), fact.pid) != "created":
            return
        client = "" if fact.client_name is None else f", {shown(fact.client_name)},"
        told = f"connection {shown(fact.name)}{client} was opened by {shown(fact.user)}"
        about = (named_id("connection", fact.name), user, named_id("vhost", fact.vhost))
        self._tell(envelope, fact.source, "connection-opened", about, told)

    def _connection_closed(self, envelope: Envelope, fact: ConnectionClosed) -> None:
        for consumer in list(self.state.consumers.get(fact.name, ())):
            self._left(envelope, fact.source, fact.name, consumer)
        self._forget(("connection", "", fact.name))
        told = f"connection {shown(fact.name)} closed"
        about = (named_id("connection", fact.name),)
        self._tell(envelope, fact.source, "connection-closed", about, told)

    # Vhosts, policies, nodes

    def _vhost_declared(self, envelope: Envelope, fact: VhostDeclared) -> None:
        if self._learn(("vhost", "", fact.vhost), ()):
            about = (named_id("vhost", fact.vhost),)
            told = f"vhost {shown(fact.vhost)} was created"
            self._tell(envelope, fact.source, "vhost-created", about, told)

    def _vhost_deleted(self, envelope: Envelope, fact: VhostDeleted) -> None:
        self._forget(("vhost", "", fact.vhost))
        for thing in [thing for thing in self.state.known if thing[1] == fact.vhost]:
            self._forget(thing)
        about = (named_id("vhost", fact.vhost),)
        told = f"vhost {shown(fact.vhost)} was deleted, with all in it"
        self._tell(envelope, fact.source, "vhost-deleted", about, told)

    def _policy_set(self, envelope: Envelope, fact: PolicySet) -> None:
        shape = (fact.pattern, fact.apply_to, fact.priority, fact.definition)
        if self._learn(("policy", fact.vhost, fact.name), shape):
            told = f"policy {shown(fact.name)} was set for {shown(fact.pattern)}"
            about = (named_id("vhost", fact.vhost),)
            self._tell(envelope, fact.source, "policy-set", about, told)

    def _policy_cleared(self, envelope: Envelope, fact: PolicyCleared) -> None:
        self._forget(("policy", fact.vhost, fact.name))
        about = (named_id("vhost", fact.vhost),)
        told = f"policy {shown(fact.name)} was cleared"
        self._tell(envelope, fact.source, "policy-cleared", about, told)

    def _alarm(self, envelope: Envelope, fact: AlarmRaised | AlarmCleared, kind: str) -> None:
        said = "raised" if kind == "alarm-raised" else "cleared"
        told = f"node {shown(fact.node)}: the alarm {shown(fact.kind)} was {said}"
        self._tell(envelope, fact.source, kind, (named_id("node", fact.node),), told)

    def _node(self, envelope: Envelope, fact: NodeStarted | NodeStopped, kind: str) -> None:
        said = "started" if kind == "node-started" else "stopped"
        told = f"node {shown(fact.node)} {said}"
        self._tell(envelope, fact.source, kind, (named_id("node", fact.node),), told)

    # Capture

    def _gap_opened(self, envelope: Envelope, fact: GapOpened) -> None:
        told = f"capture has a gap in {_where(fact.vhost)}: {fact.why}"
        self._tell(envelope, LEDGER, "gap-opened", _of_gap(fact.vhost), told)

    def _gap_closed(self, envelope: Envelope, fact: GapClosed) -> None:
        counted = f"about {fact.estimated:,} events were missed"
        missed = "how much was missed is not known" if fact.estimated < 0 else counted
        told = f"the gap of capture in {_where(fact.vhost)} ({fact.why}) is over: {missed}"
        self._tell(envelope, LEDGER, "gap-closed", _of_gap(fact.vhost), told)

    def _begun(self, envelope: Envelope) -> None:
        if not self.state.began_at:
            self.state.began_at = envelope.observed_at

    def _capture_started(self, envelope: Envelope, fact: CaptureStarted) -> None:
        self._begun(envelope)
        told = f"capture started, by {fact.collector}"
        self._tell(envelope, LEDGER, "capture-started", (), told)

    def _capture_stopped(self, envelope: Envelope, fact: CaptureStopped) -> None:
        self._tell(envelope, LEDGER, "capture-stopped", (), f"capture stopped: {fact.why}")


def _bound_to(fact: BindingCreated | BindingDeleted) -> str:
    key = f" with {shown(fact.binding_key)}" if fact.binding_key else ""
    return f"{shown(fact.origin) or 'the default exchange'}{key}"


def _ends(fact: BindingCreated | BindingDeleted) -> tuple[str, ...]:
    ident = queue_id if fact.destination_kind == "queue" else exchange_id
    origin = exchange_id(fact.vhost, fact.origin)
    return (ident(fact.vhost, fact.destination), origin, named_id("vhost", fact.vhost))


def _of_consumer(connection: Text, consumer: Consumer) -> tuple[str, ...]:
    return (queue_id(consumer[0], consumer[1]), named_id("connection", connection))


def _of_gap(vhost: Text) -> tuple[str, ...]:
    return (named_id("vhost", vhost),) if vhost else ()


def _where(vhost: Text) -> str:
    return f"vhost {shown(vhost)}" if vhost else "all vhosts"
