"""Dead letters in groups that died alike: where, why, with what error, how many.

Pure. A group's id is a hash of what its members share, so it is the same in every process and after every rebuild.
`messages` and `deaths` count all of a group; the members kept are its newest.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from events.facts import Envelope
from events.values import Text
from projector.answers import DeadLetterGroup
from projector.linker.document import path_to
from projector.linker.model import (
    ChangeHandler,
    ChangeKind,
    Endpoint,
    LiveCopy,
    LiveMessage,
)
from projector.views.errors import error_in, masked
from projector.views.state import StateView, pack
from store.documents import DeadLetter

GROUPS_MAX = 5_000
MEMBERS_MAX = 1_000
ROUTING_KEYS_MAX = 200
FOLLOWED_MAX = 10_000
OTHER_KEYS = "(others)"


class Group(msgspec.Struct, array_like=True):
    """`members` are messages' positions, the one that died last at the end; `end` the last consumer's number."""

    vhost: Text
    queue: Text
    reason: str
    exchange: Text
    routing_key: Text
    type: Text | None
    first: int
    last: int
    to_queues: tuple[Any, ...] = ()
    timer: bool = False
    error: str | None = None
    service: str | None = None
    end: int | None = None
    messages: int = 0
    deaths: int = 0
    members: dict[int, None] = {}


class DeadLettersState(msgspec.Struct, array_like=True):
    """`keys` counts the routing keys told apart per (vhost, queue, reason); `ended` the groups by last consumer."""

    groups: dict[str, Group] = {}
    keys: dict[tuple[Any, Any, str], dict[Any, None]] = {}
    ended: dict[int, dict[str, None]] = {}
    groups_dropped: int = 0


class DeadLettersView(StateView[DeadLettersState]):
    """The view `dead_letters`."""

    name = "dead_letters"

    def __init__(self, linker_version: str) -> None:
        super().__init__(linker_version, DeadLettersState)

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {
            ChangeKind.COPY_DIED: self._died,
            ChangeKind.COPY_ADDED: self._arrived,
            ChangeKind.COPY_DELIVERED: self._arrived,
            ChangeKind.ENDPOINT_NAMED: self._named,
        }

    def groups(
        self, consumers: Mapping[tuple[Any, Any], tuple[str, ...]]
    ) -> Sequence[DeadLetterGroup]:
        """Return the groups, the one that grew last first.

        *consumers* names the services that consume from each (vhost, queue): the only one of a queue stands for a
        group none of whose messages was delivered.
        """
        groups = sorted(self.state.groups.items(), key=lambda item: (-item[1].last, item[0]))
        return [_answer(ident, group, consumers) for ident, group in groups]

    def members(self, ident: str) -> Sequence[int] | None:
        """Return the positions of a group's newest messages, newest first; None for an unknown group."""
        group = self.state.groups.get(ident)
        return None if group is None else list(group.members)[: -MEMBERS_MAX - 1 : -1]

    def _died(self, envelope: Envelope, message: LiveMessage, copy: LiveCopy, deaths: int) -> None:
        death = copy.dead_letter
        if death is None:
            return
        at, error = envelope.observed_at, error_in(message.properties.headers)
        ident, shared = self._ident(message, copy, death, error)
        group = self.state.groups.get(ident)
        if group is None:
            self._make_room()
            group = self.state.groups[ident] = Group(*shared, first=at, last=at)
        group.last = at
        group.deaths += deaths
        if death.count <= deaths:
            group.messages += 1
        group.timer = death.timer
        if death.to_queues:
            group.to_queues = death.to_queues
        group.error = error
        group.members.pop(message.position, None)
        group.members[message.position] = None
        if len(group.members) >= 2 * MEMBERS_MAX:
            group.members = dict.fromkeys(list(group.members)[MEMBERS_MAX:])
        if copy.attempts:
            self._follow(ident, group, copy.attempts[-1].endpoint)

    def _arrived(self, _: Envelope, message: LiveMessage, copy: LiveCopy, _3: Any) -> None:
        """Take over what is known better of the deaths behind a copy, now that it arrived or was delivered."""
        if copy.came_from < 0:
            return
        for source in path_to(message.copies, copy.came_from):
            death = source.dead_letter
            if death is None:
                continue
            error = error_in(message.properties.headers)
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
        kind = message.properties.type
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
            if group.end is not None and (followed := self.state.ended.get(group.end)) is not None:
                followed.pop(ident, None)
        self.state.groups_dropped += len(oldest)


def ident_of(shared: tuple[Any, ...]) -> str:
    """Return the id (16 hex digits) of the group whose members share *shared*."""
    return blake2b(pack(shared), digest_size=8).hexdigest()


def _answer(
    ident: str, group: Group, consumers: Mapping[tuple[Any, Any], tuple[str, ...]]
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
    )
