"""Real traffic, folded with a restart in the middle, comes to the same."""

import pytest

from projector.linker.linker import Linker
from tests.support.recording import STREAM, Recording, recorded


@pytest.mark.parametrize("name", recorded())
def test_a_restart_amid_real_traffic_changes_nothing(name: str) -> None:
    """Whatever a framework wrote, the state saved and restored goes on as if nothing had been."""
    envelopes = Recording.load(name).envelopes
    whole, first, rest = Linker(STREAM), Linker(STREAM), Linker(STREAM)
    half = len(envelopes) // 2
    for envelope in envelopes:
        whole.fold(envelope)
    for envelope in envelopes[:half]:
        first.fold(envelope)
    rest.restore(first.save())
    for envelope in envelopes[half:]:
        rest.fold(envelope)

    assert rest.digest() == whole.digest()
