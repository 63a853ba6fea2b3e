"""Whether two names that a broker's nodes tell are those of one cluster. Pure.

A cluster that was given no name has none of its own: each of its nodes tells a default made of its own name and its host's.
"""

from collections.abc import Collection

from events.values import Text


def is_same(bound: Text, told: Text, nodes: Collection[str]) -> bool:
    """Say whether the cluster of *nodes* (their names), of which one told *told*, can have told *bound* before."""
    if bound == told:
        return True
    return len(nodes) > 1 and _is_default(bound, nodes) and _is_default(told, nodes)


def _is_default(name: Text, nodes: Collection[str]) -> bool:
    """Say whether *name* is what one of *nodes* calls its cluster by default: ``rabbit@host.example.com`` of rabbit@host."""
    if not isinstance(name, str):
        return False
    who, _, host = name.partition("@")
    for node in nodes:
        node_who, _, node_host = node.partition("@")
        same_host = _label(node_host) in {_label(host), "localhost"}
        if who == node_who and same_host:
            return True
    return False


def _label(host: str) -> str:
    return host.partition(".")[0]
