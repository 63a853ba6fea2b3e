"""Serve the web UI as it was built: one page under many addresses, and the files it names.

The page is the same wherever the UI shows something, and the script in it reads the address; so the first segments of
those addresses stand in one table here, :data:`PLACES`. Any other address keeps its 404: a browser that goes there is
shown it by the page, everybody else is told by the API. Files whose names hold a digest of their content are kept by
browsers for ever, the page itself is asked for again each time. All files are read once, at the start.
"""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response

from api.problems import response

STATIC = Path(__file__).parent / "static"
PLACES = frozenset(
    {
        "messages",
        "conversations",
        "topology",
        "dead-letters",
        "retries",
        "queues",
        "exchanges",
        "services",
        "capture",
        "system",
        "login",
    }
)
"""First segments of the addresses that the UI shows something under, beside `/` itself."""
API = frozenset({"api", "healthz", "metrics", "openapi.json", "readyz"})
"""First segments of the addresses that the API answers, whoever asks."""

ASSETS = "/assets/"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
NOT_BUILT = (
    "The web UI is not built here. In a checkout of hoptrail, run:\n\n    make web\n\n"
    "and start this again. The API is at /api/v1, its description at /openapi.json.\n"
)
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_INDEX = "/index.html"
_CODINGS = {"br": ".br", "gzip": ".gz"}
"""Content codings that a build writes beside a file, the smaller first."""
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file of the UI: its bytes, also as coded by each of `coded`, and what a browser is told of them."""

    content: bytes
    coded: Mapping[str, bytes]
    media_type: str
    kept: str
    tag: str

    def answer(self, headers: Headers, *, with_body: bool) -> Response:
        """Return the file, coded as the request's *headers* allow; 304 for who has it."""
        told = {"ETag": self.tag, "Cache-Control": self.kept, "Vary": "Accept-Encoding"}
        if self.tag in (part.strip() for part in headers.get("if-none-match", "").split(",")):
            return Response(None, 304, headers=told)
        return self._whole(200, told, headers, with_body=with_body)

    def missed(self, headers: Headers, *, with_body: bool) -> Response:
        """Return the file where nothing is: with 404, and never as one that somebody has."""
        told = {"Cache-Control": self.kept, "Vary": "Accept, Accept-Encoding"}
        return self._whole(404, told, headers, with_body=with_body)

    def _whole(
        self, status: int, told: dict[str, str], headers: Headers, *, with_body: bool
    ) -> Response:
        accepted = _accepted(headers, "accept-encoding")
        coding = next(filter(accepted.__contains__, self.coded), None)
        content = self.content if coding is None else self.coded[coding]
        if coding is not None:
            told["Content-Encoding"] = coding
        told["Content-Length"] = str(len(content))
        return Response(content if with_body else b"", status, told, self.media_type)


class Pages:
    """What was built into *directory*; nothing, where nothing was."""

    def __init__(self, directory: Path = STATIC) -> None:
        self._files = {
            f"/{path.relative_to(directory).as_posix()}": path
            for path in sorted(directory.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }
        self._assets = {
            at: _asset(at, path)
            for at, path in self._files.items()
            if path.suffix not in _CODINGS.values()
        }
        self._page = self._assets.pop(_INDEX, None)

    def serves(self, method: str, path: str, headers: Headers) -> bool:
        """Return whether the UI answers: with its page, or a file that is or may have been of it."""
        return (
            is_place(path)
            or path in self._assets
            or path.startswith(ASSETS)
            or self._of_missing(method, path, headers) is not None
        )

    def answer(self, method: str, path: str, headers: Headers) -> Response | None:
        """Return the page or the file at *path*; None for what is not the UI's."""
        if (page := self._of_missing(method, path, headers)) is not None:
            return page.missed(headers, with_body=method == "GET")
        asset = self._page if is_place(path) else self._assets.get(path)
        if asset is None and not is_place(path):
            return None
        if method not in ("GET", "HEAD"):
            detail = f"{method} is not offered here; this is an address of the web UI."
            return response("method-not-allowed", detail, {"Allow": "GET, HEAD"})
        if asset is None:
            return PlainTextResponse(NOT_BUILT, 503)
        return asset.answer(headers, with_body=method == "GET")

    def _of_missing(self, method: str, path: str, headers: Headers) -> Asset | None:
        """Return the page where a browser goes to *path* and neither the UI nor the API has anything, else None."""
        if method not in ("GET", "HEAD") or _first(path) in API:
            return None
        if is_place(path) or path in self._assets:
            return None
        return self._page if "text/html" in _accepted(headers, "accept") else None


def is_place(path: str) -> bool:
    """Return whether the UI shows something under *path* (as :func:`api.guard.exact_path` gives it)."""
    return path == "/" or _first(path) in PLACES


def _first(path: str) -> str:
    return path[1:].partition("/")[0]


def _asset(at: str, path: Path) -> Asset:
    content = path.read_bytes()
    beside = {coding: path.with_name(path.name + suffix) for coding, suffix in _CODINGS.items()}
    guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    return Asset(
        content=content,
        coded={coding: file.read_bytes() for coding, file in beside.items() if file.is_file()},
        media_type=guessed or "application/octet-stream",
        kept=_FOR_EVER if at.startswith(ASSETS) else _ASK_AGAIN,
        tag=f'W/"{sha256(content).hexdigest()[:32]}"',
    )


def _accepted(headers: Headers, name: str) -> frozenset[str]:
    """Return what the header *name* of *headers* accepts by name: content codings, or media types."""
    offered = (part.split(";") for part in headers.get(name, "").lower().split(","))
    return frozenset(
        each.strip()
        for each, *parameters in offered
        if not any(told.strip() in ("q=0", "q=0.0", "q=0.00", "q=0.000") for told in parameters)
    )
