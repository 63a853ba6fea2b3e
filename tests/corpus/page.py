"""The score as tables of the page on links; the page holds what is computed, and a test holds it to that.

What is between the page's two marks is written by ``python -m tests.corpus score``.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from recordings import golden
from tests.corpus import score
from tests.corpus.recorder import RECORDED
from tests.corpus.score import Claim, Score

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "links.md"
BEGIN: Final = "<!-- score begins: python -m tests.corpus score -->"
END: Final = "<!-- score ends -->"


def write() -> None:
    """Write the tables into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}{END}{after}")


def written() -> str:
    """Return the tables as they stand in the page."""
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def table() -> str:
    """Return the tables as Markdown."""
    scenarios = [
        (name, score.scored(name, folder)) for name, folder in score.names() if folder == RECORDED
    ]
    frameworks = [
        (name, score.scored(name, folder))
        for name, folder in score.names()
        if folder == golden.FOLDER
    ]
    whole = score.together(each for _, each in scenarios + frameworks)
    lines = [
        f"{len(scenarios)} scenarios and {len(frameworks)} recordings of frameworks, {len(whole.claims)} links.",
        "",
        *_calibration(whole),
        "",
        *_recall(whole),
        "",
        *_evidence(whole),
        "",
        *_each("scenario", scenarios),
        "",
        *_each("framework", frameworks),
    ]
    return "\n".join(lines) + "\n"


def _calibration(whole: Score) -> Iterator[str]:
    yield "| stated confidence | links | mean stated | right |"
    yield "|---|---:|---:|---:|"
    for low, high in score.BINS:
        there = [claim for claim in whole.claims if low <= claim.confidence < high]
        if there:
            yield f"| {low:.2f} to {min(high, 1.0):.2f} | {len(there)} | {_mean(there):.2f} | {_right(there):.2f} |"
    sure = whole.sure()
    yield f"| **0.80 and more** | {len(sure)} | {_mean(sure):.2f} | **{_right(sure):.3f}** |"


def _recall(whole: Score) -> Iterator[str]:
    yield "| evidence there was | messages with a cause | parent found with 0.8 or more |"
    yield "|---|---:|---:|"
    for kind in score.KINDS:
        count = sum(effect.kind == kind for effect in whole.effects)
        yield f"| {kind} | {count} | {whole.recall(kind):.3f} |"


def _evidence(whole: Score) -> Iterator[str]:
    by: dict[str, list[Claim]] = defaultdict(list)
    for claim in whole.claims:
        by[claim.evidence].append(claim)
    yield "| evidence of a link | links | mean stated | right |"
    yield "|---|---:|---:|---:|"
    for evidence, there in sorted(by.items()):
        yield f"| {evidence} | {len(there)} | {_mean(there):.2f} | {_right(there):.2f} |"


def _each(what: str, scores: list[tuple[str, Score]]) -> Iterator[str]:
    yield f"| {what} | links of 0.8 and more | of these right | found with 0.8 or more, by evidence |"
    yield "|---|---:|---:|---|"
    for name, each in scores:
        found = "; ".join(
            f"{kind} {sum(e.found for e in there)}/{len(there)}"
            for kind in score.KINDS
            if (there := [effect for effect in each.effects if effect.kind == kind])
        )
        sure = each.sure()
        right = sum(claim.right for claim in sure)
        yield f"| {name.replace('_', ' ')} | {len(sure)} | {right} | {found or 'nothing has a cause'} |"


def _mean(claims: list[Claim]) -> float:
    return sum(claim.confidence for claim in claims) / max(1, len(claims))


def _right(claims: list[Claim]) -> float:
    return sum(claim.right for claim in claims) / max(1, len(claims))
