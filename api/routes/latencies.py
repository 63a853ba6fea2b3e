"""How long messages wait, are worked on, and take from end to end: percentiles over any range of time."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api import access
from api.access import SEARCH, Ports
from api.past import tagged
from api.ports import ApiPorts
from api.problems import Problem, documented
from api.routes.counts import Time, moment
from api.wire_latencies import By, LatenciesOut, latencies
from projector.timed import Timed
from store import query as ast
from store.ports import Sort
from store.query_parser import parse
from store.query_time import PUBLISHED_AT

router = APIRouter(tags=["latencies"])

MATCHES_MAX = 10_000

BY = Query(description="What the rows are told apart by.", examples=["edge"])


@router.get(
    "/latencies",
    operation_id="getLatencies",
    summary="Latencies",
    responses=documented("query-invalid", "store-unavailable"),
    response_model=LatenciesOut,
)
async def get_latencies(
    request: Request,
    response: Response,
    ports: Ports,
    by: Annotated[By, BY] = "edge",
    since: Time = None,
    until: Time = None,
    q: Annotated[str, SEARCH] = "",
) -> object:
    """Percentiles of queue wait, estimated processing and end to end, per edge, queue or type.

    Without a query every delivery in the hours that the range touches is counted. With one, the newest 10,000 messages
    that match and were published in exactly that range are.
    """
    now_ns = ports.clock()
    low, high = moment("since", since), moment("until", until)
    first = None if low is None else int(low.first) + (now_ns if low.is_relative else 0)
    last = None if high is None else int(high.last) + (now_ns if high.is_relative else 0)
    if first is not None and last is not None and last < first:
        raise Problem("parameter-invalid", "until: it lies before since.")
    if q:
        return await _of_matches(ports, by, q, (first, last), now_ns)
    counts_from_now = access.depends_on_now(f"{since} {until}")
    if not counts_from_now and (held := tagged(request, response, ports)):
        return held
    found = ports.views.latencies(by, since=first, until=None if last is None else last + 1)
    return latencies(found, ports.views.position)


async def _of_matches(
    ports: ApiPorts, by: str, q: str, span: tuple[int | None, int | None], now_ns: int
) -> LatenciesOut:
    query = parse(q)
    if span != (None, None):
        query = ast.And((query, ast.Range(PUBLISHED_AT, *span)))
    position = await access.indexed_position(ports)
    timed = Timed(by)
    after: tuple[int | str, ...] | None = None
    while True:
        page = await ports.index.search(
            query, sort=Sort(), limit=ports.limits.page_items_max, after=after, now_ns=now_ns
        )
        for document in page.items:
            timed.add(document)
        after = page.after
        if after is None or timed.documents >= MATCHES_MAX:
            break
    basis = "all matches" if after is None else "the newest matches"
    found = timed.answer(since=span[0], until=span[1])
    return latencies(found, position, basis=basis, matches=timed.documents)
