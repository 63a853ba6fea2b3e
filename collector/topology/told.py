"""What the management API told, as facts. Pure.

Shapes as RabbitMQ 3.10 to 4.3 answer them; a field that a version lacks gets its neutral value.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit, urlunsplit

from collector.decoding.firehose import is_tap_queue
from collector.management.tracing import NodeSeen
from collector.topology.clients import client_name, protocol_name, queue_type
from events.facts import (
    AlarmRaised,
    BindingCreated,
    ChannelOpened,
    ConnectionOpened,
    ConsumerStarted,
    ExchangeDeclared,
    Fact,
    NodeStarted,
    PolicySet,
    QueueDeclared,
    QueueSampled,
    VhostDeclared,
)

SOURCE = "reconciliation"
KINDS = frozenset({"node", "alarm", "vhost", "exchange", "queue", "binding", "policy"})
EVERY_ADDRESS = ("::", "0.0.0.0", "[::]")
OWN_EXCHANGES = ("amq.rabbitmq.trace", "amq.rabbitmq.event")

_DEAD_LETTERS = re.compile(
    r"^rabbitmq_global_messages_dead_lettered_(\w+)_total\{([^}]*)\} (\d+)", re.MULTILINE
)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def name_of(told: Any, table: str, field: str) -> str | None:
    """Return the text at *field* of the table *table* in *told*; None where any of it is missing."""
    found = _table(_table(told).get(table)).get(field)
    return str(found) if found else None


def node(told: dict[str, Any]) -> list[Fact]:
    """Return a running node and its alarms; nothing for a node that is down."""
    name = told["name"]
    if not told.get("running", False):
        return []
    applications = {each["name"]: each["version"] for each in told.get("applications", [])}
    facts: list[Fact] = [NodeStarted(name, applications.get("rabbit", ""), SOURCE)]
    if told.get("mem_alarm"):
        facts.append(AlarmRaised(name, "memory", SOURCE))
    if told.get("disk_free_alarm"):
        facts.append(AlarmRaised(name, "disk", SOURCE))
    return facts


def vhost(told: dict[str, Any]) -> VhostDeclared:
    """Return a vhost."""
    description = told.get("description") or ""
    return VhostDeclared(told["name"], SOURCE, description, tuple(told.get("tags") or ()))


def vhost_settings(told: dict[str, Any]) -> dict[str, Any]:
    """Return what a PUT of a vhost must repeat, or the broker forgets it."""
    kept: dict[str, Any] = {}
    if told.get("description"):
        kept["description"] = told["description"]
    if told.get("tags"):
        kept["tags"] = ",".join(told["tags"])
    if told.get("default_queue_type") not in {None, "", "undefined"}:
        kept["default_queue_type"] = told["default_queue_type"]
    return kept


def exchanges(told: Iterable[dict[str, Any]]) -> list[Fact]:
    """Return exchanges, the default one with the name ""."""
    return [
        ExchangeDeclared(
            vhost=each["vhost"],
            name=each["name"],
            type=each["type"],
            durable=each["durable"],
            auto_delete=each["auto_delete"],
            internal=each.get("internal", False),
            arguments=each.get("arguments") or {},
            policy={"name": each["policy"]} if each.get("policy") else {},
            source=SOURCE,
        )
        for each in told
        if each["name"] not in OWN_EXCHANGES and not is_tap_queue(each["name"])
    ]


def queues(told: Iterable[dict[str, Any]]) -> list[Fact]:
    """Return queues but the tap's own."""
    return [
        QueueDeclared(
            vhost=each["vhost"],
            name=each["name"],
            type=queue_type(each.get("type")),
            durable=each["durable"],
            auto_delete=each["auto_delete"],
            exclusive=bool(each.get("exclusive")),
            arguments=each.get("arguments") or {},
            policy=_table(each.get("effective_policy_definition")),
            source=SOURCE,
        )
        for each in told
        if not is_tap_queue(each["name"])
    ]


