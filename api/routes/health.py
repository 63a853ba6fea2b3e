"""Is the process alive, is it ready, and what do its figures say."""

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import Field

from api.access import Ports
from api.denials import Denials
from api.metrics import CONTENT_TYPE, render
from api.ports import ApiPorts
from api.problems import Problem, documented
from api.routes.capture import projections
from api.wire import Out
from store.errors import StoreError

router = APIRouter(tags=["service"])


class AliveOut(Out):
    """The process answers."""

    status: str = Field(examples=["alive"])


class CheckOut(Out):
    """One check of readiness."""

    ok: bool
    detail: str


class ReadyOut(Out):
    """Everything that is needed is there."""

    status: str = Field(examples=["ready"])
    checks: dict[str, CheckOut]


@router.get("/healthz", operation_id="getHealth", summary="Alive", response_model=AliveOut)
async def get_health() -> AliveOut:
    """The process is alive. Nothing else is looked at, and no key is asked for."""
    return AliveOut(status="alive")


@router.get(
    "/readyz",
    operation_id="getReadiness",
    summary="Ready",
    responses=documented("not-ready"),
    response_model=ReadyOut,
)
async def get_readiness(ports: Ports) -> ReadyOut:
    """The store can be read and the views are not too far behind it. No key is asked for."""
    checks = {"log": await _log_check(ports)}
    if checks["log"].ok:
        checks["projections"] = await _lag_check(ports)
    if not all(check.ok for check in checks.values()):
        failed = "; ".join(
            f"{name}: {check.detail}" for name, check in checks.items() if not check.ok
        )
        told = {name: check.model_dump() for name, check in checks.items()}
        raise Problem("not-ready", failed, checks=told)
    return ReadyOut(status="ready", checks=checks)


async def _log_check(ports: ApiPorts) -> CheckOut:
    try:
        head = await ports.log.head()
    except StoreError as error:
        return CheckOut(ok=False, detail=str(error))
    return CheckOut(ok=True, detail="empty" if head is None else f"head at {head.next_position}")


async def _lag_check(ports: ApiPorts) -> CheckOut:
    states = await projections(ports)
    lag_s = max((state.lag_s for state in states if not state.caught_up), default=0.0)
    return CheckOut(
        ok=lag_s <= ports.limits.lag_s_max,
        detail=f"{lag_s:.1f} s behind, {ports.limits.lag_s_max:.0f} s allowed",
    )


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Figures for Prometheus",
    response_class=PlainTextResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_metrics(request: Request, ports: Ports) -> Response:
    """Positions, lag, counts of events and gaps, in the text format of Prometheus."""
    denials: Denials = request.app.state.denials
    figures = await render(ports, denials.by_scope)
    return Response(figures, headers={"Content-Type": CONTENT_TYPE})
