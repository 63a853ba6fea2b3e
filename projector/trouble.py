"""What is wrong with a thing of the system, as answers tell it. Pure data."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with a queue since `since` (ns).

    `kind`: no-consumer, no-delivery or falling-behind; ``projector/views/stuck.py`` has the rule.
    """

    kind: str
    why: str
    since: int
