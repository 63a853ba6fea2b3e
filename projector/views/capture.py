"""What was captured and what was not: the ledger's facts, gathered.

Pure. An empty answer elsewhere means "did not happen" only where this view knows of no gap.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from events.facts import (
    BrokerBound,
    CaptureAudited,
    CaptureStarted,
    CaptureStopped,
    ClockStepped,
    DeadLettersCounted,
    Envelope,
    Fact,
    GapClosed,
    GapOpened,
    MessageDeadLettered,
    MessageDelivered,
    MessagePublished,
    NodeStarted,
    OverlapAmbiguous,
    QueueSampled,
    TapsPlanned,
    Undecodable,
    VhostDeclared,
    VhostDeleted,
)
from events.values import Text, shown
from projector.answers import Capture, Coverage, Gap
from projector.linker.model import ChangeHandler, ChangeKind, FactHandler, LiveCopy, LiveMessage
from projector.views.blind import BLIND_IN_MODE, BLIND_SPOTS, NAMED_MAX
from projector.views.coverage import Audited, coverage
from projector.views.state import StateView

GAPS_MAX = 1_000
AUDITS_MAX = 60
AUDITED_MAX = 1_000
NODES_MAX = 1_000
VHOSTS_MAX = 10_000


class Planned(msgspec.Struct, array_like=True):
    """A plan of the taps of a vhost, as `TapsPlanned` tells it."""

    dead_letter_exchanges: tuple[Any, ...]
    left_alone: tuple[tuple[Any, str], ...]
    event_exchange: bool
    mode: str
    exchanges: tuple[Any, ...]
    exchanges_left_alone: tuple[tuple[Any, str], ...]
    warnings: dict[Any, str]
    behind: dict[Any, tuple[Any, ...]]


class CaptureState(msgspec.Struct, array_like=True):
    """`counted` holds each node's counters as last told, `deaths` what the broker counted since its first telling.

    `waiting` is how many messages wait in the queues behind dead-letter exchanges left alone, by vhost and queue.
    """

    first_observed_at: int | None = None
    published: int = 0
    delivered: int = 0
    dead_lettered: int = 0
    undecodable: int = 0
    broker: Text = ""
    broker_version: Text = ""
    running: bool = False
    epoch: int = 0
    collector: str | None = None
    stopped_why: str | None = None
    open_gaps: dict[str, Gap] = {}
    closed_gaps: list[Gap] = []
    gaps_dropped: int = 0
    ambiguous_overlaps: int = 0
    clock_steps: int = 0
    plans: dict[Any, Planned] = {}
    vhosts: dict[Any, str] = {}
    audits: list[CaptureAudited] = []
    counted: dict[Any, dict[str, int]] = {}
    deaths: dict[str, int] = {}
    deaths_seen: int = 0
    audited: dict[Any, Audited] = {}
    waiting: dict[Any, dict[Any, int]] = {}


class CaptureView(StateView[CaptureState]):
    """The view `capture`."""

    name = "capture"
    edition = 3

    def __init__(self, linker_version: str) -> None:
        super().__init__(linker_version, CaptureState)

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {ChangeKind.COPY_DIED: self._died}

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        return {
            MessagePublished: self._published,
            MessageDelivered: self._delivered,
            MessageDeadLettered: self._dead_lettered,
            Undecodable: self._undecodable,
            BrokerBound: self._bound,
            NodeStarted: self._node_started,
            CaptureStarted: self._started,
            CaptureStopped: self._stopped,
            TapsPlanned: self._planned,
            VhostDeclared: self._vhost_declared,
            VhostDeleted: self._vhost_deleted,
            GapOpened: self._gap_opened,
            GapClosed: self._gap_closed,
            OverlapAmbiguous: self._overlap,
            ClockStepped: self._clock,
            CaptureAudited: self._audited,
            DeadLettersCounted: self._counted,
            QueueSampled: self._sampled,
        }

    def answer(self, position: int, observed_at: int | None) -> Capture:
        """Return the ledger's answer; the last event folded is before *position* and of *observed_at* ns."""
        known = self.state
        counted = {kind: n for kind, n in sorted(known.deaths.items()) if n}
        return Capture(
            running=known.running,
            epoch=known.epoch,
            collector=known.collector,
            broker=known.broker,
            broker_version=known.broker_version,
            events=position,
            published=known.published,
            delivered=known.delivered,
            dead_lettered=known.dead_lettered,
            undecodable=known.undecodable,
            first_observed_at=known.first_observed_at,
            last_observed_at=observed_at,
            gaps=(*known.closed_gaps, *known.open_gaps.values()),
            ambiguous_overlaps=known.ambiguous_overlaps,
            clock_steps=known.clock_steps,
            vhosts=self._vhosts(),
            **self._planned_rows(),
            broker_dead_letters=counted,
            unseen_dead_letters=(
                max(0, sum(counted.values()) - known.deaths_seen) if known.counted else None
            ),
            event_exchange=any(plan.event_exchange for plan in known.plans.values()),
            audits=tuple(msgspec.structs.asdict(audit) for audit in known.audits),
            blind_spots=self._blind_spots(),
            coverage=self._coverage(observed_at),
        )

    def _planned_rows(self) -> dict[str, Any]:
        """Return what the plans say of exchanges that are tapped and of those left alone."""
        plans = self._plans()
        return {
            "dead_letter_taps": tuple(
                _tapped(vhost, plan, exchange)
                for vhost, plan in plans
                for exchange in plan.dead_letter_exchanges
            ),
            "left_alone": tuple(
                self._left_alone(vhost, plan, exchange, why)
                for vhost, plan in plans
                for exchange, why in plan.left_alone
            ),
            "exchange_taps": tuple(
                _tapped(vhost, plan, exchange)
                for vhost, plan in plans
                for exchange in plan.exchanges
            ),
            "exchanges_left_alone": tuple(
                {"vhost": vhost, "exchange": exchange, "why": why}
                for vhost, plan in plans
                for exchange, why in plan.exchanges_left_alone
            ),
        }

    def _plans(self) -> list[tuple[Text, Planned]]:
        return sorted(self.state.plans.items(), key=lambda item: repr(item[0]))

    def _coverage(self, now: int | None) -> tuple[Coverage, ...]:
        known = self.state
        return coverage(
            known.audited,
            {name: plan.mode for name, plan in self._plans()},
            (*known.closed_gaps, *known.open_gaps.values()),
            captured=known.published + known.delivered,
            now=now,
        )

    def _vhosts(self) -> tuple[dict[str, Any], ...]:
        names = dict.fromkeys((*self.state.vhosts, *self.state.plans))
        return tuple(self._vhost(name) for name in sorted(names, key=repr))

    def _vhost(self, name: Text) -> dict[str, Any]:
        plan = self.state.plans.get(name)
        audited = self.state.audited.get(name)
        return {
            "vhost": name,
            "tapped": plan is not None,
            "mode": plan.mode if plan is not None else None,
            "published_coverage": audited.share("published") if audited is not None else None,
            "delivered_coverage": audited.share("delivered") if audited is not None else None,
        }

    def _left_alone(self, vhost: Text, plan: Planned, exchange: Text, why: str) -> dict[str, Any]:
        """Return a row; `waiting` is None where no depth of the queues behind the exchange is known."""
        depths = self.state.waiting.get(vhost, {})
        known = [depths[queue] for queue in plan.behind.get(exchange, ()) if queue in depths]
        return {
            "vhost": vhost,
            "exchange": exchange,
            "why": why,
            "queues": plan.behind.get(exchange, ()),
            "waiting": sum(known) if known else None,
        }

    def _blind_spots(self) -> tuple[str, ...]:
        told: list[str] = list(BLIND_SPOTS)
        for mode, sentences in BLIND_IN_MODE.items():
            blind = [name for name, plan in self.state.plans.items() if plan.mode.startswith(mode)]
            where = ", ".join(sorted(shown(name) for name in blind)[:NAMED_MAX])
            if blind:
                told += [f"{sentence} (In {where}.)" for sentence in sentences]
        if self.state.plans and not any(plan.event_exchange for plan in self.state.plans.values()):
            told.append(
                "The event exchange is not tapped: connections shorter than a snapshot's interval have no name."
            )
        if any(plan.left_alone for plan in self.state.plans.values()):
            told.append(
                "Some dead-letter exchanges are not tapped: what dies into them is seen only when somebody consumes it."
            )
        if self.state.plans and not self.state.counted:
            told.append(
                "The broker does not tell how many messages died (its Prometheus plugin would): "
                "dead letters that nothing shows are not counted."
            )
        return tuple(told)

    # Facts

    def _published(self, _: Envelope, __: Any) -> None:
        self.state.published += 1

    def _delivered(self, _: Envelope, __: Any) -> None:
        self.state.delivered += 1

    def _dead_lettered(self, _: Envelope, __: Any) -> None:
        self.state.dead_lettered += 1

    def _undecodable(self, _: Envelope, __: Any) -> None:
        self.state.undecodable += 1

    def _bound(self, envelope: Envelope, fact: BrokerBound) -> None:
        self.state.broker, self.state.broker_version = fact.cluster_name, fact.version
        if self.state.first_observed_at is None:
            self.state.first_observed_at = envelope.observed_at

    def _node_started(self, _: Envelope, fact: NodeStarted) -> None:
        if fact.version:
            self.state.broker_version = fact.version

    def _started(self, envelope: Envelope, fact: CaptureStarted) -> None:
        known = self.state
        known.running, known.epoch, known.collector = True, fact.epoch, fact.collector
        known.broker_version = fact.broker_version or known.broker_version
        known.stopped_why = None
        if known.first_observed_at is None:
            known.first_observed_at = envelope.observed_at

    def _stopped(self, _: Envelope, fact: CaptureStopped) -> None:
        if fact.epoch >= self.state.epoch:
            self.state.running, self.state.stopped_why = False, fact.why

    def _planned(self, _: Envelope, fact: TapsPlanned) -> None:
        if fact.vhost not in self.state.plans and len(self.state.plans) >= VHOSTS_MAX:
            return
        behind: dict[Text, tuple[Text, ...]] = {}
        for exchange, queue in fact.behind:
            behind[exchange] = (*behind.get(exchange, ()), queue)
        self.state.plans[fact.vhost] = Planned(
            fact.dead_letter_exchanges,
            fact.left_alone,
            fact.event_exchange,
            fact.mode,
            fact.exchanges,
            fact.exchanges_left_alone,
            dict(fact.warnings),
            behind,
        )
        queues = {queue for _, queue in fact.behind}
        depths = self.state.waiting.get(fact.vhost, {})
        self.state.waiting[fact.vhost] = {
            queue: depth for queue, depth in depths.items() if queue in queues
        }

    def _sampled(self, _: Envelope, fact: QueueSampled) -> None:
        plan = self.state.plans.get(fact.vhost)
        if plan is not None and any(fact.queue in queues for queues in plan.behind.values()):
            self.state.waiting.setdefault(fact.vhost, {})[fact.queue] = fact.ready + fact.unacked

    def _vhost_declared(self, _: Envelope, fact: VhostDeclared) -> None:
        if len(self.state.vhosts) < VHOSTS_MAX:
            self.state.vhosts[fact.vhost] = ""

    def _vhost_deleted(self, _: Envelope, fact: VhostDeleted) -> None:
        self.state.vhosts.pop(fact.vhost, None)
        self.state.plans.pop(fact.vhost, None)
        self.state.audited.pop(fact.vhost, None)
        self.state.waiting.pop(fact.vhost, None)

    def _gap_opened(self, _: Envelope, fact: GapOpened) -> None:
        self.state.open_gaps[fact.gap] = Gap(
            fact.gap, fact.vhost, fact.node, fact.why, fact.since, None, -1
        )
        if len(self.state.open_gaps) > GAPS_MAX:
            oldest = next(iter(self.state.open_gaps))
            self._keep_closed(self.state.open_gaps.pop(oldest))

    def _gap_closed(self, _: Envelope, fact: GapClosed) -> None:
        self.state.open_gaps.pop(fact.gap, None)
        self._keep_closed(
            Gap(fact.gap, fact.vhost, fact.node, fact.why, fact.since, fact.until, fact.estimated)
        )

    def _keep_closed(self, gap: Gap) -> None:
        """Keep a gap that is over; one that is told again has its estimate now."""
        for at, known in enumerate(reversed(self.state.closed_gaps), start=1):
            if known.gap == gap.gap:
                self.state.closed_gaps[-at] = gap
                return
        self.state.closed_gaps.append(gap)
        if len(self.state.closed_gaps) > GAPS_MAX:
            del self.state.closed_gaps[0]
            self.state.gaps_dropped += 1

    def _overlap(self, _: Envelope, __: OverlapAmbiguous) -> None:
        self.state.ambiguous_overlaps += 1

    def _clock(self, _: Envelope, __: ClockStepped) -> None:
        self.state.clock_steps += 1

    def _audited(self, _: Envelope, fact: CaptureAudited) -> None:
        if fact.acknowledged:
            return
        known = self.state.audited.get(fact.vhost)
        if known is None and len(self.state.audited) < AUDITED_MAX:
            known = self.state.audited[fact.vhost] = Audited()
        if known is not None:
            known.add(fact)
        self.state.audits.append(fact)
        if len(self.state.audits) > AUDITS_MAX:
            del self.state.audits[0]

    def _counted(self, _: Envelope, fact: DeadLettersCounted) -> None:
        """Add what a node's counters grew by; a counter that fell began anew with the node."""
        known = self.state
        before = known.counted.get(fact.node)
        if before is None and len(known.counted) >= NODES_MAX:
            return
        if before is not None:
            for kind, total in fact.totals.items():
                was = before.get(kind, 0)
                grown = total - was if total >= was else total
                known.deaths[kind] = known.deaths.get(kind, 0) + grown
        known.counted[fact.node] = dict(sorted(fact.totals.items()))

    def _died(self, _: Envelope, __: LiveMessage, ___: LiveCopy, deaths: int) -> None:
        """Count a death that was seen, from when the broker's own counters are known."""
        if self.state.counted:
            self.state.deaths_seen += deaths


def _tapped(vhost: Text, plan: Planned, exchange: Text) -> dict[str, Any]:
    return {"vhost": vhost, "exchange": exchange, "warning": plan.warnings.get(exchange)}
