"""The system seen from above: topology, services, relationships."""

from fastapi import APIRouter, Request, Response

from api import access
from api.access import Ports, whole
from api.wire import ListOut
from api.wire_views import (
    RelationshipOut,
    ServiceOut,
    TopologyOut,
    relationship,
    service,
    topology,
)

router = APIRouter(tags=["topology"])


@router.get(
    "/topology", operation_id="getTopology", summary="The topology", response_model=TopologyOut
)
async def get_topology(request: Request, response: Response, ports: Ports) -> object:
    """Services, exchanges and queues, and the ways that messages take between them, declared and observed."""
    return access.tagged(request, response, access.entity_tag(ports, ports.views.position)) or (
        topology(ports.views.topology(), ports.views.position)
    )


@router.get(
    "/services",
    operation_id="listServices",
    summary="The services table",
    response_model=ListOut[ServiceOut],
)
async def list_services(request: Request, response: Response, ports: Ports) -> object:
    """Every service with the types of messages it is given and publishes, and on what evidence it has its name."""
    return access.tagged(request, response, access.entity_tag(ports, ports.views.position)) or (
        whole(ports, [service(row) for row in ports.views.services()])
    )


@router.get(
    "/relationships",
    operation_id="listRelationships",
    summary="The relationships table",
    response_model=ListOut[RelationshipOut],
)
async def list_relationships(request: Request, response: Response, ports: Ports) -> object:
    """Who is given messages that whom published."""
    return access.tagged(request, response, access.entity_tag(ports, ports.views.position)) or (
        whole(ports, [relationship(row) for row in ports.views.relationships()])
    )
