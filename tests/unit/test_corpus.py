"""The score of links in everything recorded: wrong ones are worse than none, and silence is no way to win."""

from pathlib import Path

import pytest

from tests.corpus import page, score
from tests.corpus.recorder import RECORDED
from tests.corpus.scenarios import SCENARIOS
from tests.corpus.score import CAUSATION, KINDS, REPLY, SURE, TRACE, Score
from tests.support.recording import Recording

SCENARIOS_MIN = 20
PRECISION_MIN = 0.99
RECALL_MIN, RECALL_REPLIES_MIN = 0.95, 0.9
OVERSTATED_MAX = 0.1
LINKS_MIN = 20
"""Of fewer links a share says little."""

NAMES = score.names()


@pytest.fixture(scope="module")
def whole() -> Score:
    return score.together(score.scored(name, folder) for name, folder in NAMES)


@pytest.mark.parametrize(("name", "folder"), NAMES, ids=[name for name, _ in NAMES])
def test_in_every_recording_what_is_stated_surely_is_right(name: str, folder: Path) -> None:
    """At least 99 of 100 links with a confidence of 0.8 or more are true, in each scenario by itself."""
    found = score.scored(name, folder)

    assert found.precision() >= PRECISION_MIN, [claim for claim in found.sure() if not claim.right]


def test_what_ids_tell_is_found(whole: Score) -> None:
    """Of messages whose cause a trace or causation id or a reply address tells, nearly all get it as a sure parent."""
    assert whole.precision() >= PRECISION_MIN
    assert whole.recall(TRACE, CAUSATION) >= RECALL_MIN
    assert whole.recall(REPLY) >= RECALL_REPLIES_MIN


def test_confidences_are_not_overstated(whole: Score) -> None:
    """In every range of confidence the share of right links is not below the mean stated by more than a tenth."""
    for low, high in score.BINS:
        there = [claim for claim in whole.claims if low <= claim.confidence < high]
        if len(there) < LINKS_MIN:
            continue
        stated = sum(claim.confidence for claim in there) / len(there)
        right = sum(claim.right for claim in there) / len(there)
        assert right >= stated - OVERSTATED_MAX, (low, stated, right)


def test_timing_alone_is_never_sure(whole: Score) -> None:
    """Where nothing names a cause, no link reaches 0.8, and there are such links."""
    guesses = [claim for claim in whole.claims if claim.evidence == "single-unfinished-delivery"]

    assert guesses
    assert max(claim.confidence for claim in guesses) < SURE


def test_the_corpus_holds_what_it_says() -> None:
    """Every scenario is recorded, nothing else is, all its messages were captured, and there is every kind of evidence."""
    recorded = {name for name, folder in NAMES if folder == RECORDED}
    kinds = {effect.kind for name, folder in NAMES for effect in score.scored(name, folder).effects}

    assert recorded == set(SCENARIOS)
    assert len(recorded) >= SCENARIOS_MIN
    assert kinds == set(KINDS)
    assert not [name for name in sorted(recorded) if Recording.load(name, RECORDED).missing()]


def test_the_page_states_the_score() -> None:
    """The tables in the page on links are those computed now; ``python -m tests.corpus score`` writes them."""
    assert page.written() == page.table().strip()
