"""Plan a retry: which messages go where and why there, which do not and why not, and what cannot be as it was.

Pure, and the dry run is all of it: the plan that is shown is the plan that is carried out, and its digest changes whenever
anything in it does. A dead letter goes back to the queue it died in unless another target is given. Nothing is planned from
the log whose body or headers the log does not hold whole.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from events.facts import Properties, RetryItem
from events.operations import RETRY_ITEMS_MAX
from events.republish import STREAM, Source, again, is_redacted
from events.values import Text, encode_extension, shown
from projector.linker.model import DEAD_LETTERED, ROUTED, UNROUTABLE
from store.documents import Copy, MessageDocument

ITEMS_MAX = RETRY_ITEMS_MAX
"""Messages in one retry."""
EDITED_BODY_BYTES_MAX = 131_072
"""Bytes of an edited body, which travels in the command and stays in the log."""
RATE_PER_S_MAX = 50_000.0
BATCH_MAX = 1_000
RETURNS_MIN = 5
"""A queue that drops a message after fewer returns is not drained: broken connections return messages too."""
RETRY, EDIT, MOVE = "retry", "edit", "move"
NONE, HEAD, DRAIN = "none", "head", "drain"

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension, order="deterministic").encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to: ``origin`` (the queue a message died in), ``exchange`` (where it was first published), or ``chosen``."""

    kind: str = "origin"
    exchange: Text = ""
    routing_key: Text = ""

    @property
    def told(self) -> str:
        """The target in words."""
        match self.kind:
            case "origin":
                return "the queue each message died in"
            case "exchange":
                return "the exchange each message was first published to, with its routing key"
            case _ if self.exchange == "":
                return f"queue {shown(self.routing_key)}"
            case _:
                return f"exchange {shown(self.exchange)} with routing key {shown(self.routing_key)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The fact that a message can be published again from: at *position*, observed at *observed_at* ns.

    `body_kept` says whether the log still holds its body.
    """

    position: int
    observed_at: int
    fact: Source
    body_kept: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A selected message with its source; None: the log does not hold it any more."""

    document: MessageDocument
    source: Found | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lies:
    """What is known of a queue that dead letters lie in: its type, its consumers, its depth (None: not sampled).

    `limit` is after how many returns it drops a message, None for never.
    """

    type: Text = ""
    consumers: int = 0
    ready: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known beside the messages.

    `queues` and `exchanges` are those that exist, by (vhost, name); `busy` maps positions of messages to the retry that they
    are part of already. `user` is whom the executor connects as.
    """

    queues: Mapping[tuple[Text, Text], Lies] = field(default_factory=dict[tuple[Text, Text], Lies])
    exchanges: Collection[tuple[Text, Text]] = ()
    busy: Mapping[int, str] = field(default_factory=dict[int, str])
    user: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """New properties and a new body; None leaves as it was."""

    properties: Properties | None = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for. `died_in` takes the deaths in one queue only; `again` also messages that were retried before."""

    action: str = RETRY
    target: Target = field(default_factory=Target)
    remove: str = NONE
    died_in: Text | None = None
    vhost: Text | None = None
    again: bool = False
    edit: Edit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A message that is left out, and why."""

    uid: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """So many messages go from `queue` ("" where none is known) to `exchange` with `routing_key`, and `why` there."""

    queue: Text
    exchange: Text
    routing_key: Text
    why: str
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done. `unrestored` counts the messages by what cannot be as it was."""

    vhost: Text
    items: tuple[RetryItem, ...]
    uids: tuple[str, ...]
    routes: tuple[Route, ...]
    refusals: tuple[Refusal, ...]
    unrestored: Mapping[str, int]
    digest: str


class _Death(msgspec.Struct, frozen=True):
    """Where a message died and lies; both "" for one that never reached a queue."""

    died_in: Text
    lies_in: Text
    reason: str


def plan(candidates: Iterable[Candidate], wanted: Wanted, around: Around) -> Plan:
    """Return what *wanted* does with *candidates*: every one of them is in the items or among the refusals.

    One that died in several queues may be in both, and in the items more than once.
    """
    making = _Making(wanted, around)
    for candidate in candidates:
        making.add(candidate)
    return making.plan()


def digest_of(items: Iterable[RetryItem], wanted: Wanted) -> str:
    """Return what stands for a plan (32 hex digits): the same for the same items, action and removal, whoever asks."""
    told = [wanted.action, wanted.remove, list(items)]
    return blake2b(_pack(told), digest_size=16).hexdigest()


