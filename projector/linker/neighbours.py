"""Which named services have connections like a nameless one: of the same user, from the same host, with the same client.

Pure. Many clients name one of a service's connections and not the others. A nameless one is counted to a service only where
its surroundings know no other, or where just one of them connected at the same time; that is no more than likely, and says
so. A second service there makes it unknown again.
"""

from typing import Any

from events.values import Text, shown
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.memory import Memory

TOGETHER_NS = 1_000_000_000
ENVIRONMENTS_MAX = 10_000
SERVICES_MAX = 8
OPENINGS_KEPT = 16

ALONE = "the only named service of its host, user and client"
ALONE_TOGETHER = "the only named service of its host, user and client, connected at the same time"
TOGETHER = "the only service of its host, user and client that connected at the same time"
CONFIDENCE = {ALONE: 0.45, ALONE_TOGETHER: 0.55, TOGETHER: 0.45}

Environment = tuple[Text, str, Text]
Openings = dict[str, list[int]]  # when connections of each named service were opened, ns


def environment(endpoint: LinkedEndpoint) -> Environment | None:
    """Return user, host and client of *endpoint*; None where these are not known."""
    host = shown(endpoint.peer_host) or host_in(endpoint.connection)
    return (endpoint.user, host, endpoint.client) if host and endpoint.client else None


def named(memory: Memory, endpoint: LinkedEndpoint) -> list[LinkedEndpoint]:
    """Note that *endpoint* has a name of its own; return the nameless ones around it, which that may concern."""
    here, service = environment(endpoint), endpoint.party.service
    if here is None or service is None:
        return []
    known = memory.environments.setdefault(here, {})
    openings = known.get(service)
    if openings is None:
        if len(known) >= SERVICES_MAX:
            return []
        openings = known[service] = []
    if endpoint.opened_at in openings:
        return []
    openings.append(endpoint.opened_at)
    del openings[:-OPENINGS_KEPT]
    if len(memory.environments) > ENVIRONMENTS_MAX:
        del memory.environments[next(iter(memory.environments))]
    return [
        other
        for other in memory.endpoints.current.values()
        if other is not endpoint and other.client == endpoint.client and environment(other) == here
    ]


def likeliest(memory: Memory, endpoint: LinkedEndpoint) -> tuple[str, str, float] | None:
    """Return the service that a nameless connection is likely part of, why, and how sure; None where that is open."""
    here = environment(endpoint)
    known = None if here is None else memory.environments.get(here)
    if not known or len(known) >= SERVICES_MAX:
        return None
    together = [
        service
        for service, openings in known.items()
        if any(abs(at - endpoint.opened_at) <= TOGETHER_NS for at in openings)
    ]
    if len(known) == 1:
        evidence = ALONE_TOGETHER if together else ALONE
        return next(iter(known)), evidence, CONFIDENCE[evidence]
    return (together[0], TOGETHER, CONFIDENCE[TOGETHER]) if len(together) == 1 else None


def host_in(connection: Text) -> str:
    """Return the peer's host in a broker's connection name, "" where there is none."""
    peer, arrow, _ = shown(connection).partition(" -> ")
    return peer.rpartition(":")[0] if arrow else ""


def rows(memory: Memory) -> list[Any]:
    """Return what is known of environments as builtins."""
    return [[*here, list(known.items())] for here, known in memory.environments.items()]


def restore(memory: Memory, saved: list[Any]) -> None:
    """Take what :func:`rows` returned."""
    memory.environments = {
        (user, host, client): {service: list(openings) for service, openings in known}
        for user, host, client, known in saved
    }
