"""A browser's session: opened with an API key, which is then neither kept nor sent again."""

import asyncio
import math
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import problems
from api.access import Ports
from api.attempts import Attempts
from api.denials import ANY, Denials
from api.holders import SESSION_S, Session, asking, cookie_name, open_session, session_of
from api.ports import ApiPorts
from api.problems import documented
from api.scopes import Who
from api.wire import time
from api.wire_operations import AccessOut
from api.wire_session import LoginIn, SessionOut
from events.operations import SCOPES

router = APIRouter(tags=["session"])
OPERATION = "openSession"


async def attempts_of(request: Request) -> Attempts:
    """Return what is remembered of wrong keys."""
    return request.app.state.attempts


@router.get(
    "/session",
    operation_id="getSession",
    summary="Whether a key is needed, and who asks",
    response_model=SessionOut,
)
async def get_session(request: Request, response: Response, ports: Ports) -> SessionOut:
    """Whether a key is needed, and who asks. No key is needed to know."""
    response.headers["Cache-Control"] = "no-store"
    return _told(ports, asking(ports, request.headers), session_of(ports, request.headers))


@router.post(
    "/session",
    operation_id=OPERATION,
    summary="Open a session",
    responses=documented("unauthorized", "too-many-attempts"),
    response_model=SessionOut,
)
async def post_session(
    request: Request,
    response: Response,
    wanted: LoginIn,
    ports: Ports,
    attempts: Annotated[Attempts, Depends(attempts_of)],
) -> object:
    """Open a session of 12 hours with an API key: the answer sets a cookie that stands for it."""
    address = "" if request.client is None else request.client.host
    now = asyncio.get_running_loop().time()
    if (wait_s := attempts.wait_s(address, now)) > 0:
        detail = f"Too many wrong keys came from {address}; try again in {math.ceil(wait_s)} s."
        again = {"Retry-After": str(math.ceil(wait_s))}
        return problems.response("too-many-attempts", detail, again)
    opened = open_session(ports, wanted.key.strip())
    if opened is None:
        attempts.was_wrong(address, now)
        denials: Denials = request.app.state.denials
        denials.noted("", ANY, OPERATION)
        challenge = {"WWW-Authenticate": 'Bearer realm="hoptrail"'}
        return problems.response("unauthorized", "This key is not known, or revoked.", challenge)
    session, value = opened
    response.set_cookie(
        cookie_name(ports),
        value,
        max_age=SESSION_S,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )
    response.headers["Cache-Control"] = "no-store"
    return _told(ports, session.who, session)


@router.delete(
    "/session", operation_id="closeSession", summary="Close the session", status_code=204
)
async def delete_session(request: Request, response: Response, ports: Ports) -> None:
    """Have the browser forget the session. Revoking its key ends every session opened with it, wherever they are."""
    response.delete_cookie(
        cookie_name(ports),
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def _told(ports: ApiPorts, who: Who | None, session: Session | None) -> SessionOut:
    return SessionOut(
        key_needed=bool(ports.key_digests),
        who=None
        if who is None
        else AccessOut(by=who.by, scopes=[scope for scope in SCOPES if scope in who.scopes]),
        ends_at=None
        if session is None or who is None or not who.by_cookie
        else time(session.ends_at),
    )


def _is_secure(request: Request) -> bool:
    """Return whether the browser speaks https, if only to a proxy: the page's origin, which is ours, says so."""
    origin = request.headers.get("origin", "")
    return request.url.scheme == "https" or origin.startswith("https://")
