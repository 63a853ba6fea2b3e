"""Laws that hold for the linker and every view, whatever the history."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.facts import Envelope
from projector.answering import Answers
from projector.projection import Projection, restored, snapshot_of, state_in
from tests.support.histories import histories, long_history

ROOT = Path(__file__).parents[2]
LAWS = settings(max_examples=60, deadline=None)
LONG = 3_000
DIGESTS = """
from projector.projection import Projection
from tests.support.histories import long_history
projection = Projection("main")
projection.fold.fold(long_history(7, {count}))
print({{name: digest.hex() for name, digest in projection.fold.save().digests().items()}})
"""


def folded(history: list[Envelope], projection: Projection | None = None) -> Projection:
    """Return *projection* (else a new one) with *history* folded, as the roles do it."""
    projection = projection or Projection("main")
    projection.fold.fold(history)
    projection.linker.take_changed()
    return projection


@LAWS
@given(histories(), st.data())
def test_a_restart_anywhere_changes_nothing(history: list[Envelope], data: st.DataObject) -> None:
    """Resuming from a snapshot taken anywhere gives every part's state of an unbroken run."""
    cut = data.draw(st.integers(0, len(history)))
    snapshot = snapshot_of(folded(history[:cut]), block=1, log_digest=bytes(32))
    resumed = restored(snapshot, "main")

    assert resumed is not None
    assert folded(history[cut:], resumed).fold.save() == folded(history).fold.save()


@LAWS
@given(histories(), st.lists(st.integers(1, 40), max_size=20))
def test_pieces_fold_like_the_whole(history: list[Envelope], sizes: list[int]) -> None:
    """Folding in pieces of any size gives the state of folding at once."""
    projection, start = Projection("main"), 0
    for size in sizes:
        folded(history[start : start + size], projection)
        start += size
    folded(history[start:], projection)

    assert projection.fold.save() == folded(history).fold.save()


@LAWS
@given(histories())
def test_what_is_saved_is_restored(history: list[Envelope]) -> None:
    """A restored projection saves the same bytes, and each part's digest is that of its saved form."""
    projection = folded(history)
    state = projection.fold.save()
    again = Projection("main")
    again.fold.restore(state)

    assert again.fold.save() == state
    assert {view.name: view.digest() for view in again.fold.views} | {
        "linker": again.linker.digest()
    } == state.digests()


@LAWS
@given(histories())
def test_every_answer_can_be_given(history: list[Envelope]) -> None:
    """No history makes an answer fail, and asking changes no state."""
    projection = folded(history)
    before = projection.fold.save()
    answers = Answers(projection)
    for queue in answers.queues():
        assert answers.queue_contents(queue.vhost, queue.name) is not None
    for group in answers.dead_letters():
        assert answers.dead_letter_messages(group.id, limit=1)
    for ask in (answers.topology, answers.services, answers.relationships):
        assert ask() is not None
    for ask in (answers.conversations, answers.capture, answers.projections):
        assert ask() is not None

    assert projection.fold.save() == before


@LAWS
@given(histories())
def test_nodes_and_edges_fit_together(history: list[Envelope]) -> None:
    """Ids of nodes are unique, and every edge joins two nodes of the kinds that its own kind allows."""
    topology = Answers(folded(history)).topology()
    kinds = {node.id: node.kind for node in topology.nodes}
    allowed = {
        "publish": {("service", "exchange")},
        "binding": {("exchange", "queue")},
        "deliver": {("queue", "service")},
        "dead-letter": {("queue", "exchange"), ("queue", "queue")},
        "exchange-binding": {("exchange", "exchange")},
        "alternate": {("exchange", "exchange")},
    }

    assert len(kinds) == len(topology.nodes)
    for edge in topology.edges:
        assert (kinds[edge.from_], kinds[edge.to]) in allowed[edge.kind]
        assert edge.declared or edge.observed


@LAWS
@given(histories())
def test_counts_agree_with_the_facts(history: list[Envelope]) -> None:
    """What services published and consumed is what the log holds, event for event."""
    services = Answers(folded(history)).services()
    capture = Answers(folded(history)).capture()

    assert sum(service.published for service in services) == capture.published
    assert sum(service.consumed for service in services) == capture.delivered


@LAWS
@given(histories())
def test_queues_agree_with_their_contents(history: list[Envelope]) -> None:
    """A queue's numbers are those of the copies listed in it."""
    answers = Answers(folded(history))
    for queue in answers.queues():
        contents = answers.queue_contents(queue.vhost, queue.name) or ()
        waiting = [copy for copy in contents if copy.state == "waiting"]

        assert (len(waiting), len(contents) - len(waiting)) == (queue.waiting, queue.delivered)


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_digests_do_not_depend_on_the_hash_seed(seed: str) -> None:
    """Processes with different hash seeds fold one history into equal digests."""
    told = subprocess.run(
        [sys.executable, "-c", DIGESTS.format(count=LONG)],
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    digests = folded(long_history(7, LONG)).fold.save().digests()

    assert told == str({name: digest.hex() for name, digest in digests.items()})


def test_a_damaged_snapshot_is_no_snapshot() -> None:
    """A snapshot whose state does not give its digest is not used."""
    snapshot = snapshot_of(folded(long_history(3, 100)), block=1, log_digest=bytes(32))
    damaged = type(snapshot)(
        snapshot.projection,
        snapshot.version,
        1,
        snapshot.position,
        bytes(32),
        bytes(32),
        snapshot.state,
    )

    assert state_in(snapshot) is not None
    assert state_in(damaged) is None
