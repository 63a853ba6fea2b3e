"""What operators do: who asks, API keys, and the trail of who did what when."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from api import access
from api.access import Cursor, Limit, Ports, whole
from api.asking import ASKED, ask, new_id
from api.ports import key_digest, new_key
from api.problems import Problem, documented, not_found
from api.scopes import who_of
from api.wire import ListOut
from api.wire_operations import (
    AccessOut,
    DeedOut,
    DoneOut,
    KeyIn,
    KeyMadeOut,
    KeyOut,
    Nothing,
    deed,
    key,
    key_made,
)
from events.facts import KeyCreated, KeyRevoked
from events.operations import SCOPES

SECRET_BYTES = 32

router = APIRouter(tags=["operations"])


@router.get("/access", operation_id="getAccess", summary="Who asks", response_model=AccessOut)
async def get_access(request: Request) -> AccessOut:
    """Who asks, and which scopes that has."""
    who = who_of(request)
    return AccessOut(by=who.by, scopes=[scope for scope in SCOPES if scope in who.scopes])


@router.get(
    "/operations",
    operation_id="listOperations",
    summary="Who did what when",
    responses=documented("cursor-invalid"),
    response_model=ListOut[DeedOut],
)
async def list_operations(
    ports: Ports,
    by: Annotated[
        str | None, Query(max_length=64, description="Only what this key did, or root or local.")
    ] = None,
    about: Annotated[
        str | None,
        Query(max_length=64, description="Only what this key, group or retry went through."),
    ] = None,
    limit: Limit = access.LIMIT_DEFAULT,
    cursor: Cursor = None,
) -> object:
    """What operators did and were denied, newest first: the newest 5,000 such facts of the log."""
    rows = [
        row for row in ports.views.trail() if by in (None, row.by) and about in (None, row.about)
    ]
    name = f"operations\n{by}\n{about}"
    before = access.number_after(ports, name, cursor)
    rest = [row for row in rows if before is None or row.position < before]
    page = rest[:limit]
    return ListOut[DeedOut](
        items=[deed(row) for row in page],
        total=len(rows),
        total_is="exact",
        position=str(ports.views.position),
        next=access.next_cursor(ports, name, (page[-1].position,) if len(rest) > limit else None),
    )


@router.get("/keys", operation_id="listKeys", summary="API keys", response_model=ListOut[KeyOut])
async def list_keys(ports: Ports) -> object:
    """The API keys that operators made, also those that are revoked. Those of the settings are not among them."""
    return whole(ports, [key(name, made) for name, made in ports.views.operators().keys.items()])


@router.post(
    "/keys",
    operation_id="createKey",
    summary="Make an API key",
    status_code=201,
    responses=documented(*ASKED),
    response_model=KeyMadeOut,
)
async def create_key(request: Request, wanted: KeyIn, ports: Ports) -> object:
    """Make an API key. The answer is the only place where it is ever shown."""
    name, scopes = new_id(), tuple(scope for scope in SCOPES if scope in wanted.scopes)
    made = new_key(name, secrets.token_urlsafe(SECRET_BYTES))
    by = who_of(request).by
    await ask(
        ports,
        lambda command: (KeyCreated(command, by, name, wanted.name, scopes, key_digest(made)),),
    )
    return key_made(name, ports.views.operators().keys[name], made)


@router.post(
    "/keys/{id}/revoke",
    operation_id="revokeKey",
    summary="Revoke an API key",
    responses=documented("not-found", *ASKED),
    response_model=DoneOut,
)
async def revoke_key(
    request: Request,
    key_id: Annotated[str, Path(alias="id", description="As `id` of a key.")],
    _: Nothing,
    ports: Ports,
) -> object:
    """Revoke an API key. It opens nothing any more once this is answered, here; elsewhere within a second."""
    known = ports.views.operators().keys.get(key_id)
    if known is None:
        raise not_found("key", key_id)
    if known.revoked is not None:
        raise Problem("refused", f"The key {key_id} is revoked already.")
    by = who_of(request).by
    return DoneOut(command=await ask(ports, lambda name: (KeyRevoked(name, by, key_id),)))