def bindings(told: Iterable[dict[str, Any]]) -> list[Fact]:
    """Return bindings but the default exchange's implicit ones and the tap's own."""
    return [
        BindingCreated(
            vhost=each["vhost"],
            origin=each["source"],
            destination=each["destination"],
            destination_kind=each["destination_type"],
            binding_key=each["routing_key"],
            arguments=each.get("arguments") or {},
            source=SOURCE,
        )
        for each in told
        if each["source"] != "" and not is_tap_queue(each["destination"])
    ]


def policies(told: Iterable[dict[str, Any]]) -> list[Fact]:
    """Return policies."""
    return [
        PolicySet(
            vhost=each["vhost"],
            name=each["name"],
            pattern=each["pattern"],
            apply_to=each["apply-to"],
            priority=each["priority"],
            definition=_table(each["definition"]),
            source=SOURCE,
        )
        for each in told
    ]


def connections(told: Iterable[dict[str, Any]]) -> list[Fact]:
    """Return client connections."""
    found: list[Fact] = []
    for each in told:
        if "name" not in each or "user" not in each:
            continue
        client = _table(each.get("client_properties"))
        found.append(
            ConnectionOpened(
                node=each.get("node", ""),
                name=each["name"],
                vhost=each.get("vhost", ""),
                user=each["user"],
                client_name=client_name(each, client),
                product=str(client.get("product", "")),
                platform=str(client.get("platform", "")),
                version=str(client.get("version", "")),
                protocol=protocol_name(each.get("protocol")),
                peer_host=str(each.get("peer_host", "")),
                peer_port=_number(each.get("peer_port")),
                connected_at=_number(each.get("connected_at")),
                pid="",
                source=SOURCE,
            )
        )
    return found


def channels(told: Iterable[dict[str, Any]]) -> list[Fact]:
    """Return channels of client connections."""
    return [
        ChannelOpened(
            connection=each["connection_details"]["name"],
            number=_number(each["number"]),
            vhost=each.get("vhost", ""),
            user=each.get("user", ""),
            pid="",
            source=SOURCE,
        )
        for each in told
        if name_of(each, "connection_details", "name") and "number" in each
    ]


def consumers(told: Iterable[dict[str, Any]]) -> list[Fact]:
    """Return consumers of queues that are not the tap's own."""
    found: list[Fact] = []
    for each in told:
        queue, channel = each["queue"], _table(each.get("channel_details"))
        if is_tap_queue(queue["name"]):
            continue
        found.append(
            ConsumerStarted(
                vhost=queue["vhost"],
                queue=queue["name"],
                consumer_tag=each["consumer_tag"],
                connection=channel.get("connection_name", ""),
                channel=_number(channel.get("number")),
                ack_required=bool(each.get("ack_required", True)),
                exclusive=bool(each.get("exclusive", False)),
                prefetch=_number(each.get("prefetch_count")),
                source=SOURCE,
            )
        )
    return found


def samples(told: Iterable[dict[str, Any]]) -> Sequence[QueueSampled]:
    """Return the depths of queues that are not the tap's own and whose counters are there yet."""
    found: list[QueueSampled] = []
    for each in told:
        if is_tap_queue(each["name"]) or "messages_ready" not in each:
            continue
        stats = _table(each.get("message_stats"))
        found.append(
            QueueSampled(
                vhost=each["vhost"],
                queue=each["name"],
                ready=_number(each["messages_ready"]),
                unacked=_number(each.get("messages_unacknowledged")),
                consumers=_number(each.get("consumers")),
                published=_number(stats.get("publish")),
                delivered=_number(stats.get("deliver_get")),
                acked=_number(stats.get("ack")),
            )
        )
    return found


def nodes(told: Iterable[dict[str, Any]], now_ns: int) -> list[NodeSeen]:
    """Return the running nodes, and when each of them started (ns) if it told its uptime at *now_ns*."""
    return [
        NodeSeen(
            name=each["name"],
            started_at=now_ns - each["uptime"] * 1_000_000 if "uptime" in each else None,
        )
        for each in told
        if each.get("running")
    ]


