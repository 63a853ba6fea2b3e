"""Dramatiq: everything is in the body.

One id is shared by all AMQP messages of a task: a retry or a delay is published to the queue `NAME.DQ`, and from there to
`NAME` again once its time has come. What is dead is rejected into `NAME.XQ`, where nobody reads.
"""

from projector.linker.dialects.reading import Dialect, Reading, What, count, last_line, text

DIALECT = Dialect(
    "Dramatiq",
    in_body={
        "dramatiq/message_id": Reading(What.TASK, "dramatiq message_id", text),
        "dramatiq/actor_name": Reading(What.TYPE, "dramatiq actor_name", text),
        "dramatiq/options.retries": Reading(What.RETRIES, "dramatiq retries", count),
        "dramatiq/options.traceback": Reading(What.ERROR, "dramatiq traceback", last_line),
    },
    recorded=("dramatiq",),
    notes="one id for all messages of a retry or a delay; queues `q`, `q.DQ` (delayed), `q.XQ` (dead)",
)
