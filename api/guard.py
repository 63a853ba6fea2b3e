"""What every request passes before and after its route: host, key, exact paths, safe headers.

A pure ASGI wrapper, which also answers with the web UI.
Paths are matched as they were sent, segment by segment, so that a ``/`` inside a name (sent as
``%2F``) stays in its segment; :func:`name_of` gives the name back, also one that is not UTF-8.
"""

from urllib.parse import quote, unquote_to_bytes

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.denials import ANY, Denials
from api.holders import asking
from api.pages import POLICY, Pages
from api.ports import ApiPorts
from api.scopes import set_who
from events.values import Text, to_text

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/api/v1/session"})
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


class Guard:
    """Wrap *app* for *ports*, with the *pages* of the UI; who shows no key that fits is noted in *denials*."""

    def __init__(self, app: ASGIApp, ports: ApiPorts, denials: Denials, pages: Pages) -> None:
        self._app = app
        self._ports = ports
        self._denials = denials
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, headers = exact_path(scope), Headers(scope=scope)
        of_page = self._pages.serves(scope["method"], path, headers)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                _make_safe(MutableHeaders(scope=message), POLICY if of_page else DATA_POLICY)
            await send(message)

        passed = {**scope, "path": path}
        answered = self._refusal(passed, headers, is_open=of_page or path in OPEN_PATHS)
        answered = answered or self._pages.answer(scope["method"], path, headers)
        await (answered or self._app)(passed, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers, *, is_open: bool) -> Response | None:
        """Return the answer to a request that must not pass; note in *scope* who asks."""
        if not self._host_served(headers.get("host", "")):
            detail = "Without an API key, hoptrail answers only to the names of its own address."
            return problems.response("host-refused", detail)
        if (refused := self._too_long(headers)) is not None:
            return refused
        who = asking(self._ports, headers)
        set_who(scope, who)
        if who is None and not is_open:
            self._denials.noted("", ANY, f"{scope['method']} {scope['path']}")
            detail = "Send the API key as: Authorization: Bearer <key>"
            challenge = {"WWW-Authenticate": 'Bearer realm="hoptrail"'}
            return problems.response("unauthorized", detail, challenge)
        return None

    def _host_served(self, host: str) -> bool:
        ports = self._ports
        if ports.hosts is None or ports.key_digests:
            return True
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        return name.lower() in ports.hosts

    def _too_long(self, headers: Headers) -> Response | None:
        """Refuse what is longer than allowed, or has no end in sight."""
        length, most = headers.get("content-length", "0"), self._ports.limits.request_bytes_max
        if "transfer-encoding" in headers or not (length.isascii() and length.isdigit()):
            return problems.response(
                "length-missing", "Send it with Content-Length, not in chunks."
            )
        if len(length) > len(str(most)) or int(length) > most:
            detail = f"The request has {length[:20]} bytes, and {most:,} is the most."
            return problems.response("too-large", detail)
        return None


def exact_path(scope: Scope) -> str:
    """Return the path with each segment percent-encoded in one canonical way."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    raw = raw.partition(b"?")[0]
    return "/".join(quote(unquote_to_bytes(segment), safe="") for segment in raw.split(b"/"))


def name_of(segment: str) -> Text:
    """Return the name in a path segment as :func:`exact_path` left it."""
    return to_text(unquote_to_bytes(segment))


def _make_safe(headers: MutableHeaders, policy: str) -> None:
    headers["Content-Security-Policy"] = policy
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if "cache-control" not in headers:
        headers["Cache-Control"] = "private, no-cache"
