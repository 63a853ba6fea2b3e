"""A tap over many leaderships, with a broker that forgets acknowledgements: nothing lost, no first repeat untold.

The broker here is a model of what a real one was seen to do: it hands over in order, bounded by the prefetch, and after
a cut it delivers again, flagged, from any place to which it was ever acknowledged.
"""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.amqp.frames import Delivery
from collector.decoding.decoder import Draft
from collector.taps.align import Window, least_overlap
from collector.taps.tap import HOLD_MAX, Tap, digest_of, events_per_block, hold_of
from events.facts import MessagePublished, Properties, Undecodable

LAWS = settings(max_examples=60, deadline=None)


class Acknowledged:
    """A channel that remembers up to where it was acknowledged."""

    def __init__(self) -> None:
        self.upto = 0
        self.single: list[int] = []

    def ack(self, tag: int, *, multiple: bool = True) -> None:
        """Take an acknowledgement."""
        if multiple:
            assert tag > self.upto
            self.upto = tag
        else:
            self.single.append(tag)


class World:
    """A queue whose messages are all there from the start, its broker, and the log of who reads it."""

    def __init__(self, chance: Random, *, alike: bool) -> None:
        self.chance = chance
        self.prefetch = chance.randrange(6, 40)
        count = chance.randrange(120)
        self.queue = [b"%d" % (chance.randrange(2) if alike else at) for at in range(count)]
        self.blocks: list[list[bytes]] = []
        self.released = 0
        self.places = [0]
        self.delivered = self.stored = 0
        self.repeats_told = 0

    @property
    def log(self) -> list[bytes]:
        """What is stored, in order."""
        return [digest for block in self.blocks for digest in block]

    def lead(self, *, cut: bool) -> None:
        """Read until everything is stored and released or, when *cut*, until some moment before that.

        The broker stands anywhere it ever stood, as long as what is stored from there on is within the prefetch.
        """
        begin = self.chance.choice(
            [place for place in self.places if place >= self.stored - self.prefetch]
        )
        reader = Reader(self, begin)
        for _ in range(self.chance.randrange(80) if cut else 10_000):
            if not reader.step() and not cut:
                break
        if not cut:
            reader.release()


class Reader:
    """One leadership: a tap, its channel, and the block being gathered."""

    def __init__(self, world: World, begin: int) -> None:
        self.world = world
        self.begin = self.at = begin
        self.gathered: list[bytes] = []
        self.hold = hold_of(world.prefetch)
        self.limit = events_per_block(world.prefetch, 1_000)
        self.channel = Acknowledged()
        self.tap = Tap(
            vhost="/",
            queue="tap",
            channel=self.channel,
            aligned=True,
            hold=self.hold,
            prefetch=world.prefetch,
        )
        sizes = [len(block) for block in world.blocks]
        self.tap.window = Window(
            digests=tuple(world.log),
            blocks=tuple(sizes),
            least=least_overlap(sizes[world.released :], self.hold),
        )

    def step(self) -> bool:
        """Take one delivery, or what comes of there being none; return whether anything is left to do."""
        world = self.world
        comes = (
            self.at < len(world.queue) and self.at - self.begin - self.channel.upto < world.prefetch
        )
        if comes:
            self.receive()
        elif self.tap.aligning:
            self.tap.nothing_more = True
        if self.tap.aligning and self.tap.can_align:
            overlap, new = self.tap.align()
            assert self.tap.short == 0 or world.repeats_told
            world.repeats_told += overlap.most - overlap.drop
            for delivery, draft in new:
                self.add(delivery, draft)
        if self.gathered and (not comes or world.chance.random() < 0.2):
            self.store()
        return comes or bool(self.gathered) or self.tap.aligning

    def receive(self) -> None:
        """Take the delivery that is next."""
        world = self.world
        again = self.at < world.delivered
        delivery = Delivery(None, self.at - self.begin + 1, again, b"", b"", b"", b"")
        draft = Draft(Undecodable("tap", world.queue[self.at], "/", "", "", b"", None))
        self.at += 1
        world.delivered = max(world.delivered, self.at)
        self.tap.received += 1
        if self.tap.aligning:
            self.tap.hold_back(delivery, draft)
        else:
            self.add(delivery, draft)

    def add(self, delivery: Delivery, draft: Draft) -> None:
        """Gather one fact."""
        self.tap.added(delivery, draft)
        self.gathered.append(digest_of(draft))
        if len(self.gathered) >= self.limit:
            self.store()

    def store(self) -> None:
        """Append what is gathered, and see what is acknowledged by that."""
        stored, before = self.tap.sealed(), self.channel.upto
        assert stored is not None
        assert stored.count == len(self.gathered)
        self.world.blocks.append(self.gathered)
        self.gathered = []
        self.tap.durable(stored)
        self.world.stored = max(self.world.stored, self.begin + stored.tag)

        assert self.channel.upto == before or stored.tag - self.channel.upto >= self.hold
        self.world.places.append(self.begin + self.channel.upto)

    def release(self) -> None:
        """Acknowledge everything, which the log knows by then."""
        self.tap.release()
        self.world.released = len(self.world.blocks)
        self.world.places.append(self.begin + self.channel.upto)


