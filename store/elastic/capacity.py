"""Whether Elasticsearch has room and goes well: health, shards, disks, blocks on indices, clock. Looks only.

What is asked of the server is apart from what is made of the answer, which is pure.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from store.elastic.connection import Elastic
from store.elastic.finding import OK, PROBLEM, WARNING, Finding

SHARDS_PER_NODE = 1_000
SHARDS_NEAR = 0.8
CLOCK_S_MAX = 2.0
DISK = "cluster.routing.allocation.disk"
LEVELS = ("flood_stage", "high", "low")
UNITS = {"b": 1, "kb": 1 << 10, "mb": 1 << 20, "gb": 1 << 30, "tb": 1 << 40, "pb": 1 << 50}
GIB = 1 << 30

Flat = Mapping[str, Any]


class _IndexHealth(msgspec.Struct, frozen=True):
    status: str
    unassigned_shards: int = 0


class Health(msgspec.Struct, frozen=True):
    """The health of the cluster or of some indices."""

    status: str = ""
    number_of_data_nodes: int = 1
    active_shards: int = 0
    unassigned_shards: int = 0
    indices: dict[str, _IndexHealth] = {}


class _Total(msgspec.Struct, frozen=True):
    total_in_bytes: int = 0
    available_in_bytes: int = 0


class _Fs(msgspec.Struct, frozen=True):
    total: _Total = _Total()


class Node(msgspec.Struct, frozen=True):
    """A node: its name, its time in ms, its file system."""

    name: str = ""
    timestamp: int = 0
    fs: _Fs = _Fs()


class _Nodes(msgspec.Struct, frozen=True):
    nodes: dict[str, Node] = {}


class _Settings(msgspec.Struct, frozen=True):
    transient: dict[str, Any] = {}
    persistent: dict[str, Any] = {}
    defaults: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Level:
    """A disk watermark as bytes that must be free."""

    name: str
    told: str
    free: int


_health = msgspec.json.Decoder(Health)
_nodes = msgspec.json.Decoder(_Nodes)
_settings = msgspec.json.Decoder(_Settings)
_blocks = msgspec.json.Decoder(dict[str, Any])


async def health(elastic: Elastic) -> Finding:
    """Return how our indices are."""
    path = f"/_cluster/health/{elastic.names.prefix}-*"
    found = _health.decode((await elastic.request("GET", path, params={"level": "indices"})).body)
    return judge_health(found, elastic.settings.url)


def judge_health(found: Health, url: str) -> Finding:
    """Return what the health of our indices means."""
    if not found.unassigned_shards and found.status == "green":
        return Finding("cluster health", OK, f"green, {len(found.indices)} indices of ours")
    bad = sorted(name for name, each in found.indices.items() if each.status != "green")
    detail = f"{found.status}, {found.unassigned_shards} unassigned shards: {_some(bad)}"
    state = PROBLEM if found.status == "red" else WARNING
    return Finding("cluster health", state, detail, (f"curl {url}/_cluster/allocation/explain",))


async def shards(elastic: Elastic, settings: Flat) -> Finding:
    """Return whether there is room for the next segment's indices."""
    found = _health.decode((await elastic.request("GET", "/_cluster/health")).body)
    return judge_shards(found, int(settings.get("cluster.max_shards_per_node", SHARDS_PER_NODE)))


def judge_shards(found: Health, per_node: int) -> Finding:
    """Return what the number of shards means where each data node takes *per_node*."""
    room = per_node * max(1, found.number_of_data_nodes)
    used = found.active_shards + found.unassigned_shards
    detail = f"{used} of {room}, {per_node} for each of {found.number_of_data_nodes} data nodes"
    mend = (
        "keep less: lower HOPTRAIL_RETENTION_DAYS, then hoptrail log retain",
        "or raise cluster.max_shards_per_node, or add a data node",
    )
    # A segment is two indices, a day of messages one; each may have a replica.
    if room - used < 6:
        return Finding("shards", PROBLEM, f"{detail}: no room for the next indices", mend)
    if used > SHARDS_NEAR * room:
        return Finding("shards", WARNING, detail, mend)
    return Finding("shards", OK, detail)


async def settings_of(elastic: Elastic) -> dict[str, Any]:
    """Return the cluster's settings by their whole names, those that hold."""
    params = {"include_defaults": "true", "flat_settings": "true"}
    found = _settings.decode(
        (await elastic.request("GET", "/_cluster/settings", params=params)).body
    )
    return found.defaults | found.persistent | found.transient


