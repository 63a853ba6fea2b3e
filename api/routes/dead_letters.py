"""Dead letters, in groups that died alike, and the messages of each group."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api import access
from api.access import Cursor, Limit, Ports, StoredBodies, whole
from api.guard import name_of
from api.problems import Problem, documented, not_found
from api.routes.messages import find
from api.wire import ListOut
from api.wire_messages import MessageOut
from api.wire_views import DeadLetterGroupOut, dead_letter_group
from events.identity import position_of
from events.values import shown

router = APIRouter(prefix="/dead-letters", tags=["dead letters"])


@router.get(
    "",
    operation_id="listDeadLetters",
    summary="Dead letters in groups",
    response_model=ListOut[DeadLetterGroupOut],
)
async def list_dead_letters(request: Request, response: Response, ports: Ports) -> object:
    """Groups of messages that died in the same queue, for the same reason, on the same way out.

    Expiries that serve as a delay are marked `timer`.
    """
    return access.tagged(request, response, access.entity_tag(ports, ports.views.position)) or (
        whole(ports, [dead_letter_group(row) for row in ports.views.dead_letters()])
    )


@router.get(
    "/{id}/messages",
    operation_id="listDeadLetterMessages",
    summary="The messages of a group",
    responses=documented("cursor-invalid", "not-found", "store-unavailable"),
    response_model=ListOut[MessageOut],
)
async def list_dead_letter_messages(
    group_id: Annotated[str, Path(alias="id", description="As `id` of a group.")],
    ports: Ports,
    stored: StoredBodies,
    limit: Limit = access.LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> object:
    """The messages that died so, newest first. Those that retention removed are left out."""
    group = shown(name_of(group_id))
    uids = ports.views.dead_letter_messages(group)
    if uids is None:
        raise not_found("group of dead letters", group)
    name = f"dead-letters\n{group}"
    before = access.number_after(ports, name, cursor)
    rest = [uid for uid in uids if before is None or _position(uid) < before]
    page = rest[:limit]
    return ListOut[MessageOut](
        items=[found for uid in page if (found := await _shown(ports, stored, uid))],
        total=len(uids),
        total_is="exact",
        position=str(ports.views.position),
        next=access.next_cursor(ports, name, (_position(page[-1]),) if len(rest) > limit else None),
    )


async def _shown(ports: Ports, stored: StoredBodies, uid: str) -> MessageOut | None:
    try:
        document = await find(ports, uid)
    except Problem:
        return None
    return await stored.message(document, body_bytes_max=ports.limits.list_body_bytes_max)


def _position(uid: str) -> int:
    position = position_of(uid, uid.rpartition("-")[0])
    return -1 if position is None else position
