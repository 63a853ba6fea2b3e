"""Conversations: the traces that messages belong to, each with what is known of all of it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api import access
from api.access import SEARCH, Paging, Ports
from api.problems import Problem, documented
from api.routes.counts import Time, moment
from api.wire_conversations import ConversationsOut, conversation
from store import query as ast
from store.query_parser import parse
from store.query_time import PUBLISHED_AT, time_span

router = APIRouter(prefix="/conversations", tags=["traces"])

SortField = Literal["-last_published_at", "-started_at", "-messages", "-duration_ms", "-failures"]
Order = Annotated[
    SortField,
    Query(
        description="The largest first. By `last_published_at`: by the newest message that matches, to the oldest "
        "retained; else the conversations of the newest 10,000 matching messages are ranked."
    ),
]


@router.get(
    "",
    operation_id="listConversations",
    summary="Conversations",
    responses=documented("query-invalid", "cursor-invalid", "store-unavailable"),
    response_model=ConversationsOut,
    response_model_exclude_unset=True,
)
async def list_conversations(
    request: Request,
    response: Response,
    ports: Ports,
    q: Annotated[str, SEARCH] = "",
    since: Time = None,
    until: Time = None,
    sort: Order = "-last_published_at",
    *,
    paging: Paging,
) -> object:
    """Conversations of which a message matches a query, and was published from `since` to `until`; the newest first.

    Everything told of a conversation is over all of its messages. `now` in a query stays what it was on the first page, and
    all pages are in the order of then: messages published since move nothing, though what becomes of those of before may.
    """
    query = parse(q)
    position = await access.indexed_position(ports)
    if not access.depends_on_now(f"{q} {since} {until}") and (
        held := access.tagged(request, response, access.entity_tag(ports, position))
    ):
        return held
    name = f"conversations\n{sort}\n{since}\n{until}\n{q}"
    first, after = _resumed(access.after(ports, name, paging.cursor))
    now_ns, before = first[:2] if first else (ports.clock(), position)
    page = await ports.index.conversations(
        _within(query, since, until, now_ns),
        order=sort.removeprefix("-"),
        limit=paging.limit,
        after=after,
        before=before,
        now_ns=now_ns,
    )
    total, counted, is_all = first[2:] if first else (page.total, page.matches, int(page.is_all))
    gaps = ports.views.capture().gaps
    cursor = None if page.after is None else (now_ns, before, total, counted, is_all, *page.after)
    return ConversationsOut(
        items=[conversation(each, gaps) for each in page.items],
        total=total,
        total_is="exact" if is_all else "at_least",
        counted=counted,
        counted_are="all" if is_all else "newest",
        position=str(position),
        next=access.next_cursor(ports, name, cursor),
    )


def _resumed(
    values: tuple[int | str, ...] | None,
) -> tuple[tuple[int, int, int, int, int] | None, tuple[int | str, ...] | None]:
    """Return what the first page said (now, position, total, counted, whether of all) and where to go on from."""
    match values:
        case None:
            return None, None
        case (
            int() as now_ns,
            int() as before,
            int() as total,
            int() as counted,
            int() as is_all,
            *after,
        ) if after:
            return (now_ns, before, total, counted, is_all), tuple(after)
        case _:
            raise Problem("cursor-invalid", "The cursor belongs to another list.")


def _within(query: ast.Query, since: str | None, until: str | None, now_ns: int) -> ast.Query:
    """Return *query* with the times between which a matching message was published."""
    low, high = moment("since", since), moment("until", until)
    if low is None and high is None:
        return query
    within = ast.Range(
        PUBLISHED_AT,
        None if low is None else low.first,
        None if high is None else high.last,
        low_now=low is not None and low.is_relative,
        high_now=high is not None and high.is_relative,
    )
    begin, end = time_span(within, now_ns)
    if begin is not None and end is not None and end < begin:
        raise Problem("parameter-invalid", "until: it lies before since.")
    return ast.And((query, within))
