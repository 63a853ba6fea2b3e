"""What administrators look at and do beside keys: the settings in force, and folding the log again."""

from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request

from api.access import Ports, whole
from api.problems import Problem, documented, not_found
from api.routes.capture import INDEX_NAME, projections
from api.scopes import who_of
from api.wire import ListOut
from api.wire_administration import SettingOut, setting
from api.wire_operations import Nothing
from api.wire_views import ProjectionOut, projection

INDEX_REFUSED = (
    "The message index is written by another process, which must not run meanwhile. Stop hoptrail (or `hoptrail project`) "
    "and run: hoptrail replay --rebuild"
)

router = APIRouter(tags=["administration"])
log_line = structlog.get_logger("hoptrail.serve")


@router.get(
    "/settings",
    operation_id="listSettings",
    summary="Settings in force",
    response_model=ListOut[SettingOut],
)
async def list_settings(ports: Ports) -> object:
    """The settings of the process that answers, with passwords and keys redacted. Other roles may have others."""
    return whole(ports, [setting(row) for row in ports.settings])


@router.post(
    "/projections/{name}/rebuild",
    operation_id="rebuildProjection",
    summary="Fold the log again",
    status_code=202,
    responses=documented("not-found", "refused"),
    response_model=ListOut[ProjectionOut],
)
async def rebuild_projection(
    request: Request,
    name: Annotated[str, Path(description="As `name` of a projection.")],
    _: Nothing,
    ports: Ports,
) -> object:
    """Fold the log again beside the views of the process that answers, which then switch to what was folded.

    The views fold together, so all of them are rebuilt, and the answer lists them; `GET /api/v1/projections` tells how far
    it is. Meanwhile they answer as before. The message index cannot be rebuilt so.
    """
    if name not in {state.name for state in await projections(ports)}:
        raise not_found("projection", name)
    if name == INDEX_NAME:
        raise Problem("refused", INDEX_REFUSED)
    if not ports.views.rebuild(started_at=ports.clock()):
        raise Problem("refused", "The views are being rebuilt already.")
    log_line.info("the views are rebuilt", by=who_of(request).by, asked_for=name)
    return whole(ports, [projection(row) for row in ports.views.projections()])
