"""The ledger's gaps against the truth of a load: what is missing must lie in a gap, and a gap must be true."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from events.facts import GapClosed, GapOpened
from tests.support.captured import Captured, differences
from tests.support.load import Key, Sent


@dataclass(frozen=True)
class Gap:
    """A closed gap; times in ns. *vhost* and *node* are "" for all of them, *estimated* is -1 where nothing tells."""

    vhost: str
    why: str
    since: int
    until: int
    estimated: int = -1
    node: str = ""

    def touches(self, one: Sent) -> bool:
        """Say whether *one* may have been published within the gap."""
        return (
            self.vhost in {"", one.vhost}
            and one.sent_at <= self.until
            and (one.confirmed_at is None or one.confirmed_at >= self.since)
        )


def closed_gaps(captured: Captured) -> list[Gap]:
    """Return the gaps of a log; one that was closed again with an estimate has that.

    Raises:
        AssertionError: one was opened and not closed, or the other way round.
    """
    opened = Counter(fact.gap for fact in captured.of(GapOpened))
    closed = {fact.gap: fact for fact in captured.of(GapClosed)}
    assert opened == Counter(closed.keys()), f"opened {opened}, closed {closed}"
    return [
        Gap(str(fact.vhost), fact.why, fact.since, fact.until, fact.estimated, str(fact.node))
        for fact in closed.values()
    ]


def assert_missing_only_in_gaps(
    captured: Captured, sent: Iterable[Sent], gaps: Iterable[Gap]
) -> int:
    """Check that every confirmed publish outside the gaps is in the log; return how many inside are not there."""
    gaps, sent = list(gaps), list(sent)
    outside = [
        one
        for one in sent
        if one.confirmed_at is not None and not any(gap.touches(one) for gap in gaps)
    ]
    found, must, may = captured.publishes(), _counted(outside), _counted(sent)
    lost, never_sent = differences(must, found & must), differences(may, found | may)
    assert lost == "", lost
    assert never_sent == "", never_sent
    return (may - found).total()


def _counted(sent: Iterable[Sent]) -> Counter[Key]:
    return Counter((one.vhost, "", one.body) for one in sent)
