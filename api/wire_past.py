"""The JSON forms of answers about the past.

Pure.
"""

from typing import Generic, Literal, TypeVar

from pydantic import ConfigDict, Field

from api.wire import ListOut, Out, PositionOut, TimeOut, time, time_or_none
from projector.system import Past

Item = TypeVar("Item")


class AsOfOut(Out):
    """What an answer about the past is true for."""

    at: TimeOut = Field(description="The time that it is true for.")
    position: PositionOut
    last_event_at: TimeOut | None = Field(
        description="When the last event in it was seen; null: none was by then."
    )
    beginning: Literal["kept", "removed"] = Field(
        description="removed: retention removed the beginning of the log."
    )
    known_from: TimeOut | None = Field(description="When the retained log begins.")
    note: str | None = Field(description="What cannot be known, in words.")


class SystemListOut(ListOut[Item], Generic[Item]):
    """A list about the system, now or as it was."""

    model_config = ConfigDict(
        json_schema_extra={"description": "A list about the system, now or as it was."}
    )

    as_of: AsOfOut | None = Field(description="What it is true for; null: for now.")


def as_of(past: Past) -> AsOfOut:
    """Return what *past* is true for."""
    note = None
    if not past.is_beginning_kept:
        note = (
            "Retention removed the beginning of the log: counts and first times may begin where it begins now, "
            "and what was before is known only as far as it was stated again."
        )
    return AsOfOut(
        at=time(past.at),
        position=str(past.position),
        last_event_at=time_or_none(past.last_event_at),
        beginning="kept" if past.is_beginning_kept else "removed",
        known_from=time_or_none(past.known_from),
        note=note,
    )
