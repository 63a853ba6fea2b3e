"""What is concluded of lives, held to the page and to the truth."""

from collections import Counter
from collections.abc import Mapping

from store.documents import MessageDocument
from tests.support.lives import Lived, Play
from tests.support.lives_page import concluded, confidence, rows, shown

PLACES = ("waiting",)
HANDED = ("delivered", "redelivered")


def check(lived: Mapping[str, Lived]) -> None:
    """Assert that every life is concluded as its row says and that this is true.

    Raises:
        AssertionError: it tells of every life that is not.
    """
    wrong = [complaint for name, life in lived.items() for complaint in complaints(name, life)]
    assert not wrong, "\n".join(["", *wrong])


def complaints(name: str, life: Lived) -> list[str]:
    """Return what of a life is not as its row says, or not true."""
    row = next(row for row in rows() if row.name == name.rpartition("-")[0])
    prefix = life.play.named("")
    told = (shown(life.facts), concluded(life.document, prefix), confidence(life.document))
    wrong = [f"{name}: {told}, not {row.told(life.play.scene.version)}"]
    if told == row.told(life.play.scene.version):
        wrong = []
    return wrong + [f"{name}: {untrue}" for untrue in untruths(life)]


def untruths(life: Lived) -> list[str]:
    """Return what is concluded of a life and is not true; what the broker hides may be missing, never be made up."""
    truth, document = life.truth, life.document
    wrong: list[str] = []
    for what, mine, real in (
        ("given", _given(life.play, document), truth.given),
        ("deaths", _deaths(life.play, document), truth.deaths),
        ("rests", _rests(life.play, document), {k: v for k, v in truth.rests.items() if v}),
    ):
        hidden = what in truth.hidden
        surely = all(mine[key] <= real.get(key, 0) for key in mine)  # pyright: ignore[reportArgumentType, reportCallIssue]
        if mine != real and not (hidden and surely):
            wrong.append(f"{what} {mine} instead of {real}")
    if document.retry_rounds != truth.rounds and "rounds" not in truth.hidden:
        wrong.append(f"{document.retry_rounds} rounds instead of {truth.rounds}")
    for role, count in truth.rests.items():
        there = life.depths[life.play.named(role)]
        if there < count or (there and not count):
            wrong.append(f"{role} holds {there}, not {count}")
    return wrong


def _given(play: Play, document: MessageDocument) -> dict[str, int]:
    return dict(
        sum(
            (
                Counter({play.role(_text(copy.queue)): len(copy.attempts)})
                for copy in document.copies
            ),
            Counter[str](),
        )
    )


def _deaths(play: Play, document: MessageDocument) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for copy in document.copies:
        if copy.dead_letter is not None:
            key = (play.role(_text(copy.queue)), copy.dead_letter.reason)
            found[key] = max(found.get(key, 0), copy.dead_letter.count)
    return found


def _rests(play: Play, document: MessageDocument) -> dict[str, int]:
    return dict(
        Counter(play.role(_text(copy.queue)) for copy in document.copies if copy.state in PLACES)
    )


def _text(queue: str | bytes) -> str:
    return queue if isinstance(queue, str) else repr(queue)
