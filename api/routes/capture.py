"""Capture and projections: what was seen, what was missed, how far everything is."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from msgspec import structs

from api.access import Ports, whole
from api.capture_cost import CaptureCostOut, cost_of
from api.past import PAST, At, past_of
from api.ports import ApiPorts
from api.scopes import require
from api.wire import NS_PER_S, ListOut
from api.wire_capture import CaptureOut, capture
from api.wire_past import as_of
from api.wire_views import ProjectionOut, projection
from events.operations import ADMIN
from projector.answers import ProjectionState
from store.ports import Checkpoint

router = APIRouter(tags=["capture"])

IDLE_AFTER_S = 5.0
INDEX_NAME = "index"


@router.get(
    "/capture",
    operation_id="getCapture",
    summary="Capture's ledger",
    responses=PAST,
    response_model=CaptureOut,
)
async def get_capture(request: Request, ports: Ports, at: At = None) -> object:
    """Whether capture runs and is level with the broker, its gaps, and what it cannot see."""
    past = await past_of(request, ports, at)
    if past is not None:
        then, running = as_of(past), past.capture.running
        return capture(past.capture, past.position, caught_up=running, lag_s=0.0, as_of=then)
    caught_up, lag_s = await lag(ports)
    answer, lost = ports.views.capture(), ports.lost()
    level = caught_up and answer.running and lost is None
    return capture(answer, ports.views.position, caught_up=level, lag_s=lag_s, lost=lost)


@router.get(
    "/capture/cost",
    operation_id="getCaptureCost",
    summary="What capture costs",
    response_model=CaptureCostOut,
)
async def get_capture_cost(ports: Ports) -> object:
    """What is captured a second, what it takes of the broker's CPU by the measured price of an event, and the log's size."""
    return cost_of(ports.views.capture(), await ports.log.segments(), position=ports.views.position)


@router.get(
    "/projections",
    operation_id="listProjections",
    summary="Projections",
    response_model=ListOut[ProjectionOut],
)
async def list_projections(
    request: Request,
    ports: Ports,
    digests: Annotated[
        bool,
        Query(
            description="Also the digests of the views as they are now, for which all of them are encoded; for "
            "administrators."
        ),
    ] = False,
) -> object:
    """How far each projection has folded the log: the views in memory, and the message index."""
    states = await projections(ports)
    if digests:
        require(request, ADMIN)
        told = await ports.views.digests()
        states = [structs.replace(row, digest=told.get(row.name, row.digest)) for row in states]
    return whole(ports, [projection(row) for row in states])


async def projections(ports: ApiPorts) -> list[ProjectionState]:
    """Return the states of all projections; that of the index is added from its checkpoint."""
    states = list(ports.views.projections())
    checkpoint = await ports.index.checkpoint()
    if checkpoint is not None and all(state.name != INDEX_NAME for state in states):
        states.append(await _of_index(ports, checkpoint))
    return states


async def _of_index(ports: ApiPorts, checkpoint: Checkpoint) -> ProjectionState:
    head = await ports.log.head()
    behind = head is not None and checkpoint.position < head.next_position
    lag_s = 0.0
    if head is not None and behind:
        block = await ports.log.block(checkpoint.block)
        since = head.last_observed_at if block is None else block.header.first_observed_at
        lag_s = max(0, ports.clock() - since) / NS_PER_S
    return ProjectionState(
        name=INDEX_NAME,
        version=checkpoint.version,
        position=checkpoint.position,
        caught_up=not behind,
        lag_s=lag_s,
    )


async def lag(ports: ApiPorts) -> tuple[bool, float]:
    """Return whether the views are level with the broker, and how far behind they are in seconds.

    It is the tap's own lag as the newest block tells (an old newest block means that nothing waits) plus that of the
    views behind the log.
    """
    head = await ports.log.head()
    if head is None:
        return False, 0.0
    newest = await ports.log.block(head.number)
    age_s = (ports.clock() - head.last_observed_at) / NS_PER_S
    tap_s = newest.header.lag_ms / 1_000 if newest is not None and age_s < IDLE_AFTER_S else 0.0
    views_s = 0.0
    if ports.views.position < head.next_position:
        views_s = max([state.lag_s for state in ports.views.projections()], default=0.0)
    level = ports.views.position >= head.next_position and tap_s == 0.0
    return level, tap_s + views_s
