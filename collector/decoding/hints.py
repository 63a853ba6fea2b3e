"""Ids that frameworks put into the body of a message instead of into headers. Pure.

The linker never reads bodies, which may be erased before the events. So of the few shapes listed here, recognised by how
they begin or by their content type, the listed fields are copied beside the properties: ids, names of types and services,
counts and error texts, never what the application sent. A body that looks like one and is not gives nothing.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final, cast

import msgspec

from events.facts import Table
from events.values import Text

BODY_BYTES_MAX: Final = 256 << 10
"""A larger body is not looked into, so that what this costs stays small against taking the body in."""
TEXT_LENGTH_MAX: Final = 256
ERROR_LENGTH_MAX: Final = 500
"""Of an error text that line is kept which says what happened: Python's last, .NET's first."""
REDACTED: Final = "***"

Found = Iterator[tuple[str, object]]


class _Shape(msgspec.Struct, frozen=True, gc=False):
    """What is looked for in JSON of one shape; fields that are not named are skipped without being built."""


class _Options(_Shape, frozen=True, gc=False):
    retries: int | None = None
    traceback: str | None = None


class Dramatiq(_Shape, frozen=True, gc=False):
    """A message of Dramatiq's JSON encoder; every AMQP message of a retry or a delay holds the same id."""

    message_id: str
    actor_name: str
    options: _Options = _Options()

    def told(self) -> Found:
        """Yield what stands where."""
        yield "dramatiq/message_id", self.message_id
        yield "dramatiq/actor_name", self.actor_name
        yield "dramatiq/options.retries", self.options.retries
        yield "dramatiq/options.traceback", _last_line(self.options.traceback)


class _Failure(_Shape, frozen=True, gc=False):
    exc_type: str
    exc_message: Any = None


class CeleryResult(_Shape, frozen=True, gc=False):
    """What a Celery worker replies; the result of a task that did not fail is its application's own."""

    task_id: str
    status: str
    result: msgspec.Raw = msgspec.Raw(b"null")

    def told(self) -> Found:
        """Yield what stands where; `exc_message` is a list of what the exception was raised with."""
        yield "celery/status", self.status
        if self.status in ("FAILURE", "RETRY"):
            failure = msgspec.json.decode(self.result, type=_Failure)
            message: Any = failure.exc_message
            if isinstance(message, list):
                message = cast("list[Any]", message)[:1]
                message = message[0] if message else ""
            text = f"{failure.exc_type}: {message}" if isinstance(message, str) else ""
            yield "celery/error", _line(text or failure.exc_type, 0)


class _Remote(_Shape, frozen=True, gc=False):
    exc_type: str
    value: str = ""


class NamekoError(_Shape, frozen=True, gc=False):
    """A reply of Nameko's that tells of a failure; in any other nothing is looked for."""

    error: _Remote

    def told(self) -> Found:
        """Yield what stands where."""
        yield "nameko/error", _line(f"{self.error.exc_type}: {self.error.value}", 0)


class _Host(_Shape, frozen=True, gc=False, rename="camel"):
    process_name: str | None = None


class MassTransit(_Shape, frozen=True, gc=False, rename="camel"):
    """MassTransit's envelope, ``application/vnd.masstransit+json``."""

    message_id: str | None = None
    request_id: str | None = None
    correlation_id: str | None = None
    conversation_id: str | None = None
    initiator_id: str | None = None
    source_address: str | None = None
    message_type: list[str] = []
    host: _Host = _Host()

    def told(self) -> Found:
        """Yield what stands where; of several types the first, which is the message's own."""
        yield "masstransit/messageId", self.message_id
        yield "masstransit/requestId", self.request_id
        yield "masstransit/correlationId", self.correlation_id
        yield "masstransit/conversationId", self.conversation_id
        yield "masstransit/initiatorId", self.initiator_id
        yield "masstransit/sourceAddress", self.source_address
        yield "masstransit/messageType", self.message_type[0] if self.message_type else None
        yield "masstransit/host.processName", self.host.process_name


class Nest(_Shape, frozen=True, gc=False):
    """A message of NestJS microservices; one without `id` expects no reply."""

    pattern: Any
    id: str | None = None

    def told(self) -> Found:
        """Yield what stands where."""
        pattern = self.pattern
        if isinstance(pattern, dict):
            pattern = msgspec.json.encode(pattern).decode()
        yield "nestjs/pattern", pattern
        yield "nestjs/id", self.id


class NestReply(_Shape, frozen=True, gc=False):
    """What a handler of NestJS answers; `err` is what it threw, a text or an object with one."""

    is_disposed: bool = msgspec.field(name="isDisposed")
    err: Any = None

    def told(self) -> Found:
        """Yield what stands where."""
        yield "nestjs/isDisposed", self.is_disposed
        err = self.err
        if isinstance(err, dict):
            err = cast("dict[str, Any]", err).get("message")
        yield "nestjs/err", err[:ERROR_LENGTH_MAX] if isinstance(err, str) else None


class Laravel(_Shape, frozen=True, gc=False, rename="camel"):
    """A job of Laravel's queue."""

    uuid: str
    job: str
    display_name: str | None = None

    def told(self) -> Found:
        """Yield what stands where."""
        yield "laravel/uuid", self.uuid
        yield "laravel/displayName", self.display_name


