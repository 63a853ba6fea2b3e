"""What every request passes before and after its route: host, key, exact paths, safe headers.

A pure ASGI wrapper. Paths are matched as they were sent, segment by segment, so that a ``/`` inside a name (sent as
``%2F``) stays in its segment; :func:`name_of` gives the name back, also one that is not UTF-8.
"""

from hmac import compare_digest
from urllib.parse import quote, unquote_to_bytes

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.ports import ApiPorts, key_digest
from events.values import Text, to_text

PAGE_PATHS = frozenset({"/", "/addresses.js", "/app.js", "/style.css"})
OPEN_PATHS = PAGE_PATHS | {"/healthz", "/readyz"}
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Guard:
    """Wrap *app* for *ports*."""

    def __init__(self, app: ASGIApp, ports: ApiPorts) -> None:
        self._app = app
        self._ports = ports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = exact_path(scope)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _make_safe(MutableHeaders(scope=message), path)
            await send(message)

        headers = Headers(scope=scope)
        if not self._host_served(headers.get("host", "")):
            detail = "Without an API key, hoptrail answers only to the names of its own address."
            await problems.response("host-refused", detail)(scope, receive, guarded)
        elif path not in OPEN_PATHS and not self._key_fits(headers.get("authorization", "")):
            detail = "Send the API key as: Authorization: Bearer <key>"
            challenge = {"WWW-Authenticate": 'Bearer realm="hoptrail"'}
            await problems.response("unauthorized", detail, challenge)(scope, receive, guarded)
        else:
            await self._app({**scope, "path": path}, receive, guarded)

    def _host_served(self, host: str) -> bool:
        ports = self._ports
        if ports.hosts is None or ports.key_digests:
            return True
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        return name.lower() in ports.hosts

    def _key_fits(self, authorization: str) -> bool:
        if not self._ports.key_digests:
            return True
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        offered = key_digest(key.strip())
        return any(compare_digest(offered, known) for known in self._ports.key_digests)


def exact_path(scope: Scope) -> str:
    """Return the path with each segment percent-encoded in one canonical way."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    raw = raw.partition(b"?")[0]
    return "/".join(quote(unquote_to_bytes(segment), safe="") for segment in raw.split(b"/"))


def name_of(segment: str) -> Text:
    """Return the name in a path segment as :func:`exact_path` left it."""
    return to_text(unquote_to_bytes(segment))


def _make_safe(headers: MutableHeaders, path: str) -> None:
    page = path in PAGE_PATHS
    headers["Content-Security-Policy"] = PAGE_POLICY if page else DATA_POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if "cache-control" not in headers:
        headers["Cache-Control"] = "private, no-cache"
