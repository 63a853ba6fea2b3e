"""Sneakers, Kicks and Hutch, on Ruby's Bunny: no headers of their own, but for a failure that was tried often enough.

That is published to `QUEUE-error`, its payload wrapped with the error. Hutch fills in a random message id, which is a
property and belongs to one publish.
"""

from projector.linker.dialects.reading import Dialect, Reading, What, count, error_line

DIALECT = Dialect(
    "Sneakers",
    in_body={
        "sneakers/num_attempts": Reading(What.RETRIES, "Sneakers num_attempts", count),
        "sneakers/error_message": Reading(What.ERROR, "Sneakers error_message", error_line),
        "sneakers/error": Reading(What.ERROR, "Sneakers reason", error_line),
    },
    notes="a retry waits in `QUEUE-retry`, and comes back as a dead letter",
)
