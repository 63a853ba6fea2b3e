"""What the API needs from outside, in one object."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from api import cursor
from api.kibana_links import KibanaLinks
from projector.answers import LiveViews
from store.ports import EventLog, MessageIndex

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of what one request may cost.

    `page_items_max` items per page; `list_body_bytes_max` of a body shown in a list; `streams_max` open at once;
    `stream_s_max` seconds before a stream is ended (the client resumes by itself); `heartbeat_s` between two signs of
    life; `lag_s_max` behind the log before the service says that it is not ready.
    """

    page_items_max: int = 500
    list_body_bytes_max: int = 16_384
    streams_max: int = 64
    stream_s_max: float = 3_600.0
    heartbeat_s: float = 15.0
    lag_s_max: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPorts:
    """The stores to read, the live views, and the settings that matter.

    `cursor_key` signs cursors; `key_digests` are SHA-256 of the API keys (empty: no key is asked for); `hosts` are the
    host names served without a key (None: any), so that a web page elsewhere cannot read through a name of its own.
    `clock` gives ns UTC. With `kibana`, messages link to where they stand in it.
    """

    log: EventLog
    index: MessageIndex
    views: LiveViews
    cursor_key: bytes
    clock: Callable[[], int]
    key_digests: frozenset[bytes] = frozenset()
    hosts: frozenset[str] | None = LOOPBACK_HOSTS
    limits: Limits = field(default_factory=Limits)
    kibana: KibanaLinks | None = None


def key_digest(api_key: str) -> bytes:
    """Return how an API key is kept: its SHA-256 (32 bytes). Keys are long and random, so no salt is needed."""
    return sha256(api_key.encode()).digest()


def cursor_key(store_key: bytes) -> bytes:
    """Return the key that signs cursors, derived from the store's secret."""
    return cursor.key_from(store_key)
