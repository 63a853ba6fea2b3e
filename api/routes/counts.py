"""What is counted about the matches of a search: by time, and by value.

Its routes stand beside those of single messages, so they must be added before them.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Query, Request, Response

from api import access
from api.access import SEARCH, Ports
from api.ports import ApiPorts
from api.problems import Problem, documented
from api.wire import time
from api.wire_capture import gap
from api.wire_search import FacetsOut, HistogramOut, bucket, facet
from store import query as ast
from store.fields import BODY, Kind, field_of
from store.ports import MessageIndex, Sort
from store.query_parser import parse
from store.query_time import PUBLISHED_AT, overlaps, time_span
from store.query_values import Bound, time_bound
from store.ranking import FACET_MATCHES_MAX, HISTOGRAM_BUCKETS_MAX

router = APIRouter()

BUCKETS_DEFAULT = 60
FACET_FIELDS_MAX = 10
FACET_VALUES_DEFAULT = 10
FACET_VALUES_MAX = 100
PREFIX_CHARS_MAX = 200
TIME_CHARS_MAX = 64
HOUR_NS = 3_600_000_000_000

Time = Annotated[
    str | None,
    Query(
        max_length=TIME_CHARS_MAX,
        description="A time as the query language writes it. Default: what the query's `published_at` says, else "
        "the times of the retained log.",
        examples=["2026-01-02T03:04:05Z", "now-1h"],
        json_schema_extra={"format": "hoptrail-time"},
    ),
]


@router.get(
    "/histogram",
    operation_id="countMessagesByTime",
    summary="Matches of a query over time",
    responses=documented("query-invalid", "store-unavailable"),
    response_model=HistogramOut,
)
async def get_histogram(
    request: Request,
    response: Response,
    ports: Ports,
    q: Annotated[str, SEARCH] = "",
    since: Time = None,
    until: Time = None,
    buckets: Annotated[
        int, Query(ge=1, le=HISTOGRAM_BUCKETS_MAX, description="How many at most.", examples=[60])
    ] = BUCKETS_DEFAULT,
    by: Annotated[
        Literal["state"] | None, Query(description="Tell each bucket apart by this field as well.")
    ] = None,
) -> object:
    """How many messages that match a query were published in each of some spans of time; every match is counted.

    `until` is included with all that it covers: a day, a minute, a second. With `by` each bucket has `parts`, exact too.
    """
    query, now_ns = parse(q), ports.clock()
    given = (moment("since", since), moment("until", until))
    position = await access.indexed_position(ports)
    if (
        None not in given
        and not access.depends_on_now(f"{q} {since} {until}")
        and (held := access.tagged(request, response, access.entity_tag(ports, position)))
    ):
        return held
    begin, end = await _span(ports, query, given, now_ns)
    width_ns = -(-(end - begin) // buckets)
    count = -(-(end - begin) // width_ns)
    within = ast.Range(PUBLISHED_AT, begin, end, include_high=False)
    try:
        counts, parts = await _counted(
            ports.index, ast.And((query, within)), by, Buckets(begin, width_ns, count), now_ns
        )
    except ValueError as error:
        raise Problem("parameter-invalid", f"since, until: {error}") from error
    borders = [*(begin + i * width_ns for i in range(count)), end]
    gaps = ports.views.capture().gaps
    return HistogramOut(
        since=time(begin),
        until=time(end),
        buckets=[bucket(borders[i], borders[i + 1], counts[i], parts[i]) for i in range(count)],
        total=sum(counts),
        position=str(position),
        not_captured=[
            gap(each) for each in gaps if overlaps((begin, end - 1), each.since, each.until)
        ],
    )


class Buckets(NamedTuple):
    """`number` spans of time from `since` on, each `width_ns` wide."""

    since: int
    width_ns: int
    number: int


async def _counted(
    index: MessageIndex, query: ast.Query, by: str | None, asked: Buckets, now_ns: int
) -> tuple[Sequence[int], Sequence[Mapping[str, int] | None]]:
    """Return the matches in each bucket, and told apart *by* a field where one is given."""
    since, width_ns, count = asked
    if by is None:
        counts = await index.histogram(
            query, since=since, width_ns=width_ns, buckets=count, now_ns=now_ns
        )
        return counts, [None] * count
    parts = await index.histogram_by(
        query, by, since=since, width_ns=width_ns, buckets=count, now_ns=now_ns
    )
    return [sum(each.values()) for each in parts], parts


@router.get(
    "/facets",
    operation_id="countMessagesByValue",
    summary="The commonest values among a query's matches",
    responses=documented("query-invalid", "store-unavailable"),
    response_model=FacetsOut,
)
async def get_facets(
    request: Request,
    response: Response,
    ports: Ports,
    field: Annotated[
        list[str],
        Query(
            min_length=1,
            max_length=FACET_FIELDS_MAX,
            description="A field of the query language; it may be given several times. Not one of words, nor of a "
            "value inside the body.",
            examples=[["state", "queue"]],
        ),
    ],
    q: Annotated[str, SEARCH] = "",
    size: Annotated[
        int, Query(ge=1, le=FACET_VALUES_MAX, description="Values of each field.", examples=[10])
    ] = FACET_VALUES_DEFAULT,
    prefix: Annotated[
        str,
        Query(
            max_length=PREFIX_CHARS_MAX,
            description="Tell only values that begin so, upper and lower case alike.",
            examples=["dead"],
        ),
    ] = "",
) -> object:
    """The commonest values of some fields among the messages that match, counted over the newest 10,000 of them.

    The answer says over how many was counted. A message counts once for each of its values.
    """
    query, now_ns = parse(q), ports.clock()
    for name in field:
        _check_facet(name)
    position = await access.indexed_position(ports)
    if not access.depends_on_now(q) and (
        held := access.tagged(request, response, access.entity_tag(ports, position))
    ):
        return held
    fields = list(dict.fromkeys(field))
    counts = await ports.index.facets(query, fields, size=size, now_ns=now_ns, prefix=prefix)
    page = await ports.index.search(query, sort=Sort(), limit=1, now_ns=now_ns)
    return FacetsOut(
        facets=[facet(name, dict(counts[name])) for name in fields],
        counted=min(page.total, FACET_MATCHES_MAX),
        counted_are="all" if page.total_is_exact else "newest",
        position=str(position),
    )


def _check_facet(name: str) -> None:
    known = field_of(name)
    if known is None:
        raise Problem("parameter-invalid", f"field: there is no field {name!r}.")
    if known.kind is Kind.TEXT or (name.startswith(BODY) and known.kind is Kind.KEYWORD):
        raise Problem("parameter-invalid", f"field: the values of {name!r} are not counted.")


def moment(name: str, written: str | None) -> Bound | None:
    if written is None:
        return None
    if (bound := time_bound(written)) is None:
        raise Problem(
            "parameter-invalid",
            f"{name}: {written!r} is no time; write 2026-01-02T03:04:05Z, 2026-01-02 or now-1h.",
        )
    return bound


async def _span(
    ports: ApiPorts, query: ast.Query, given: tuple[Bound | None, Bound | None], now_ns: int
) -> tuple[int, int]:
    """Return the histogram's ends in ns, the second not included: as given, as the query says, else the log's.

    Raises:
        Problem: parameter-invalid, when the second is not behind the first.
    """
    low, high = time_span(query, now_ns)
    first, last = given
    if first is not None:
        low = int(first.first) + (now_ns if first.is_relative else 0)
    if last is not None:
        high = int(last.last) + (now_ns if last.is_relative else 0)
    if low is None or high is None:
        oldest, newest = await _retained(ports, now_ns)
        if low is None:
            low = oldest if high is None or oldest <= high else high - HOUR_NS
        if high is None:
            high = newest if newest >= low else max(now_ns, low)
    if high < low:
        raise Problem("parameter-invalid", "until: it lies before since.")
    return low, high + 1


async def _retained(ports: ApiPorts, now_ns: int) -> tuple[int, int]:
    """Return the first and last time of the retained log; the last hour when it is empty."""
    segments = await ports.log.segments()
    if not segments:
        return now_ns - HOUR_NS, now_ns
    return (
        min(segment.first_observed_at for segment in segments),
        max(segment.last_observed_at for segment in segments),
    )
