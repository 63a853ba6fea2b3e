"""Recordings of real frameworks, folded, with what the applications themselves know of their messages.

A publish is known by its marker: the first ``~NAME~`` in its body, else its message id. The second publish of one marker in
the log is ``NAME#2``. What an application tells of a message is compared with what the linker concludes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from msgspec.structs import replace

from collector.decoding.hints import hints_of
from events.facts import Envelope, MessagePublished
from events.identity import position_of
from events.values import shown
from projector.linker.linker import Linker
from recordings import golden
from store.documents import MessageDocument

STREAM: Final = "main"
MARKER: Final = re.compile(rb"~([^~\s]{1,80})~")


class Sent(NamedTuple):
    """What an application told of one message: *cause* is the marker of the message it handled, None for a beginning."""

    sent: str
    service: str
    cause: str | None
    more: dict[str, Any]


class Link(NamedTuple):
    """A parent that the linker concluded, beside the true one; None stands for no parent."""

    sent: str
    true: str | None
    found: str | None
    evidence: str | None
    confidence: float


@dataclass(frozen=True)
class Recording:
    """A recording, and the places of the messages that the applications told of."""

    name: str
    about: dict[str, Any]
    envelopes: Sequence[Envelope]
    bodies: dict[tuple[int, int], bytes]
    truth: Sequence[Sent]
    positions: dict[str, int] = field(default_factory=dict[str, int])
    """Where each marker was published."""
    markers: dict[int, str] = field(default_factory=dict[int, str])

    @classmethod
    def load(cls, name: str, folder: Path = golden.FOLDER) -> Self:
        """Return the recording *name* below *folder*."""
        envelopes, bodies = golden.read_log(folder / name)
        envelopes = [_with_hints(envelope, bodies) for envelope in envelopes]
        truth = [
            Sent(line.pop("sent"), line.pop("service"), line.pop("cause"), line)
            for line in golden.read_truth(folder / name)
        ]
        found = cls(name, golden.read_about(folder / name), envelopes, bodies, truth)
        found._place()
        return found

    def _place(self) -> None:
        seen: dict[str, int] = {}
        for envelope in self.envelopes:
            if not isinstance(envelope.fact, MessagePublished):
                continue
            name = self._marker(envelope.fact)
            if name is None:
                continue
            seen[name] = seen.get(name, 0) + 1
            marker = name if seen[name] == 1 else f"{name}#{seen[name]}"
            self.positions[marker] = envelope.position
            self.markers[envelope.position] = marker

    def _marker(self, fact: MessagePublished) -> str | None:
        body = self.bodies[fact.body.block, fact.body.index] if fact.body else b""
        if found := MARKER.search(body):
            return found[1].decode()
        message_id = fact.properties.message_id
        return None if message_id is None else shown(message_id)

    def missing(self) -> list[str]:
        """Return the markers told of that were not captured."""
        return [each.sent for each in self.truth if plain(each.sent) not in self.positions]

    def documents(self) -> dict[str, MessageDocument]:
        """Return what the linker makes of the messages told of, by marker."""
        documents = self.folded()
        return {
            each.sent: documents[self.positions[plain(each.sent)]]
            for each in self.truth
            if plain(each.sent) in self.positions
        }

    def folded(self) -> dict[int, MessageDocument]:
        """Return what the linker makes of all messages, by position."""
        linker = Linker(STREAM)
        found: dict[int, MessageDocument] = {}
        for envelope in self.envelopes:
            linker.fold(envelope)
            for message in linker.take_changed():
                found[message.position] = linker.document(message)
        return found

    def links(self) -> list[Link]:
        """Return the true parent of every message told of, and the one concluded; an unmarked parent is ``?POSITION``."""
        documents = self.documents()
        found: list[Link] = []
        for each in self.truth:
            if each.sent not in documents:
                continue
            parent = documents[each.sent].parent
            true = each.cause and plain(each.cause)
            if parent is None:
                found.append(Link(each.sent, true, None, None, 0.0))
                continue
            position = position_of(parent.uid, STREAM)
            name = self.markers.get(-1 if position is None else position, f"?{position}")
            found.append(Link(each.sent, true, name, parent.evidence, parent.confidence))
        return found


def _with_hints(envelope: Envelope, bodies: dict[tuple[int, int], bytes]) -> Envelope:
    """Return *envelope* with what the collector finds in the body today: recordings outlive what it looks for."""
    fact = envelope.fact
    if not isinstance(fact, MessagePublished) or fact.body is None:
        return envelope
    body = bodies[fact.body.block, fact.body.index]
    hints = hints_of(fact.properties.content_type, body, ())
    return replace(envelope, fact=replace(fact, in_body=hints))


def plain(marker: str) -> str:
    """Return *marker* in the form it has in `positions`: the first publish has no number."""
    return marker.removesuffix("#1") if marker.endswith("#1") else marker


def recorded() -> list[str]:
    """Return the names of all recordings."""
    return sorted(path.parent.name for path in golden.FOLDER.glob("*/about.json"))
