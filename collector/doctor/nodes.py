"""What ``hoptrail doctor`` says of each node of a cluster: whether its firehose is on, asked of the node itself."""

from collections.abc import Sequence

from collector.doctor.checks import OK, PROBLEM, WARNING, Check
from collector.management.broker import Management, ManagementRefused, ManagementUnavailable
from collector.management.nodes import Nodes
from collector.management.tracing import trace_on_command


async def check_nodes(management: Management, vhosts: Sequence[str], *, now_ns: int) -> list[Check]:
    """Return a check for each node of several that has a management API; nothing for a broker of one.

    Raises:
        ManagementUnavailable: no node answers.
        ManagementRefused: the credentials do not suffice.
    """
    names = sorted(node.name for node in await management.nodes(now_ns))
    if len(names) < 2:
        return []
    known = await management.bases_by_node()
    nodes = Nodes(management, management)
    try:
        return [await _check(nodes, name, vhosts) for name in names if name in known]
    finally:
        await nodes.aclose()


async def _check(nodes: Nodes, name: str, vhosts: Sequence[str]) -> Check:
    what = f"node {name}: tracing"
    api = await nodes.api(name)
    try:
        told = None if api is None else await api.management.vhosts()
    except (ManagementUnavailable, ManagementRefused):
        told = None
    if told is None:
        detail = "not known: its management API cannot be reached, and no other node tells"
        commands = tuple(trace_on_command(vhost, name) for vhost in vhosts)
        return Check(what, WARNING, detail, ("name it in HOPTRAIL_MANAGEMENT_URL", *commands))
    off = [each["name"] for each in told if each["name"] in vhosts and not each.get("tracing")]
    if not off:
        return Check(what, OK, "on")
    detail = "off in " + ", ".join(off) + ": what passes this node is not seen"
    return Check(what, PROBLEM, detail, tuple(trace_on_command(vhost, name) for vhost in off))
