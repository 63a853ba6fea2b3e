"""The JSON forms that every resource shares: broker text, times, positions, lists.

Pure. Times are RFC 3339 in UTC with nanoseconds; broker text is a string when it is UTF-8, else ``{"b64": ...}``;
positions and ids are strings. What a form promises stands in its descriptions, which OpenAPI passes on.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from events.values import Text, key_to_json, to_json

Item = TypeVar("Item")

NS_PER_S = 1_000_000_000
_SECONDS_MAX = 253_402_300_799  # the last second of the year 9999
_SECONDS_MIN = -62_135_596_800  # the first second of the year 1


class Out(BaseModel):
    """Base of everything the API says."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Base64Text(Out):
    """Broker text that is not UTF-8."""

    b64: str = Field(description="The bytes in standard base64.", examples=["//79"])


TextOut = Annotated[
    str | Base64Text,
    Field(description="Broker text: a string when it is UTF-8, else its bytes in base64."),
]
TimeOut = Annotated[
    str,
    Field(
        description="RFC 3339 in UTC, with nanoseconds.",
        examples=["2026-01-02T03:04:05.123456789Z"],
    ),
]
PositionOut = Annotated[
    str,
    Field(
        description="A position of the event log, in decimal digits: everything before it is folded in.",
        pattern=r"^[0-9]+$",
        examples=["4712"],
    ),
]


class ListOut(Out, Generic[Item]):
    """One page of a list."""

    # A generic model's docstring does not reach the schema of its kinds.
    model_config = ConfigDict(json_schema_extra={"description": "One page of a list."})

    items: list[Item]
    total: int = Field(description="How many there are in all, as far as counted.", ge=0)
    total_is: Literal["exact", "at_least"] = Field(
        description="Whether `total` is exact, or where counting stopped."
    )
    position: PositionOut
    next: str | None = Field(
        description="Pass it as `cursor` for the next page; null on the last one. Opaque."
    )


def text(value: Text) -> str | Base64Text:
    """Return broker text in its JSON form."""
    if isinstance(value, str):
        return value
    return Base64Text(b64=_b64(value))


def text_or_none(value: Text | None) -> str | Base64Text | None:
    """Return :func:`text`, or None where nothing was set."""
    return None if value is None else text(value)


def texts(values: Sequence[Text]) -> list[str | Base64Text]:
    """Return each of *values* in its JSON form."""
    return [text(value) for value in values]


def table(value: dict[Any, Any] | None) -> dict[str, Any] | None:
    """Return a header table or its like as a JSON object; None stays None."""
    if value is None:
        return None
    return {key_to_json(key): plain(item) for key, item in value.items()}


def plain(value: object) -> Any:
    """Return any fact, struct or broker value as JSON builtins, structs as objects under their fields' names."""
    if isinstance(value, msgspec.Struct):
        return {field: plain(getattr(value, field)) for field in value.__struct_fields__}
    if isinstance(value, dict):
        return {key_to_json(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return to_json(value)


def time(ns: int) -> str:
    """Return *ns* since 1970 as RFC 3339; what no calendar holds is cut to its ends."""
    seconds, rest = divmod(ns, NS_PER_S)
    seconds = min(max(seconds, _SECONDS_MIN), _SECONDS_MAX)
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{moment.isoformat()}.{rest:09d}Z"


def time_or_none(ns: int | None) -> str | None:
    """Return :func:`time`, or None where no time is known."""
    return None if ns is None else time(ns)


def _b64(value: bytes) -> str:
    encoded = to_json(value)
    assert isinstance(encoded, dict)
    return str(encoded["b64"])
