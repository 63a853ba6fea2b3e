"""What went through the system, or one thing of it, over time."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access import Ports
from api.problems import Problem, documented, not_found
from api.routes.counts import TIME_CHARS_MAX, moment
from api.wire import NS_PER_S
from api.wire_rates import RatesOut, rates
from store.query_time import overlaps

router = APIRouter(tags=["topology"])

SPAN_S = 900
BUCKETS_DEFAULT = 60
BUCKETS_MAX = 500
ID_CHARS_MAX = 1_024

Time = Annotated[
    str | None,
    Query(
        max_length=TIME_CHARS_MAX,
        description="A time as the query language writes it. Default: the last 15 minutes.",
        examples=["2026-01-02T03:04:05Z", "now-1h"],
        json_schema_extra={"format": "hoptrail-time"},
    ),
]
NodeId = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=ID_CHARS_MAX,
        description="The id of a node of the topology. Default: all that was seen.",
        examples=["queue:/:orders"],
    ),
]


@router.get(
    "/rates",
    operation_id="getRates",
    summary="Rates over time",
    responses=documented("not-found"),
    response_model=RatesOut,
)
async def get_rates(
    ports: Ports,
    about: NodeId = None,
    to: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=ID_CHARS_MAX,
            description="With `about`: only what went from there to this node.",
            examples=["service:billing"],
        ),
    ] = None,
    since: Time = None,
    until: Time = None,
    buckets: Annotated[
        int, Query(ge=1, le=BUCKETS_MAX, description="How many at most, and one.", examples=[60])
    ] = BUCKETS_DEFAULT,
) -> object:
    """What was published, delivered and dead-lettered over time: in all, at a node, or between two; and a queue's depths.

    Slices of 10 s are kept for a quarter of an hour, of a minute for two hours, of an hour for a week; `since` decides.
    """
    if to is not None and about is None:
        raise Problem("parameter-invalid", "to: it needs about, where the way begins.")
    _check_known(ports, (about, to))
    begin, end = _span(ports, since, until)
    found = ports.views.rates(about, to, since=begin, until=end, buckets=buckets)
    gaps = [
        gap
        for gap in ports.views.capture().gaps
        if overlaps((found.since, found.until - 1), gap.since, gap.until)
    ]
    return rates(found, gaps, ports.views.position)


def _check_known(ports: Ports, wanted: tuple[str | None, ...]) -> None:
    if wanted == (None, None):
        return
    known = {node.id for node in ports.views.topology().nodes}
    for ident in wanted:
        if ident is not None and ident not in known:
            raise not_found("node", ident)


def _span(ports: Ports, since: str | None, until: str | None) -> tuple[int, int]:
    now = ports.clock()
    first, last = moment("since", since), moment("until", until)
    end = now
    if last is not None:
        end = int(last.last) + (now if last.is_relative else 0) + 1
    begin = end - SPAN_S * NS_PER_S
    if first is not None:
        begin = int(first.first) + (now if first.is_relative else 0)
    if not 0 <= begin < end:
        raise Problem("parameter-invalid", "until: it lies before since.")
    return begin, end
