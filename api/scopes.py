"""Who asks, and what the key allows: the scope of every operation in one table.

Every route of the API stands in :data:`SCOPE_OF`; one that does not is open to nobody. What can be seen of bodies needs
``payload`` whatever the operation: see :func:`require_query` and the reader of bodies in ``api/access.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request
from starlette.types import Scope

from api.denials import Denials
from api.ports import ApiPorts
from api.problems import Problem
from events.operations import ADMIN, EDIT, METADATA, PAYLOAD, RETRY
from store import query as ast
from store.fields import BODY, Kind, field_of
from store.query_parser import parse

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WITHOUT_BODY = frozenset({"DELETE"})
"""Of the others, the methods that send nothing; a browser asks here first before a page elsewhere may use them."""
JSON = "application/json"
OPEN = "open"
"""The scope of what is asked without a key."""

SCOPE_OF: Mapping[str, str] = {
    "getHealth": OPEN,
    "getReadiness": OPEN,
    "getSession": OPEN,
    "openSession": OPEN,
    "closeSession": OPEN,
    "getMetrics": METADATA,
    "getAccess": METADATA,
    "searchMessages": METADATA,
    "countMessagesByTime": METADATA,
    "countMessagesByValue": METADATA,
    "listFields": METADATA,
    "getMessage": METADATA,
    "getMessageBody": PAYLOAD,
    "listMessageEvents": METADATA,
    "listMessageEffects": METADATA,
    "listConversations": METADATA,
    "getTrace": METADATA,
    "getTraceOutline": METADATA,
    "getTopology": METADATA,
    "listServices": METADATA,
    "getService": METADATA,
    "listExchanges": METADATA,
    "getDefaultExchange": METADATA,
    "getExchange": METADATA,
    "listRelationships": METADATA,
    "getRates": METADATA,
    "listChanges": METADATA,
    "listQueues": METADATA,
    "getQueue": METADATA,
    "listQueueContents": METADATA,
    "exportTable": METADATA,
    "getLatencies": METADATA,
    "listDeadLetters": METADATA,
    "getDeadLetterGroup": METADATA,
    "listDeadLetterMessages": METADATA,
    "getCapture": METADATA,
    "getCaptureCost": METADATA,
    "listProjections": METADATA,
    "streamMessages": METADATA,
    "listOperations": METADATA,
    "setDeadLetterNote": RETRY,
    "archiveDeadLetterGroup": RETRY,
    "archiveMessages": RETRY,
    "planRetry": RETRY,
    "startRetry": RETRY,
    "listRetries": METADATA,
    "getRetry": METADATA,
    "pauseRetry": RETRY,
    "resumeRetry": RETRY,
    "cancelRetry": RETRY,
    "listSettings": ADMIN,
    "rebuildProjection": ADMIN,
    "listKeys": ADMIN,
    "createKey": ADMIN,
    "revokeKey": ADMIN,
}
"""By operation id; of `METADATA` operations the bodies in the answers still need `PAYLOAD`."""

_IMPLIED = {
    METADATA: frozenset({METADATA}),
    PAYLOAD: frozenset({METADATA, PAYLOAD}),
    RETRY: frozenset({METADATA, RETRY}),
    EDIT: frozenset({METADATA, PAYLOAD, RETRY, EDIT}),
    ADMIN: frozenset({METADATA, PAYLOAD, RETRY, ADMIN}),
}
"""What each scope opens beside itself. Editing is opened by nothing else."""
_WHO = "hoptrail.who"


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks: the id of a key, "root" (the key of the settings) or "local" (no key is asked for), and the scopes.

    `by_cookie` when it is a browser that says so, whoever made it ask.
    """

    by: str
    scopes: frozenset[str]
    by_cookie: bool = False


def who_with(by: str, scopes: frozenset[str] | tuple[str, ...], *, edits: bool) -> Who:
    """Return who has a key with *scopes* and all that they imply; editing only where it is switched on (*edits*)."""
    opened = frozenset[str]().union(*(_IMPLIED.get(scope, frozenset()) for scope in scopes))
    return Who(by, opened if edits else opened - {EDIT})


