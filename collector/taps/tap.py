"""One tap queue while it is consumed: its alignment with the log, and when its deliveries may be acknowledged.

Pure but for the channel it acknowledges on. Nothing is acknowledged before its block is durable, and the newest stored
deliveries not even then: see ``collector/taps/align.py`` for why.
"""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from collector.amqp.frames import Delivery
from collector.decoding.decoder import Draft
from collector.taps.align import Overlap, Window, align

HOLD_MAX = 64
PUBLISHED = b"publish."
"""How the firehose's routing key of a publish begins."""


class Acknowledging(Protocol):
    """The side of a channel a tap needs."""

    def ack(self, tag: int, *, multiple: bool = True) -> None: ...


def hold_of(prefetch: int) -> int:
    """Return how many stored deliveries of a tap stay unacknowledged, so that a restart can align."""
    return min(HOLD_MAX, prefetch // 4)


def events_per_block(prefetch: int, events_max: int) -> int:
    """Return how many events a block may hold, such that held ones never use the whole prefetch up."""
    return max(2, min(events_max, prefetch // 3))


@dataclass(slots=True)
class Stored:
    """The deliveries of a tap in one block: how many, and the delivery tag of the last."""

    block: int
    tag: int
    count: int


class Tap:
    """A tap queue being consumed on *channel*; while `aligning` its deliveries are held back.

    One that is not *aligned* needs no alignment, because its facts tell by themselves whether they came before. For the
    others `window` is set to what the log holds before the first delivery is taken. `head` is the digest of the first
    delivery, `turned` says that what comes again may be turned, `has_stored` whether anything new became durable.
    """

    def __init__(
        self,
        *,
        vhost: str,
        queue: str,
        channel: Acknowledging,
        aligned: bool,
        hold: int,
        prefetch: int,
    ) -> None:
        self.vhost = vhost
        self.queue = queue
        self.received = 0
        self.published = self.delivered = 0
        """Events added since it is consumed: those of publishes, and the others."""
        self.short = 0
        """How many of the deliveries that must have come again did not, known once aligned."""
        self.taken_tag = 0
        """The delivery tag of the newest delivery that was added, ignored, or found stored."""
        self.window = Window()
        self.aligning = aligned
        self.nothing_more = False
        self.turned = False
        self.head: bytes | None = None
        self.has_stored = False
        self._channel = channel
        self._hold = hold
        self._prefetch = prefetch
        self._run: list[tuple[Delivery, Draft | None]] = []
        self._run_is_over = False
        self._is_turned = False
        self._flagged = 0
        self._stored: deque[Stored] = deque()
        self._unsealed = Stored(0, 0, 0)

    @property
    def stored_unacknowledged(self) -> int:
        """How many durable deliveries the broker still holds for us."""
        return sum(entry.count for entry in self._stored)

    @property
    def is_starved(self) -> bool:
        """Whether what is held takes up the whole prefetch, so that nothing can come that would free it.

        This needs blocks larger than this prefetch allows, thus a former capture with a larger one. What came in a turned
        order must be let go of too, before it could come in yet another one.
        """
        if self._is_turned and self._stored:
            return True
        return not self._unsealed.count and self.stored_unacknowledged >= self._prefetch

    def hold_back(self, delivery: Delivery, draft: Draft | None) -> None:
        """Keep a delivery that came before the alignment."""
        if self.head is None:
            self.head = digest_of(draft) if draft is not None else b""
        self._run.append((delivery, draft))
        if not delivery.redelivered:
            self._run_is_over = True
        elif not self._run_is_over:
            self._flagged += 1
            self._run_is_over = self._flagged >= self._prefetch

    @property
    def can_align(self) -> bool:
        """Whether the redelivered run is known to be over; `nothing_more` is set by who looked at the queue."""
        return self._run_is_over or self.nothing_more

    @property
    def awaits_more(self) -> bool:
        """Whether less came again than certainly must."""
        return not self._run_is_over and self._flagged < self.window.least

    def align(self) -> tuple[Overlap, list[tuple[Delivery, Draft]]]:
        """Return the overlap with the log and what is new of the deliveries held back, in order."""
        run: list[tuple[Delivery, Draft]] = []
        rest: list[tuple[Delivery, Draft]] = []
        over = False
        for delivery, draft in self._run:
            over = over or not delivery.redelivered
            if draft is None:
                self.ignore(delivery)
            else:
                (rest if over else run).append((delivery, draft))
        found = align(self.window, [digest_of(draft) for _, draft in run], turned=self.turned)
        self.short = max(0, min(self.window.least, self._prefetch) - found.drop)
        self.taken_tag = self._run[-1][0].tag if self._run else self.taken_tag
        self.aligning = False
        self._run = []
        if found.places:
            self._is_turned = True
            self._stored.append(Stored(-1, run[max(found.places)][0].tag, found.drop))
            stored = {*found.places}
            return found, [each for at, each in enumerate(run) if at not in stored] + rest
        self._stored.extend(self._dropped([delivery for delivery, _ in run[: found.drop]]))
        self._acknowledge()
        return found, run[found.drop :] + rest

    def _dropped(self, deliveries: list[Delivery]) -> list[Stored]:
        """Return the blocks of the log that *deliveries*, which it ends with, are stored in."""
        found: list[Stored] = []
        end = len(deliveries)
        for count in reversed(self.window.blocks):
            if end <= 0:
                break
            found.append(Stored(-1, deliveries[end - 1].tag, min(count, end)))
            end -= count
        return found[::-1]

    def ignore(self, delivery: Delivery) -> None:
        """Let go of a delivery that says nothing, such as a command; the broker counts its publish like any other."""
        self._channel.ack(delivery.tag, multiple=False)
        self.taken_tag = delivery.tag
        if delivery.routing_key.startswith(PUBLISHED):
            self.published += 1

    def added(self, delivery: Delivery, draft: Draft) -> None:
        """Note that a delivery's fact was added to the block being gathered.

        What has no channel, as MQTT since 3.12 and the first session of AMQP 1.0 since 4.0, the broker's counters leave out.
        """
        self._unsealed.tag = delivery.tag
        self.taken_tag = max(
            self.taken_tag, delivery.tag
        )  # one held back may come after one ignored
        self._unsealed.count += 1
        if getattr(draft.fact, "channel", 1) == 0:
            return
        if delivery.routing_key.startswith(PUBLISHED):
            self.published += 1
        else:
            self.delivered += 1

    def sealed(self) -> Stored | None:
        """Return what was added since the last seal, None when nothing was."""
        if not self._unsealed.count:
            return None
        found, self._unsealed = self._unsealed, Stored(0, 0, 0)
        return found

    def durable(self, stored: Stored) -> None:
        """Note that a block is durable, and acknowledge what may be."""
        self.has_stored = True
        self._stored.append(stored)
        self._acknowledge()

    def _acknowledge(self) -> None:
        if self._is_turned:
            return  # what is stored stands amid what is not: what is left of it could not be found in the log again
        held = self.stored_unacknowledged
        tag = 0
        while self._stored and held - self._stored[0].count >= self._hold:
            entry = self._stored.popleft()
            held -= entry.count
            tag = entry.tag
        if tag:
            self._channel.ack(tag)

    def release(self) -> None:
        """Acknowledge everything, all of which is durable; the log must say so already."""
        if self._stored:
            self._channel.ack(max(stored.tag for stored in self._stored))
            self._stored.clear()
            self._is_turned = False


def digest_of(draft: Draft) -> bytes:
    """Return the digest of the delivery a traffic fact was made from."""
    return getattr(draft.fact, "delivery", b"")
