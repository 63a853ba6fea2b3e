"""Index templates: the bodies that the adapters make indices with, as templates for whoever else makes one. Pure.

An adapter never relies on one, so that a process without the right to make templates works; they keep an index that was
made by hand, or by a restore, from having its fields guessed.
"""

from collections.abc import Mapping
from typing import Any, cast

from store.elastic import mappings
from store.elastic.names import Names

TEMPLATES_VERSION = 1
"""Raised with every change of a body, so that an older hoptrail does not undo it."""

PRIORITY = 500

Template = dict[str, Any]


def templates(names: Names) -> dict[str, Template]:
    """Return every template by its name, each as in ``PUT /_index_template``."""
    prefix = names.prefix
    kinds = {
        f"{prefix}-log-blocks": (f"{prefix}-log-blocks-*", mappings.blocks()),
        f"{prefix}-log-bodies": (f"{prefix}-log-bodies-*", mappings.bodies()),
        names.segments: (names.segments, mappings.segments()),
        names.keys: (names.keys, mappings.keys()),
        names.snapshots: (names.snapshots, mappings.snapshots()),
        names.checkpoints: (names.checkpoints, mappings.checkpoints()),
        names.messages: (names.messages_pattern, mappings.messages()),
    }
    return {
        name: {
            "index_patterns": [pattern],
            "template": body,
            "priority": PRIORITY,
            "version": TEMPLATES_VERSION,
            "_meta": {"managed_by": "hoptrail", "version": TEMPLATES_VERSION},
        }
        for name, (pattern, body) in kinds.items()
    }


def version_of(installed: Mapping[str, Any]) -> int:
    """Return the version of an installed template, 0 when it tells none."""
    version = installed.get("version")
    return version if isinstance(version, int) else 0


def is_same(installed: Mapping[str, Any], wanted: Template) -> bool:
    """Return whether Elasticsearch's answer *installed* is *wanted*; it gives numbers of settings back as text."""
    return all(
        _comparable(installed.get(part)) == _comparable(told) for part, told in wanted.items()
    )


def _comparable(value: Any) -> object:
    if isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        return {name: _comparable(each) for name, each in named.items()}
    if isinstance(value, list):
        return [_comparable(each) for each in cast("list[Any]", value)]
    return str(value).lower() if isinstance(value, bool) else str(value)
