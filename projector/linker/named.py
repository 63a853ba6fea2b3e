"""Messages that a publish names by an id: the request it answers, the message a framework says caused it, its own id again.

Pure. An id is what its sender wrote: it may recur, be carried over with all other headers, or be forged. So of the messages
that bear it those count that the publisher was given, first those it may still have in hand.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from events.facts import MessagePublished
from events.values import Text
from projector.linker.document import DIRECT_REPLY, is_direct_reply
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.memory import Memory
from projector.linker.model import RIVALS_NAMED_MAX, LiveMessage
from projector.linker.recent import Recent
from projector.linker.standing import Standing, in_hand, leads_to, other_hands, same_party, standing
from projector.linker.threads import Given

SURE = 0.8
REPLY, REPEATED, CAUSATION, SAME_ID, ANSWERED_ID = 0.98, 0.98, 0.97, 0.92, 0.9
FACTOR = {
    Standing.OWN: 1.0,
    Standing.SERVICE: 0.95,
    Standing.POSSIBLE: 0.9,
    Standing.NOT_YET: 0.5,
    Standing.OTHERS: 0.4,
}
RETRIES_MAX = 4
RECURS = 0.8

Asked = tuple[Text, Text, Text | None]  # vhost, reply queue, correlation id


class Cause(NamedTuple):
    """A candidate for the parent: its position, why, how sure, how many rivals, and what else had a part in it.

    `given` is the delivery it was chosen by, where it was chosen among deliveries, and `certainty` how clear that was.
    `likeliest` are the positions of the likeliest rivals.
    """

    position: int
    evidence: str
    confidence: float
    rivals: int = 0
    others: tuple[int, ...] = ()
    given: Given | None = None
    certainty: float = 0.0
    likeliest: tuple[int, ...] = ()


class Request(NamedTuple):
    """A request that waits for its reply; `doubtful`: a reply was ascribed to it that could have been another's."""

    position: int
    answers: int = 0
    doubtful: bool = False


def better(best: Cause | None, cause: Cause | None) -> Cause | None:
    """Return the more confident of the two; of equals the one of higher rank, which came first."""
    if best is None or (cause is not None and cause.confidence > best.confidence):
        return cause
    return best


