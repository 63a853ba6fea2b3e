"""Serve the API at an address: the socket, the refusal of a public one without keys, the server's life."""

import asyncio
import contextlib
import ipaddress
import secrets
import socket
import time
from collections.abc import Generator
from hashlib import blake2b
from urllib.parse import urlsplit, urlunsplit

import uvicorn
from starlette.types import ASGIApp

from api.kibana_links import KibanaLinks
from api.ports import LOOPBACK_HOSTS, ApiPorts, Commands, Limits, cursor_key, key_digest
from cli.exits import Exit, Stop
from cli.settings import Settings
from cli.settings_in_force import in_force
from cli.word import Word
from collector.amqp import parse_url
from events.identity import KEY_BYTES
from projector.system import SystemViews
from store.elastic.names import Names
from store.errors import LogRefused, LogUnavailable
from store.ports import EventLog, MessageIndex

GRACE_S = 3
CHECK_S = 1.0


def require_safe_address(settings: Settings) -> None:
    """Refuse an address that others can reach unless API keys are asked for.

    Raises:
        Stop: it is not a loopback address and there is no key.
    """
    if settings.api_keys or is_loopback(settings.http_host):
        return
    raise Stop(
        Exit.USAGE,
        f"HOPTRAIL_HTTP={settings.http} can be reached from other machines, and messages would be open to anyone.\n"
        "Set HOPTRAIL_API_KEY to a long random text (16 characters or more), or listen on 127.0.0.1.",
    )


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach *host*."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _cursor_secret(settings: Settings, log: EventLog) -> bytes:
    """Return what cursors are signed with: the store's key, else one made of the API keys, else one of this process.

    There may be no store's key yet, and a reader of Elasticsearch is not given it.
    """
    try:
        return await log.fingerprint_key()
    except (LogRefused, LogUnavailable):
        if not settings.api_keys:
            return secrets.token_bytes(KEY_BYTES)
        told = "\n".join(settings.api_keys).encode()
        return blake2b(told, digest_size=KEY_BYTES, person=b"hoptrail cursor").digest()


async def ports_of(
    settings: Settings,
    log: EventLog,
    index: MessageIndex,
    views: SystemViews,
    commands: Commands | None = None,
    word: Word | None = None,
) -> ApiPorts:
    """Return what the API needs; without *commands* it only reads. *word* is that of a collector beside it."""
    host = settings.http_host
    return ApiPorts(
        log=log,
        index=index,
        views=views,
        cursor_key=cursor_key(await _cursor_secret(settings, log)),
        clock=time.time_ns,
        key_digests=frozenset(map(key_digest, settings.api_keys)),
        hosts=LOOPBACK_HOSTS | {f"[{host}]" if ":" in host else host.lower()},
        limits=Limits(streams_max=settings.streams_max, lag_s_max=settings.ready_lag_s_max),
        kibana=kibana_of(settings),
        commands=commands,
        edits=settings.edit == "on",
        origin=None if settings.public_url is None else urlsplit(settings.public_url).netloc,
        broker_user=parse_url(settings.amqp_url, settings.amqp_tls).user or None,
        settings=in_force(settings),
        lost=(lambda: None) if word is None else word.read,
    )


def kibana_of(settings: Settings) -> KibanaLinks | None:
    """Return how messages link to Kibana; None without one, or where the store is none that Kibana can read.

    Credentials in its address are for the import only and stay out of every link.
    """
    if settings.kibana_url is None or settings.is_embedded:
        return None
    parts = urlsplit(settings.kibana_url)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    return KibanaLinks(url=urlunsplit(shown), data_view=Names(settings.store_prefix).messages)


def bound(settings: Settings) -> socket.socket:
    """Return a socket listening at the address of the settings.

    Raises:
        Stop: the address is taken, or is none of this machine's.
    """
    host = settings.http_host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, settings.http_port))
    except OSError as error:
        listener.close()
        raise Stop(
            Exit.UNAVAILABLE, f"Cannot listen at HOPTRAIL_HTTP={settings.http}: {error.strerror}."
        ) from error
    return listener


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def serve(app: ASGIApp, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve *app* on *listener* until *stop* is set; open streams then have 3 s to end."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=64 * 1024,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await serving
