"""Show a message body: as JSON where it is JSON, as text where it is text, else as base64.

Pure. What is shown is never changed on the way: a JSON body whose numbers or strings would not survive the passage is
shown as text.
"""

import base64
import json
import math
from typing import Any, Literal, NamedTuple

import orjson

from events.values import Text, shown

DEPTH_MAX = 64
Encoding = Literal["json", "text", "base64"]


class ShownBody(NamedTuple):
    """A body's encoding in JSON, and its value in it."""

    encoding: Encoding
    value: Any


def show(
    body: bytes, *, content_type: Text | None, content_encoding: Text | None, truncated: bool
) -> ShownBody:
    """Return *body* in the form a reader can use best. A compressed body stays base64."""
    if content_encoding and shown(content_encoding).strip().lower() not in ("utf-8", "identity"):
        return _as_base64(body)
    try:
        readable = _decoded(body, truncated=truncated)
    except UnicodeDecodeError:
        return _as_base64(body)
    if not truncated and _may_be_json(readable, content_type):
        try:
            return ShownBody("json", _exact_json(readable))
        except (ValueError, RecursionError, TypeError):
            pass
    if "\0" in readable:
        return _as_base64(body)
    return ShownBody("text", readable)


def _as_base64(body: bytes) -> ShownBody:
    return ShownBody("base64", base64.b64encode(body).decode())


def _decoded(body: bytes, *, truncated: bool) -> str:
    """Return the text of *body*; a cut may leave the first bytes of one character at its end.

    Raises:
        UnicodeDecodeError: it is no UTF-8.
    """
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        if truncated and error.reason == "unexpected end of data":
            return body[: error.start].decode()
        raise


def _may_be_json(readable: str, content_type: Text | None) -> bool:
    if content_type:
        kind = shown(content_type).partition(";")[0].strip().lower()
        return kind.endswith(("/json", "+json"))
    return readable.lstrip()[:1] in ("{", "[")


def _exact_json(readable: str) -> Any:
    """Return the value of a JSON text that can be passed on as it is.

    Raises:
        ValueError, RecursionError, TypeError: it cannot.
    """
    value = json.loads(
        readable, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_distinct
    )
    if _depth(value) > DEPTH_MAX:
        raise ValueError("nested too deep")
    orjson.dumps(value)
    return value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is out of range")
    return number


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _depth(value: Any) -> int:
    deepest, todo = 0, [(value, 1)]
    while todo:
        item, depth = todo.pop()
        deepest = max(deepest, depth)
        if isinstance(item, dict):
            todo.extend((child, depth + 1) for child in item.values())
        elif isinstance(item, list):
            todo.extend((child, depth + 1) for child in item)
    return deepest