async def nodes(elastic: Elastic, now_ns: Callable[[], int]) -> tuple[list[Node], int, int]:
    """Return the nodes with their times and disks, and when they were asked and had answered, in ns."""
    asked = now_ns()
    answer = await elastic.request("GET", "/_nodes/stats/fs")
    return list(_nodes.decode(answer.body).nodes.values()), asked, now_ns()


def judge_clock(found: Sequence[Node], asked: int, answered: int) -> Finding:
    """Return whether the nodes' clocks and ours agree; the time that the answer took is no difference."""
    worst, name = 0.0, ""
    for node in found:
        at = node.timestamp * 10**6
        apart = max(asked - at - 10**6, at - answered, 0) / 1e9
        if apart > worst:
            worst, name = apart, node.name
    if worst <= CLOCK_S_MAX:
        return Finding("clock", OK, f"within {CLOCK_S_MAX:g} s of ours")
    detail = f"node {name} is {worst:.1f} s apart from this machine"
    mend = ("set both clocks by NTP: timedatectl set-ntp true",)
    return Finding("clock", WARNING, f"{detail}; times in Kibana will not match", mend)


def judge_disks(found: Sequence[Node], settings: Flat) -> list[Finding]:
    """Return for each node whether its disk is above the watermarks."""
    if str(settings.get(f"{DISK}.threshold_enabled", "true")) == "false":
        told = ", ".join(
            f"{each.name} {_gib(each.fs.total.available_in_bytes)} free" for each in found
        )
        return [Finding("disk", OK, f"{told}; watermarks are off")]
    return [_disk(node, settings) for node in found]


def _disk(node: Node, settings: Flat) -> Finding:
    total, free = node.fs.total.total_in_bytes, node.fs.total.available_in_bytes
    detail = f"{node.name}: {_gib(free)} of {_gib(total)} free"
    mend = (
        "free or add disk space",
        "keep less: lower HOPTRAIL_RETENTION_GB, then hoptrail log retain",
    )
    for level in levels(settings, total):
        if free < level.free:
            below = f"{detail}, below the watermark {level.name} ({level.told})"
            if level.name == "flood_stage":
                return Finding("disk", PROBLEM, f"{below}: indices become read-only", mend)
            return Finding("disk", WARNING, below, mend)
    return Finding("disk", OK, detail)


def levels(settings: Flat, total: int) -> list[Level]:
    """Return the watermarks of a disk of *total* bytes, the lowest free space first."""
    found: list[Level] = []
    for name in LEVELS:
        told = settings.get(f"{DISK}.watermark.{name}")
        if told is None:
            continue
        headroom = settings.get(f"{DISK}.watermark.{name}.max_headroom")
        found.append(Level(name, str(told), least_free(str(told), str(headroom or "-1"), total)))
    return found


def least_free(told: str, headroom: str, total: int) -> int:
    """Return the bytes that a watermark keeps free: ``85%`` and ``0.85`` are used parts, capped by *headroom*."""
    text = told.strip().lower()
    if text.endswith("%"):
        used = float(text[:-1]) / 100
    elif text.replace(".", "", 1).isdigit() and float(text) <= 1:
        used = float(text)
    else:
        return bytes_of(text)
    least = int(total * (1 - used))
    return least if headroom.startswith("-") else min(least, bytes_of(headroom.lower()))


def bytes_of(text: str) -> int:
    """Return the bytes that a size such as ``2gb`` tells."""
    digits = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
    return int(float(digits or 0) * UNITS.get(text[len(digits) :].strip() or "b", 1))


async def blocks(elastic: Elastic) -> Finding:
    """Return whether one of our indices takes no writes."""
    pattern = f"{elastic.names.prefix}-*"
    params = {"filter_path": "*.settings.index.blocks,*.settings.index.uuid"}
    answer = await elastic.request("GET", f"/{pattern}/_settings", params=params)
    blocked: dict[str, list[str]] = {}
    shown = _blocks.decode(answer.body)
    for index, told in shown.items():
        for kind, value in told["settings"]["index"].get("blocks", {}).items():
            if str(value) == "true":
                blocked.setdefault(kind, []).append(index)
    if not blocked:
        return Finding("blocks", OK, f"none of the {len(shown)} indices shown is read-only")
    detail = "; ".join(f"{kind} on {_some(sorted(held))}" for kind, held in blocked.items())
    mend = tuple(
        f"curl -X PUT '{elastic.settings.url}/{pattern}/_settings' -H 'content-type: application/json' "
        f"-d '{{\"index.blocks.{kind}\": null}}'"
        for kind in blocked
    )
    return Finding("blocks", PROBLEM, detail, ("free disk space first, if the disk is full", *mend))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _gib(size: int) -> str:
    return f"{size / GIB:.1f} GiB"
