"""Retries: plan them, start them, watch them, hold them up."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api import retries
from api.access import Ports, whole
from api.addresses import any_but
from api.asking import ASKED, Make, ask
from api.ports import ApiPorts
from api.problems import documented, not_found
from api.scopes import require, require_query, who_of
from api.stored import Stored
from api.wire import ListOut
from api.wire_operations import Nothing
from api.wire_retries import (
    PlanOut,
    ResumeIn,
    RetryIn,
    RetryOut,
    RetryWholeOut,
    SelectionIn,
    plan_out,
    retry_out,
    retry_whole,
)
from events.facts import RetryCancelled, RetryPaused, RetryResumed
from events.operations import EDIT, Retry

any_but("plan", name="retry")
router = APIRouter(prefix="/retries", tags=["retries"])

RetryId = Annotated[str, Path(alias="id", description="As `id` of a retry.")]
PLANNING = documented(
    "not-found", "query-invalid", "refused", "too-large", "not-retained", "store-unavailable"
)


@router.post(
    "/plan",
    operation_id="planRetry",
    summary="Plan a retry",
    responses=PLANNING,
    response_model=PlanOut,
)
async def plan_retry(request: Request, wanted: SelectionIn, ports: Ports) -> object:
    """A dry run: how many messages go where and why there, which do not and why not, what cannot be as it was."""
    _permit(request, wanted)
    made = await retries.make_plan(ports, _stored(request), wanted)
    return plan_out(
        made.plan,
        made.wanted,
        selection=wanted.told,
        selected=made.selected,
        not_known=made.not_known,
        changes=made.changes,
        position=made.position,
    )


@router.post(
    "",
    operation_id="startRetry",
    summary="Start a retry",
    status_code=201,
    responses=documented("not-found", "query-invalid", "not-retained", "store-unavailable", *ASKED),
    response_model=RetryOut,
)
async def start_retry(request: Request, wanted: RetryIn, ports: Ports) -> object:
    """Carry out a plan that was looked at. The leading collector publishes; this answers once all of it is recorded."""
    _permit(request, wanted)
    name = await retries.start(ports, _stored(request), wanted, who_of(request).by)
    return retry_out(_known(ports, name))


@router.get("", operation_id="listRetries", summary="Retries", response_model=ListOut[RetryOut])
async def list_retries(ports: Ports) -> object:
    """The retries that are known, the newest first."""
    known = list(ports.views.operators().retries.values())
    return whole(ports, [retry_out(retry) for retry in reversed(known)])


@router.get(
    "/{id:retry}",
    operation_id="getRetry",
    summary="One retry",
    responses=documented("not-found"),
    response_model=RetryWholeOut,
)
async def get_retry(name: RetryId, ports: Ports) -> object:
    """How far a retry is, and what went wrong with which message."""
    return retry_whole(_known(ports, name), ports.views.stream)


@router.post(
    "/{id}/pause",
    operation_id="pauseRetry",
    summary="Pause a retry",
    responses=documented("not-found", *ASKED),
    response_model=RetryOut,
)
async def pause_retry(request: Request, name: RetryId, _: Nothing, ports: Ports) -> object:
    """Let a retry rest after the batch that is under way."""
    by = who_of(request).by
    return await _do(ports, name, lambda command: (RetryPaused(command, by, name),))


@router.post(
    "/{id}/resume",
    operation_id="resumeRetry",
    summary="Resume a retry",
    responses=documented("not-found", *ASKED),
    response_model=RetryOut,
)
async def resume_retry(request: Request, name: RetryId, wanted: ResumeIn, ports: Ports) -> object:
    """Let a retry that rests go on. One that asks what to do with messages that may be published needs an answer."""
    by = who_of(request).by
    missing, published = wanted.unsure == "missing", wanted.unsure == "published"
    return await _do(
        ports, name, lambda command: (RetryResumed(command, by, name, missing, published),)
    )


@router.post(
    "/{id}/cancel",
    operation_id="cancelRetry",
    summary="Cancel a retry",
    responses=documented("not-found", *ASKED),
    response_model=RetryOut,
)
async def cancel_retry(request: Request, name: RetryId, _: Nothing, ports: Ports) -> object:
    """Publish nothing more of a retry. What is published stays so."""
    by = who_of(request).by
    return await _do(ports, name, lambda command: (RetryCancelled(command, by, name),))


async def _do(ports: ApiPorts, name: str, make: Make) -> RetryOut:
    _known(ports, name)
    await ask(ports, make)
    return retry_out(_known(ports, name))


def _known(ports: ApiPorts, name: str) -> Retry:
    found = ports.views.operators().retries.get(name)
    if found is None:
        raise not_found("retry", name)
    return found


def _permit(request: Request, wanted: SelectionIn) -> None:
    """Refuse who may not edit, or not look into bodies to select."""
    if wanted.edit is not None:
        require(request, EDIT)
    if wanted.query is not None:
        require_query(request, wanted.query)


def _stored(request: Request) -> Stored:
    """Return the reader of facts; what it reads is published, not shown, except to who edits."""
    stored: Stored = request.app.state.stored
    return stored
