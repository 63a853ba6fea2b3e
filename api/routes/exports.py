"""Tables to work on elsewhere: messages, deliveries, edges, dead letters and queues, streamed as CSV or JSON lines."""

from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse

from api import access
from api.access import SEARCH, Ports, StoredBodies
from api.exporting import Export, Trail
from api.problems import Problem, documented
from api.scopes import require, who_of
from events.operations import PAYLOAD
from projector import table_text, tables
from store.query_parser import parse

router = APIRouter(prefix="/exports", tags=["exports"])

EXPORTS_MAX = 4
TOTAL_HEADER = "X-Hoptrail-Rows"


@router.get(
    "/{kind}",
    operation_id="exportTable",
    summary="Export a table",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": f"The rows, in a stream. Where it is known before, `{TOTAL_HEADER}` tells how many.",
            "content": {
                "text/csv": {"schema": {"type": "string"}},
                "application/jsonl": {"schema": {"type": "string"}},
            },
        },
        **documented("query-invalid", "forbidden", "store-unavailable", "too-many-streams"),
    },
)
async def export_table(
    request: Request,
    kind: Annotated[
        Literal["messages", "deliveries", "edges", "dead-letters", "queues"],
        Path(description="Which table."),
    ],
    ports: Ports,
    stored: StoredBodies,
    q: Annotated[str, SEARCH] = "",
    form: Annotated[Literal["csv", "jsonl"], Query(alias="format")] = "jsonl",
    bodies: Annotated[
        bool, Query(description="With the bodies of messages, which needs the scope `payload`.")
    ] = False,
) -> StreamingResponse:
    """All messages that match a query, or what they come to, as a table with typed columns; every export is recorded.

    A stream that ends without its last chunk broke off. In CSV a text that a spreadsheet would compute gets a `'` in front.
    """
    if bodies:
        if kind != tables.MESSAGES:
            raise Problem("parameter-invalid", "bodies: only messages have them.")
        require(request, PAYLOAD)
    if len(request.app.state.exports) >= EXPORTS_MAX:
        raise Problem("too-many-streams", f"{EXPORTS_MAX} exports are running.")
    export = Export(
        ports,
        stored,
        kind,
        parse(q) if q else None,
        before=await access.indexed_position(ports),
        bodies=bodies,
        now_ns=ports.clock(),
    )
    total = await export.total()
    headers = {"Content-Disposition": f'attachment; filename="{kind}.{form}"'}
    if total is not None:
        headers[TOTAL_HEADER] = str(total)
    told = _told(request, export, q, form)
    return StreamingResponse(told, media_type=table_text.MEDIA_TYPES[form], headers=headers)


async def _told(request: Request, export: Export, q: str, form: str) -> AsyncIterator[str]:
    """Yield the table page by page, and write down that it left, also where it broke off."""
    open_exports: set[object] = request.app.state.exports
    trail: Trail = request.app.state.trail
    mark, by = object(), who_of(request).by
    open_exports.add(mark)
    try:
        yield table_text.header(export.columns, form)
        async for page in export.pages():
            yield table_text.lines(export.columns, page, form)
    finally:
        open_exports.discard(mark)
        trail.exported(by, export, q)