class Named:
    """What bears which id, the least recent forgotten."""

    def __init__(self, memory: Memory) -> None:
        limit = memory.limits.conversations_max
        self._memory = memory
        self._most = memory.limits.same_id_max
        self.requests: Recent[Asked, tuple[Request, ...]] = Recent(limit)
        self.identities: Recent[Text, tuple[int, ...]] = Recent(2 * limit)
        self.claims: Recent[tuple[str, str], tuple[int, ...]] = Recent(limit)
        self.awaited: Recent[str, tuple[tuple[int, str], ...]] = Recent(limit)

    def identify(self, value: Text, position: int) -> None:
        """Note that the message at *position* bears the id *value*."""
        known = self.identities.get(value)
        if known is None:
            self.identities.put(value, (position,))
        elif known[-1] != position:
            self.identities.put(value, (*known, position)[-self._most :])

    def ask(self, asked: Asked, position: int) -> None:
        """Note that the message at *position* wants its reply sent to where *asked* says."""
        known = self.requests.get(asked) or ()
        if not any(each.position == position for each in known):
            self.requests.put(asked, (*known, Request(position))[-self._most :])

    def caused_by(
        self, message: LiveMessage, evidence: str, value: str, endpoint: LinkedEndpoint
    ) -> Cause | None:
        """Return the message whose id *value* names the cause of *message*; one not met yet is waited for."""
        claim = (evidence, value)
        same = self.claims.get(claim) or ()
        self.claims.put(claim, (*same, message.position)[-self._most :])
        known = self.identities.get(value)
        if known is None:
            waiting = self.awaited.get(value) or ()
            self.awaited.put(value, (*waiting, (message.position, evidence))[-self._most :])
        named = self._among(known or (), endpoint, evidence, CAUSATION)
        carried = self._given(same, endpoint)
        if carried is None:
            return named
        if known and any(in_hand(self._memory, position, endpoint) for position in known):
            return named
        return carried._replace(evidence=f"{evidence} carried over")

    def named_late(self, position: int, evidence: str, endpoint: LinkedEndpoint) -> Cause | None:
        """Return the message at *position* as the cause of a publish of *endpoint* that named it before it was told."""
        message = self._memory.messages.get(position)
        if message is None or other_hands(message, endpoint):
            return None
        return Cause(position, evidence, CAUSATION * FACTOR[Standing.POSSIBLE])

    def again(self, value: Text, evidence: str, endpoint: LinkedEndpoint) -> Cause | None:
        """Return an earlier message with the id *value*, where the publisher was given it.

        An id that several services began on their own is a number that each counts for itself.
        """
        positions = self.identities.get(value) or ()
        found = self._given(positions, endpoint)
        if found is None:
            return None
        confidence = found.confidence * (RECURS if self._recurs(positions) else 1.0)
        return found._replace(evidence=evidence, confidence=confidence)

    def repeated(self, value: Text, evidence: str, endpoint: LinkedEndpoint) -> Cause | None:
        """Return an earlier message with the id *value*, which its framework publishes once more."""
        return self._among(self.identities.get(value) or (), endpoint, evidence, REPEATED)

    def answered_id(self, correlation: Text, endpoint: LinkedEndpoint) -> Cause | None:
        """Return the message whose message id *correlation* is, where the publisher was given it."""
        found = self._given(self.identities.get(correlation) or (), endpoint)
        if found is None:
            return None
        confidence = found.confidence * ANSWERED_ID / SAME_ID
        return found._replace(evidence="correlation-id is its message-id", confidence=confidence)

    def answered(
        self, fact: MessagePublished, correlation: Text | None, endpoint: LinkedEndpoint
    ) -> Cause | None:
        """Return the request that *fact* answers: one whose reply queue and correlation id it was sent with."""
        for key in fact.routing_keys:
            asked = (fact.vhost, key, correlation)
            requests = self.requests.get(asked)
            if requests is None and is_direct_reply(key):
                asked = (fact.vhost, DIRECT_REPLY, correlation)
                requests = self.requests.get(asked)
            if requests:
                return self._reply(asked, requests, endpoint)
        return None

    def is_answered(self, message: LiveMessage) -> bool:
        """Return whether a reply to *message* was seen."""
        properties = message.properties
        if properties.reply_to is None:
            return False
        asked = (message.vhost, properties.reply_to, properties.correlation_id)
        return any(
            each.answers
            for each in self.requests.get(asked) or ()
            if each.position == message.position
        )

    def _reply(
        self, asked: Asked, requests: tuple[Request, ...], endpoint: LinkedEndpoint
    ) -> Cause:
        memory = self._memory
        best, positions = self._nearest([each.position for each in requests], endpoint)
        near = [each for each in requests if each.position in positions]
        held = [each for each in near if in_hand(memory, each.position, endpoint)] or near
        pool = [each for each in held if not each.answers] or held[-1:]
        chosen = pool[0]
        first = chosen.position
        # A request that its framework sends once more is answered for each of its tries, one after another.
        rivals = [
            each.position
            for each in pool[1:]
            if not leads_to(memory, first, each.position, RETRIES_MAX)
        ]
        doubtful = bool(rivals)
        self.requests.put(
            asked,
            tuple(
                each._replace(
                    answers=each.answers + (each is chosen),
                    doubtful=each.doubtful or (doubtful and each in pool),
                )
                for each in requests
            ),
        )
        confidence = REPLY * FACTOR[best] / (1 + len(rivals) + chosen.doubtful)
        likeliest = tuple(rivals[:RIVALS_NAMED_MAX])
        return Cause(chosen.position, "rpc-reply", confidence, len(rivals), likeliest=likeliest)

    def _among(
        self, positions: Sequence[int], endpoint: LinkedEndpoint, evidence: str, confidence: float
    ) -> Cause | None:
        if not positions:
            return None
        best, near = self._nearest(positions, endpoint)
        near = [each for each in near if in_hand(self._memory, each, endpoint)] or near
        kept = self._without_retried(near)
        factor = FACTOR[best] / len(kept)
        return _last_of(kept, evidence, confidence * factor)

    def _given(self, positions: Sequence[int], endpoint: LinkedEndpoint) -> Cause | None:
        """Return which of *positions* the publisher's service was given; None when none of them surely was."""
        if not positions:
            return None
        best, near = self._nearest(positions, endpoint)
        if best > Standing.SERVICE:
            return None
        near = [each for each in near if in_hand(self._memory, each, endpoint)] or near
        kept = self._without_retried(near)
        return _last_of(kept, "", SAME_ID * FACTOR[best] / len(kept))

    def _nearest(
        self, positions: Sequence[int], endpoint: LinkedEndpoint
    ) -> tuple[Standing, list[int]]:
        """Return the best standing of the messages at *positions* to *endpoint*, and those that have it."""
        messages = self._memory.messages
        standings = [
            Standing.POSSIBLE if message is None else standing(message, endpoint)
            for message in map(messages.get, positions)
        ]
        best = min(standings)
        return best, [
            each for each, found in zip(positions, standings, strict=True) if found is best
        ]

    def _recurs(self, positions: Sequence[int]) -> bool:
        """Return whether several services published what stands at *positions*, none of it because of another."""
        messages = self._memory.messages
        beginnings = [
            message.publisher
            for message in map(messages.get, positions)
            if message is not None and message.publisher is not None and message.parent is None
        ]
        return any(not same_party(each, beginnings[0]) for each in beginnings[1:])

    def _without_retried(self, positions: list[int]) -> list[int]:
        """Return *positions* without those that led to a later one of them: that is the same work tried again."""
        if len(positions) < 2:
            return positions
        last = positions[-1]
        return [
            *(
                each
                for each in positions[:-1]
                if not leads_to(self._memory, each, last, RETRIES_MAX)
            ),
            last,
        ]

    def rows(self) -> list[Any]:
        """Return all tables as builtins."""
        tables = (self.requests, self.identities, self.claims, self.awaited)
        return [table.rows() for table in tables]

    def restore(self, rows: list[Any]) -> None:
        """Take what :meth:`rows` returned."""
        requests, identities, claims, awaited = rows
        _take(
            self.requests,
            [
                [[tuple(key), tuple(Request(*each) for each in told)] for key, told in part]
                for part in requests
            ],
        )
        _take(self.identities, [[[key, tuple(told)] for key, told in part] for part in identities])
        _take(self.claims, [[[tuple(key), tuple(told)] for key, told in part] for part in claims])
        _take(
            self.awaited,
            [
                [[key, tuple(tuple(each) for each in told)] for key, told in part]
                for part in awaited
            ],
        )


def _last_of(positions: list[int], evidence: str, confidence: float) -> Cause:
    """Return the last of *positions* with those before as its rivals, the latest first."""
    if len(positions) < 2:
        return Cause(positions[-1], evidence, confidence)
    chosen, *rivals = reversed(positions)
    likeliest = tuple(rivals[:RIVALS_NAMED_MAX])
    return Cause(chosen, evidence, confidence, len(rivals), likeliest=likeliest)


def _take(table: Recent[Any, Any], parts: list[Any]) -> None:
    table.young, table.old = (dict(map(tuple, part)) for part in parts)
