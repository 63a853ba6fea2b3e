"""Which queues serve another one: where its messages wait to be tried again, or for later, or where its failures end.

Pure. A queue that somebody consumes from serves nobody else. The role is worked out from where dead letters are declared
to go, and from where they were seen to go; what it rests on is told with it. Beyond `STEPS_MAX` bindings looked at, the
queues that are left have no role.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from events.values import Text, shown
from projector.linker.routing import route
from projector.linker.topology import DeclaredQueue, Topology

RETRY, DELAY, PARKING = "retry", "delay", "parking"
STEPS_MAX = 200_000
FOLLOWED_MAX = 32
NAMED_MAX = 3

Place = tuple[Any, Any]


class Role(msgspec.Struct, frozen=True):
    """A queue's part for another one.

    `role`: retry (the main queue's dead letters wait here and go back), delay (what is published here waits and goes on) or
    parking (the main queue's dead letters end here). `main` is None where there are several.
    """

    role: str
    main: Text | None
    evidence: tuple[str, ...]


class _Routes:
    """Where the dead letters of each queue go: as declared, and as seen."""

    def __init__(self, topology: Topology, died: Iterable[tuple[Any, Any, Any]]) -> None:
        self._topology = topology
        self._known: dict[tuple[Any, Any, Any], tuple[Any, ...]] = {}
        self._steps = 0
        self.seen: dict[Place, dict[Any, None]] = {}
        for vhost, queue, to in died:
            self.seen.setdefault((vhost, queue), {})[to] = None
        self.declared = {
            place: self._targets(place[0], queue) for place, queue in topology.queues.items()
        }

    def after(self, place: Place) -> dict[Any, None]:
        return dict.fromkeys((*self.declared.get(place, ()), *self.seen.get(place, ())))

    def _targets(self, vhost: Text, queue: DeclaredQueue) -> tuple[Any, ...]:
        exchange, key = queue.dead_letter_exchange, queue.dead_letter_key
        if exchange is None or (exchange == "" and key is None):
            return ()
        asked = (vhost, exchange, key)
        if asked not in self._known:
            bindings = self._topology.bindings.get((vhost, exchange), {})
            self._steps += len(bindings) + 1
            if self._steps > STEPS_MAX:
                return ()
            self._known[asked] = (
                tuple(each.destination for each in bindings.values() if each.to_queue)
                if key is None
                else route(self._topology, vhost, exchange, (key,), None) or ()
            )
        return self._known[asked]


def roles(
    topology: Topology,
    *,
    died: Iterable[tuple[Any, Any, Any]],
    timers: Mapping[Place, int],
    is_worked: Callable[[Any, Any], bool],
) -> dict[Place, Role]:
    """Return the roles of queues, by (vhost, queue).

    *died* tells which dead letters were seen to arrive, as (vhost, queue, queue they arrived in), *timers* how many messages
    waited in a queue until their time was over and went on, *is_worked* whether anybody consumes from a queue.
    """
    routes = _Routes(topology, died)
    found: dict[Place, Role] = {}
    idle = [place for place in topology.queues if not is_worked(*place)]
    waits = {
        place: None
        for place in idle
        if (topology.queues[place].ttl_ms is not None or timers.get(place)) and routes.after(place)
    }
    for place in waits:
        mains = _behind(routes, waits, place)
        if mains:
            found[place] = _waiting(topology, routes, place, mains, timers.get(place, 0))
    sources: dict[Place, dict[Any, None]] = {}
    for place in topology.queues:
        for to in routes.after(place):
            sources.setdefault((place[0], to), {})[place[1]] = None
    for place in idle:
        if place not in found and topology.queues[place].dead_letter_exchange is None:
            mains = _mains(found, place, sources.get(place, {}))
            if mains:
                found[place] = _parking(routes, place, mains)
    return found


def _behind(routes: _Routes, waits: Mapping[Place, None], place: Place) -> list[Any]:
    """Return the queues that what waits in *place* comes to in the end."""
    vhost, first = place
    seen: dict[Any, None] = {first: None}
    todo, ends = [first], dict[Any, None]()
    while todo and len(seen) <= FOLLOWED_MAX:
        for to in routes.after((vhost, todo.pop())):
            if to in seen:
                continue
            seen[to] = None
            if (vhost, to) in waits:
                todo.append(to)
            else:
                ends[to] = None
    return list(ends)


def _waiting(
    topology: Topology, routes: _Routes, place: Place, mains: list[Any], timers: int
) -> Role:
    vhost, queue = place
    back = [main for main in mains if _comes_to(routes, (vhost, main), queue)]
    evidence = ["nobody consumes from it"]
    ttl_ms = topology.queues[place].ttl_ms
    if ttl_ms is not None:
        evidence.append(f"messages wait here for at most {ttl_ms / 1_000:g} s (message-ttl)")
    if timers:
        evidence.append(f"{timers:,} were seen to wait here and go on")
    mains = back or mains
    way = "is declared to go" if routes.declared.get(place) else "was seen to go"
    evidence.append(f"what has waited {way} to {_named(mains)}")
    if back:
        evidence.append(f"dead letters of {_named(back)} come here")
    return Role(RETRY if back else DELAY, mains[0] if len(mains) == 1 else None, tuple(evidence))


def _comes_to(routes: _Routes, place: Place, queue: Any) -> bool:
    """Return whether dead letters of *place* come to *queue*, through others too."""
    seen: dict[Any, None] = {place[1]: None}
    todo = [place[1]]
    while todo and len(seen) <= FOLLOWED_MAX:
        for to in routes.after((place[0], todo.pop())):
            if to == queue:
                return True
            if to not in seen:
                seen[to] = None
                todo.append(to)
    return False


def _mains(found: Mapping[Place, Role], place: Place, sources: Iterable[Any]) -> list[Any]:
    """Return whose dead letters end in *place*; of a queue that serves another, that other."""
    mains: dict[Any, None] = {}
    for source in sources:
        role = found.get((place[0], source))
        main = source if role is None else role.main
        if main is not None and main != place[1]:
            mains[main] = None
    return list(mains)


def _parking(routes: _Routes, place: Place, mains: list[Any]) -> Role:
    vhost, queue = place
    seen = [main for main in mains if queue in routes.seen.get((vhost, main), {})]
    evidence = ["nobody consumes from it", f"dead letters of {_named(mains)} are to end here"]
    if seen:
        evidence.append(f"dead letters of {_named(seen)} were seen to come here")
    return Role(PARKING, mains[0] if len(mains) == 1 else None, tuple(evidence))


def _named(queues: list[Any]) -> str:
    named = ", ".join(shown(queue) for queue in queues[:NAMED_MAX])
    more = len(queues) - NAMED_MAX
    return named if more <= 0 else f"{named} and {more} more"
