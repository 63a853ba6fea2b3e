"""What routes share: the ports, strict parameters, paging, entity tags."""

import re
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Path, Query, Request, Response

from api import cursor as cursors
from api.ports import ApiPorts
from api.problems import Problem
from api.scopes import may
from api.stored import Stored
from api.version import VERSION
from api.wire import ListOut
from events.operations import PAYLOAD

Item = TypeVar("Item")

QUERY_CHARS_MAX = 4_096
SEARCH = Query(
    max_length=QUERY_CHARS_MAX,
    description="A query, see the query language. Empty: everything.",
    examples=[
        'exchange:orders AND state:dead-lettered "card declined" -queue:audit latency_ms:>500'
    ],
    json_schema_extra={"format": "hoptrail-query"},
)
REPEATABLE = frozenset({"field", "kind"})
"""Parameters that are lists, and may stand more than once."""

LIMIT_DEFAULT = 50
LIMIT_MAX = 500


async def ports_of(request: Request) -> ApiPorts:
    """Return the ports the app was made with."""
    return request.app.state.ports


async def stored_of(request: Request) -> Stored:
    """Return the reader of bodies and facts, without the bodies for who may not see them."""
    stored: Stored = request.app.state.stored
    return stored if may(request, PAYLOAD) else stored.without_bodies()


async def only_known_parameters(request: Request) -> None:
    """Refuse a query parameter that the route does not have, or that stands twice and is no list.

    Raises:
        Problem: parameter-unknown, parameter-invalid.
    """
    known = request.app.state.parameters.get(request.scope["route"].operation_id)
    if known is None:
        return
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name not in known:
            offered = ", ".join(sorted(known)) or "none"
            raise Problem(
                "parameter-unknown", f"There is no parameter {name!r}; there is: {offered}."
            )
        if name in seen and name not in REPEATABLE:
            raise Problem("parameter-invalid", f"The parameter {name!r} stands twice.")
        seen.add(name)


Ports = Annotated[ApiPorts, Depends(ports_of)]
Segment = Annotated[str, Path(description="Percent-encoded, also a `/` inside it: `%2F`.")]
StoredBodies = Annotated[Stored, Depends(stored_of)]
Limit = Annotated[
    int, Query(ge=1, le=LIMIT_MAX, description="Items on a page.", examples=[LIMIT_DEFAULT])
]
Cursor = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=cursors.CURSOR_CHARS_MAX,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="`next` of the page before, with all other parameters as they were. Opaque.",
    ),
]


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Which page of a list is asked for."""

    limit: Limit = LIMIT_DEFAULT
    cursor: Cursor = None


Paging = Annotated[PageAsked, Depends()]


def after(ports: ApiPorts, request_name: str, cursor: str | None) -> cursors.Values | None:
    """Return the values that *cursor* holds for the list *request_name*; None for the first page.

    Raises:
        Problem: cursor-invalid.
    """
    if cursor is None:
        return None
    try:
        return cursors.decode(ports.cursor_key, request_name, cursor)
    except cursors.CursorInvalid as error:
        raise Problem(
            "cursor-invalid", f"The cursor cannot be used: {error}. Start again without it."
        ) from error


def number_after(ports: ApiPorts, request_name: str, cursor: str | None) -> int | None:
    """Return the one number that *cursor* holds; None for the first page.

    Raises:
        Problem: cursor-invalid.
    """
    match after(ports, request_name, cursor):
        case None:
            return None
        case (int() as number,):
            return number
        case _:
            raise Problem("cursor-invalid", "The cursor belongs to another list.")


def next_cursor(ports: ApiPorts, request_name: str, values: cursors.Values | None) -> str | None:
    """Return the cursor after *values*; None when there is no next page."""
    return None if values is None else cursors.encode(ports.cursor_key, request_name, values)


async def indexed_position(ports: ApiPorts) -> int:
    """Return the position before which every fact is in the message index."""
    checkpoint = await ports.index.checkpoint()
    return 0 if checkpoint is None else checkpoint.position


def entity_tag(ports: ApiPorts, position: int) -> str:
    """Return the weak tag of an answer that holds everything before *position*."""
    return f'W/"{ports.views.stream}-{position}"'


def tagged(request: Request, response: Response, tag: str) -> Response | None:
    """Set the entity tag on *response*; return 304 instead when the caller has that answer already.

    Who may not see bodies gets other answers, and so does who asks another version: their tags differ too.
    """
    bodies = "" if may(request, PAYLOAD) else "-without-bodies"
    tag = tag.removesuffix('"') + f'-{VERSION}{bodies}"'
    response.headers["ETag"] = tag
    held = {item.strip() for item in request.headers.get("if-none-match", "").split(",")}
    if tag in held:
        return Response(status_code=304, headers={"ETag": tag})
    return None


_RELATIVE = re.compile(r"\bnow\b")


def depends_on_now(query: str) -> bool:
    """Return whether *query* may mean something else a moment later."""
    return _RELATIVE.search(query) is not None


def whole(ports: ApiPorts, items: list[Item]) -> ListOut[Item]:
    """Return a list that has only one page, as of the views' position."""
    return ListOut[Item](
        items=items,
        total=len(items),
        total_is="exact",
        position=str(ports.views.position),
        next=None,
    )
