"""Recent conversations: the traces that messages belong to, with their size and span.

Pure. Bounded to the traces that were active last. Services and states of a trace's messages are asked of
the linker when shown; what it forgets is kept here in short.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from events.facts import Envelope, Fact
from events.values import Text
from projector.linker.document import state_of
from projector.linker.model import ChangeHandler, ChangeKind, FactHandler, LiveMessage
from projector.views import state

TRACES_MAX = 2_000
MEMBERS_MAX = 64
SERVICES_MAX = 32


class Trace(msgspec.Struct, array_like=True):
    """`root` and `members` are messages' positions; `renewed` is `last` as it was when the trace came last in line.

    `states` and `services` are those of members that the linker has forgotten.
    """

    root: int
    started: int
    last: int
    renewed: int
    correlation_id: Text | None
    messages: int = 0
    members: list[int] = []
    states: dict[str, None] = {}
    services: dict[str, None] = {}


class ConversationsState(msgspec.Struct, array_like=True):
    traces: dict[str, Trace] = {}


_unpack = state.unpacker(ConversationsState).decode


class ConversationsView:
    """The view `conversations`."""

    name = "conversations"

    def __init__(self, linker_version: str) -> None:
        self.version = f"1+{linker_version}"
        self.state = ConversationsState()

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {
            ChangeKind.PUBLISHED: self._published,
            ChangeKind.UNSEEN_PUBLISH: self._published,
            ChangeKind.PARENT_CHANGED: self._moved,
            ChangeKind.MESSAGE_FORGOTTEN: self._forgotten,
        }

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        return {}

    def save(self) -> bytes:
        return state.pack(self.state)

    def restore(self, state: bytes) -> None:
        self.state = _unpack(state)

    def digest(self) -> bytes:
        return state.digest(self.save())

    def _published(self, envelope: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        at = envelope.observed_at
        trace = self.state.traces.get(message.trace_id)
        if trace is None:
            trace = self._begin(message, at)
        trace.messages += 1
        trace.last = at
        if len(trace.members) < MEMBERS_MAX:
            trace.members.append(message.position)

    def _moved(self, envelope: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        """Count a message whose parent changed in the trace it is in now, unless that is where it was."""
        trace = self.state.traces.get(message.trace_id)
        if trace is None or (
            len(trace.members) < MEMBERS_MAX and message.position not in trace.members
        ):
            self._published(envelope, message, None, None)

    def _begin(self, message: LiveMessage, at: int) -> Trace:
        traces = self.state.traces
        while len(traces) >= TRACES_MAX:
            oldest = next(iter(traces))
            trace = traces.pop(oldest)
            if trace.last > trace.renewed:
                trace.renewed = trace.last
                traces[oldest] = trace
        trace = traces[message.trace_id] = Trace(
            message.position, at, at, at, message.properties.correlation_id
        )
        return trace

    def _forgotten(self, _: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        trace = self.state.traces.get(message.trace_id)
        if trace is None:
            return
        trace.states[state_of(message)] = None
        service = message.publisher.party.service if message.publisher is not None else None
        if service is not None and len(trace.services) < SERVICES_MAX:
            trace.services[service] = None
