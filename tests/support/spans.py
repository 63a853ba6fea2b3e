"""Spans of made-up and recorded logs."""

from collections.abc import Iterable

from events.facts import Envelope
from projector.fold import Fold
from projector.linker.limits import Limits
from projector.linker.linker import Linker
from projector.otlp.model import Span
from projector.otlp.moments import Moments
from projector.otlp.places import Places
from projector.otlp.spans import spans_of

STREAM = "main"


def spans_in(
    envelopes: Iterable[Envelope],
    *,
    since: int = 0,
    begin: int = 0,
    limits: Limits | None = None,
) -> list[Span]:
    """Return the spans of everything told from position *since* on, as sent when all of *envelopes* are known."""
    linker = Linker(STREAM, limits)
    moments = Moments(STREAM, linker.get, since=since)
    Fold(linker, (moments,)).fold(envelopes)
    places = Places(STREAM, linker.get, begin=begin, traces=moments.traces)
    return taken(moments, places)


def taken(moments: Moments, places: Places) -> list[Span]:
    """Return the spans of all *moments* kept, which are kept no longer."""
    spans: list[Span] = []
    while len(moments):
        spans += spans_of(moments.take(), places)
    return spans


def named(spans: Iterable[Span]) -> dict[str, Span]:
    """Return *spans* by their names, which must differ."""
    found = list(spans)
    by_name = {span.name: span for span in found}
    assert len(by_name) == len(found), sorted(span.name for span in found)
    return by_name
