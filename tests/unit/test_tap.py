"""A tap over many leaderships, with a broker that forgets acknowledgements: nothing lost, no first repeat untold.

The broker here is a model of what a real one was seen to do: it hands over in order, bounded by the prefetch, and after
a cut it delivers again, flagged, from any place to which it was ever acknowledged.
"""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.align import Window, least_overlap
from collector.amqp.frames import Delivery
from collector.decode import Draft
from collector.tap import HOLD_MAX, Tap, digest_of, events_per_block, hold_of
from events.facts import Undecodable

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
        self.tap.added(delivery)
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

    How many is not promised: where the log holds a repeat already, a later alignment can repeat more than it tells.
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
