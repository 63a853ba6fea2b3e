"""Kibana's saved objects: their shell, their references, and the lines of an import file.

Pure. Every object is stamped with the lowest version whose form it keeps: Kibana carries an older object forward, refuses
a newer one, and replays its oldest rules on an object without a stamp.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

CORE_VERSION = "8.8.0"
TYPE_VERSIONS: Mapping[str, str] = {
    "dashboard": "10.2.0",
    "index-pattern": "8.0.0",
    "search": "10.5.0",
    "visualization": "8.5.0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An object that another needs, under the *name* by which that one finds it."""

    name: str
    type: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedObject:
    """An object as Kibana exports and imports it."""

    type: str
    id: str
    attributes: Json
    references: Sequence[Reference] = ()

    def line(self) -> str:
        """Return the object as one line of JSON, the same for the same object."""
        whole = {
            "attributes": self.attributes,
            "coreMigrationVersion": CORE_VERSION,
            "id": self.id,
            "managed": False,
            "references": [
                {"id": one.id, "name": one.name, "type": one.type}
                for one in sorted(self.references, key=lambda one: one.name)
            ],
            "type": self.type,
            "typeMigrationVersion": TYPE_VERSIONS[self.type],
        }
        return packed(whole)


def packed(value: object) -> str:
    """Return *value* as JSON without spaces, keys sorted: the form of attributes that hold JSON in a string."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def ndjson(objects: Iterable[SavedObject]) -> bytes:
    """Return the import file of *objects*, ordered by type and id."""
    ordered = sorted(objects, key=lambda one: (one.type, one.id))
    return "".join(f"{one.line()}\n" for one in ordered).encode()


def searching(query: str = "", index: str | None = None) -> Json:
    """Return the attribute that holds a KQL *query*; *index* is the name of the reference to the data view."""
    source: Json = {"filter": [], "query": kuery(query)}
    if index is not None:
        source["indexRefName"] = index
    return {"searchSourceJSON": packed(source)}


def kuery(query: str) -> Json:
    """Return a KQL *query* as Kibana writes it."""
    return {"language": "kuery", "query": query}
