"""How frameworks say what caused a message, who sent it, what it belongs to and what it is: one small file each.

Pure. They say so in headers or, where the collector found it, in the body. Names of headers are matched without regard to
case. A changed reading is a new VERSION, since it changes what is derived.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from events.facts import Properties, Table
from events.values import Text, shown
from projector.linker.dialects import (
    b3,
    cap,
    celery,
    cloudevents,
    dramatiq,
    easynetq,
    faststream,
    laravel,
    masstransit,
    nameko,
    nestjs,
    nservicebus,
    own,
    rascal,
    rebus,
    sneakers,
    spring_amqp,
    spring_cloud_stream,
    symfony,
    taskiq,
    vendors,
    w3c,
    wolverine,
)
from projector.linker.dialects.reading import (
    TYPE_PROPERTY,
    Described,
    Dialect,
    Reading,
    Readings,
    What,
)

__all__ = ["DIALECTS", "VERSION", "Described", "Dialects", "Told"]

VERSION = "2"
SHAPES_CACHED_MAX = 4_096
DESCRIPTIONS_CACHED_MAX = 4_096
NAME_LENGTH_MAX = 96

DIALECTS: tuple[Dialect, ...] = (
    celery.DIALECT,
    dramatiq.DIALECT,
    taskiq.DIALECT,
    faststream.DIALECT,
    masstransit.DIALECT,
    nservicebus.DIALECT,
    nameko.DIALECT,
    nestjs.DIALECT,
    rascal.DIALECT,
    spring_cloud_stream.DIALECT,
    spring_amqp.DIALECT,
    wolverine.DIALECT,
    rebus.DIALECT,
    cap.DIALECT,
    easynetq.DIALECT,
    symfony.DIALECT,
    laravel.DIALECT,
    sneakers.DIALECT,
    cloudevents.DIALECT,
    own.DIALECT,
    w3c.DIALECT,
    b3.DIALECT,
    vendors.DIALECT,
)
"""Every dialect; of several that wrote one message the first names its framework."""

Told = tuple[What, str, str]
NOTHING: Sequence[Told] = ()


class _Shape(NamedTuple):
    """What is read from messages that have the same names in headers and body, in the order it is told."""

    readings: tuple[tuple[bool, Text, Reading], ...]
    framework: str | None


class Dialects:
    """Reads headers; remembers which sets of names it has met, so that a known one costs one lookup."""

    def __init__(self, dialects: Sequence[Dialect] = DIALECTS) -> None:
        self._dialects = dialects
        self._headers = _by_name((dialect, dialect.headers) for dialect in dialects)
        self._in_body = _by_name((dialect, dialect.in_body) for dialect in dialects)
        self._app_ids = tuple(
            (each.app_id, each.name) for each in dialects if each.app_id and each.name
        )
        self._shapes: dict[Any, _Shape] = {}
        self._descriptions: dict[Any, Described] = {}

    @property
    def remembered(self) -> tuple[int, int]:
        """How many sets of names and how many descriptions are remembered."""
        return len(self._shapes), len(self._descriptions)

    def read(self, headers: Table | None, in_body: Table | None = None) -> Sequence[Told]:
        """Return what a message says as (what, evidence, value), traces first."""
        key: Any = tuple(headers) if headers else ()
        if in_body is not None:
            key = (key, tuple(in_body))
        shape = self._shapes.get(key)
        if shape is None:
            shape = self._meet(key, headers or {}, in_body or {})
        if not shape.readings and shape.framework is None:
            return NOTHING
        found: list[Told] = []
        for of_body, name, reading in shape.readings:
            told = reading.read((in_body if of_body else headers)[name])  # pyright: ignore[reportOptionalSubscript]
            if told is not None:
                found.append((reading.what, reading.evidence, told))
        if shape.framework is not None:
            found.append((What.FRAMEWORK, "", shape.framework))
        return found

    def describe(self, told: Sequence[Told], properties: Properties) -> Described | None:
        """Return what *told* says beside links; None where that is nothing.

        The property `type` is the sender's own word for the type and goes before what a framework writes.
        """
        framework = self._framework_of(properties.app_id)
        if framework is None and (not told or told[-1][0] < What.TYPE):
            return None
        names: dict[What, tuple[str, str]] = {}
        for what, evidence, value in told:
            if what >= What.TYPE:
                names.setdefault(what, (evidence, value))
        named = names.get(What.FRAMEWORK)
        kind = names.get(What.TYPE)
        if properties.type is not None:
            kind = (TYPE_PROPERTY, shown(properties.type))
        retries, error = names.get(What.RETRIES), names.get(What.ERROR)
        key = (named[1] if named else framework, kind, retries, error)
        found = self._descriptions.get(key)
        if found is None:
            if len(self._descriptions) >= DESCRIPTIONS_CACHED_MAX:
                self._descriptions.clear()
            found = self._descriptions[key] = Described(
                framework=key[0],
                message_type=kind[1] if kind else None,
                message_type_evidence=kind[0] if kind else None,
                retries=int(retries[1]) if retries else None,
                error=error[1] if error else None,
            )
        return found

    def _framework_of(self, app_id: Text | None) -> str | None:
        if isinstance(app_id, str):
            for beginning, name in self._app_ids:
                if app_id.startswith(beginning):
                    return name
        return None

    def _meet(self, key: Any, headers: Iterable[Text], in_body: Iterable[Text]) -> _Shape:
        there = {
            name.lower(): name
            for name in headers
            if isinstance(name, str) and len(name) <= NAME_LENGTH_MAX
        }
        spoken = {
            id(dialect): dialect
            for dialect in self._dialects
            if (
                any(mark <= there.keys() for mark in dialect.marks)
                if dialect.marks
                else not there.keys().isdisjoint(dialect.headers)
            )
        }
        found: list[tuple[bool, Text, Reading]] = [
            (False, there[name], reading)
            for name in there
            for dialect, reading in self._headers.get(name, ())
            if id(dialect) in spoken
        ]
        names = set(in_body)
        spoken.update(
            (id(each), each) for each in self._dialects if not names.isdisjoint(each.in_body)
        )
        found += [
            (True, name, reading) for name in in_body for _, reading in self._in_body.get(name, ())
        ]
        passed_on = {name for each in spoken.values() for name in each.passed_on if name in there}
        if passed_on:
            sender = {there[name] for name in passed_on}
            found = [
                each
                for each in found
                if each[2].what is not What.SERVICE or (not each[0] and each[1] in sender)
            ]
        found.sort(key=lambda each: (each[2].what, each[2].evidence))
        framework = next(
            (each.name for each in self._dialects if each.name and id(each) in spoken), None
        )
        shape = _Shape(tuple(found), framework)
        if len(self._shapes) >= SHAPES_CACHED_MAX:
            self._shapes.clear()
        self._shapes[key] = shape
        return shape


def _by_name(
    tables: Iterable[tuple[Dialect, Readings]],
) -> dict[Text, list[tuple[Dialect, Reading]]]:
    found: dict[Text, list[tuple[Dialect, Reading]]] = {}
    for dialect, readings in tables:
        for name, told in readings.items():
            for reading in (told,) if isinstance(told, Reading) else told:
                found.setdefault(name, []).append((dialect, reading))
    return found
