"""What counts as a failure of a publish or of a delivery.

Pure. A publish fails if it was routed nowhere, or its message died of anything but a delay. A delivery fails if the
message was delivered again from the same queue, or was refused by whom it was given to.
"""

from projector.linker.model import LiveCopy, LiveMessage
from store.documents import DeadLetter

UNROUTABLE, DEAD_LETTERED, REDELIVERED = "unroutable", "dead-lettered", "redelivered"
_BY_CONSUMER = ("rejected", "delivery_limit")


def is_failure(death: DeadLetter) -> bool:
    """Return whether a death is a failure: a delay that ended is none."""
    return not death.timer


def was_refused(death: DeadLetter) -> bool:
    """Return whether a message died because of whom it was given to last."""
    return death.reason in _BY_CONSUMER


def failed_before(message: LiveMessage, copy: LiveCopy, deaths: int) -> bool:
    """Return whether *message* had failed before these *deaths* of *copy*."""
    death = copy.dead_letter
    if death is not None and death.count > deaths:
        return True
    return any(
        other.dead_letter is not None and is_failure(other.dead_letter)
        for other in message.copies
        if other is not copy
    )