class _Making:
    """A plan in the making."""

    def __init__(self, wanted: Wanted, around: Around) -> None:
        self._wanted = wanted
        self._around = around
        self._vhost = wanted.vhost
        self._planned: list[tuple[str, RetryItem, str]] = []
        self._refusals: list[Refusal] = []

    def add(self, candidate: Candidate) -> None:
        """Plan one message, or refuse it."""
        document = candidate.document
        if self._vhost is None:
            self._vhost = document.vhost
        why = self._not_at_all(candidate)
        lying = [] if why else _lying(document, self._wanted)
        if not why and not lying:
            why = _no_death(document, self._wanted)
        if why:
            self._refusals.append(Refusal(uid=document.uid, why=why))
            return
        for death in lying:
            self._add(candidate, death)

    def plan(self) -> Plan:
        """Return the plan, without what may not be removed where removal is wanted."""
        if self._wanted.remove != NONE:
            self._leave_what_may_not_be_removed()
        items = tuple(item for _, item, _ in self._planned)
        routes = Counter(
            (item.queue, item.exchange, item.routing_key, why) for _, item, why in self._planned
        )
        unrestored = Counter(name for item in items for name in item.unrestored)
        return Plan(
            vhost="" if self._vhost is None else self._vhost,
            items=items,
            uids=tuple(uid for uid, _, _ in self._planned),
            routes=tuple(
                Route(queue=queue, exchange=exchange, routing_key=key, why=why, messages=count)
                for (queue, exchange, key, why), count in routes.items()
            ),
            refusals=tuple(self._refusals),
            unrestored=dict(sorted(unrestored.items())),
            digest=digest_of(items, self._wanted),
        )

    def _not_at_all(self, candidate: Candidate) -> str:
        """Return why nothing of a message can be planned, whatever became of it; "" where it can."""
        document, wanted = candidate.document, self._wanted
        if document.vhost != self._vhost:
            return f"it lies in vhost {shown(document.vhost)}; a retry works in one vhost"
        busy = self._around.busy.get(document.position)
        if busy is not None and not wanted.again:
            return f"it is part of retry {busy} already"
        if candidate.source is None:
            return "retention has removed its facts"
        return "" if wanted.remove != NONE else _not_whole(candidate.source, wanted.edit)

    def _add(self, candidate: Candidate, death: _Death) -> None:
        document, source = candidate.document, candidate.source
        assert source is not None
        exchange, key, why = _where(document, death, self._wanted.target)
        refused = self._unreachable(document.vhost, exchange, key)
        if self._wanted.remove != NONE and (exchange, key) == ("", death.lies_in):
            refused = "it lies there already"
        elif self._wanted.remove != NONE and death.lies_in == "":
            refused = "no queue is known in which it lies, so it cannot be removed from one"
        if len(self._planned) >= ITEMS_MAX:
            refused = f"a retry holds at most {ITEMS_MAX} messages"
        if refused:
            self._refusals.append(Refusal(uid=document.uid, why=refused))
            return
        edit = self._wanted.edit or Edit()
        told = again(
            source.fact,
            observed_at=source.observed_at,
            to_queue=exchange == "",
            user=self._around.user,
        )
        item = RetryItem(
            position=document.position,
            source=source.position,
            queue=death.lies_in,
            exchange=exchange,
            routing_key=key,
            fingerprint=source.fact.fingerprint,
            unrestored=told.unrestored if edit.properties is None else (),
            edited=edit.properties,
            edited_body=edit.body,
        )
        self._planned.append((document.uid, item, why))

    def _unreachable(self, vhost: Text, exchange: Text, key: Text) -> str:
        """Return why nothing can go there; "" where it can, as far as is known."""
        around = self._around
        if exchange == "":
            there = (vhost, key) in around.queues
            return "" if there else f"there is no queue {shown(key)} in vhost {shown(vhost)}"
        there = (vhost, exchange) in around.exchanges
        return "" if there else f"there is no exchange {shown(exchange)} in vhost {shown(vhost)}"

    def _leave_what_may_not_be_removed(self) -> None:
        wanted_of = Counter(item.queue for _, item, _ in self._planned)
        kept: list[tuple[str, RetryItem, str]] = []
        for uid, item, why in self._planned:
            lies = self._around.queues.get((self._vhost or "", item.queue))
            refused = unremovable(lies, self._wanted.remove, wanted_of[item.queue])
            if refused:
                told = f"queue {shown(item.queue)} {refused}"
                self._refusals.append(Refusal(uid=uid, why=told))
            else:
                kept.append((uid, item, why))
        self._planned = kept


