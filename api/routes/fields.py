"""The fields of the query language, told so that queries can be completed."""

from collections import Counter

from fastapi import APIRouter, Request, Response

from api import access
from api.access import Ports
from api.problems import documented
from api.wire_fields import FieldsOut, fields
from store.fields import HEADER, header_pairs
from store.ports import Sort
from store.query import MatchAll

router = APIRouter(prefix="/fields", tags=["messages"])

LOOKED_AT = 200
HEADERS_MAX = 100


@router.get(
    "",
    operation_id="listFields",
    summary="The fields of the query language",
    responses=documented("store-unavailable"),
    response_model=FieldsOut,
)
async def list_fields(request: Request, response: Response, ports: Ports) -> object:
    """Every field that a query can name: its kind, what it is, an example, its values where they are few.

    With them come the headers that the newest 200 messages have, for `header.` and a path.
    """
    position = await access.indexed_position(ports)
    if held := access.tagged(request, response, access.entity_tag(ports, position)):
        return held
    page = await ports.index.search(MatchAll(), sort=Sort(), limit=LOOKED_AT, now_ns=ports.clock())
    paths = Counter(
        path for found in page.items for path in {path for path, _ in header_pairs(found)}
    )
    commonest = sorted(paths.items(), key=lambda pair: (-pair[1], pair[0]))[:HEADERS_MAX]
    return FieldsOut(
        items=list(fields()),
        headers=[HEADER + path for path, _ in commonest],
        headers_of=len(page.items),
        position=str(position),
    )
