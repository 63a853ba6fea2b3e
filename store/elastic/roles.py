"""Who may do what in Elasticsearch: the roles as data, each with no more than its process needs. Pure.

A process that reads and appends to the log can neither change nor delete what is in it; whoever deletes does nothing
else. Names and patterns are those of :class:`store.elastic.names.Names`; privileges are Elasticsearch's own names.
"""

import json
from collections.abc import Mapping
from typing import Any

from store.elastic.names import PREFIX, Names

Descriptor = dict[str, Any]

WRITER, INDEXER, READER, RETENTION, SETUP = "writer", "indexer", "reader", "retention", "setup"

PURPOSES: Mapping[str, str] = {
    WRITER: "collect: creates blocks, bodies, segments and the key; changes and deletes nothing",
    INDEXER: "project and otlp: read the log; write the message index, checkpoints and snapshots",
    READER: "serve: reads; writes nothing",
    RETENTION: "log retain: reads the log; deletes whole segments of it",
    SETUP: "setup and doctor: makes templates, indices, roles, users and keys",
}
"""What each role is for, by its name without the prefix."""

DAEMONS = (WRITER, INDEXER, READER, RETENTION)
"""The roles of processes that run for long; `setup` is used by hand and now and then."""

READ = ("read",)
CREATE = (
    "create_index",
    "indices:data/write/bulk",
    "indices:data/write/index:op_type/create",
    "read",
)
"""Creating as two actions of Elasticsearch: who has `create_doc` may also change the mapping of a plain index."""
CHANGE = ("create_index", "delete", "index", "read")


def role_name(role: str, prefix: str = PREFIX) -> str:
    """Return the name of *role* in Elasticsearch; users made by ``hoptrail setup`` are named alike."""
    return f"{prefix}_{role}"


def descriptor(role: str, prefix: str = PREFIX) -> Descriptor:
    """Return *role* as in ``PUT /_security/role``.

    Raises:
        KeyError: there is no such role.
    """
    names = Names(prefix)
    log, beside = (names.log_pattern, names.segments), (names.snapshots, names.checkpoints)
    messages = (names.messages, names.messages_pattern)
    granted = {
        WRITER: [((*log, names.keys), CREATE)],
        INDEXER: [
            (log, READ),
            # The alias is changed and versions are deleted: no smaller privilege allows an alias.
            (messages, ("delete", "index", "manage", "read")),
            ((names.checkpoints,), CHANGE),
            ((names.snapshots,), (*CHANGE, "delete_index")),
        ],
        READER: [
            ((*log, *beside), READ),
            (messages, ("read", "view_index_metadata")),
        ],
        RETENTION: [
            ((names.log_pattern,), ("delete_index", "read")),
            ((names.segments,), ("delete", "read")),
        ],
        SETUP: [((f"{prefix}-*",), ("all",))],
    }[role]
    cluster = ["manage_index_templates", "manage_security", "monitor"] if role == SETUP else []
    return {
        "cluster": cluster,
        "indices": [
            {"names": list(patterns), "privileges": sorted(privileges)}
            for patterns, privileges in granted
        ],
    }


def descriptors(prefix: str = PREFIX) -> dict[str, Descriptor]:
    """Return every role by its name in Elasticsearch."""
    return {role_name(role, prefix): descriptor(role, prefix) for role in PURPOSES}


def roles_yml(prefix: str = PREFIX) -> str:
    """Return the roles as Elasticsearch reads them from ``config/roles.yml``."""
    lines = [
        "# Made by scripts/roles.py from store/elastic/roles.py: docs/how-to/elasticsearch.md."
    ]
    for role, purpose in PURPOSES.items():
        told = descriptor(role, prefix)
        lines += [
            "",
            f"# {purpose}",
            f"{role_name(role, prefix)}:",
            f"  cluster: {json.dumps(told['cluster'])}",
        ]
        lines.append("  indices:")
        for grant in told["indices"]:
            lines += [
                f"    - names: {json.dumps(grant['names'])}",
                f"      privileges: {json.dumps(grant['privileges'])}",
            ]
    return "\n".join([*lines, ""])


def role_json(role: str, prefix: str = PREFIX) -> str:
    """Return the body for ``PUT /_security/role/NAME``."""
    return json.dumps(descriptor(role, prefix), indent=2) + "\n"
