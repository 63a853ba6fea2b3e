"""The page of frameworks says what the dialects read; ``python -m tests.support.frameworks_page`` writes it."""

from projector.linker.dialects import DIALECTS
from recordings import golden
from tests.support.frameworks_page import PAGE, written


def test_the_page_says_what_is_read_and_what_was_recorded() -> None:
    """The tables on the page are those made from the dialects and the recordings."""
    assert written() in PAGE.read_text()


def test_what_dialects_were_checked_against_is_there() -> None:
    """Each recording that a dialect names exists."""
    named = {name for dialect in DIALECTS for name in dialect.recorded}

    assert {name for name in named if not (golden.FOLDER / name / "log.zst").exists()} == set()


def test_every_row_has_a_name_of_its_own() -> None:
    """No two frameworks are called the same."""
    names = [dialect.name for dialect in DIALECTS if dialect.name]

    assert len(names) == len(set(names))
