"""Make the API.

``create_app(ports)`` gives an ASGI application that can be served or called in-process; it owns nothing that must be
closed. Its OpenAPI document is at ``/openapi.json``; every error it gives is a problem (RFC 9457).
"""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse
from starlette.types import ASGIApp

from api import access, problems
from api.guard import Guard
from api.ports import ApiPorts
from api.routes import capture, dead_letters, health, messages, queues, stream, topology, traces
from api.stored import Stored
from api.version import VERSION

STATIC = Path(__file__).parent / "static"
DESCRIPTION = (
    "What really happens inside a RabbitMQ system: messages, traces, topology, dead letters, "
    "rebuilt from an append-only log of observed facts. This API only reads."
)


def create_app(ports: ApiPorts) -> ASGIApp:
    """Return the API over *ports*, guarded (host names, keys, safe headers)."""
    app = _routed()
    document = _openapi(app, secured=bool(ports.key_digests))
    app.state.ports = ports
    app.state.stored = Stored(ports.log, ports.kibana)
    app.state.streams = set[object]()
    app.state.parameters = _query_parameters(document)
    problems.install(app)
    _add_page(app)

    @app.get("/openapi.json", include_in_schema=False)
    async def get_openapi_document() -> dict[str, Any]:
        return document

    return Guard(app, ports)


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
        dependencies=[Depends(access.only_known_parameters)],
    )
    app.include_router(_api_v1())
    app.include_router(health.router)
    return app


def _api_v1() -> APIRouter:
    router = APIRouter(prefix="/api/v1")
    for part in (messages, traces, topology, queues, dead_letters, capture, stream):
        router.include_router(part.router)
    return router


def _add_page(app: FastAPI) -> None:
    files = {
        "/": ("index.html", "text/html; charset=utf-8"),
        "/addresses.js": ("addresses.js", "text/javascript; charset=utf-8"),
        "/app.js": ("app.js", "text/javascript; charset=utf-8"),
        "/style.css": ("style.css", "text/css; charset=utf-8"),
    }

    def serve(path: str, name: str, media_type: str) -> None:
        @app.get(path, include_in_schema=False)
        async def get_page() -> FileResponse:
            return FileResponse(STATIC / name, media_type=media_type)

    for path, (name, media_type) in files.items():
        serve(path, name, media_type)


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
    for path, operations in document["paths"].items():
        for operation in operations.values():
            _complete(path, operation, secured=secured)
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


def _complete(path: str, operation: dict[str, Any], *, secured: bool) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    common = ["parameter-invalid", "parameter-unknown", "failed"]
    if secured and path not in ("/healthz", "/readyz"):
        operation["security"] = [{"apiKey": []}]
        common.append("unauthorized")
    if not secured:
        common.append("host-refused")
    for status, described in problems.documented(*common).items():
        responses.setdefault(str(status), described)
    if path.startswith("/api/v1/") and path != "/api/v1/stream":
        responses["304"] = {"description": "The answer held under If-None-Match is still right."}
