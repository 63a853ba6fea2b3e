"""NestJS microservices: the pattern a handler listens to is the type; a request has an id, an event none."""

from projector.linker.dialects.reading import Dialect, Reading, What, error_line, text

DIALECT = Dialect(
    "NestJS",
    in_body={
        "nestjs/pattern": Reading(What.TYPE, "NestJS pattern", text),
        "nestjs/id": (),
        "nestjs/isDisposed": (),
        "nestjs/err": Reading(What.ERROR, "NestJS err", error_line),
    },
    recorded=("nestjs",),
    notes="replies go to `amq.rabbitmq.reply-to`; a service publishes on other connections than it consumes on",
)
