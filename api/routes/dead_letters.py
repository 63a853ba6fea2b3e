"""Dead letters, in groups that died alike, and the messages of each group."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api import access
from api.access import Cursor, Limit, Ports, StoredBodies
from api.addresses import any_but
from api.asking import ASKED, ask
from api.guard import name_of
from api.past import PAST, At, listed, past_of, tagged
from api.problems import Problem, documented, not_found
from api.routes.messages import find
from api.scopes import who_of
from api.wire import ListOut, time
from api.wire_messages import MessageOut
from api.wire_operations import ArchiveIn, ArchiveMessagesIn, DoneOut, NoteIn
from api.wire_past import SystemListOut, as_of
from api.wire_views import (
    DeadLetterGroupDetailOut,
    DeadLetterGroupOut,
    DeadLetterMessageOut,
    FateName,
    dead_letter_group,
    dead_letter_group_detail,
    dead_letter_message,
)
from events.facts import GroupArchived, MessagesArchived, NoteSet
from events.identity import position_of
from events.values import shown
from projector.answers import DeadLetterGroup
from projector.system import Past

any_but("archive", name="group")
router = APIRouter(prefix="/dead-letters", tags=["dead letters"])

GroupId = Annotated[str, Path(alias="id", description="As `id` of a group.")]


@router.get(
    "",
    operation_id="listDeadLetters",
    summary="Dead letters in groups",
    responses=PAST,
    response_model=SystemListOut[DeadLetterGroupOut],
)
async def list_dead_letters(
    request: Request,
    response: Response,
    ports: Ports,
    state: Annotated[
        FateName | None, Query(description="Only groups with a message of which this became.")
    ] = None,
    timers: Annotated[
        bool, Query(description="Also expiries that serve as a delay, marked `timer`.")
    ] = False,
    at: At = None,
) -> object:
    """Groups of messages that died in the same queue, for the same reason, on the same way out.

    Expiries that serve as a delay are no failures, and left out unless asked for.
    """
    past = await past_of(request, ports, at)
    if held := tagged(request, response, ports, past):
        return held
    found = [
        row
        for row in (ports.views.dead_letters() if past is None else past.dead_letters)
        if (timers or not row.timer) and (state is None or state in row.states)
    ]
    return listed(ports, past, [dead_letter_group(row) for row in found])


@router.get(
    "/{id:group}",
    operation_id="getDeadLetterGroup",
    summary="One group of dead letters",
    responses=documented("not-found") | PAST,
    response_model=DeadLetterGroupDetailOut,
)
async def get_dead_letter_group(
    request: Request, response: Response, group_id: GroupId, ports: Ports, at: At = None
) -> object:
    """A group of dead letters, timers too: how many, since when, what became of them, and its note."""
    past = await past_of(request, ports, at)
    if past is None:
        found, position = _known(ports, group_id), ports.views.position
    else:
        found, position = _then(past, shown(name_of(group_id))), past.position
    return tagged(request, response, ports, past) or dead_letter_group_detail(
        found, position, None if past is None else as_of(past)
    )


@router.get(
    "/{id}/messages",
    operation_id="listDeadLetterMessages",
    summary="The messages of a group",
    responses=documented("cursor-invalid", "not-found", "store-unavailable"),
    response_model=ListOut[DeadLetterMessageOut],
)
async def list_dead_letter_messages(
    group_id: GroupId,
    ports: Ports,
    stored: StoredBodies,
    state: Annotated[
        FateName | None, Query(description="Only messages of which this became.")
    ] = None,
    limit: Limit = access.LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> object:
    """All that died so and are followed, the last first, and what became of each; what retention removed is missing."""
    group = _known(ports, group_id)
    name = f"dead-letters\n{group.id}\n{state}"
    before = access.number_after(ports, name, cursor)
    uids = ports.views.dead_letter_messages(group.id, state=state, before=before, limit=limit + 1)
    fates = [ports.views.fate(group.id, uid) for uid in uids[:limit]]
    shown_ones = [
        (found, fate) for fate in fates if (found := await _shown(ports, stored, fate.uid))
    ]
    return ListOut[DeadLetterMessageOut](
        items=[dead_letter_message(found, fate) for found, fate in shown_ones],
        total=sum(group.states.values()) if state is None else group.states.get(state, 0),
        total_is="exact",
        position=str(ports.views.position),
        next=access.next_cursor(ports, name, (fates[-1].died,) if len(uids) > limit else None),
    )


@router.post(
    "/{id}/note",
    operation_id="setDeadLetterNote",
    summary="Write a note on a group",
    responses=documented("not-found", *ASKED),
    response_model=DoneOut,
)
async def set_note(request: Request, group_id: GroupId, wanted: NoteIn, ports: Ports) -> object:
    """Set the note of a group of dead letters; it stays with the group whatever is folded anew."""
    group, by = _known(ports, group_id).id, who_of(request).by
    told = await ask(ports, lambda command: (NoteSet(command, by, group, wanted.text),))
    return DoneOut(command=told)


@router.post(
    "/{id}/archive",
    operation_id="archiveDeadLetterGroup",
    summary="Archive a group",
    responses=documented("not-found", *ASKED),
    response_model=DoneOut,
)
async def archive_group(
    request: Request, group_id: GroupId, wanted: ArchiveIn, ports: Ports
) -> object:
    """Archive the messages that a group has now, or take them out of the archive. What dies so later is open again."""
    group, by = _known(ports, group_id).id, who_of(request).by
    archived = wanted.archived
    return DoneOut(
        command=await ask(ports, lambda command: (GroupArchived(command, by, group, archived),))
    )


@router.post(
    "/archive",
    operation_id="archiveMessages",
    summary="Archive dead letters",
    responses=documented("not-found", "store-unavailable", *ASKED),
    response_model=DoneOut,
)
async def archive_messages(request: Request, wanted: ArchiveMessagesIn, ports: Ports) -> object:
    """Archive some messages, or take them out of the archive. All of them, or none when one is not known."""
    found = [await find(ports, uid) for uid in wanted.uids]
    positions = tuple(dict.fromkeys(_position(document.uid) for document in found))
    by, archived = who_of(request).by, wanted.archived
    return DoneOut(
        command=await ask(
            ports, lambda command: (MessagesArchived(command, by, positions, archived),)
        )
    )


def _then(past: Past, ident: str) -> DeadLetterGroup:
    for group in past.dead_letters:
        if group.id == ident:
            return group
    raise Problem("not-found", f"There was no group of dead letters {ident!r} at {time(past.at)}.")


def _known(ports: Ports, group_id: str) -> DeadLetterGroup:
    ident = shown(name_of(group_id))
    group = ports.views.dead_letter_group(ident)
    if group is None:
        raise not_found("group of dead letters", ident)
    return group


async def _shown(ports: Ports, stored: StoredBodies, uid: str) -> MessageOut | None:
    try:
        document = await find(ports, uid)
    except Problem:
        return None
    return await stored.message(document, body_bytes_max=ports.limits.list_body_bytes_max)


def _position(uid: str) -> int:
    position = position_of(uid, uid.rpartition("-")[0])
    return -1 if position is None else position
