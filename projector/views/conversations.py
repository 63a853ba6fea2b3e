"""Recent conversations: the traces that messages belong to, with their size and span.

Pure. Bounded to the traces that were active last, at most twice `TRACES_MAX`. Services and states of a
trace's messages are asked of the linker when shown; what it forgets is kept here in short.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from events.facts import Envelope
from events.values import Text
from projector.linker.document import state_of
from projector.linker.model import ChangeHandler, ChangeKind, LiveMessage
from projector.views.state import StateView

TRACES_MAX = 2_000
MEMBERS_MAX = 64
"""Of so many messages of a trace the services and states are told; all are counted."""
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
    states: dict[str, None] | None = None
    services: dict[str, None] | None = None


class ConversationsState(msgspec.Struct, array_like=True):
    traces: dict[str, Trace] = {}


class ConversationsView(StateView[ConversationsState]):
    """The view `conversations`."""

    name = "conversations"
    edition = 3

    def __init__(self, linker_version: str) -> None:
        super().__init__(linker_version, ConversationsState)

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {
            ChangeKind.PUBLISHED: self._published,
            ChangeKind.UNSEEN_PUBLISH: self._published,
            ChangeKind.MESSAGE_FORGOTTEN: self._forgotten,
            ChangeKind.TRACE_CHANGED: self._moved,
        }

    def _published(self, envelope: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        self._join(envelope.observed_at, message)

    def _moved(self, envelope: Envelope, message: LiveMessage, before: str, _: Any) -> None:
        """Count a message in the trace that it turned out to be part of, and no longer in the one *before*."""
        traces = self.state.traces
        trace = traces.get(before)
        if trace is not None:
            trace.messages -= 1
            if message.position in trace.members:
                trace.members.remove(message.position)
            if trace.messages <= 0:
                del traces[before]
        self._join(envelope.observed_at, message)

    def _join(self, at: int, message: LiveMessage) -> None:
        position = message.position
        traces = self.state.traces
        trace = traces.get(message.trace_id)
        if trace is not None:
            trace.messages += 1
            trace.last = at
            if len(trace.members) < MEMBERS_MAX:
                trace.members.append(position)
            return
        if len(traces) >= 2 * TRACES_MAX:
            self._make_room()
            traces = self.state.traces
        traces[message.trace_id] = Trace(
            position, at, at, at, message.properties.correlation_id, 1, [position]
        )

    def _make_room(self) -> None:
        """Drop the traces that came first, but let those that were active since go to the end of the line."""
        kept: dict[str, Trace] = {}
        renewed: dict[str, Trace] = {}
        excess = len(self.state.traces) - TRACES_MAX
        for trace_id, trace in self.state.traces.items():
            if excess <= 0:
                kept[trace_id] = trace
            elif trace.last > trace.renewed:
                trace.renewed = trace.last
                renewed[trace_id] = trace
            excess -= 1
        kept.update(renewed)
        while len(kept) > 3 * TRACES_MAX // 2:
            del kept[next(iter(kept))]
        self.state.traces = kept

    def _forgotten(self, _: Envelope, message: LiveMessage, _2: Any, _3: Any) -> None:
        trace = self.state.traces.get(message.trace_id)
        if trace is None:
            return
        if trace.states is None or trace.services is None:
            trace.states, trace.services = {}, {}
        trace.states[state_of(message)] = None
        service = message.publisher.party.service if message.publisher is not None else None
        if service is not None and len(trace.services) < SERVICES_MAX:
            trace.services[service] = None