def set_who(scope: Scope, who: Who | None) -> None:
    """Write down in an ASGI scope who asks."""
    scope[_WHO] = who


def who_of(request: Request) -> Who:
    """Return who asks.

    Raises:
        Problem: unauthorized, where nobody is known who does.
    """
    who: Who | None = request.scope.get(_WHO)
    if who is None:
        raise Problem("unauthorized", "Send the API key as: Authorization: Bearer <key>")
    return who


async def permitted(request: Request) -> None:
    """Let a request pass that its key allows. A dependency of every route, in the event loop.

    Raises:
        Problem: forbidden, unauthorized, origin-refused, not-json.
    """
    if request.method not in SAFE_METHODS:
        _require_own_page(request)
    scope = SCOPE_OF.get(request.scope["route"].operation_id, ADMIN)
    if scope == OPEN:
        return
    require(request, scope)
    for query in request.query_params.getlist("q"):
        require_query(request, query)


def _require_own_page(request: Request) -> None:
    """Refuse what would change something and may come from a page elsewhere.

    No browser lets a page elsewhere send JSON without asking here first, which is never granted; and it tells its origin.
    """
    ports: ApiPorts = request.app.state.ports
    origin, host = request.headers.get("origin"), request.headers.get("host", "")
    who: Who | None = request.scope.get(_WHO)
    if origin is None and who is not None and who.by_cookie:
        raise Problem("origin-refused", "With a session the page that sends this must be told.")
    if origin is not None:
        netloc = origin.partition("://")[2].lower()
        if netloc == "" or netloc not in (host.lower(), (ports.origin or "").lower()):
            detail = "The page that sends this is not hoptrail's; see HOPTRAIL_PUBLIC_URL."
            raise Problem("origin-refused", detail)
    if request.method in WITHOUT_BODY:
        return
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise Problem("not-json", f"Send it with Content-Type: {JSON}.")


def may(request: Request, scope: str) -> bool:
    """Say whether who asks has *scope*."""
    return scope in who_of(request).scopes


def require(request: Request, scope: str) -> None:
    """Refuse who has not *scope*, and write that down.

    Raises:
        Problem: forbidden.
    """
    who = who_of(request)
    if scope in who.scopes:
        return
    denials: Denials = request.app.state.denials
    denials.noted(who.by, scope, str(request.scope["route"].operation_id))
    ports: ApiPorts = request.app.state.ports
    if scope == EDIT and not ports.edits:
        raise Problem("forbidden", "Editing is off: HOPTRAIL_EDIT=on allows it.", scope=scope)
    raise Problem("forbidden", f"This needs a key with the scope {scope}.", scope=scope)


def require_query(request: Request, query: str) -> None:
    """Refuse a query that looks into bodies to who may not see them: what matches would tell what they hold.

    Raises:
        Problem: forbidden.
        QueryInvalid: it cannot be understood.
    """
    if not may(request, PAYLOAD) and looks_into_bodies(parse(query)):
        require(request, PAYLOAD)


def looks_into_bodies(query: ast.Query) -> bool:
    """Return whether what *query* matches depends on what bodies hold; their size is no secret."""
    match query:
        case ast.And(parts=parts) | ast.Or(parts=parts):
            return any(map(looks_into_bodies, parts))
        case ast.Not(part=part):
            return looks_into_bodies(part)
        case ast.Term(field=field) | ast.Prefix(field=field) | ast.Exists(field=field):
            return _is_of_body(field)
        case ast.Range(field=field):
            return _is_of_body(field)
        case ast.MatchAll():
            return False


def _is_of_body(field: str | None) -> bool:
    if field is None or field == "body":
        return True
    known = field_of(field)
    return field.startswith(BODY) and known is not None and known.kind is Kind.KEYWORD
