"""Why a copy is believed to wait where it was routed, and how sure that is.

Pure. Routed is not arrived: the firehose names the queues before the broker puts the message into them, and does so too for
what a full queue refuses, a transaction takes back, or a queue that is not there never gets.
"""

ROUTED_ONLY = "it was routed there; nothing shows that it arrived"
UNDECLARED = "no queue of that name is known so far"
SUPPORTED = "its queue's own depth shows it"
NO_QUEUE = "there was no such queue, as far as anything tells"
HIDDEN_REPLY = "the broker may not show that a direct reply is delivered"

WAITING_CONFIDENCE = {ROUTED_ONLY: 0.9, UNDECLARED: 0.5, SUPPORTED: 0.97}
"""How sure it is that a copy waits, by what its being there rests on."""
UNSURE = 0.5


def waits(cause: str | None) -> tuple[str, float]:
    """Return why, and how surely, a copy waits that has *cause* noted."""
    cause = cause or ROUTED_ONLY
    return cause, WAITING_CONFIDENCE.get(cause, UNSURE)