@LAWS
@given(st.randoms(use_true_random=False))
def test_messages_that_differ_are_stored_once(chance: Random) -> None:
    """However often readers are cut off, the log holds every message exactly once and in order."""
    world = World(chance, alike=False)
    for _ in range(chance.randrange(5)):
        world.lead(cut=True)
    world.lead(cut=False)

    assert world.log == world.queue


@LAWS
@given(st.randoms(use_true_random=False))
def test_messages_that_are_alike_are_never_lost(chance: Random) -> None:
    """No message is lost; identical ones may be stored twice, and the log that has a repeat says that it may have one.

    How many is not promised: where the log holds a repeat already, a later alignment can repeat more than it tells, and
    can miss what never was to come again.
    """
    world = World(chance, alike=True)
    for _ in range(chance.randrange(5)):
        world.lead(cut=True)
    world.lead(cut=False)
    stored, sent = Counter(world.log), Counter(world.queue)

    assert not sent - stored
    assert stored == sent or world.repeats_told


@LAWS
@given(st.randoms(use_true_random=False))
def test_a_capture_that_was_stopped_begins_behind_itself(chance: Random) -> None:
    """After a stop in good order, with everything released, nothing comes again and nothing is doubled."""
    world = World(chance, alike=True)
    world.lead(cut=False)
    world.queue += world.queue
    world.places = world.places[-1:]
    world.lead(cut=False)

    assert world.log == world.queue
    assert world.repeats_told == 0


@pytest.mark.parametrize("prefetch", [1, 2, 6, 64, 256, 2_000, 65_535])
def test_what_is_held_leaves_room(prefetch: int) -> None:
    """Held deliveries, the block on its way and the one being gathered fit into the prefetch together."""
    events_max = events_per_block(prefetch, 1_000)
    held_most = hold_of(prefetch) + events_max - 1

    assert hold_of(prefetch) <= HOLD_MAX
    assert prefetch < 6 or held_most + events_max <= prefetch


def test_what_says_nothing_is_let_go_alone() -> None:
    """A delivery without a fact is acknowledged by itself, before and while aligning, and no other with it."""
    channel = Acknowledged()
    tap = Tap(vhost="/", queue="tap", channel=channel, aligned=True, hold=2, prefetch=8)
    tap.hold_back(Delivery(None, 1, True, b"", b"", b"", b""), None)
    tap.hold_back(Delivery(None, 2, False, b"", b"", b"", b""), None)
    overlap, new = tap.align()
    tap.ignore(Delivery(None, 3, False, b"", b"", b"", b""))

    assert (overlap.drop, new) == (0, [])
    assert (channel.single, channel.upto) == ([1, 2, 3], 0)


def test_a_tap_full_of_held_deliveries_says_so() -> None:
    """Where a former capture's larger blocks take up the whole prefetch, the tap is starved."""
    tap = Tap(vhost="/", queue="tap", channel=Acknowledged(), aligned=True, hold=2, prefetch=4)
    tap.window = Window(digests=(b"a",) * 4, blocks=(4,), least=4)
    for tag in range(1, 5):
        draft = Draft(Undecodable("tap", b"a", "/", "", "", b"", None))
        tap.hold_back(Delivery(None, tag, True, b"", b"", b"", b""), draft)
    tap.align()

    assert tap.is_starved
    assert tap.stored_unacknowledged == 4


def reopened(
    channel: Acknowledged, log: list[bytes], blocks: tuple[int, ...], run: list[bytes]
) -> Tap:
    """Return a tap to which *run* came again after a leader was killed that turned it; *log* is what is stored of it."""
    tap = Tap(vhost="/", queue="t", channel=channel, aligned=True, hold=2, prefetch=len(run))
    tap.window = Window(digests=tuple(log), blocks=blocks, least=least_overlap(blocks, 2))
    tap.turned = True
    for tag, digest in enumerate(run, start=1):
        tap.hold_back(Delivery(None, tag, True, b"", b"", b"", b""), draft_of(digest))
    return tap


