"""Every error as problem details (RFC 9457), with types that stay the same.

A problem's ``type`` is ``urn:hoptrail:problem:<kind>``; the kinds are those of :data:`KINDS`. Causes are told in words
that help the caller; what the caller sent is repeated only as JSON, never as markup.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import Field
from starlette.exceptions import HTTPException

from api.wire import Out
from store.errors import LogDamaged, QueryInvalid, StoreError

MEDIA_TYPE = "application/problem+json"
PREFIX = "urn:hoptrail:problem:"

KINDS: Mapping[str, tuple[int, str]] = {
    "parameter-invalid": (400, "A parameter is not valid"),
    "parameter-unknown": (400, "A parameter is not known"),
    "query-invalid": (400, "The query cannot be understood"),
    "cursor-invalid": (400, "The cursor is damaged, or belongs to another request"),
    "unauthorized": (401, "An API key is needed"),
    "forbidden": (403, "The API key does not allow it"),
    "origin-refused": (403, "A page from elsewhere may not do this"),
    "not-found": (404, "There is no such thing"),
    "no-such-route": (404, "There is no such address"),
    "method-not-allowed": (405, "This method is not offered here"),
    "refused": (409, "It cannot be done as things stand"),
    "not-retained": (410, "Retention has removed it"),
    "length-missing": (411, "The length of the request is not told"),
    "too-large": (413, "It is too much at once"),
    "not-json": (415, "The request is not JSON"),
    "host-refused": (421, "This host name is not served here"),
    "too-many-attempts": (429, "Too many wrong keys were tried"),
    "failed": (500, "Something is wrong in hoptrail"),
    "log-damaged": (500, "The event log is damaged"),
    "too-many-streams": (503, "Too many streams are open"),
    "store-unavailable": (503, "The store cannot be reached"),
    "not-ready": (503, "Not ready"),
    "commands-unavailable": (503, "The collector cannot be reached"),
    "not-recorded-yet": (503, "It is not recorded yet"),
    "not-computed-yet": (503, "It is not worked out yet"),
}


class ProblemOut(Out):
    """What went wrong (RFC 9457)."""

    type: str = Field(examples=[PREFIX + "query-invalid"])
    title: str
    status: int
    detail: str = Field(description="What happened this time, and what to do.")
    position: int | None = Field(
        default=None,
        description="Of a query that cannot be understood: the character where, from 0.",
    )
    end: int | None = Field(
        default=None,
        description="Of a query that cannot be understood: the character behind what is wrong.",
    )
    errors: list[dict[str, Any]] | None = Field(
        default=None, description="Of parameters that are not valid: each with its name and why."
    )
    scope: str | None = Field(
        default=None, description="Of what is forbidden: the scope that the key would need."
    )
    command: str | None = Field(
        default=None, description="Of what the collector was asked for: the id of the command."
    )
    folded: int | None = Field(
        default=None, description="Of what is not worked out yet: how many events are folded."
    )
    to_fold: int | None = Field(
        default=None,
        description="Of what is not worked out yet: how many events there are to fold.",
    )
    left_s: float | None = Field(
        default=None,
        description="Of what is not worked out yet: how many seconds more it takes at the pace so far.",
    )
    kept_from: str | None = Field(
        default=None,
        description="Of what is not there, where retention may have removed it: from when on what was observed is kept.",
    )
    checks: dict[str, Any] | None = Field(
        default=None, description="Of a service that is not ready: each check."
    )


RETRY_AFTER_S = {"not-computed-yet": 1}
"""When to ask again, of problems that pass by themselves."""


class Problem(Exception):
    """An answer that is an error: *kind* is one of :data:`KINDS`, *more* are members beside the standard ones."""

    def __init__(self, kind: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.more = more


def not_found(what: str, name: str) -> Problem:
    """Return the problem of a thing that is not there."""
    return Problem("not-found", f"There is no {what} {name!r}.")


def response(
    kind: str, detail: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Return a problem as an HTTP response."""
    status, title = KINDS[kind]
    told = {"type": PREFIX + kind, "title": title, "status": status, "detail": detail, **more}
    return Response(orjson.dumps(told), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make every error of *app* a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(QueryInvalid, _query)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(Exception, _unexpected)


def documented(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of *kinds*, for a route that may answer so."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        status, title = KINDS[kind]
        if status in found:
            found[status]["description"] += f"; or: {title}"
        else:
            found[status] = {
                "description": title,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemOut"}}},
            }
    return found


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    wait_s = RETRY_AFTER_S.get(error.kind)
    headers = None if wait_s is None else {"Retry-After": str(wait_s)}
    return response(error.kind, error.detail, headers, **error.more)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [
        {"parameter": ".".join(map(str, item["loc"][1:])), "why": item["msg"]}
        for item in error.errors()
    ]
    named = "; ".join(f"{item['parameter']}: {item['why']}" for item in found)
    return response("parameter-invalid", named, errors=found)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        detail = f"{request.method} is not offered here; see /openapi.json for what is."
        return response("method-not-allowed", detail, {"Allow": _methods_at(request)})
    if error.status_code == HTTPStatus.NOT_FOUND:
        return response("no-such-route", "See /openapi.json for what there is.", error.headers)
    told = {
        "type": "about:blank",
        "title": HTTPStatus(error.status_code).phrase,
        "status": error.status_code,
        "detail": str(error.detail),
    }
    return Response(
        orjson.dumps(told),
        error.status_code,
        headers=dict(error.headers or {}),
        media_type=MEDIA_TYPE,
    )


def _methods_at(request: Request) -> str:
    """Return the methods that are offered at the address asked for."""
    offered: Mapping[str, Iterable[str]] = request.app.state.methods
    path: str = request.scope["path"]
    fitting = (methods for at, methods in offered.items() if _fits(at, path))
    found = [offered[path]] if path in offered else list(fitting)
    return ", ".join(sorted({method for methods in found for method in methods} or {"GET"}))


def _fits(template: str, path: str) -> bool:
    """Return whether *path* is one that *template*, with its names in braces, stands for."""
    parts, asked = template.split("/"), path.split("/")
    pairs = zip(parts, asked, strict=False)
    return len(parts) == len(asked) and all(a == b or (b and a[:1] == "{") for a, b in pairs)


async def _query(request: Request, error: Exception) -> Response:
    assert isinstance(error, QueryInvalid)
    return response("query-invalid", str(error), position=error.position, end=error.end)


async def _store(request: Request, error: Exception) -> Response:
    if isinstance(error, LogDamaged):
        return response("log-damaged", f"{error}. Run: hoptrail log verify")
    return response("store-unavailable", str(error), {"Retry-After": "1"})


async def _unexpected(request: Request, error: Exception) -> Response:
    return response("failed", "The cause is in hoptrail's log.")
