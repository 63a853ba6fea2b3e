"""Capture and projections: what was seen, what was missed, how far everything is."""

from fastapi import APIRouter, Request, Response

from api.access import Ports, whole
from api.ports import ApiPorts
from api.wire import NS_PER_S, ListOut
from api.wire_views import CaptureOut, ProjectionOut, capture, projection
from projector.answers import ProjectionState
from store.ports import Checkpoint

router = APIRouter(tags=["capture"])

IDLE_AFTER_S = 5.0
INDEX_NAME = "index"


@router.get(
    "/capture", operation_id="getCapture", summary="Capture's ledger", response_model=CaptureOut
)
async def get_capture(request: Request, response: Response, ports: Ports) -> object:
    """Whether capture runs and is level with the broker, its gaps, and what it cannot see."""
    caught_up, lag_s = await lag(ports)
    answer = ports.views.capture()
    return capture(
        answer, ports.views.position, caught_up=caught_up and answer.running, lag_s=lag_s
    )


@router.get(
    "/projections",
    operation_id="listProjections",
    summary="Projections",
    response_model=ListOut[ProjectionOut],
)
async def list_projections(ports: Ports) -> object:
    """How far each projection has folded the log: the views in memory, and the message index."""
    states = await projections(ports)
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