def test_a_turned_tap_is_acknowledged_whole_or_not_at_all() -> None:
    """Whoever is killed amid a turned run leaves a tap that has all of it, and the next one finds in the log what is stored.

    In the run the stored `a b` stand between what was given back behind them and what nobody had been given yet.
    """
    run = [b"c", b"d", b"e", b"a", b"b", b"f"]
    channel, log = Acknowledged(), [b"a", b"b"]
    tap = reopened(channel, log, (2,), run)
    found, new = tap.align()
    for delivery, draft in new[:3]:
        tap.added(delivery, draft)
        stored = tap.sealed()
        assert stored is not None
        tap.durable(stored)
        log.append(digest_of(draft))
    assert (found.drop, log) == (2, [b"a", b"b", b"c", b"d", b"e"])
    assert tap.is_starved
    assert channel.upto == 0

    again = reopened(Acknowledged(), log, (2, 1, 1, 1), run)
    overlap, rest = again.align()
    assert overlap.drop == 5
    assert [digest_of(draft) for _, draft in rest] == [b"f"]

    tap.release()
    assert channel.upto == 5


def test_a_turned_tap_with_nothing_new_is_let_go() -> None:
    """Where all that came turned is stored, it is acknowledged, so that something new can come."""
    channel = Acknowledged()
    tap = reopened(channel, [b"a", b"b", b"c"], (1, 2), [b"b", b"c", b"a"])
    found, new = tap.align()

    assert (found.drop, new, tap.is_starved) == (3, [], True)
    tap.release()
    assert channel.upto == 3
    assert not tap.is_starved


def test_what_must_come_again_and_does_not_is_counted() -> None:
    """A tap that was purged or lost its backlog delivers less again than was certainly unacknowledged."""
    tap = Tap(vhost="/", queue="t", channel=Acknowledged(), aligned=True, hold=4, prefetch=16)
    tap.window = Window(digests=(b"a", b"b", b"c"), blocks=(1, 2), least=3)
    tap.hold_back(Delivery(None, 1, False, b"", b"deliver.q", b"", b""), draft_of(b"d"))
    overlap, new = tap.align()

    assert (overlap.drop, len(new), tap.short) == (0, 1, 3)


def test_what_is_added_is_counted_by_kind() -> None:
    """Publishes and deliveries are told apart by the firehose's routing key, and the newest tag taken is known."""
    tap = Tap(vhost="/", queue="t", channel=Acknowledged(), aligned=False, hold=0, prefetch=16)
    for tag, key in enumerate((b"publish.", b"publish.x", b"deliver.publish.q", b""), start=1):
        tap.added(Delivery(None, tag, False, b"", key, b"", b""), draft_of(b"d"))
    assert (tap.published, tap.delivered, tap.taken_tag) == (2, 2, 4)
    tap.ignore(Delivery(None, 5, False, b"", b"deliver.obs.tap.dlx", b"", b""))

    assert (tap.published, tap.delivered, tap.taken_tag) == (2, 2, 5)


def test_what_was_held_back_does_not_hide_what_was_ignored_after_it() -> None:
    """After an alignment the newest tag taken is that of the newest delivery, though the last of them said nothing."""
    tap = Tap(vhost="/", queue="t", channel=Acknowledged(), aligned=True, hold=4, prefetch=16)
    tap.hold_back(Delivery(None, 1, False, b"", b"deliver.q", b"", b""), draft_of(b"d"))
    tap.hold_back(Delivery(None, 2, False, b"", b"publish.", b"", b""), None)
    _, new = tap.align()
    for delivery, draft in new:
        tap.added(delivery, draft)

    assert tap.taken_tag == 2


def test_what_has_no_channel_is_not_held_against_the_counters() -> None:
    """Publishes on channel 0 are added to the block as any other, and left out of what the audit compares."""
    tap = Tap(vhost="/", queue="t", channel=Acknowledged(), aligned=False, hold=0, prefetch=16)
    for tag, channel in enumerate((0, 1), start=1):
        fact = MessagePublished(
            "t",
            b"d",
            "/",
            "amq.topic",
            ("k",),
            (),
            "n",
            "c",
            channel,
            "u",
            Properties(),
            b"f",
            None,
        )
        tap.added(Delivery(None, tag, False, b"", b"publish.amq.topic", b"", b""), Draft(fact))
    stored = tap.sealed()

    assert tap.published == 1
    assert stored is not None
    assert (stored.count, stored.tag) == (2, 2)


def draft_of(digest: bytes) -> Draft:
    """Return a draft of a delivery with that digest."""
    return Draft(Undecodable("tap", digest, "/", "", "", b"", None))