class EasyNetQError(_Shape, frozen=True, gc=False, rename="pascal"):
    """What EasyNetQ puts into its error queue about a message that failed."""

    routing_key: str
    exchange: str
    queue: str | None = None
    exception: str | None = None

    def told(self) -> Found:
        """Yield what stands where; of the exception the beginning, where .NET writes what happened."""
        yield "easynetq/Queue", self.queue
        yield "easynetq/Exception", _line(self.exception or "", 0)


class SneakersError(_Shape, frozen=True, gc=False):
    """What Sneakers puts into its error queue about a message that it tried often enough."""

    error: Any
    num_attempts: int
    failed_at: str
    payload: Any
    error_message: str | None = None

    def told(self) -> Found:
        """Yield what stands where; Ruby writes what happened at the beginning."""
        error = self.error if isinstance(self.error, str) else ""
        yield "sneakers/num_attempts", self.num_attempts
        yield "sneakers/error", error[:ERROR_LENGTH_MAX]
        yield "sneakers/error_message", (self.error_message or "")[:ERROR_LENGTH_MAX]


class CloudEvent(_Shape, frozen=True, gc=False):
    """A CloudEvent in structured mode, ``application/cloudevents+json``."""

    id: str
    source: str
    type: str

    def told(self) -> Found:
        """Yield what stands where."""
        yield "cloudevents/id", self.id
        yield "cloudevents/source", self.source
        yield "cloudevents/type", self.type


_Read = Callable[[bytes], "_Any"]
_Any = (
    CeleryResult
    | NamekoError
    | Dramatiq
    | MassTransit
    | Nest
    | NestReply
    | Laravel
    | EasyNetQError
    | SneakersError
    | CloudEvent
)

_BY_BEGINNING: Final[tuple[tuple[bytes, _Read], ...]] = (
    (b'{"queue_name":"', msgspec.json.Decoder(Dramatiq).decode),
    (b'{"status": "', msgspec.json.Decoder(CeleryResult).decode),
    (b'{"task_id": "', msgspec.json.Decoder(CeleryResult).decode),
    (b'{"result": null, "error": {"', msgspec.json.Decoder(NamekoError).decode),
    (b'{"pattern":', msgspec.json.Decoder(Nest).decode),
    (b'{"response":', msgspec.json.Decoder(NestReply).decode),
    (b'{"err":', msgspec.json.Decoder(NestReply).decode),
    (b'{"error":', msgspec.json.Decoder(SneakersError).decode),
    (b'{"uuid":"', msgspec.json.Decoder(Laravel).decode),
    (b'{"RoutingKey":"', msgspec.json.Decoder(EasyNetQError).decode),
)
_BEGINNINGS: Final = tuple(beginning for beginning, _ in _BY_BEGINNING)
_FIRST_BYTES: Final = frozenset(beginning[:5] for beginning in _BEGINNINGS)
"""Nearly every body of no known shape is told by these alone."""
_BY_CONTENT_TYPE: Final[dict[str, _Read]] = {
    "application/vnd.masstransit+json": msgspec.json.Decoder(MassTransit).decode,
    "application/cloudevents+json": msgspec.json.Decoder(CloudEvent).decode,
}
_CONTENT_TYPES: Final = ("application/vnd.masstransit+json", "application/cloudevents+json")


def hints_of(content_type: Text | None, body: bytes, redact: Collection[str]) -> Table | None:
    """Return what *body* says by name, as "shape/path"; None where it is of no known shape or says nothing.

    What is named in *redact* is left out but for its name.
    """
    if body[:5] in _FIRST_BYTES and body.startswith(_BEGINNINGS):
        read = next(read for beginning, read in _BY_BEGINNING if body.startswith(beginning))
    elif isinstance(content_type, str) and content_type.startswith(_CONTENT_TYPES):
        read = _BY_CONTENT_TYPE[content_type.partition(";")[0].strip()]
    else:
        return None
    if len(body) > BODY_BYTES_MAX:
        return None
    try:
        return _named(read(body).told(), redact) or None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _named(told: Found, redact: Collection[str]) -> Table:
    found: Table = {}
    for name, value in told:
        if value is None:
            continue
        text = str(value) if isinstance(value, int) else value
        if isinstance(text, str) and 0 < len(text) <= limit_of(name):
            found[name] = REDACTED if name in redact else text
    return found


def bulk_of(hints: Table | None) -> int:
    """Return how many bytes *hints* take in an envelope, estimated; 0 for None."""
    return 0 if hints is None else sum(len(name) + len(text) + 6 for name, text in hints.items())


def limit_of(name: str) -> int:
    """Return how long the text of *name* may be; a longer one is no id."""
    is_error = name.endswith(("traceback", "Exception", "error", "error_message", "/err"))
    return ERROR_LENGTH_MAX if is_error else TEXT_LENGTH_MAX


def _last_line(text: str | None) -> str | None:
    return None if text is None else _line(text, -1)


def _line(text: str, which: int) -> str:
    lines = text.strip().splitlines()
    return lines[which].strip()[:ERROR_LENGTH_MAX] if lines else ""
