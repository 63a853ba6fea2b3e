"""How far capture has come, for a retry that waits for it. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from collector.ledger.lag import TapLag
from collector.taps.plan import FIREHOSE
from collector.taps.tap import Tap
from events.values import Text


class Standing(NamedTuple):
    """Positions of the next fact and of the first that is not durable yet, and until when publishes are complete.

    `complete_until` (ns): all that was published in the vhost before is among the facts; 0 while that is not known, None
    where the tap takes no publishes.
    """

    next_position: int
    durable_position: int
    complete_until: int | None


def complete_until(lags: Mapping[Tap, TapLag], vhost: Text) -> int | None:
    """Return until when (ns) all publishes in *vhost* were taken from its tap; see :class:`Standing`."""
    for tap, lag in lags.items():
        if tap.queue == FIREHOSE and tap.vhost == vhost:
            return 0 if tap.aligning else max(0, lag.complete_until(tap.taken_tag))
    return None