def unremovable(lies: Lies | None, remove: str, wanted: int) -> str:
    """Return why *wanted* messages may not be taken off a queue; "" where they may, as far as is known."""
    if lies is None:
        return "is not there"
    if lies.type == STREAM:
        return "is a stream, from which nothing is taken"
    if lies.consumers:
        return "has a consumer, which would be given other messages meanwhile"
    if lies.limit is None:
        return ""
    if remove == HEAD:
        return (
            f"drops messages after {lies.limit} returns, and what is not selected would be returned"
        )
    if lies.limit < RETURNS_MIN:
        return f"drops messages after {lies.limit} returns, and a broken connection returns them"
    if lies.ready is not None and lies.ready > wanted:
        return f"holds {lies.ready} messages of which {wanted} are selected, and drops others after {lies.limit} returns"
    return ""


def _not_whole(source: Found, edit: Edit | None) -> str:
    """Return why the log cannot give a message back as it was; "" where it can, or an edit replaces what is missing."""
    fact, edit = source.fact, edit or Edit()
    if edit.properties is None and is_redacted(fact.properties):
        return "a header was kept out of the log, so it cannot be published as it was"
    if edit.body is not None or fact.body is None:
        return ""
    if fact.body.truncated:
        return f"the log holds only the begin of its body of {fact.body.size} bytes"
    return "" if source.body_kept else "retention has removed its body"


def _where(document: MessageDocument, death: _Death, target: Target) -> tuple[Text, Text, str]:
    """Return exchange and routing key for one death of a message, and why there."""
    key = document.routing_keys[0] if document.routing_keys else ""
    match target.kind:
        case "chosen":
            return target.exchange, target.routing_key, "as chosen"
        case "origin" if death.died_in != "":
            return "", death.died_in, f"it died there ({death.reason})"
        case "origin":
            return document.exchange, key, "it was published there and reached no queue"
        case _:
            return document.exchange, key, "it was first published there"


def _lying(document: MessageDocument, wanted: Wanted) -> list[_Death]:
    """Return the deaths of a message that are to be undone; a last copy that lives is none."""
    copies = document.copies
    if document.state == DEAD_LETTERED:
        found = _failures(copies)
        return [each for each in found if wanted.died_in is None or each.died_in == wanted.died_in]
    if wanted.died_in is not None:
        return []
    if document.state == UNROUTABLE:
        return [_Death("", "", UNROUTABLE)]
    if wanted.target.kind == "origin":
        return []
    return [_Death("", _waiting_in(copies) if wanted.remove != NONE else "", "")]


def _failures(copies: tuple[Copy, ...]) -> list[_Death]:
    """Return for each last copy the failure that brought it where it lies, or that ended it where it went nowhere."""
    found: list[_Death] = []
    taken: set[tuple[int, Text]] = set()
    for number, copy in enumerate(copies):
        source = None if copy.origin == ROUTED else _source(copies, number, taken)
        letter = copy.dead_letter
        if letter is not None:
            if not letter.to_queues and not letter.timer:
                found.append(_Death(copy.queue, "", letter.reason))
        elif source is not None and source.dead_letter is not None and not source.dead_letter.timer:
            found.append(_Death(source.queue, copy.queue, source.dead_letter.reason))
    return found


def _source(copies: tuple[Copy, ...], number: int, taken: set[tuple[int, Text]]) -> Copy | None:
    """Return the copy that died into copy *number*: the last before it that did so and is not *taken* yet."""
    queue = copies[number].queue
    for before in range(number - 1, -1, -1):
        letter = copies[before].dead_letter
        if letter is not None and queue in letter.to_queues and (before, queue) not in taken:
            taken.add((before, queue))
            return copies[before]
    return None


def _waiting_in(copies: tuple[Copy, ...]) -> Text:
    """Return the queue in which the last copy waits that is known to; "" for none."""
    return next((copy.queue for copy in reversed(copies) if copy.state == "waiting"), "")


def _no_death(document: MessageDocument, wanted: Wanted) -> str:
    if wanted.died_in is not None:
        return f"it does not lie dead because of queue {shown(wanted.died_in)} any more"
    if document.state == DEAD_LETTERED:
        return "where it died is not known; give a target"
    return f"it is no dead letter but {document.state}; to publish it again all the same, give a target"
