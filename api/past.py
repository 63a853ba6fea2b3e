"""The system as it was at a time: the parameter `at`, and what answers to it.

A time relative to now is taken for the same moment for a while, so that asking again until it is worked out comes to an end.
"""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from api import access
from api.access import Ports
from api.problems import Problem, documented
from api.routes.counts import TIME_CHARS_MAX, moment
from api.wire import NS_PER_S, time
from api.wire_past import Item, SystemListOut, as_of
from projector.past import NotRetained, TooMuchToFold
from projector.system import NotYet, Past

SAME_MOMENT_NS = 60 * NS_PER_S
MOMENTS_MAX = 64
PAST = documented("not-retained", "too-large", "not-computed-yet")
"""The problems of a time in the past."""

At = Annotated[
    str | None,
    Query(
        max_length=TIME_CHARS_MAX,
        description="As it was at a time, written as in the query language, with all that it covers. Default: now.",
        examples=["2026-01-02T03:04:05Z", "now-1h"],
        json_schema_extra={"format": "hoptrail-time"},
    ),
]


async def past_of(request: Request, ports: Ports, at: str | None) -> Past | None:
    """Return the system as it was at the time that *at* writes; None for now, where none is given.

    Raises:
        Problem: parameter-invalid, not-retained, too-large, not-computed-yet.
    """
    if at is None:
        return None
    observed_at = _moment(request, ports, at)
    try:
        found = await ports.views.past(observed_at)
    except NotRetained as error:
        known = f"What is retained begins at {time(error.known_from)}."
        raise Problem(
            "not-retained", f"Retention removed what was at {time(observed_at)}. {known}"
        ) from error
    except TooMuchToFold as error:
        raise Problem("too-large", f"{error}. Choose a time nearer to now.") from error
    if isinstance(found, NotYet):
        _remember(request, ports, at, observed_at)
        far = f"{found.folded:,} of {found.to_fold:,} events are folded"
        if not found.to_fold:
            far = "the nearest state kept before it is read"
        more = "" if found.left_s is None else f", {found.left_s:.0f} s more at this pace"
        what = "Another time is worked out first" if found.is_other else "It is being worked out"
        raise Problem(
            "not-computed-yet",
            f"{what}: {far}{more}. Ask again in a moment.",
            folded=found.folded,
            to_fold=found.to_fold,
            left_s=found.left_s,
        )
    return found


def tagged(
    request: Request, response: Response, ports: Ports, past: Past | None = None
) -> Response | None:
    """Set the entity tag of an answer from the views of now, or from those of *past*; return 304 where the caller has it."""
    if past is None:
        return access.tagged(request, response, access.entity_tag(ports, ports.views.position))
    kept = "kept" if past.is_beginning_kept else "removed"
    tag = f'W/"{past.stream}-{past.position}-at-{past.at}-{kept}"'
    return access.tagged(request, response, tag)


def listed(ports: Ports, past: Past | None, items: list[Item]) -> SystemListOut[Item]:
    """Return a list that has only one page."""
    return SystemListOut[Item](
        items=items,
        total=len(items),
        total_is="exact",
        position=str(ports.views.position if past is None else past.position),
        next=None,
        as_of=None if past is None else as_of(past),
    )


def _moment(request: Request, ports: Ports, at: str) -> int:
    bound = moment("at", at)
    assert bound is not None
    if not bound.is_relative:
        return int(bound.last)
    now = ports.clock()
    known = _moments(request).get(at)
    if known is not None and 0 <= now - known[0] < SAME_MOMENT_NS:
        return known[1]
    observed_at = now + int(bound.last)
    _remember(request, ports, at, observed_at)
    return observed_at


def _remember(request: Request, ports: Ports, at: str, observed_at: int) -> None:
    moments = _moments(request)
    moments.pop(at, None)
    moments[at] = (ports.clock(), observed_at)
    if len(moments) > MOMENTS_MAX:
        del moments[next(iter(moments))]


def _moments(request: Request) -> dict[str, tuple[int, int]]:
    """Return by text when a time was asked for last, and which moment it was taken for."""
    found: Any = request.app.state.moments
    return found
