"""The indices of message documents: made by the day, one set for each version, one version behind the alias.

Searches go to the alias. A new version is built beside the one that is served and takes its place, in one step, when it
has come as far. The checkpoint of a version is written after its documents and deleted before them; one without any
index is void: it never tells of more than there is.
"""

from collections.abc import Iterable

import msgspec

from store.elastic import mappings
from store.elastic.connection import Elastic, escaped
from store.elastic.documents import make_index, when_ready
from store.ports import Checkpoint

Action = dict[str, dict[str, str]]

EMPTY_DAY_NS = 0
"""The day of an index that only holds the alias while there is no message."""


class _Aliases(msgspec.Struct):
    aliases: dict[str, object] = {}


class _Got(msgspec.Struct):
    source: Checkpoint | None = msgspec.field(name="_source", default=None)


_aliases = msgspec.json.Decoder(dict[str, _Aliases])
_got = msgspec.json.Decoder(_Got)
_encode = msgspec.json.Encoder().encode


class Versions:
    """What there is of every version; writing is only for one process at a time."""

    def __init__(self, elastic: Elastic) -> None:
        self._elastic = elastic
        self._names = elastic.names
        self._has_checkpoints = False

    async def served(self) -> str | None:
        """Return the version that searches go to; None where there is none yet."""
        return min(map(self.version_of, await self.aliased()), default=None)

    async def aliased(self) -> set[str]:
        """Return the indices behind the alias, all of one version."""
        return set(await self._indices(f"/_alias/{self._names.messages}"))

    async def all(self) -> dict[str, set[str]]:
        """Return the indices of every version."""
        found = await self._indices(f"/{self._names.messages_pattern}/_alias")
        versions: dict[str, set[str]] = {}
        for name in found:
            versions.setdefault(self.version_of(name), set()).add(name)
        return versions

    async def _indices(self, path: str) -> Iterable[str]:
        answer = await self._elastic.request("GET", path, expect={404})
        return () if answer.status == 404 else _aliases.decode(answer.body)

    def version_of(self, index: str) -> str:
        """Return the version that *index* belongs to."""
        return index.removeprefix(self._names.messages_pattern[:-1]).rpartition("-")[0]

    async def make(self, index: str, *, is_served: bool) -> None:
        """Make an index for documents; if its version is served it comes behind the alias when it can be searched."""
        await make_index(self._elastic, index, mappings.messages())
        if is_served:
            await self.add([index])

    async def add(self, indices: Iterable[str]) -> None:
        """Let searches go to *indices* too."""
        await self._change(self._additions(indices))

    async def checkpoint(self, version: str) -> Checkpoint | None:
        """Return the checkpoint of *version*; None when it has none."""
        path = self._checkpoint_path(version)
        answer = await when_ready(lambda: self._elastic.request("GET", path, expect={404}))
        return None if answer.status == 404 else _got.decode(answer.body).source

    async def save_checkpoint(self, version: str, checkpoint: Checkpoint) -> None:
        if not self._has_checkpoints:
            await make_index(self._elastic, self._names.checkpoints, mappings.checkpoints())
            self._has_checkpoints = True
        path = self._checkpoint_path(version)
        await self._elastic.request("PUT", path, body=_encode(checkpoint))

    def _checkpoint_path(self, version: str) -> str:
        return f"/{self._names.checkpoints}/_doc/{escaped(f'messages-v{version}')}"

    async def serve(self, version: str) -> None:
        """Let searches go to *version*, and delete all others."""
        versions = await self.all()
        mine = versions.pop(version, set())
        others = {name for names in versions.values() for name in names}
        await self._change([*self._additions(mine), *_removals(others)])
        for other in versions:
            await self.forget_checkpoint(other)

    async def delete(self, version: str) -> None:
        """Delete all that there is of *version*."""
        await self.forget_checkpoint(version)
        versions = await self.all()
        await self.remove(versions.get(version, ()))

    async def remove(self, indices: Iterable[str]) -> None:
        await self._change(_removals(indices))

    def _additions(self, indices: Iterable[str]) -> list[Action]:
        alias = self._names.messages
        return [{"add": {"index": name, "alias": alias}} for name in sorted(indices)]

    async def _change(self, actions: list[Action]) -> None:
        if actions:
            await self._elastic.request("POST", "/_aliases", body=_encode({"actions": actions}))

    async def forget_checkpoint(self, version: str) -> None:
        await self._elastic.request("DELETE", self._checkpoint_path(version), expect={404})


def _removals(indices: Iterable[str]) -> list[Action]:
    return [{"remove_index": {"index": name}} for name in sorted(indices)]
