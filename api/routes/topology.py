"""The system seen from above: topology, services, relationships."""

from fastapi import APIRouter, Request, Response

from api.absent import unknown
from api.access import Ports, Segment, whole
from api.guard import name_of
from api.past import PAST, At, listed, past_of, tagged
from api.problems import documented
from api.wire import ListOut
from api.wire_past import SystemListOut, as_of
from api.wire_system import ServiceDetailOut, service_detail
from api.wire_topology import TopologyOut, topology
from api.wire_views import RelationshipOut, ServiceOut, relationship, service
from events.values import shown

router = APIRouter(tags=["topology"])


@router.get(
    "/topology",
    operation_id="getTopology",
    summary="The topology",
    responses=PAST,
    response_model=TopologyOut,
)
async def get_topology(request: Request, response: Response, ports: Ports, at: At = None) -> object:
    """Services, exchanges and queues, and the edges that messages take between them, declared and observed."""
    past = await past_of(request, ports, at)
    if held := tagged(request, response, ports, past):
        return held
    if past is None:
        return topology(ports.views.topology(), ports.views.position)
    return topology(past.topology, past.position, as_of(past))


@router.get(
    "/services",
    operation_id="listServices",
    summary="The services table",
    responses=PAST,
    response_model=SystemListOut[ServiceOut],
)
async def list_services(
    request: Request, response: Response, ports: Ports, at: At = None
) -> object:
    """Every service with the types of messages it is given and publishes, and on what evidence it has its name."""
    past = await past_of(request, ports, at)
    if held := tagged(request, response, ports, past):
        return held
    rows = ports.views.services() if past is None else past.services
    return listed(ports, past, [service(row) for row in rows])


@router.get(
    "/services/{name}",
    operation_id="getService",
    summary="One service",
    responses=documented("not-found", "store-unavailable"),
    response_model=ServiceDetailOut,
)
async def get_service(request: Request, response: Response, name: Segment, ports: Ports) -> object:
    """A service: what it publishes where and is given from where, by type, and whether each of its connections lives."""
    wanted = shown(name_of(name))
    found = ports.views.service_detail(wanted)
    if found is None:
        raise await unknown(ports, "service", wanted)
    return tagged(request, response, ports) or (service_detail(found, ports.views.position))


@router.get(
    "/relationships",
    operation_id="listRelationships",
    summary="The relationships table",
    response_model=ListOut[RelationshipOut],
)
async def list_relationships(request: Request, response: Response, ports: Ports) -> object:
    """Who is given messages that whom published."""
    return tagged(request, response, ports) or (
        whole(ports, [relationship(row) for row in ports.views.relationships()])
    )
