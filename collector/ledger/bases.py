"""Where the log's last audits left off, so that a new leader compares on from there: what happened in between counts too."""

from collections.abc import Collection
from dataclasses import dataclass, field

from collector.ledger.audit import Base, Counts
from collector.taps.plan import FIREHOSE
from collector.taps.tap import PUBLISHED
from events.block import BlockHead, open_block
from events.facts import (
    OPERATOR,
    CaptureAudited,
    Fact,
    GapClosed,
    GapOpened,
    MessageDelivered,
    MessagePublished,
    Undecodable,
)
from events.values import Text
from store.ports import EventLog

BLOCKS_BACK_MAX = 1_000
KINDS = frozenset(
    kind.__name__
    for kind in (
        MessagePublished,
        MessageDelivered,
        Undecodable,
        CaptureAudited,
        GapOpened,
        GapClosed,
        *OPERATOR,
    )
)


@dataclass(slots=True)
class Bases:
    """By vhost where the next window begins, in counts of what is captured from now on; and the gaps since, oldest first."""

    of: dict[Text, Base] = field(default_factory=dict[Text, Base])
    gaps: list[GapOpened | GapClosed] = field(default_factory=list[GapOpened | GapClosed])


class _Backwards:
    """Folds facts from the newest to the oldest. Each command in the log was published in the vhost *home*."""

    def __init__(self, vhosts: Collection[str], home: str) -> None:
        self.missing: set[Text] = set(vhosts)
        self._home = home
        self._commands: set[str] = set()
        self.found = Bases()
        self._since: dict[Text, Counts] = {}

    def take(self, fact: Fact) -> None:
        match fact:
            case MessagePublished(tap=tap, vhost=vhost) if tap == FIREHOSE:
                self._count(vhost, Counts(1, 0))
            case MessageDelivered(tap=tap, vhost=vhost) if tap == FIREHOSE:
                self._count(vhost, Counts(0, 1))
            case Undecodable(tap=tap, vhost=vhost, routing_key=key) if tap == FIREHOSE:
                raw = key.encode() if isinstance(key, str) else key
                self._count(vhost, Counts(1, 0) if raw.startswith(PUBLISHED) else Counts(0, 1))
            case GapOpened() | GapClosed():
                self.found.gaps.insert(0, fact)
            case CaptureAudited(vhost=vhost) if vhost in self.missing and fact.published_total >= 0:
                self.missing.discard(vhost)
                ahead = Counts(fact.published_ahead, fact.delivered_ahead)
                after = self._since.get(vhost, Counts()).plus(ahead)
                self.found.of[vhost] = Base(
                    at=fact.until,
                    totals=Counts(fact.published_total, max(0, fact.delivered_total)),
                    taken=Counts().minus(after),
                )
            case _:
                self._count_command(getattr(fact, "command", ""))

    def _count_command(self, command: str) -> None:
        if command and command not in self._commands:
            self._commands.add(command)
            self._count(self._home, Counts(1, 0))

    def _count(self, vhost: Text, one: Counts) -> None:
        self._since[vhost] = self._since.get(vhost, Counts()).plus(one)


async def read_bases(
    log: EventLog, head: BlockHead | None, vhosts: Collection[str], *, back_ns: int, home: str
) -> Bases:
    """Return what the newest blocks say of the audits of *vhosts*, no further than *back_ns* from the head.

    A vhost whose last audit is further back, or that has none, is left out: it begins anew. Commands came through *home*.
    """
    read = _Backwards(vhosts, home)
    number = head.number if head is not None else -1
    oldest = max(number - BLOCKS_BACK_MAX, await log.first())
    while head is not None and read.missing and number >= oldest:
        block = await log.block(number)
        number -= 1
        if block is None or block.header.last_observed_at < head.last_observed_at - back_ns:
            break
        if KINDS.isdisjoint(block.header.kinds):
            continue
        for envelope in reversed(open_block(block)):
            read.take(envelope.fact)
    return read.found
