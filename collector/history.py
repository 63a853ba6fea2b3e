"""What a new leader reads from the log before it begins: the topology, and the newest deliveries of each tap."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from collector.taps.align import Window, least_overlap
from collector.topology.state import TOPOLOGY_NAMES, TopologyState
from events.block import BlockHead, open_block
from events.facts import (
    TRAFFIC,
    BrokerBound,
    CaptureAudited,
    CaptureStarted,
    CaptureStopped,
    Fact,
    OperatorRestated,
    SegmentStarted,
)
from events.operations import OPERATOR_NAMES, OperatorState
from events.values import Text
from store.ports import EventLog

BLOCKS_BACK_MAX = 500
_TRAFFIC_NAMES = frozenset(kind.__name__ for kind in TRAFFIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the log says. `cluster_name` is None in an empty log, `captured` whether a capture ever started.

    `owes_operators` says that the segment's writer was killed before it had restated what operators did.
    """

    cluster_name: Text | None
    state: TopologyState
    captured: bool
    prefetch: int
    operators: OperatorState = field(default_factory=OperatorState)
    owes_operators: bool = False


async def read_history(log: EventLog, head: BlockHead | None) -> History:
    """Return what the segment being written says of the broker, its topology and its operators."""
    state, operators, left = TopologyState(), OperatorState(), 0
    cluster_name: Text | None = None
    captured, prefetch = False, 0
    if head is None:
        return History(cluster_name=None, state=state, captured=False, prefetch=0)
    segments = await log.segments()
    wanted = TOPOLOGY_NAMES | OPERATOR_NAMES | {"SegmentStarted", "BrokerBound", "CaptureStarted"}
    async for block in log.blocks(start=segments[-1].first_block if segments else 0):
        if wanted.isdisjoint(block.header.kinds):
            continue
        for envelope in open_block(block):
            fact = envelope.fact
            state.apply(fact, envelope.observed_at)
            operators.apply(envelope)
            left = fact.left if isinstance(fact, OperatorRestated) else left
            if isinstance(fact, SegmentStarted | BrokerBound):
                cluster_name = fact.cluster_name
                captured = captured or (isinstance(fact, SegmentStarted) and fact.segment > 0)
            elif isinstance(fact, CaptureStarted):
                captured, prefetch = True, fact.prefetch
    if left and len(segments) > 1:
        operators = await _operators(log, segments[-2].first_block)
    return History(
        cluster_name=cluster_name,
        state=state,
        captured=captured,
        prefetch=prefetch,
        operators=operators,
        owes_operators=left > 0,
    )


async def _operators(log: EventLog, start: int) -> OperatorState:
    """Return what operators did as the blocks from number *start* on tell it."""
    operators = OperatorState()
    async for block in log.blocks(start=start):
        if not OPERATOR_NAMES.isdisjoint(block.header.kinds):
            for envelope in open_block(block):
                operators.apply(envelope)
    return operators


async def read_cluster_name(log: EventLog, head: BlockHead | None) -> Text | None:
    """Return the name of the broker the log belongs to; None for an empty log."""
    if head is None:
        return None
    segments = await log.segments()
    block = await log.block(segments[-1].first_block if segments else 0)
    for envelope in open_block(block) if block is not None else []:
        if isinstance(envelope.fact, SegmentStarted | BrokerBound):
            return envelope.fact.cluster_name
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest deliveries of one tap in the log; what comes after them was published after `published_after` (ns)."""

    window: Window = field(default_factory=Window)
    published_after: int | None = None


class _Backwards:
    """Gathers the newest deliveries of one tap, from the head of the log backwards."""

    def __init__(self) -> None:
        self.published_after: int | None = None
        self.blocks: list[list[bytes]] = []
        self.unacknowledged_blocks = 0
        self.count = 0

    def add(self, digests: list[bytes], *, published_after: int, after_release: bool) -> None:
        if self.published_after is None:
            self.published_after = published_after
        self.blocks.append(digests)
        self.count += len(digests)
        if after_release:
            self.unacknowledged_blocks += 1

    def newest(self, hold: int) -> Newest:
        return Newest(window=self._window(hold), published_after=self.published_after)

    def _window(self, hold: int) -> Window:
        newest_first = self.blocks
        sizes = [len(block) for block in reversed(newest_first)]
        unacknowledged = sizes[len(sizes) - self.unacknowledged_blocks :]
        return Window(
            digests=tuple(digest for block in reversed(newest_first) for digest in block),
            blocks=tuple(sizes),
            least=least_overlap(unacknowledged, hold),
        )


async def read_windows(
    log: EventLog,
    head: BlockHead | None,
    *,
    taps: Collection[tuple[Text, str]],
    deliveries: int,
    hold: int,
) -> Mapping[tuple[Text, str], Newest]:
    """Return for each of *taps* (vhost, queue) at least its newest *deliveries* in the log, in whole blocks.

    Taps that were quiet for :data:`blocks_back_max` blocks are left out; their windows are empty.
    """
    read = {key: _Backwards() for key in taps}
    released = False
    number = head.number if head is not None else -1
    oldest = max(number - BLOCKS_BACK_MAX, await log.first())
    while number >= oldest:
        block = await log.block(number)
        number -= 1
        if block is None:
            break
        if _TRAFFIC_NAMES.isdisjoint(block.header.kinds) and not _may_release(block.header.kinds):
            continue
        found: dict[tuple[Text, str], list[bytes]] = {}
        newest: dict[tuple[Text, str], int] = {}
        for envelope in open_block(block):
            released = released or _releases(envelope.fact)
            if isinstance(envelope.fact, TRAFFIC):
                key = (envelope.fact.vhost, envelope.fact.tap)
                if key in read and read[key].count < deliveries:
                    found.setdefault(key, []).append(envelope.fact.delivery)
                    newest[key] = envelope.observed_at - envelope.lag_ms * 1_000_000
        for key, digests in found.items():
            read[key].add(digests, published_after=newest[key], after_release=not released)
        if all(tap.count >= deliveries for tap in read.values()):
            break
    return {key: tap.newest(hold) for key, tap in read.items()}


def _may_release(kinds: Mapping[str, int]) -> bool:
    return "CaptureStopped" in kinds or "CaptureAudited" in kinds


def _releases(fact: Fact) -> bool:
    """Return whether *fact* says that everything before it was acknowledged."""
    return isinstance(fact, CaptureStopped) or (
        isinstance(fact, CaptureAudited) and fact.acknowledged
    )
