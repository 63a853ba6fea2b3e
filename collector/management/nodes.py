"""The management API of each node of a cluster, for what is each node's own. A shell around the management API.

Which URL is whose is found by asking who answers; a node that nobody reaches stays unknown and is asked for again.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from collector.management.broker import Management, ManagementRefused, ManagementUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeApi:
    """One node's API: with the credentials that read, and with those that switch."""

    management: Management
    admin: Management


class Nodes:
    """The nodes of the broker behind *management*; *admin* holds an administrator's credentials or the same."""

    def __init__(self, management: Management, admin: Management) -> None:
        self._both = NodeApi(management=management, admin=admin)
        self._found: dict[str, NodeApi] = {}
        self._stack = AsyncExitStack()

    async def aclose(self) -> None:
        """Close what was opened."""
        await self._stack.aclose()

    async def api(self, node: str) -> NodeApi | None:
        """Return the API of *node*, of any node for ""; None where it cannot be reached.

        Raises:
            ManagementUnavailable: no node answers at all.
        """
        if node == "":
            return self._both
        if (known := self._found.get(node)) is not None and await self._is(known.management, node):
            return known
        bases = await self._both.management.bases_by_node()
        for base in bases.get(node, []):
            async with AsyncExitStack() as trying:
                management = await trying.enter_async_context(self._both.management.at(base))
                if await self._is(management, node):
                    admin = await trying.enter_async_context(self._both.admin.at(base))
                    await self._stack.enter_async_context(trying.pop_all())
                    self._found[node] = NodeApi(management=management, admin=admin)
                    return self._found[node]
        return None

    async def _is(self, management: Management, node: str) -> bool:
        try:
            overview = await management.get("overview", columns="node")
        except (ManagementUnavailable, ManagementRefused):
            return False
        return overview is not None and overview.get("node") == node
