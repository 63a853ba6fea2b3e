"""Exchanges: who publishes to them, and where that goes."""

from fastapi import APIRouter, Request, Response

from api.absent import unknown
from api.access import Ports, Segment, whole
from api.guard import name_of
from api.past import tagged
from api.problems import documented
from api.wire import ListOut
from api.wire_system import ExchangeDetailOut, ExchangeOut, exchange, exchange_detail
from events.values import Text, shown

router = APIRouter(prefix="/exchanges", tags=["topology"])

DEFAULT = ""


@router.get(
    "", operation_id="listExchanges", summary="Exchanges", response_model=ListOut[ExchangeOut]
)
async def list_exchanges(request: Request, response: Response, ports: Ports) -> object:
    """Every exchange that is declared or was published to, with what was published there."""
    return tagged(request, response, ports) or (
        whole(ports, [exchange(row) for row in ports.views.exchanges()])
    )


@router.get(
    "/{vhost}",
    operation_id="getDefaultExchange",
    summary="The default exchange",
    responses=documented("not-found", "store-unavailable"),
    response_model=ExchangeDetailOut,
)
async def get_default_exchange(
    request: Request, response: Response, vhost: Segment, ports: Ports
) -> object:
    """The default exchange of a vhost, named "": who publishes to it, to which queues. Unknown until it is used."""
    return await _exchange(request, response, ports, name_of(vhost), DEFAULT)


@router.get(
    "/{vhost}/{name}",
    operation_id="getExchange",
    summary="One exchange",
    responses=documented("not-found", "store-unavailable"),
    response_model=ExchangeDetailOut,
)
async def get_exchange(
    request: Request, response: Response, vhost: Segment, name: Segment, ports: Ports
) -> object:
    """An exchange: who publishes to it, its bindings in and out, its arguments, and the types that pass it."""
    return await _exchange(request, response, ports, name_of(vhost), name_of(name))


async def _exchange(
    request: Request, response: Response, ports: Ports, vhost: Text, name: Text
) -> object:
    found = ports.views.exchange_detail(vhost, name)
    if found is None:
        raise await unknown(ports, "exchange", f"{shown(name)} in vhost {shown(vhost)}")
    return tagged(request, response, ports) or (exchange_detail(found, ports.views.position))
