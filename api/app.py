"""Make the API.

``create_app(ports)`` gives an ASGI application that can be served or called in-process; it owns nothing that must be
closed. Its OpenAPI document is at ``/openapi.json``; every error it gives is a problem (RFC 9457).
"""

from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.types import ASGIApp

from api import access, problems
from api.attempts import Attempts
from api.denials import Denials
from api.exporting import Trail
from api.guard import Guard
from api.pages import Pages
from api.ports import ApiPorts
from api.routes import (
    administration,
    capture,
    changes,
    conversations,
    dead_letters,
    exchanges,
    exports,
    fields,
    health,
    latencies,
    messages,
    operations,
    outlines,
    queues,
    rates,
    retries,
    session,
    stream,
    topology,
    traces,
)
from api.scopes import OPEN, SAFE_METHODS, SCOPE_OF, WITHOUT_BODY, permitted
from api.stored import Stored
from api.version import VERSION

COMPRESSED_BYTES_MIN = 65_536
"""Below it an answer is sent before it could be made smaller."""
NOT_COMPRESSED = (
    *DEFAULT_EXCLUDED_CONTENT_TYPES,
    "application/octet-stream",
    "application/x-ndjson",
    "text/csv",
)
"""Streams, bodies as they came, and exports, which are written as fast as they are read."""
DESCRIPTION = (
    "What really happens inside a RabbitMQ system: messages, traces, topology, dead letters, "
    "rebuilt from an append-only log of observed facts; and what operators do about them."
)


def create_app(ports: ApiPorts) -> ASGIApp:
    """Return the API over *ports*, guarded (host names, keys, safe headers)."""
    app = _routed()
    document = _openapi(app, secured=bool(ports.key_digests))
    app.state.ports = ports
    app.state.stored = Stored(ports.log, ports.kibana)
    app.state.streams = set[object]()
    app.state.moments = dict[str, tuple[int, int]]()
    app.state.exports = set[object]()
    app.state.trail = Trail(ports)
    app.state.parameters = _query_parameters(document)
    app.state.methods = {
        path: [method.upper() for method in offered] for path, offered in document["paths"].items()
    }
    app.state.attempts = Attempts()
    app.state.denials = denials = Denials(ports)
    problems.install(app)
    app.add_middleware(
        GZipMiddleware,
        minimum_size=COMPRESSED_BYTES_MIN,
        compresslevel=6,
        exclude_content_types=NOT_COMPRESSED,
    )

    @app.get("/openapi.json", include_in_schema=False)
    async def get_openapi_document() -> dict[str, Any]:
        return document

    return Guard(app, ports, denials, Pages())


def document_of(*, secured: bool) -> dict[str, Any]:
    """Return the OpenAPI document, for an API that asks for keys (*secured*) or not."""
    return _openapi(_routed(), secured=secured)


def _routed() -> FastAPI:
    app = FastAPI(
        title="hoptrail",
        version=VERSION,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(permitted), Depends(access.only_known_parameters)],
    )
    app.include_router(_api_v1())
    app.include_router(health.router)
    return app


def _api_v1() -> APIRouter:
    router = APIRouter(prefix="/api/v1")
    parts = (
        messages,
        conversations,
        traces,
        outlines,
        fields,
        topology,
        exchanges,
        rates,
        changes,
        queues,
        latencies,
        dead_letters,
        exports,
        capture,
        stream,
        operations,
        retries,
        session,
        administration,
    )
    for part in parts:
        router.include_router(part.router)
    return router


def _openapi(app: FastAPI, *, secured: bool) -> dict[str, Any]:
    """Return the OpenAPI document, with the errors that every route can give."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    schemas = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = problems.ProblemOut.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas["ProblemOut"] = problem
    for path, offered in document["paths"].items():
        for method, operation in offered.items():
            _complete(path, method.upper(), operation, secured=secured)
    if secured:
        document["components"]["securitySchemes"] = {
            "apiKey": {"type": "http", "scheme": "bearer", "description": "An API key."}
        }
    return document


def _query_parameters(document: dict[str, Any]) -> dict[str, frozenset[str]]:
    """Return the names of each operation's query parameters, by its id."""
    return {
        operation["operationId"]: frozenset(
            parameter["name"]
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        )
        for operations in document["paths"].values()
        for operation in operations.values()
    }


def _complete(path: str, method: str, operation: dict[str, Any], *, secured: bool) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    common = ["parameter-invalid", "parameter-unknown", "failed"]
    scope = SCOPE_OF.get(operation["operationId"], OPEN)
    if scope != OPEN:
        operation["x-hoptrail-scope"] = scope
        operation["description"] += f"\n\nNeeds the scope `{scope}`."
        common += ["unauthorized", "forbidden"]
        if secured:
            operation["security"] = [{"apiKey": []}]
    if method not in SAFE_METHODS:
        common += [] if method in WITHOUT_BODY else ["not-json"]
        common += ["length-missing", "too-large", "origin-refused"]
    if not secured:
        common.append("host-refused")
    for status, described in problems.documented(*common).items():
        responses.setdefault(str(status), described)
    if path.startswith("/api/v1/") and path != "/api/v1/stream" and method == "GET":
        responses["304"] = {"description": "The answer held under If-None-Match is still right."}
