"""What is mapped of the log's documents: few numbers, everything else travels in the document alone. Pure."""

from typing import Any

Index = dict[str, Any]

_LONG = {"type": "long"}
_KEYWORD = {"type": "keyword"}
_BINARY = {"type": "binary"}


def blocks() -> Index:
    """Return settings and mappings of an index of blocks."""
    return _index(
        {
            "number": _LONG,
            "segment": _LONG,
            "first_position": _LONG,
            "first_observed_at": _LONG,
            "last_observed_at": _LONG,
            "count": _LONG,
            "epoch": _LONG,
            "opens": {"type": "boolean"},
            "next_segment": _LONG,
            "block": _BINARY,
        }
    )


def bodies() -> Index:
    """Return settings and mappings of an index of bodies; nothing of it is searched."""
    return _index({"bodies": _BINARY})


def segments() -> Index:
    """Return settings and mappings of the index of segments."""
    return _index({"segment": _LONG, "first_block": _LONG, "first_position": _LONG})


def keys() -> Index:
    """Return settings and mappings of the index that holds the store's secret."""
    return _index({"key": _BINARY})


def snapshots() -> Index:
    """Return settings and mappings of the index of snapshots."""
    return _index({"projection": _KEYWORD, "version": _KEYWORD, "block": _LONG, "part": _BINARY})


def _index(properties: dict[str, Any]) -> Index:
    return {
        "settings": settings("1s"),
        "mappings": {"dynamic": False, "properties": properties},
    }


def settings(refresh_interval: str) -> Index:
    """Return the settings that every index of the store has."""
    return {
        "index": {
            "number_of_shards": 1,
            "auto_expand_replicas": "0-1",
            "codec": "best_compression",
            "refresh_interval": refresh_interval,
        }
    }
