"""Celery's task headers: `parent_id` names the task that published, also on a retry."""

from projector.linker.dialects.reading import Reading, What, text

HEADERS = {
    "id": Reading(What.IDENTITY, "task id", text),
    "parent_id": Reading(What.CAUSE, "celery parent_id", text),
    "root_id": Reading(What.CONVERSATION, "celery root_id", text),
}
