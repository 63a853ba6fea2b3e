"""Gather facts until a block is due, and give them place, time and bodies. Pure: the clock comes as an argument.

A fact gets its position when it is added, continuing the head. A body is stored once per segment as long as it is
remembered; later envelopes refer to where it stands. Time never runs backwards within a stream, except where
`ClockStepped` says so.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from collector.decoding.decoder import Draft
from events import upcast
from events.block import (
    CLOCK_STEP_NS_MAX,
    ENVELOPE_BYTES_MAX,
    EVENTS_MAX,
    Block,
    BlockHead,
    head_of,
    seal,
)
from events.facts import BodyRef, ClockStepped, Envelope, Fact
from events.identity import body_digest

REMEMBERED_BODIES_MAX = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SealLimits:
    """When a block is due. Sizes in bytes, times in ms."""

    events_max: int = EVENTS_MAX
    envelope_bytes_max: int = ENVELOPE_BYTES_MAX
    body_bytes_max: int = 16 << 20
    linger_busy_ms: int = 100
    linger_ms: int = 500
    body_cap: int = 256 << 10


class Sealer:
    """What will be the next block. Only one sealed block may be on its way to the log at a time."""

    def __init__(self, head: BlockHead, *, key: bytes, epoch: int, limits: SealLimits) -> None:
        self.head = head
        self.epoch = epoch
        self.limits = limits
        self.segment = max(head.segment, 0)
        self._key = key
        self._envelopes: list[Envelope] = []
        self._bodies: list[bytes] = []
        self._new: list[bytes] = []
        self._remembered: dict[bytes, BodyRef] = {}
        self._clock = head.last_observed_at
        self._bulk = 0
        self._body_bytes = 0
        self._since = 0
        self._lag_ms = 0
        self._last_was_full = False

    def __len__(self) -> int:
        return len(self._envelopes)

    @property
    def full(self) -> bool:
        """Whether nothing more should be added before sealing."""
        limits = self.limits
        return (
            len(self._envelopes)
            >= limits.events_max - 1  # one place is kept for a step of the clock
            or self._bulk >= limits.envelope_bytes_max
            or self._body_bytes >= limits.body_bytes_max
        )

    def lacks_room(self, count: int) -> bool:
        """Whether *count* facts more should not go into the block that is being gathered."""
        return self.full or (len(self) > 0 and len(self) + count >= self.limits.events_max)

    def due_in_ms(self, now_ns: int) -> float | None:
        """Return how long the block may still wait; None when there is nothing to seal."""
        if not self._envelopes:
            return None
        if self.full:
            return 0.0
        if now_ns < self._since:  # the clock was set back, so nothing tells how long it waited
            return 0.0
        linger = self.limits.linger_busy_ms if self._last_was_full else self.limits.linger_ms
        return max(0.0, linger - (now_ns - self._since) / 1e6)

    def add(self, draft: Draft, *, now_ns: int, lag_ms: int = 0) -> None:
        """Take *draft* in as observed at *now_ns* (UTC), having waited at most *lag_ms* in the tap."""
        at = now_ns if self._envelopes and now_ns == self._clock else self._time(now_ns)
        fact = draft.fact
        if draft.body is not None:
            known = self._remembered.get(draft.digest)
            if known is None or known.truncated or len(draft.body) > self.limits.body_cap:
                known = self._place(draft.body, draft.digest)
            fact = replace(fact, body=known)
        self._put(fact, at, lag_ms, draft.bulk)

    def add_fact(self, fact: Fact, *, now_ns: int) -> Envelope:
        """Take a fact without a body in, and return it in its place."""
        at = self._time(now_ns)
        return self._put(fact, at, 0, len(upcast.encode([Envelope(0, at, 0, fact)])))

    def seal(self) -> Block:
        """Return what was gathered as the block after the head, and go on behind it.

        Raises:
            ValueError: nothing was gathered.
        """
        self._last_was_full = self.full
        block = seal(
            self._envelopes,
            self._bodies,
            self.head,
            epoch=self.epoch,
            segment=self.segment,
            lag_ms=self._lag_ms,
        )
        self.head = head_of(block)
        self._reset()
        return block

    def discard(self) -> None:
        """Forget what was gathered, as if it had never been added."""
        for digest in self._new:
            self._remembered.pop(digest, None)
        self._clock = self.head.last_observed_at
        self._reset()

    def next_segment(self) -> None:
        """Let the next block open a new segment, whose envelopes refer to its own bodies only.

        Raises:
            ValueError: something is gathered already.
        """
        if self._envelopes:
            raise ValueError("a segment begins with an empty block")
        self.segment += 1
        self._remembered.clear()

    def _reset(self) -> None:
        self._envelopes, self._bodies, self._new = [], [], []
        self._bulk = self._body_bytes = self._lag_ms = 0

    def _time(self, now_ns: int) -> int:
        if not self._envelopes:
            self._since = now_ns
        if now_ns >= self._clock:
            self._clock = now_ns
        elif self._clock - now_ns > CLOCK_STEP_NS_MAX:
            before, self._clock = self._clock, now_ns
            self._put(ClockStepped(before=before, after=now_ns), now_ns, 0, 32)
        return self._clock

    def _put(self, fact: Fact, at: int, lag_ms: int, bulk: int) -> Envelope:
        envelopes = self._envelopes
        envelope = Envelope(self.head.next_position + len(envelopes), at, lag_ms, fact)
        envelopes.append(envelope)
        self._bulk += bulk
        self._lag_ms = max(self._lag_ms, lag_ms)
        return envelope

    def _place(self, body: bytes, digest: bytes) -> BodyRef:
        size = len(body)
        truncated = size > self.limits.body_cap
        if truncated:
            body = body[: self.limits.body_cap]
            digest = body_digest(self._key, body)
        known = self._remembered.get(digest)
        if known is not None:
            return BodyRef(digest, size, known.block, known.index, truncated)
        found = BodyRef(digest, size, self.head.number + 1, len(self._bodies), truncated)
        self._bodies.append(body)
        self._body_bytes += len(body)
        self._remember(found)
        return found

    def _remember(self, body: BodyRef) -> None:
        if len(self._remembered) >= REMEMBERED_BODIES_MAX:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[body.digest] = body
        self._new.append(body.digest)
