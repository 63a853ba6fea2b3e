"""What the view of rates counts, in which slices, and how it stays bounded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.facts import Envelope, QueueDeleted, QueueSampled
from projector.answering import Answers
from projector.projection import Projection
from projector.system import Rates
from projector.views.depths import ALL_MAX, SAMPLES_MAX, Depths
from projector.views.slices import KEPT, KEYS_MAX, SECOND_NS, STEPS_S, Slices
from tests.support.histories import histories
from tests.support.story import START_NS, Story

SENDER, WORKER = "1.1.1.1:1 -> b", "2.2.2.2:2 -> b"
HOUR_NS = 3_600 * SECOND_NS


def begun() -> Story:
    story = Story()
    story.exchange("orders")
    story.queue("work", dead_letter_exchange="dlx")
    story.bind("orders", "work")
    story.connect(SENDER, "Sender")
    story.connect(WORKER, "Worker")
    return story


def used() -> Story:
    """Two messages: one was refused after a second attempt, one was routed nowhere."""
    story = begun()
    told = story.publish(SENDER, "orders", "k", ("work",))
    story.deliver(told, "work", WORKER)
    story.deliver(told, "work", WORKER, redelivered=True)
    story.die(told, "work", "rejected", "dlx")
    story.publish(SENDER, "orders", "k", ())
    return story


def asked(story: Story, about: str | None = None, to: str | None = None) -> Rates:
    until = story.at + SECOND_NS
    return story.answers().rates(about, to, since=START_NS, until=until, buckets=60)


def sums(rates: Rates) -> tuple[int, ...]:
    """Return published, unroutable, delivered, redelivered, dead-lettered."""
    each = [
        (b.published, b.unroutable, b.delivered, b.redelivered, b.dead_lettered)
        for b in rates.buckets
    ]
    return tuple(map(sum, zip(*each, strict=True)))


def test_what_passes_a_node_counts_there() -> None:
    """Each node has what it took part in, and all together what was seen."""
    story = used()

    assert sums(asked(story)) == (2, 1, 2, 1, 1)
    assert sums(asked(story, "service:Sender")) == (2, 1, 0, 0, 0)
    assert sums(asked(story, "service:Worker")) == (0, 0, 2, 1, 1)
    assert sums(asked(story, "exchange:/:orders")) == (2, 1, 0, 0, 0)
    assert sums(asked(story, "queue:/:work")) == (1, 0, 2, 1, 1)
    assert sums(asked(story, "queue:/:other")) == (0, 0, 0, 0, 0)


def test_what_takes_a_way_counts_on_it() -> None:
    """A way counts what went from its one end to the other."""
    story = used()

    assert sums(asked(story, "service:Sender", "exchange:/:orders")) == (2, 1, 0, 0, 0)
    assert sums(asked(story, "exchange:/:orders", "queue:/:work")) == (1, 0, 0, 0, 0)
    assert sums(asked(story, "queue:/:work", "service:Worker")) == (0, 0, 2, 1, 1)
    assert sums(asked(story, "queue:/:work", "exchange:/:dlx")) == (0, 0, 0, 0, 1)
    assert sums(asked(story, "queue:/:work", "service:Sender")) == (0, 0, 0, 0, 0)


def test_buckets_lie_side_by_side_and_stand_still() -> None:
    """They cover what was asked for without holes, and asking a little later moves none of their borders."""
    story = used()
    now, later = asked(story), None
    story.wait(1)
    later = asked(story)
    borders = [bucket.since for bucket in now.buckets]

    assert [bucket.until for bucket in now.buckets[:-1]] == borders[1:]
    assert all(since % now.width_ns == 0 for since in borders)
    assert [bucket.since for bucket in later.buckets][: len(borders)] == borders


def test_older_times_are_told_more_coarsely() -> None:
    """The finest slices that go back far enough are summed: ten seconds, a minute, an hour."""
    story = used()
    story.wait(3 * 3_600)
    story.publish(SENDER, "orders", "k", ("work",))
    now, answers = story.at, story.answers()
    for minutes, resolution_s in ((15, 10), (120, 60), (600, 3_600)):
        since = now - minutes * 60 * SECOND_NS
        found = answers.rates(None, None, since=since, until=now + 1, buckets=500)
        assert found.resolution_ns == resolution_s * SECOND_NS
    assert sums(asked(story))[0] == 3


def test_a_series_follows_a_late_name() -> None:
    """What a connection did before its name was known counts for the service that it turned out to be."""
    story = begun()
    story.publish("9.9.9.9:9 -> b", "orders", "k", ("work",))
    story.connect("9.9.9.9:9 -> b", "Late")

    assert sums(asked(story, "service:Late"))[0] == 1


def test_depths_are_told_beside_what_was_believed() -> None:
    """A depth that stays is its first and last sample, with what was believed then; a deleted queue has none."""
    story = begun()
    story.publish(SENDER, "orders", "k", ("work",))
    for ready in (1, 1, 1, 1, 0):
        story.tell(QueueSampled("/", "work", ready, 2, 1))
    depths = asked(story, "queue:/:work").depths
    story.tell(QueueDeleted("/", "work", "event"))

    assert [(d.ready, d.unacked, d.believed) for d in depths] == [(1, 2, 1), (1, 2, 1), (0, 2, 1)]
    assert depths[1].at - depths[0].at == 3 * SECOND_NS
    assert asked(story, "queue:/:work").depths == ()


def test_depths_begin_with_the_last_one_before() -> None:
    """The first depth told is the last one sampled before the times asked for: it holds at their beginning."""
    story = begun()
    for ready in (7, 5, 3):
        story.tell(QueueSampled("/", "work", ready, 0, 1))
    ats = [d.at for d in asked(story, "queue:/:work").depths]

    def told(since: int, until: int) -> list[int]:
        found = story.answers().rates("queue:/:work", None, since=since, until=until, buckets=500)
        return [depth.ready for depth in found.depths]

    slot = 10 * SECOND_NS
    begin = ats[2] - ats[2] % slot + slot  # of a slice, behind all of them
    assert told(begin, begin + slot) == [3]
    assert told(START_NS, ats[2]) == [7, 5]
    assert told(0, ats[0]) == []


def test_depths_are_bounded_and_keep_their_peaks() -> None:
    """Beyond its share the older half of a queue is thinned, of two neighbours the deeper one staying."""
    depths = Depths()
    for number in range(10 * SAMPLES_MAX):
        depths.sampled(QueueSampled("/", "q", 999 if number == 17 else number % 7, 0, 0), number)
    kept = depths.queues["/", "q"]

    assert depths.count == len(kept) < SAMPLES_MAX < ALL_MAX
    assert max(sample.ready for sample in kept) == 999
    assert [sample.at for sample in kept] == sorted(sample.at for sample in kept)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40 * 3_600)), max_size=60))
def test_every_step_counts_the_same(counted: list[tuple[int, int]]) -> None:
    """Whatever the times, back and forth too, each step's slices hold what was counted in their time, and once."""
    slices = Slices()
    for key, at_s in counted:
        slices.count(key, at_s * SECOND_NS)
    for index, (step, kept) in enumerate(zip(STEPS_S, KEPT, strict=True)):
        newest = slices.slot * STEPS_S[0] // step
        for slot, counts in slices.table(index).items():
            if slot <= newest - kept:
                continue
            expected = [key for key, at_s in counted if at_s // step == slot]
            told = {key: counts.get(number, 0) for key, number in slices.keys.items()}
            assert sum(told.values()) <= len(expected)
            assert all(told[key] <= expected.count(key) for key in told)
    assert sum(sum(counts.values()) for counts in slices.table(2).values()) == len(counted)


@pytest.mark.parametrize("ways", [1_200, 2_900])
def test_what_made_room_is_not_told_as_nothing(ways: int) -> None:
    """When much goes on, old slices are dropped; what is told to be complete is counted in full, and that is not little."""
    slices, end = Slices(), 10_000 * 3_600 + 3_590
    for at_s in range(end - 2 * 3_600, end, STEPS_S[0]):
        for way in range(ways):
            slices.count(way, at_s * SECOND_NS)
    slices.turn(end // STEPS_S[0])
    for minutes in range(1, 120):
        index = slices.fits((end - minutes * 60) * SECOND_NS)
        step, complete_s = STEPS_S[index], slices.complete_from[index] // SECOND_NS
        for slot in range((end - minutes * 60) // step + 1, end // step):
            counted = sum(slices.table(index).get(slot, {}).values())
            assert slot * step < complete_s or counted == ways * step // STEPS_S[0]

    kept_s = [end - complete // SECOND_NS for complete in slices.complete_from]
    assert kept_s[0] >= 900
    assert (kept_s[1] >= 3_600) == (ways == 1_200)


def test_very_many_ways_stay_few() -> None:
    """Beyond the limit names that clients made become one, and the sum over all stays exact."""
    story = begun()
    for number in range(KEYS_MAX + 50):
        story.publish(SENDER, "orders", "k", (f"amq.gen-{number}",))
    projection = Projection("main")
    projection.fold.fold(story.envelopes)
    found = Answers(projection).rates(None, None, since=START_NS, until=story.at + 1, buckets=60)

    assert len(projection.rates.state.slices.keys) <= KEYS_MAX
    assert sums(found)[0] == KEYS_MAX + 50


@settings(max_examples=40, deadline=None)
@given(histories())
def test_all_that_was_seen_is_counted(history: list[Envelope]) -> None:
    """In any history the sums are those of the ledger of capture."""
    projection = Projection("main")
    projection.fold.fold(history)
    answers = Answers(projection)
    end = (history[-1].observed_at if history else START_NS) + 1
    found = answers.rates(None, None, since=end - 24 * HOUR_NS, until=end, buckets=100)
    published, _, delivered, *_ = sums(found)

    assert (published, delivered) == (answers.capture().published, answers.capture().delivered)
