"""The span of time a query looks at. Pure."""

from collections.abc import Callable

from store.query import And, Or, Query, Range

PUBLISHED_AT = "published_at"
Span = tuple[int | None, int | None]


def time_span(query: Query, now_ns: int) -> Span:
    """Return the earliest and latest `published_at` (ns) that can match *query*; None where it sets no bound.

    Never narrower than what the query matches: a part that is not understood here bounds nothing.
    """
    match query:
        case Range(field=field) if field == PUBLISHED_AT:
            return (
                _moment(query.low, now_ns, relative=query.low_now),
                _moment(query.high, now_ns, relative=query.high_now),
            )
        case And(parts):
            lows, highs = _bounds(parts, now_ns)
            return (
                max((low for low in lows if low is not None), default=None),
                min((high for high in highs if high is not None), default=None),
            )
        case Or(parts):
            lows, highs = _bounds(parts, now_ns)
            return _loosest(lows, min), _loosest(highs, max)
        case _:
            return None, None


def _bounds(parts: tuple[Query, ...], now_ns: int) -> tuple[list[int | None], list[int | None]]:
    spans = [time_span(part, now_ns) for part in parts]
    return [low for low, _ in spans], [high for _, high in spans]


def _loosest(bounds: list[int | None], pick: Callable[[list[int]], int]) -> int | None:
    known = [bound for bound in bounds if bound is not None]
    return pick(known) if known and len(known) == len(bounds) else None


def _moment(bound: float | None, now_ns: int, *, relative: bool) -> int | None:
    if bound is None:
        return None
    return int(bound) + (now_ns if relative else 0)


def overlaps(span: Span, since: int, until: int | None) -> bool:
    """Say whether a time from *since* to *until* (None: still lasting) touches *span*."""
    low, high = span
    return (high is None or since <= high) and (low is None or until is None or until >= low)
