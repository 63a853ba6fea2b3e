"""Edit a message before it is published again: what is changed, and the difference to what it was. Pure.

An edit is a patch, so what it does not name stays exactly as it was, types and all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from msgspec.structs import replace

from events.facts import Properties, Table
from events.republish import is_redacted
from events.values import AmqpDecimal, AmqpTimestamp, Text, shown, to_json
from projector.operations.plan import EDITED_BODY_BYTES_MAX, Edit

HEADERS_MAX = 200
TEXT_BYTES_MAX = 255
HEADER_BYTES_MAX = 32_768
BODY_SHOWN_CHARS_MAX = 65_536
NUMBERS = {"delivery_mode": (1, 2), "priority": (0, 255), "timestamp": (0, 2**63 - 1)}
EDITABLE = tuple(
    name for name in Properties.__struct_fields__ if name not in ("headers", "user_id")
)


class EditInvalid(ValueError):
    """The edit cannot be made; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """What to change: `properties` (None takes one away), `headers` to set, headers to `remove`, the `body`."""

    properties: Mapping[str, Any] = field(default_factory=dict[str, Any])
    headers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    remove: tuple[str, ...] = ()
    body: bytes | None = None


class Change(NamedTuple):
    """One difference: `what` is a property, ``header NAME`` or ``body``; values as JSON, None where there is none."""

    what: str
    before: Any
    after: Any


def edited(before: Properties, patch: Patch) -> Edit:
    """Return *patch* applied to *before*.

    Raises:
        EditInvalid: a property is not known, a value does not fit, or it is too large.
    """
    changed: dict[str, Any] = {}
    for name, value in patch.properties.items():
        changed[name] = None if value is None else _property(name, value)
    headers: Table = dict(before.headers or {})
    for name in patch.remove:
        if name not in headers:
            raise EditInvalid(f"there is no header {name!r} to remove")
        del headers[name]
    for name, value in patch.headers.items():
        if len(name.encode()) > TEXT_BYTES_MAX:
            raise EditInvalid(f"the name of the header {name[:40]!r} is longer than 255 bytes")
        headers[name] = from_json(value)
    if len(headers) > HEADERS_MAX or len(str(headers)) > HEADER_BYTES_MAX:
        raise EditInvalid(
            f"{HEADERS_MAX} headers and {HEADER_BYTES_MAX:,} bytes of them are the most"
        )
    after = replace(before, **changed, headers=headers or None)
    if is_redacted(after):
        raise EditInvalid("a header was kept out of the log; set it, or remove it")
    if patch.body is not None and len(patch.body) > EDITED_BODY_BYTES_MAX:
        raise EditInvalid(
            f"the body has {len(patch.body):,} bytes, and {EDITED_BODY_BYTES_MAX:,} is the most"
        )
    return Edit(properties=after if after != before else None, body=patch.body)


def differences(before: Properties, body: bytes | None, edit: Edit) -> list[Change]:
    """Return what *edit* changes, properties first, then headers by name, then the body (None: not shown before)."""
    after = before if edit.properties is None else edit.properties
    found = [
        Change(name, to_json(old), to_json(new))
        for name in EDITABLE
        if (old := getattr(before, name)) != (new := getattr(after, name))
    ]
    mine, theirs = before.headers or {}, after.headers or {}
    for name in sorted({*mine, *theirs}, key=shown):
        old, new = mine.get(name), theirs.get(name)
        if (name in mine) != (name in theirs) or old != new:
            found.append(Change(f"header {shown(name)}", to_json(old), to_json(new)))
    if edit.body is not None and edit.body != body:
        found.append(Change("body", _body(body), _body(edit.body)))
    return found


def from_json(value: object) -> Any:
    """Return what a header value in JSON stands for: the inverse of ``events.values.to_json`` as far as there is one.

    Raises:
        EditInvalid: it stands for nothing in AMQP.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list():
            return [from_json(item) for item in cast("list[object]", value)]
        case dict():
            return _tagged(cast("dict[str, Any]", value))
        case _:
            raise EditInvalid(f"a header cannot be a {type(value).__name__}")


def _tagged(value: dict[str, Any]) -> Any:
    match value:
        case {"b64": str() as told} if len(value) == 1:
            return raw_of(told)
        case {"timestamp": int() as seconds} if len(value) == 1 and 0 <= seconds < 2**64:
            return AmqpTimestamp(seconds)
        case {"decimal": str() as told} if len(value) == 1:
            whole, _, part = told.partition(".")
            digits = (whole + part).removeprefix("-")
            if not (digits.isascii() and digits.isdigit() and len(digits) <= 9 and len(part) <= 9):
                raise EditInvalid(f"{told[:40]!r} is no decimal of nine digits")
            return AmqpDecimal(len(part), int(whole + part))
        case _:
            return {name: from_json(item) for name, item in value.items()}


def raw_of(base64: str) -> bytes:
    """Return the bytes that *base64* stands for.

    Raises:
        EditInvalid: it is none.
    """
    from base64 import b64decode

    try:
        return b64decode(base64, validate=True)
    except ValueError as error:
        raise EditInvalid("what is given as b64 is no base64") from error


def _property(name: str, value: Any) -> Any:
    if name not in EDITABLE:
        raise EditInvalid(f"there is no property {name!r} to edit; there is: {', '.join(EDITABLE)}")
    if name in NUMBERS:
        low, high = NUMBERS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise EditInvalid(f"{name} is a number from {low} to {high}")
        return value
    if not isinstance(value, str):
        raise EditInvalid(f"{name} is a text")
    if len(value.encode()) > TEXT_BYTES_MAX:
        raise EditInvalid(f"{name} is longer than 255 bytes")
    if name == "expiration" and not (value.isascii() and value.isdigit()):
        raise EditInvalid("expiration is a number of milliseconds, as text")
    return value


def _body(body: bytes | None) -> Any:
    if body is None:
        return None
    try:
        text: Text = body.decode()
    except UnicodeDecodeError:
        text = body
    told = to_json(text)
    return told if len(str(told)) <= BODY_SHOWN_CHARS_MAX else f"{len(body):,} bytes"
