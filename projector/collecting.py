"""The garbage collector while much is folded.

A fold keeps many objects and makes no cycles of them, so that looking for cycles every few hundred objects finds nothing
and costs a fifth of the time.
"""

import gc

YOUNG, MIDDLE, OLD = 100_000, 20, 50


def collect_rarely() -> None:
    """Let this process look for cyclic garbage after `YOUNG` new objects instead of after 700."""
    if gc.get_threshold()[0] < YOUNG:
        gc.set_threshold(YOUNG, MIDDLE, OLD)
