"""Celery, message protocol 2.

`parent_id` names the task that published; on a retry it is the task itself or, in a chain, still what came before. A retry
keeps the id, so the same id is more than `parent_id`. A task that failed is acknowledged: only its reply tells.
"""

from projector.linker.dialects.reading import Dialect, Reading, What, count, error_line, text

DIALECT = Dialect(
    "Celery",
    headers={
        "id": Reading(What.IDENTITY, "task id", text),
        "parent_id": Reading(What.CAUSE, "celery parent_id", text),
        "root_id": Reading(What.CONVERSATION, "celery root_id", text),
        "task": Reading(What.TYPE, "celery task", text),
        "retries": Reading(What.RETRIES, "celery retries", count),
    },
    in_body={
        "celery/status": (),
        "celery/error": Reading(What.ERROR, "celery result", error_line),
    },
    marks=(frozenset({"id", "task", "root_id"}),),
    recorded=("celery", "celery_delayed"),
    notes="a retry keeps the id; a failed task is acknowledged, so that only its reply tells the error; "
    "on quorum queues a delay waits in `celery_delayed_N`, one queue for each bit of its seconds",
)
