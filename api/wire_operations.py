"""The JSON forms of what operators do: keys, notes, archives, and the trail of who did what when.

Pure.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.wire import Out, PositionOut, TimeOut, time
from collector.operations.judging import NAME_CHARS_MAX, NOTE_CHARS_MAX, POSITIONS_MAX
from events.operations import Deed, Key
from projector import answers

ScopeName = Literal["metadata", "payload", "retry", "edit", "admin"]
BY = Field(description='The id of the key that asked; "root", "local", or "" for hoptrail.')


class In(BaseModel):
    """Base of everything that is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Nothing(In):
    """Nothing more has to be said: `{}`."""


class KeyIn(In):
    """The API key to make."""

    name: str = Field(min_length=1, max_length=NAME_CHARS_MAX, examples=["nightly report"])
    scopes: list[ScopeName] = Field(min_length=1, max_length=5, examples=[["metadata"]])


class NoteIn(In):
    """The note to set; "" takes it away."""

    text: str = Field(max_length=NOTE_CHARS_MAX, examples=["known since the release of Tuesday"])


class ArchiveIn(In):
    """Whether to archive, or to take out of the archive."""

    archived: bool = True


class ArchiveMessagesIn(ArchiveIn):
    """The messages to archive, or to take out of the archive."""

    uids: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        min_length=1, max_length=POSITIONS_MAX, examples=[["main-4711"]]
    )


class DoneOut(Out):
    """It is in the log."""

    command: str = Field(description="The id under which it stands in the trail.")


class AccessOut(Out):
    """Who asks, and what is allowed."""

    by: str = BY
    scopes: list[ScopeName]


class KeyOut(Out):
    """An API key, without the key itself."""

    id: str
    name: str
    scopes: list[ScopeName]
    created_at: TimeOut
    created_by: str = BY
    revoked_at: TimeOut | None = Field(description="null while it opens something.")
    revoked_by: str | None


class KeyMadeOut(KeyOut):
    """A new API key. `key` is shown this once and kept nowhere."""

    key: str


class DeedOut(Out):
    """Somebody did something, or was refused."""

    at: TimeOut
    by: str = BY
    kind: str = Field(description="The type of the fact in the log.", examples=["NoteSet"])
    about: str = Field(description="The id of the key, group or retry; empty for none.")
    told: str = Field(description="What was done, in words.")
    command: str = Field(description="The id of the request; empty for hoptrail itself.")
    position: PositionOut


def key(ident: str, made: Key) -> KeyOut:
    """Return a key in its JSON form."""
    return KeyOut(**_key(ident, made))


def key_made(ident: str, made: Key, secret: str) -> KeyMadeOut:
    """Return a new key in its JSON form, this once with the key itself."""
    return KeyMadeOut(**_key(ident, made), key=secret)


def _key(ident: str, made: Key) -> dict[str, Any]:
    revoked: Deed | None = made.revoked
    return {
        "id": ident,
        "name": made.name,
        "scopes": list(made.scopes),
        "created_at": time(made.created.at),
        "created_by": made.created.by,
        "revoked_at": None if revoked is None else time(revoked.at),
        "revoked_by": None if revoked is None else revoked.by,
    }


def deed(row: answers.Deed) -> DeedOut:
    """Return a line of the trail in its JSON form."""
    return DeedOut(
        at=time(row.at),
        by=row.by,
        kind=row.kind,
        about=row.about,
        told=row.told,
        command=row.command,
        position=str(row.position),
    )
