"""How well links are drawn in everything recorded: precision, recall by kind of evidence, calibration.

A link is right when it names a message that the application itself says was a cause. What evidence there was between a
message and its true cause is read from the two publishes alone, whatever the linker made of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from events.facts import MessagePublished
from events.identity import position_of
from events.values import shown
from projector.linker.dialects import Dialects
from projector.linker.dialects.reading import What
from recordings import golden
from store.documents import MessageDocument
from tests.corpus.recorder import RECORDED
from tests.support.recording import STREAM, Recording, plain

SURE: Final = 0.8
REPLY, CAUSATION, TRACE, CONVERSATION, SAME_ID, CARRIED, NOTHING = (
    "request and reply",
    "causation id",
    "trace id",
    "correlation or conversation id",
    "same message or task id",
    "same causation id",
    "no id",
)
KINDS: Final = (REPLY, CAUSATION, TRACE, CONVERSATION, SAME_ID, CARRIED, NOTHING)
BINS: Final = (
    (0.0, 0.3),
    (0.3, 0.5),
    (0.5, 0.7),
    (0.7, 0.8),
    (0.8, 0.9),
    (0.9, 0.96),
    (0.96, 1.01),
)


class Claim(NamedTuple):
    """One link that was drawn, on what evidence and how sure, and whether it is right; `first`: it is the parent."""

    sent: str
    evidence: str
    confidence: float
    right: bool
    first: bool


class Effect(NamedTuple):
    """One message that has a cause: of what kind the evidence is, and whether a sure and right parent was found."""

    sent: str
    kind: str
    found: bool


@dataclass
class Score:
    """The claims and the effects of one recording, or of several."""

    claims: list[Claim] = field(default_factory=list[Claim])
    effects: list[Effect] = field(default_factory=list[Effect])

    def sure(self) -> list[Claim]:
        """Return the claims with a confidence of `SURE` and more."""
        return [claim for claim in self.claims if claim.confidence >= SURE]

    def precision(self) -> float:
        """Return how many of the sure claims are right (0 to 1); 1 where there are none."""
        sure = self.sure()
        return sum(claim.right for claim in sure) / len(sure) if sure else 1.0

    def recall(self, *kinds: str) -> float:
        """Return how many effects of *kinds* got a sure and right parent (0 to 1); 1 where there are none."""
        there = [effect for effect in self.effects if effect.kind in kinds]
        return sum(effect.found for effect in there) / len(there) if there else 1.0


def together(scores: Iterable[Score]) -> Score:
    """Return the sum of *scores*."""
    whole = Score()
    for each in scores:
        whole.claims += each.claims
        whole.effects += each.effects
    return whole


def names() -> list[tuple[str, Path]]:
    """Return every recording there is, as its name and the folder it is in: scenarios first, then frameworks."""
    return [
        (path.parent.name, folder)
        for folder in (RECORDED, golden.FOLDER)
        for path in sorted(folder.glob("*/about.json"))
    ]


@cache
def scored(name: str, folder: Path) -> Score:
    """Return the score of one recording."""
    return score(Recording.load(name, folder))


def score(recording: Recording) -> Score:
    """Return the score of *recording*."""
    facts = {
        envelope.position: envelope.fact
        for envelope in recording.envelopes
        if isinstance(envelope.fact, MessagePublished)
    }
    documents = recording.documents()
    found = Score()
    for each in recording.truth:
        document = documents.get(each.sent)
        if document is None:
            continue
        causes = [plain(cause) for cause in (each.cause, *each.more.get("also", ())) if cause]
        claims = list(_claims(recording, each.sent, document, causes))
        found.claims += claims
        if each.cause is None:
            continue
        cause = facts.get(recording.positions.get(plain(each.cause), -1))
        effect = facts[recording.positions[plain(each.sent)]]
        kind = NOTHING if cause is None else kind_of(effect, cause)
        is_found = any(c.first and c.right and c.confidence >= SURE for c in claims)
        found.effects.append(Effect(each.sent, kind, is_found))
    return found


def _claims(
    recording: Recording, sent: str, document: MessageDocument, causes: Sequence[str]
) -> Iterator[Claim]:
    for link in (document.parent, *document.other_parents):
        if link is not None:
            position = position_of(link.uid, STREAM)
            marker = recording.markers.get(-1 if position is None else position)
            first = link is document.parent
            yield Claim(sent, link.evidence, link.confidence, marker in causes, first)


def kind_of(effect: MessagePublished, cause: MessagePublished) -> str:
    """Return the best evidence that two publishes hold of one having caused the other."""
    mine, others = _told(effect), _told(cause)
    reply_to = cause.properties.reply_to
    if reply_to is not None and _goes_to(effect, shown(reply_to)):
        return REPLY
    identities = others[What.IDENTITY] | _texts(cause.properties.message_id)
    if mine[What.CAUSE] & identities:
        return CAUSATION
    if mine[What.TRACE] & others[What.TRACE]:
        return TRACE
    ids = mine[What.CONVERSATION] | _texts(effect.properties.correlation_id)
    if ids & (others[What.CONVERSATION] | _texts(cause.properties.correlation_id)):
        return CONVERSATION
    same = mine[What.IDENTITY] | mine[What.TASK] | _texts(effect.properties.message_id)
    if same & (identities | others[What.TASK]):
        return SAME_ID
    return CARRIED if mine[What.CAUSE] & others[What.CAUSE] else NOTHING


def _goes_to(effect: MessagePublished, reply_to: str) -> bool:
    return any(shown(key).startswith(reply_to) for key in effect.routing_keys)


def _texts(value: str | bytes | None) -> set[str]:
    return set() if value is None else {shown(value)}


def _told(fact: MessagePublished) -> dict[What, set[str]]:
    told: dict[What, set[str]] = {what: set() for what in What}
    for what, _, value in Dialects().read(fact.properties.headers, fact.in_body):
        told[what].add(value)
    return told
