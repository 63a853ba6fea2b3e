"""Nameko: the stack of calls begins with the one that started it all."""

from projector.linker.dialects.reading import Reading, What, first_text

HEADERS = {"nameko.call_id_stack": Reading(What.CONVERSATION, "nameko.call_id_stack", first_text)}
