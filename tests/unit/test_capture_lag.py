"""How long a tap's events may have waited: never less than they did, and live only where that is known."""

import random
from collections import deque
from dataclasses import dataclass, field

import pytest

from collector.ledger.lag import HIDDEN_NS, LIVE_NS_MAX, LIVE_READY_MAX, UNKNOWN_NS, TapLag

S = 1_000_000_000


@dataclass
class Queue:
    """A tap and its reader: published times in order, the next tag, and what is under way to the reader."""

    ready: deque[int] = field(default_factory=deque[int])
    under_way: deque[tuple[int, int]] = field(default_factory=deque[tuple[int, int]])
    tag: int = 0

    def hand_out(self, count: int) -> None:
        for _ in range(min(count, len(self.ready))):
            self.tag += 1
            self.under_way.append((self.tag, self.ready.popleft()))


def test_an_empty_tap_is_live() -> None:
    """What comes soon after an empty tap was seen is live."""
    lag = TapLag(ready=0, since_ns=0, now_ns=100 * S)

    assert lag.lag_ms(1, 101 * S) == 0


def test_what_waited_before_the_start_is_backlog_since_the_last_known_event() -> None:
    """Events found waiting may be as old as the newest one in the log; later ones only as old as that look."""
    lag = TapLag(ready=2, since_ns=40 * S, now_ns=100 * S)

    assert lag.lag_ms(2, 101 * S) >= 61_000
    assert 1_000 <= lag.lag_ms(3, 101 * S) < 61_000


def test_what_is_under_way_counts_as_waiting() -> None:
    """Deliveries handed out before the depth was told are not younger than it."""
    lag = TapLag(ready=5_000, since_ns=40 * S, now_ns=100 * S)
    lag.sampled(1_000, tag=4_500, at_ns=103 * S)

    assert lag.lag_ms(5_000, 104 * S) >= 64_000
    assert lag.lag_ms(5_001, 104 * S) >= 4_000


def test_a_stalled_reader_is_not_live() -> None:
    """Without a fresh look at the queue nothing is called live, however short the queue was."""
    lag = TapLag(ready=0, since_ns=0, now_ns=100 * S)

    assert lag.lag_ms(1, 100 * S + LIVE_NS_MAX + 1) > 0


def test_live_again_after_the_backlog() -> None:
    """A short queue makes what comes behind it live again, and a long one ends that at once."""
    lag = TapLag(ready=3, since_ns=0, now_ns=100 * S)
    lag.sampled(2, tag=1, at_ns=101 * S)
    assert [lag.lag_ms(tag, 102 * S) > 0 for tag in (1, 2, 3, 4)] == [True, True, True, False]
    lag.sampled(LIVE_READY_MAX + 1, tag=5, at_ns=102 * S)

    assert [lag.lag_ms(tag, 102 * S) > 0 for tag in (5, 6, 7)] == [False, True, True]


@pytest.mark.parametrize("seed", range(30))
def test_the_bound_holds_in_any_order_of_things(seed: int) -> None:
    """Whatever the queue and its reader do: live events are fresh, others not older than told, complete is complete."""
    chance = random.Random(seed)
    queue, now = Queue(), UNKNOWN_NS
    for _ in range(chance.randrange(3_000)):
        now += chance.randrange(S // 50)
        queue.ready.append(now)
    lag = TapLag(ready=len(queue.ready), since_ns=UNKNOWN_NS, now_ns=now)
    asked: tuple[int, int] | None = None
    taken = 0
    for _ in range(3_000):
        now += chance.randrange(S // 20)
        step = chance.random()
        if step < 0.5:
            queue.ready.append(now)
        elif step < 0.7:
            queue.hand_out(chance.randrange(60))
        elif step < 0.9:
            for _ in range(min(chance.randrange(80), len(queue.under_way))):
                tag, published = queue.under_way.popleft()
                taken = tag
                told = lag.lag_ms(tag, now)
                longest = (told + 1) * 1_000_000 - HIDDEN_NS if told else LIVE_NS_MAX
                assert now - published <= longest
        elif asked is None:
            asked = (len(queue.ready), now)
        else:  # the answer comes after all that was under way when the question was answered
            lag.sampled(asked[0], tag=queue.tag, at_ns=asked[1])
            asked = None
        left = [published for _, published in queue.under_way] or queue.ready
        assert not left or lag.complete_until(taken) + HIDDEN_NS <= left[0]


def test_an_idle_tap_is_complete_up_to_the_last_look() -> None:
    """Where nothing waits and nothing comes, what was published before the last look has been taken."""
    lag = TapLag(ready=0, since_ns=0, now_ns=100 * S)
    lag.sampled(0, tag=0, at_ns=130 * S)

    assert lag.complete_until(0) == 130 * S - HIDDEN_NS


def test_after_a_step_back_of_the_clock_only_the_new_time_counts() -> None:
    """What was known in the former time makes nothing complete that has not been looked at since."""
    lag = TapLag(ready=0, since_ns=0, now_ns=1_000_000 * S)
    lag.sampled(0, tag=5, at_ns=1_000_001 * S)
    lag.sampled(3, tag=9, at_ns=500_000 * S)

    assert lag.complete_until(9) < 500_000 * S - HIDDEN_NS
    assert lag.complete_until(12) == 500_000 * S - HIDDEN_NS
    assert lag.lag_ms(10, 500_001 * S) > 0
    assert lag.lag_ms(13, 500_001 * S) == 0
