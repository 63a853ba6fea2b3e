"""The scenarios, by name: each a coroutine that plays a small system of services on a :class:`tests.corpus.scene.Scene`."""

from tests.corpus.scenarios import conversations, ids, replies, timing, traces
from tests.corpus.scene import Play

SCENARIOS: dict[str, Play] = {
    play.__name__: play
    for group in (traces, conversations, replies, ids, timing)
    for play in group.PLAYS
}
