"""What looks at the firehose's switch mean: since when it may have been off, on which node, and why. Pure.

The switch is each node's own, and a node that starts has it off. A look tells only how it stands at that moment, so what
was missed is said to begin at the last moment at which it was known to be on, or at which the node was not there.
"""

from collections.abc import Iterable
from dataclasses import dataclass

OFF, RESTARTED, ADDED, UNKNOWN = "tracing-off", "broker-restart", "node-added", "tracing-unknown"
WHYS = (OFF, RESTARTED, ADDED, UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class TracingFound:
    """Tracing of a vhost may have been off since `since` and is on since `on_at` (None: it still is not; times in ns).

    `node` is "" where the broker has one node only, else `started_at` (ns) is when it started, None where it does not tell.
    """

    vhost: str
    since: int
    on_at: int | None
    node: str = ""
    why: str = OFF
    started_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSeen:
    """A running node; `started_at` (ns) is None where the broker does not tell."""

    name: str
    started_at: int | None = None


class TracingMemory:
    """What the looks of one leadership found."""

    def __init__(self) -> None:
        self._on_at: dict[tuple[str, str], int] = {}
        self._unknown: set[str] = set()
        self._seen: dict[str, NodeSeen] = {}
        self._ever: set[str] = set()
        self._looked_at: int | None = None
        self._came: dict[str, tuple[int, str]] = {}
        self._gone: set[str] = set()

    def nodes(self, running: Iterable[NodeSeen], now: int) -> list[str]:
        """Take in which nodes run at *now*; return the names to look at, [""] for a broker that always had one."""
        found = {node.name: node for node in running}
        for name, node in found.items():
            before = self._seen.get(name)
            since = max(node.started_at or 0, self._looked_at or 0)
            if self._looked_at is not None and before is None:
                self._came[name] = (since, RESTARTED if name in self._ever else ADDED)
            elif before is not None and _started_again(before, node):
                self._came[name] = (node.started_at or now, RESTARTED)
        self._gone |= self._seen.keys() - found.keys()
        self._seen, self._looked_at = found, now
        self._ever |= found.keys()
        return sorted(found) if len(self._ever) > 1 else [""]

    def on(self, node: str, vhost: str, now: int) -> TracingFound | None:
        """Return what it means that tracing is found on at *now*: news only where that was not known."""
        known = self._on_at.get((node, vhost), 0)
        self._on_at[node, vhost] = now
        if known:
            return None
        return TracingFound(
            vhost=vhost, since=now, on_at=now, node=node, started_at=self._started(node)
        )

    def off(self, node: str, vhost: str, now: int, on_at: int | None) -> TracingFound:
        """Return what it means that tracing was found off at *now* and was switched on at *on_at*, None where it was not."""
        since = self._on_at.get((node, vhost)) or 0
        came_at, why = self._came.get(node, (0, OFF))
        if since > came_at:
            why = OFF
        self._on_at[node, vhost] = on_at or 0
        began = max(since, came_at) or now
        return TracingFound(
            vhost=vhost,
            since=began,
            on_at=on_at,
            node=node,
            why=why,
            started_at=self._started(node),
        )

    def unknown(self, node: str, vhosts: Iterable[str], now: int) -> list[TracingFound]:
        """Return what it means that *node* cannot be asked at *now*; told once.

        One that has just started has it off, so what is missed is missed by its start.
        """
        if node in self._unknown:
            return []
        self._unknown.add(node)
        came_at, came_why = self._came.get(node, (0, UNKNOWN))
        told: list[TracingFound] = []
        for vhost in vhosts:
            on_at = self._on_at.pop((node, vhost), 0)
            told.append(
                TracingFound(
                    vhost=vhost,
                    since=max(on_at, came_at) or now,
                    on_at=None,
                    node=node,
                    why=came_why if came_at > on_at else UNKNOWN,
                    started_at=self._started(node),
                )
            )
        return told

    def _started(self, node: str) -> int | None:
        seen = self._seen.get(node)
        return None if seen is None else seen.started_at

    def gone(self, vhosts: Iterable[str], now: int) -> list[TracingFound]:
        """Return what it means that nodes are gone since the last look: through them nothing is missed any more."""
        names, self._gone = sorted(self._gone), set()
        self._unknown.difference_update(names)
        return [
            TracingFound(vhost=vhost, since=now, on_at=now, node=name)
            for name in names
            for vhost in vhosts
        ]

    def known(self, node: str) -> None:
        """Note that *node* answers."""
        self._unknown.discard(node)


def trace_on_command(vhost: str, node: str) -> str:
    """Return what an operator can run to switch the firehose of *vhost* on; *node* "" is the only one."""
    return f"rabbitmqctl {f'-n {node} ' if node else ''}trace_on -p {vhost}"


def _started_again(before: NodeSeen, now: NodeSeen) -> bool:
    """Say whether a node's start moved by more than the clocks' jitter."""
    if before.started_at is None or now.started_at is None:
        return False
    return now.started_at - before.started_at > 2_000_000_000
