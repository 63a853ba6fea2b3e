"""Taskiq: a task's labels are headers; a retry keeps the id of its task, the message id is another one each time."""

from projector.linker.dialects.reading import Dialect, Reading, What, count, text

DIALECT = Dialect(
    "Taskiq",
    headers={
        "task_id": Reading(What.IDENTITY, "taskiq task_id", text),
        "task_name": Reading(What.TYPE, "taskiq task_name", text),
        "_retries": Reading(What.RETRIES, "taskiq _retries", count),
    },
    marks=(frozenset({"task_id", "task_name"}),),
    recorded=("taskiq",),
    notes="a retry keeps the task's id; delays wait in a queue with a TTL",
)
