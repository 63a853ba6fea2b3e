"""What the API needs from outside, in one object."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from api import cursor
from api.kibana_links import KibanaLinks
from collector.operations.command import Command
from projector.system import SystemViews
from store.ports import EventLog, MessageIndex

KEY_PREFIX = "ht_"
_made_key = re.compile(rf"{KEY_PREFIX}([0-9a-f]{{16}})_[0-9a-zA-Z_-]{{20,100}}")
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of what one request may cost.

    `page_items_max` items per page; `list_body_bytes_max` of a body shown in a list; `streams_max` open at once;
    `stream_s_max` seconds before a stream is ended (the client resumes by itself); `heartbeat_s` between two signs of
    life; `lag_s_max` behind the log before the service says that it is not ready; `command_s_max` until what was asked of
    the collector must stand in the views; `request_bytes_max` of what is sent to be done.
    """

    page_items_max: int = 500
    list_body_bytes_max: int = 16_384
    streams_max: int = 64
    stream_s_max: float = 3_600.0
    heartbeat_s: float = 15.0
    lag_s_max: float = 30.0
    command_s_max: float = 10.0
    request_bytes_max: int = 1 << 20


class Commands(Protocol):
    """The way to the collector that leads."""

    async def send(self, command: Command) -> None:
        """Return when *command* is kept for the leader, durably.

        Raises:
            CommandsUnavailable: it is not.
            CommandTooLarge: it is larger than a leader takes.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingInForce:
    """A setting of this process as it may be shown: of a secret only whether it is set; of a URL no password.

    `name` is its variable, `value` and `default` are None where there is none, `unit` is that of a number.
    """

    name: str
    value: str | None
    default: str | None
    is_default: bool
    is_secret: bool
    unit: str | None
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPorts:
    """The stores to read, the live views, and the settings that matter.

    `cursor_key` signs cursors; `key_digests` are SHA-256 of the API keys (empty: no key is asked for); `hosts` are the
    host names served without a key (None: any), so that a web page elsewhere cannot read through a name of its own.
    `clock` gives ns UTC. With `kibana`, messages link to where they stand in it. What changes something goes through
    `commands` (None: nothing can be changed); `edits` says whether anybody may edit messages, and `origin` is a further
    address (host and port) under which the page is opened. `broker_user` is whom the collector connects to the broker as.
    `settings` are those of this process, to be shown. `lost` gives since when (ns) nothing is captured, and why; None while
    a collector captures, or where nothing is known of it but the log. Open streams end when `stop` is set.
    """

    log: EventLog
    index: MessageIndex
    views: SystemViews
    cursor_key: bytes
    clock: Callable[[], int]
    key_digests: frozenset[bytes] = frozenset()
    hosts: frozenset[str] | None = LOOPBACK_HOSTS
    limits: Limits = field(default_factory=Limits)
    kibana: KibanaLinks | None = None
    commands: Commands | None = None
    edits: bool = False
    origin: str | None = None
    broker_user: str | None = None
    settings: tuple[SettingInForce, ...] = ()
    lost: Callable[[], tuple[int, str] | None] = lambda: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)


def key_digest(api_key: str) -> bytes:
    """Return how an API key is kept: its SHA-256 (32 bytes). Keys are long and random, so no salt is needed."""
    return sha256(api_key.encode()).digest()


def new_key(key_id: str, secret: str) -> str:
    """Return the API key of an id (16 hex digits) and a *secret*."""
    return f"{KEY_PREFIX}{key_id}_{secret}"


def key_id_in(api_key: str) -> str | None:
    """Return the id that an API key made by an operator names; None for any other text."""
    found = _made_key.fullmatch(api_key)
    return None if found is None else found[1]


def cursor_key(store_key: bytes) -> bytes:
    """Return the key that signs cursors, derived from the store's secret."""
    return cursor.key_from(store_key)
