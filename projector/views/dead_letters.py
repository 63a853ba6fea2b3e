"""Dead letters in groups that died alike: where, why, with what error, how many.

Pure. A group's id is a hash of what its members share, so it is the same in every process and after every rebuild.
`messages` and `deaths` count all of a group; its sums and its members are all that ``projector/views/fates.py`` follows.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any

import msgspec

from events.facts import (
    Envelope,
    Fact,
    GroupArchived,
    MessagesArchived,
    OperatorRestated,
    RetryFinished,
    RetryPlanned,
    RetryPublished,
)
from events.operations import Note
from events.values import Text
from projector.answers import DeadLetterGroup
from projector.linker.document import path_to
from projector.linker.model import (
    ChangeHandler,
    ChangeKind,
    Endpoint,
    FactHandler,
    LiveCopy,
    LiveMessage,
)
from projector.views.errors import error_in, masked
from projector.views.fates import Fate, Fates, FatesState, Tally
from projector.views.state import StateView, pack
from store.documents import DeadLetter

GROUPS_MAX = 5_000
ROUTING_KEYS_MAX = 200
FOLLOWED_MAX = 10_000
OTHER_KEYS = "(others)"
SERVICES_MAX = 20
TREND_HOURS_MAX = 72
HOUR_NS = 3_600_000_000_000
NO_NOTES: Mapping[str, Note] = {}


class Group(msgspec.Struct, array_like=True):
    """`end` is the last consumer's number; `services` published or were given its messages.

    `number` tells a group from one of the same id that was dropped before. `trend` counts deaths by the hour, in ns.
    """

    vhost: Text
    queue: Text
    reason: str
    exchange: Text
    routing_key: Text
    type: Text | None
    first: int
    last: int
    number: int
    to_queues: tuple[Any, ...] = ()
    timer: bool = False
    error: str | None = None
    service: str | None = None
    end: int | None = None
    messages: int = 0
    deaths: int = 0
    services: dict[str, None] = {}
    trend: dict[int, int] = {}


class DeadLettersState(msgspec.Struct, array_like=True):
    """`keys` counts the routing keys told apart per (vhost, queue, reason); `ended` the groups by last consumer.

    `numbered` groups were made so far.
    """

    groups: dict[str, Group] = {}
    keys: dict[tuple[Any, Any, str], dict[Any, None]] = {}
    ended: dict[int, dict[str, None]] = {}
    groups_dropped: int = 0
    numbered: int = 0
    fates: FatesState = msgspec.field(default_factory=FatesState)


class DeadLettersView(StateView[DeadLettersState]):
    """The view `dead_letters`."""

    name = "dead_letters"
    edition = 4

    def __init__(self, linker_version: str) -> None:
        super().__init__(linker_version, DeadLettersState)
        self._fates = Fates(self.state.fates)

    def restore(self, state: bytes) -> None:
        super().restore(state)
        self._fates = Fates(self.state.fates)

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {
            ChangeKind.PUBLISHED: self._met,
            ChangeKind.UNSEEN_PUBLISH: self._met,
            ChangeKind.COPY_DIED: self._died,
            ChangeKind.COPY_ADDED: self._arrived,
            ChangeKind.COPY_DELIVERED: self._arrived,
            ChangeKind.COPY_STATE: self._moved,
            ChangeKind.ENDPOINT_NAMED: self._named,
        }

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        kinds = (RetryPlanned, RetryPublished, RetryFinished, OperatorRestated)
        retried: dict[type[Fact], FactHandler] = dict.fromkeys(kinds, self._retried)
        archived: dict[type[Fact], FactHandler] = {
            GroupArchived: self._group_archived,
            MessagesArchived: self._messages_archived,
        }
        return retried | archived

    def groups(
        self,
        consumers: Mapping[tuple[Any, Any], tuple[str, ...]],
        notes: Mapping[str, Note] = NO_NOTES,
    ) -> Sequence[DeadLetterGroup]:
        """Return the groups, the one that grew last first.

        *consumers* names the services that consume from each (vhost, queue): the only one of a queue stands for a
        group none of whose messages was delivered. *notes* are by group.
        """
        groups = sorted(self.state.groups.items(), key=lambda item: (-item[1].last, item[0]))
        return [self._told(ident, group, consumers, notes) for ident, group in groups]

    def group(
        self,
        ident: str,
        consumers: Mapping[tuple[Any, Any], tuple[str, ...]],
        notes: Mapping[str, Note] = NO_NOTES,
    ) -> DeadLetterGroup | None:
        """Return one of :meth:`groups`; None for an unknown one."""
        group = self.state.groups.get(ident)
        return None if group is None else self._told(ident, group, consumers, notes)

    def fate(self, ident: str, position: int) -> Fate | None:
        """Return what became of a message of a group, its state as `outcome`; None where that is not known any more."""
        group, fate = self.state.groups.get(ident), self.state.fates.fates.get(position)
        if fate is None:
            return None
        group_at = -1 if group is None else self.state.fates.tallies[group.number].archived_at
        return msgspec.structs.replace(fate, outcome=fate.state(group_at))

    def _told(
        self,
        ident: str,
        group: Group,
        consumers: Mapping[tuple[Any, Any], tuple[str, ...]],
        notes: Mapping[str, Note],
    ) -> DeadLetterGroup:
        states = self.state.fates.tallies[group.number].states()
        return _answer(ident, group, consumers, states, notes.get(ident))

    def members(
        self, ident: str, *, state: str | None, before: int | None, limit: int
    ) -> Sequence[int]:
        """Return the positions of at most *limit* messages of a group that are followed, the one that died last first.

        Of an unknown group none. With *state*, one of `FATES`, only those in it; with *before* only those whose last death
        was told before that position.
        """
        group, fates = self.state.groups.get(ident), self.state.fates
        if group is None:
            return ()
        archived_at = fates.tallies[group.number].archived_at
        found = (
            position
            for position, fate in reversed(fates.fates.items())
            if group.number in fate.groups
            and (before is None or fate.died < before)
            and (state is None or fate.state(archived_at) == state)
        )
        return tuple(islice(found, limit))

    def _died(self, envelope: Envelope, message: LiveMessage, copy: LiveCopy, deaths: int) -> None:
        death = copy.dead_letter
        if death is None:
            return
        at, error = envelope.observed_at, _error(message)
        ident, shared = self._ident(message, copy, death, error)
        group = self.state.groups.get(ident)
        if group is None:
            group = self._make(ident, shared, at)
        group.last = at
        group.deaths += deaths
        fate = self.state.fates.fates.get(message.position)
        if death.count <= deaths if fate is None else group.number not in fate.groups:
            group.messages += 1
        group.timer = death.timer
        if death.to_queues:
            group.to_queues = death.to_queues
        group.error = error
        _count(group, at, deaths)
        self._fates.moved(message)
        self._fates.died(message.position, group.number, envelope.position)
        if message.publisher is not None:
            _affects(group, message.publisher.party.service)
        if copy.attempts:
            self._follow(ident, group, copy.attempts[-1].endpoint)
            _affects(group, group.service)

    def _met(self, _: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        if message.properties.headers:
            self._fates.met(message)

    def _moved(self, _: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        self._fates.moved(message)

    def _make(self, ident: str, shared: tuple[Any, ...], at: int) -> Group:
        """Return a new group, first seen at *at*, with room made for it."""
        self._make_room()
        state = self.state
        state.numbered += 1
        state.fates.tallies[state.numbered] = Tally()
        group = state.groups[ident] = Group(*shared, first=at, last=at, number=state.numbered)
        return group

    def _retried(self, envelope: Envelope, _: Fact) -> None:
        self._fates.told(envelope)

    def _group_archived(self, envelope: Envelope, fact: GroupArchived) -> None:
        group = self.state.groups.get(fact.group)
        if group is not None:
            at = envelope.position if fact.archived else -1
            self.state.fates.tallies[group.number].archive(at)

    def _messages_archived(self, envelope: Envelope, fact: MessagesArchived) -> None:
        self._fates.archived(fact, envelope.position)

    def _arrived(self, _: Envelope, message: LiveMessage, copy: LiveCopy, _3: Any) -> None:
        """Take over what is known better of the deaths behind a copy, now that it arrived or was delivered."""
        self._fates.moved(message)
        if copy.came_from < 0:
            return
        for source in path_to(message.copies, copy.came_from):
            death = source.dead_letter
            if death is None:
                continue
            error = _error(message)
            group = self.state.groups.get(self._ident(message, source, death, error)[0])
            if group is not None:
                group.timer = death.timer
                group.to_queues = death.to_queues or group.to_queues

    def _ident(
        self, message: LiveMessage, copy: LiveCopy, death: DeadLetter, error: str | None
    ) -> tuple[str, tuple[Any, ...]]:
        """Return the id of the group that a death belongs to, and what its members share beside the error."""
        exchange = "" if death.exchange is None else death.exchange
        routing_key = self._routing_key(message, copy.queue, death.reason, death.routing_key)
        kind = _kind(message)
        shared = (message.vhost, copy.queue, death.reason, exchange, routing_key, kind)
        return ident_of((*shared, None if error is None else masked(error))), shared

    def _routing_key(
        self, message: LiveMessage, queue: Text, reason: str, routing_key: Text | None
    ) -> Text:
        """Return the routing key to group by, which is a common one where a queue has very many."""
        if routing_key is None:
            routing_key = message.routing_keys[0] if message.routing_keys else ""
        known = self.state.keys.setdefault((message.vhost, queue, reason), {})
        if routing_key in known:
            return routing_key
        if len(known) >= ROUTING_KEYS_MAX:
            return OTHER_KEYS
        known[routing_key] = None
        return routing_key

    def _follow(self, ident: str, group: Group, endpoint: Endpoint) -> None:
        group.service = endpoint.party.service
        if group.end == endpoint.number:
            return
        if group.end is not None and (groups := self.state.ended.get(group.end)) is not None:
            groups.pop(ident, None)
            if not groups:
                del self.state.ended[group.end]
        group.end = endpoint.number
        self.state.ended.setdefault(endpoint.number, {})[ident] = None
        if len(self.state.ended) > FOLLOWED_MAX:
            del self.state.ended[next(iter(self.state.ended))]

    def _named(self, _: Envelope, endpoint: Endpoint, _2: Any, _3: Any) -> None:
        for ident in self.state.ended.get(endpoint.number, ()):
            group = self.state.groups.get(ident)
            if group is not None:
                group.service = endpoint.party.service

    def _make_room(self) -> None:
        """Drop a tenth of the groups, those that have not grown for longest."""
        groups = self.state.groups
        if len(groups) < GROUPS_MAX:
            return
        oldest = sorted(groups.items(), key=lambda item: item[1].last)[: GROUPS_MAX // 10]
        for ident, group in oldest:
            del groups[ident]
            del self.state.fates.tallies[group.number]
            if group.end is not None and (followed := self.state.ended.get(group.end)) is not None:
                followed.pop(ident, None)
        self.state.groups_dropped += len(oldest)


def ident_of(shared: tuple[Any, ...]) -> str:
    """Return the id (16 hex digits) of the group whose members share *shared*."""
    return blake2b(pack(shared), digest_size=8).hexdigest()


def _error(message: LiveMessage) -> str | None:
    """Return why a framework says that *message* failed, else what its headers tell."""
    told = None if message.described is None else message.described.error
    return told or error_in(message.properties.headers)


def _kind(message: LiveMessage) -> Text | None:
    """Return the type of *message*: its property, else what a framework calls it."""
    told = None if message.described is None else message.described.message_type
    return message.properties.type or told


def _affects(group: Group, service: str | None) -> None:
    if service is not None and len(group.services) < SERVICES_MAX:
        group.services[service] = None


def _count(group: Group, at: int, deaths: int) -> None:
    hour = at - at % HOUR_NS
    group.trend[hour] = group.trend.get(hour, 0) + deaths
    if len(group.trend) > TREND_HOURS_MAX:
        del group.trend[min(group.trend)]


def _answer(
    ident: str,
    group: Group,
    consumers: Mapping[tuple[Any, Any], tuple[str, ...]],
    states: dict[str, int],
    note: Note | None,
) -> DeadLetterGroup:
    known = consumers.get((group.vhost, group.queue), ())
    service = group.service or (known[0] if len(known) == 1 else None)
    return DeadLetterGroup(
        id=ident,
        vhost=group.vhost,
        queue=group.queue,
        reason=group.reason,
        exchange=group.exchange,
        routing_key=group.routing_key,
        to_queues=group.to_queues,
        type=group.type,
        service=service,
        error=group.error,
        messages=group.messages,
        deaths=group.deaths,
        timer=group.timer,
        first_seen=group.first,
        last_seen=group.last,
        services=tuple(sorted({*group.services, *([] if service is None else [service])})),
        trend=tuple(sorted(group.trend.items())),
        states=states,
        unfollowed=max(0, group.messages - sum(states.values())),
        note=None if note is None else note.text,
        note_by=None if note is None else note.deed.by,
        note_at=None if note is None else note.deed.at,
    )
