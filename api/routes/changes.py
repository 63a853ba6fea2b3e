"""What changed in the system lately."""

from typing import Annotated

from fastapi import APIRouter, Query

from api import access
from api.access import Paging, Ports
from api.problems import documented
from api.wire import ListOut
from api.wire_changes import KINDS, ChangeName, ChangeOut, change
from projector.views.firsts import order

router = APIRouter(tags=["topology"])

ID_CHARS_MAX = 1_024


@router.get(
    "/changes",
    operation_id="listChanges",
    summary="What changed",
    responses=documented("cursor-invalid"),
    response_model=ListOut[ChangeOut],
)
async def list_changes(
    ports: Ports,
    kind: Annotated[
        list[ChangeName] | None,
        Query(
            max_length=len(KINDS),
            description="Only of this kind; it may be given several times.",
            examples=[["queue-created", "consumer-stopped"]],
        ),
    ] = None,
    about: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=ID_CHARS_MAX,
            description="Only about this id, see `about` of a change.",
            examples=["queue:/:orders"],
        ),
    ] = None,
    *,
    paging: Paging,
) -> object:
    """What came, went or was seen for the first time, newest first: the newest 500 and more of each kind.

    What was there when capture first began is no change.
    """
    kinds = sorted(set(kind or ()))
    found = ports.views.recent_changes(kinds, about)
    name = f"changes\n{kinds}\n{about}"
    after = access.after(ports, name, paging.cursor)
    rest = [each for each in found if after is None or order(each) > after]
    page = rest[: paging.limit]
    more = len(rest) > len(page)
    return ListOut[ChangeOut](
        items=[change(each) for each in page],
        total=len(found),
        total_is="exact",
        position=str(ports.views.position),
        next=access.next_cursor(ports, name, order(page[-1]) if more else None),
    )
