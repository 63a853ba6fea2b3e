"""Messages that no well-behaved client sends and a broker passes on all the same."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from struct import pack

from bench.raw import short, table

NOT_UTF8 = b"\xff\xfe\xc3("
TOO_DEEP = "nesting beyond any use"


def long(raw: bytes) -> bytes:
    """Encode a value of type S."""
    return b"S" + pack(">I", len(raw)) + raw


def nested(depth: int) -> bytes:
    """Encode a table with an array with a table …, *depth* deep."""
    value = long(b"bottom")
    for _ in range(depth):
        inner = table({b"in": value})
        array = b"F" + inner
        value = b"A" + pack(">I", len(array)) + array
    return value


INTEGERS = {
    b"int8": b"b" + pack(">b", -128),
    b"uint8": b"B" + pack(">B", 255),
    b"int16": b"s" + pack(">h", -32768),
    b"uint16": b"u" + pack(">H", 65535),
    b"int32": b"I" + pack(">i", -(2**31)),
    b"uint32": b"i" + pack(">I", 2**32 - 1),
    b"int64": b"l" + pack(">q", -(2**63)),
    b"float": b"f" + pack(">f", 1.5),
    b"double": b"d" + pack(">d", 1e300),
    b"decimal": b"D" + pack(">Bi", 2, -1234),
    b"bool": b"t\x01",
    b"void": b"V",
    b"bytes": b"x" + pack(">I", 3) + b"\x00\x01\xff",
    b"time": b"T" + pack(">Q", 1_700_000_000),
}


@dataclass(frozen=True)
class Hostile:
    """One message: *name* tells what is hostile about it."""

    name: str
    body: bytes = b"{}"
    headers: Mapping[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    properties: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    key: bytes | None = None

    def encoded(self) -> dict[str, bytes]:
        """Return the properties as encoded values, headers among them."""
        headers = {"headers": table(self.headers)} if self.headers else {}
        return {**self.properties, **headers}


MESSAGES = (
    Hostile("header key that is not UTF-8", headers={NOT_UTF8: long(b"v")}),
    Hostile("header value that is not UTF-8", headers={b"k": long(NOT_UTF8)}),
    Hostile("properties that are not UTF-8", properties={"message_id": short(NOT_UTF8)}),
    Hostile("type that is not UTF-8", properties={"type": short(NOT_UTF8)}),
    Hostile("nested tables and arrays", headers={b"deep": nested(8)}),
    Hostile(TOO_DEEP, headers={b"deep": nested(100)}),
    Hostile("integers of every width", headers=INTEGERS),
    Hostile("empty body", body=b""),
    Hostile("binary body", body=bytes(range(256)) * 4),
    Hostile("5 MB body", body=b"\x00\x01" * 2_500_000),
    Hostile("markup in the body", body=b'<script>alert("x")</script>\x1b[31mred\x1b]0;title\x07'),
    Hostile("JSON that nests beyond any use", body=b"[" * 5_000 + b"]" * 5_000),
    Hostile(
        "JSON with numbers out of range", body=b'{"n": 1e999, "m": 123456789012345678901234567890}'
    ),
    Hostile("body with NUL and lone surrogate escapes", body=b'{"a": "\\u0000", "b": "\\ud800"}'),
    Hostile("timestamp far out of range", properties={"timestamp": pack(">Q", 2**64 - 1)}),
    Hostile(
        "timestamp in microseconds", properties={"timestamp": pack(">Q", 1_700_000_000_000_000)}
    ),
    Hostile("header timestamp out of range", headers={b"when": b"T" + pack(">Q", 2**64 - 1)}),
    Hostile("duplicate message id, first", body=b"1", properties={"message_id": short(b"same")}),
    Hostile("duplicate message id, second", body=b"2", properties={"message_id": short(b"same")}),
    Hostile("routing key of 255 bytes", key=b"k" * 255),
    Hostile("routing key with dots and unicode", key="a..b.ü.☃.".encode()),
    Hostile("routing key that is not UTF-8", key=b"key." + NOT_UTF8),
    Hostile("x-death that is no array", headers={b"x-death": long(b"nonsense")}),
    Hostile("header names as long as can be", headers={b"h" * 255: long(b"v")}),
)
QUEUES = ("plain", "with/slash and %25 percent", "dotted.name.☃", "q" * 200)
