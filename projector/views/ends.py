"""Whose traffic it is: the slots under which rows are counted, so that late names still count.

Pure. An endpoint whose name may still change is counted under a slot of its own; one with a final name
shares the slot of its service. Slots become services only in answers. Closed endpoints keep their slot
for a while, because names can arrive after a short connection has closed; then their rows move to their
service's slot, so that many short connections stay few.
"""

import msgspec

from events.values import Text
from projector.linker.model import Endpoint

UNSEEN = -1
UNKNOWN_SERVICE = "unknown"
OTHER_SERVICES = "(others)"
FINAL_CONFIDENCE = 0.9
CLOSED_MAX = 1_024
OPEN_MAX = 65_536
NAMES_MAX = 5_000
NEWEST_KEPT = 64


class End(msgspec.Struct, array_like=True):
    """What is known of one endpoint: open, or closed a short while ago. `last` is when anything was told of it."""

    service: str
    evidence: str | None
    confidence: float
    connection: Text
    vhost: Text
    user: Text
    first: int
    last: int
    closed: bool = False


class Named(msgspec.Struct, array_like=True):
    """What is known of one service beyond its remembered endpoints."""

    index: int
    evidence: str | None
    confidence: float
    first: int
    last: int
    connections: int = 0


class Ends(msgspec.Struct, array_like=True):
    """The slots. An even slot is twice an endpoint's number, an odd one twice a service's index plus one."""

    slots: dict[int, int] = {}
    ends: dict[int, End] = {}
    closed: dict[int, None] = {}
    names: dict[str, Named] = {}

    def slot(self, endpoint: Endpoint, at: int) -> int:
        """Return the slot to count *endpoint* under, meeting it if need be."""
        slot = self.slots.get(endpoint.number)
        return self.meet(endpoint, at) if slot is None else slot

    def meet(self, endpoint: Endpoint, at: int) -> int:
        """Remember *endpoint*, first seen at *at* ns, and return its slot."""
        party = endpoint.party
        service = self._name(party.service)
        number = endpoint.number
        self.ends[number] = End(
            service,
            party.evidence,
            party.confidence,
            endpoint.connection,
            endpoint.vhost,
            endpoint.user,
            at,
            at,
        )
        final = party.confidence >= FINAL_CONFIDENCE
        slot = self._shared(self.ends[number]) if final else number * 2
        self.slots[number] = slot
        if endpoint.closed_at is not None:
            self.close(endpoint, at)
        return slot

    def rename(self, endpoint: Endpoint, at: int) -> None:
        """Give *endpoint* the name it has now; what was counted under its own slot follows."""
        end = self.ends.get(endpoint.number)
        if end is None:
            self.meet(endpoint, at)
            return
        party = endpoint.party
        end.service = self._name(party.service)
        end.evidence, end.confidence = party.evidence, party.confidence
        end.connection, end.user, end.last = endpoint.connection, endpoint.user, at
        if self.slots[endpoint.number] & 1 or party.confidence >= FINAL_CONFIDENCE:
            self.slots[endpoint.number] = self._shared(end)

    def close(self, endpoint: Endpoint, at: int) -> None:
        """Note that *endpoint* is closed."""
        end = self.ends.get(endpoint.number)
        if end is None:
            self.meet(endpoint, at)
        elif not end.closed:
            end.closed, end.last = True, at
            self.closed[endpoint.number] = None

    def settled(self) -> dict[int, int]:
        """Forget the endpoints that need not be followed any longer; return which slots moved into which.

        Empty until there are enough of them to pay for going through the rows.
        """
        if len(self.closed) >= 2 * CLOSED_MAX:
            return self._forget(list(self.closed)[:CLOSED_MAX])
        if len(self.ends) >= OPEN_MAX:
            return self._forget(list(self.ends)[: OPEN_MAX // 2])
        return {}

    def merged(self) -> dict[int, int]:
        """Let all but the newest endpoints share the slot of their service; return which slots moved into which."""
        moved: dict[int, int] = {}
        for number in list(self.ends)[:-NEWEST_KEPT]:
            if not self.slots[number] & 1:
                moved[number * 2] = self.slots[number] = self._shared(self.ends[number])
        return moved

    def services(self) -> dict[int, str]:
        """Return the service of every slot."""
        by_slot = {named.index * 2 + 1: name for name, named in self.names.items()}
        by_slot.update((number * 2, end.service) for number, end in self.ends.items())
        return by_slot

    def _forget(self, numbers: list[int]) -> dict[int, int]:
        moved: dict[int, int] = {}
        for number in numbers:
            end = self.ends.pop(number)
            del self.slots[number]
            self.closed.pop(number, None)
            moved[number * 2] = self._shared(end)
            named = self.names[end.service]
            named.connections += 1
            named.first, named.last = min(named.first, end.first), max(named.last, end.last)
        return moved

    def _name(self, service: str | None) -> str:
        name = service or UNKNOWN_SERVICE
        return name if name in self.names or len(self.names) < NAMES_MAX else OTHER_SERVICES

    def _shared(self, end: End) -> int:
        named = self.names.get(end.service)
        if named is None:
            named = Named(len(self.names), end.evidence, end.confidence, end.first, end.last)
            self.names[end.service] = named
        elif end.confidence > named.confidence:
            named.evidence, named.confidence = end.evidence, end.confidence
        return named.index * 2 + 1
