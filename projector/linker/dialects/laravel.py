"""Laravel's queue on RabbitMQ: a job keeps its uuid when it is released, which publishes it again."""

from projector.linker.dialects.reading import Dialect, Reading, What, count, text, within

DIALECT = Dialect(
    "Laravel",
    headers={"laravel": Reading(What.RETRIES, "laravel.attempts", within("attempts", count))},
    in_body={
        "laravel/uuid": Reading(What.TASK, "Laravel uuid", text),
        "laravel/displayName": Reading(What.TYPE, "Laravel displayName", text),
    },
    notes="a delay waits in `QUEUE.delay.MS`, and comes back as a dead letter",
)