def youngest(seen: Iterable[NodeSeen]) -> int | None:
    """Return when the last of the nodes started (ns); None where none of them tells."""
    return max((node.started_at for node in seen if node.started_at is not None), default=None)


def host_of(listener: dict[str, Any]) -> str:
    """Return the host of a listener: its address, or that of its node where it listens on all of them."""
    address = str(listener.get("ip_address") or "::")
    if address in EVERY_ADDRESS:
        return str(listener["node"]).partition("@")[2]
    return f"[{address}]" if ":" in address else address


def management_bases(
    listeners: Iterable[dict[str, Any]], known: Mapping[str, str], given: Sequence[str]
) -> dict[str, list[str]]:
    """Return for each node the URLs under which its own management API may answer, the likeliest first.

    *known* are URLs of nodes that told who they are, *given* the URLs of the settings, whose scheme and path count: tried
    are the host the node names and the given hosts, each at the node's port, and then the given URLs as they are.
    """
    like = urlsplit(given[0])
    hosts = [netloc_host(urlsplit(base)) for base in given]
    found: dict[str, list[str]] = {}
    for listener in listeners:
        node = str(listener["node"])
        if listener.get("protocol") != like.scheme:
            continue
        at = [f"{host}:{listener['port']}" for host in (host_of(listener), *hosts)]
        urls = [urlunsplit(like._replace(netloc=netloc)) for netloc in at]
        first = [known[node]] if node in known else []
        found[node] = list(dict.fromkeys([*found.get(node, []), *first, *urls, *given]))
    return found


def netloc_host(parts: SplitResult) -> str:
    """Return the host of a URL as it is written in one."""
    host = parts.hostname or ""
    return f"[{host}]" if ":" in host else host


def totals(told: Iterable[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Return what the broker counted of each vhost: publishes, and deliveries of any kind.

    Source: `message_stats` of the vhosts, the sum of what every channel did since the node's start, closed ones included;
    a vhost in which nothing happened has none.
    """
    return {
        each["name"]: (
            _number(_table(each.get("message_stats")).get("publish")),
            _number(_table(each.get("message_stats")).get("deliver_get")),
        )
        for each in told
    }


def delivered(told: Any) -> int:
    """Return how many messages a queue delivered, as the broker counted; 0 for a queue that is not there."""
    return _number(_table(_table(told).get("message_stats")).get("deliver_get"))


def bound_queues(told: Iterable[dict[str, Any]]) -> list[str]:
    """Return the names of the queues that bindings lead to."""
    return [each["destination"] for each in told if each["destination_type"] == "queue"]


def bytes_ready(told: Any) -> int:
    """Return how many bytes wait in a queue; 0 for a queue that is not there or does not tell yet."""
    return _number(_table(told).get("message_bytes_ready"))


def dead_letter_totals(metrics: str) -> dict[str, int]:
    """Return the dead-letter counters of a Prometheus exposition, by "<queue type>/<strategy>/<reason>".

    Source: `rabbitmq_global_messages_dead_lettered_<reason>_total` since RabbitMQ 3.10.
    """
    totals: dict[str, int] = {}
    for reason, labels, value in _DEAD_LETTERS.findall(metrics):
        label = dict(_LABEL.findall(labels))
        kind = label.get("queue_type", "").removeprefix("rabbit_").removesuffix("_queue")
        totals[f"{kind}/{label.get('dead_letter_strategy', '')}/{reason}"] = int(value)
    return totals


def rate_of(told: Mapping[str, Any], what: str) -> float:
    """Return how often *what* (such as ``publish``) happened a second, by the statistics of a vhost or queue.

    The mean of the time asked about where it is told, else the rate of the moment.
    """
    details = _table(_table(told.get("message_stats")).get(f"{what}_details"))
    rate = details.get("avg_rate", details.get("rate", 0.0))
    return float(rate) if isinstance(rate, int | float) and rate > 0 else 0.0


def _number(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _table(value: Any) -> dict[Any, Any]:
    return cast("dict[Any, Any]", value) if isinstance(value, dict) else {}
