"""What every broker offers, whoever runs it, and how to tell that it is ready.

Ready means: AMQP answers the protocol header and the management API answers with its version.
"""

import asyncio
import base64
import json
import socket
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit, urlunsplit

READY_TIMEOUT_S = 120.0
"""Longest wait for a broker to come up; 3.10 needs 4-8 s on two idle cores."""

POLL_INTERVAL_S = 0.1
PROBE_TIMEOUT_S = 5.0
AMQP_HEADER = b"AMQP\x00\x00\x09\x01"


class BrokerUnavailable(Exception):
    """No broker could be had. The text says what was tried and what to do."""


class BrokerNotOurs(Exception):
    """The broker belongs to the caller, so it is not stopped, killed or administered here."""


class Broker(ABC):
    """A RabbitMQ that answers on ``amqp_url`` and ``management_url``.

    As a context manager it starts on entry and is closed on exit.
    Restarting keeps ports, directories and thus all durable objects.
    """

    amqp_url: str
    """Like ``amqp://guest:guest@127.0.0.1:25001/``."""

    management_url: str
    """Like ``http://guest:guest@127.0.0.1:25002``, without a trailing slash."""

    kind: str
    """How it is run, for people: "private node", "container" or "the caller's"."""

    @abstractmethod
    def start(self) -> None:
        """Start it, or start it again after ``stop`` or ``kill``; return when it is ready.

        Raises:
            BrokerUnavailable: it did not come up; the text holds the end of its log.
        """

    @abstractmethod
    def stop(self) -> None:
        """Stop it in good order. Stopping a stopped broker does nothing."""

    @abstractmethod
    def kill(self) -> None:
        """SIGKILL the broker's operating system process and return when it is gone."""

    @abstractmethod
    def rabbitmqctl(self, *args: str) -> str:
        """Run ``rabbitmqctl`` against it and return its stdout.

        Raises:
            RuntimeError: it exited with an error; the text holds its output.
        """

    @property
    @abstractmethod
    def pid(self) -> int | None:
        """Process id of the Erlang machine; None when it does not run or is not ours."""

    def close(self) -> None:
        """Stop it and give back everything that outlives a stop."""
        self.stop()

    def restart(self) -> None:
        """Stop it in good order and start it again."""
        self.stop()
        self.start()

    def sync(self) -> None:
        """Make what was declared until now survive ``kill``.

        Mnesia writes its log with a delay: 3.10.8 forgot a durable queue that was declared
        milliseconds before SIGKILL.
        """
        self.rabbitmqctl("eval", "mnesia:sync_log().")

    @property
    def version(self) -> str:
        """The version the management API reports, such as ``3.10.8``."""
        return management_version(self.management_url)

    @property
    def user(self) -> str:
        """User name in ``amqp_url``."""
        return unquote(urlsplit(self.amqp_url).username or "guest")

    @property
    def password(self) -> str:
        """Password in ``amqp_url``."""
        return unquote(urlsplit(self.amqp_url).password or "guest")

    @property
    def port(self) -> int:
        """AMQP port."""
        return urlsplit(self.amqp_url).port or 5672

    async def start_async(self) -> None:
        """``start`` without blocking the event loop."""
        await asyncio.to_thread(self.start)

    async def stop_async(self) -> None:
        """``stop`` without blocking the event loop."""
        await asyncio.to_thread(self.stop)

    async def kill_async(self) -> None:
        """``kill`` without blocking the event loop."""
        await asyncio.to_thread(self.kill)

    async def restart_async(self) -> None:
        """``restart`` without blocking the event loop."""
        await asyncio.to_thread(self.restart)

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it, whatever happened."""
        self.close()


def wait_until_ready(
    amqp_url: str,
    management_url: str,
    *,
    gave_up: Callable[[], str | None] = lambda: None,
    timeout_s: float = READY_TIMEOUT_S,
) -> None:
    """Return once both URLs answer.

    *gave_up* returns the reason when waiting has become pointless, else None.

    Raises:
        BrokerUnavailable: *gave_up* gave a reason, or the time is over.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        if reason := gave_up():
            raise BrokerUnavailable(reason)
        problem = _amqp_problem(amqp_url) or _management_problem(management_url)
        if problem is None:
            return
        if time.monotonic() > deadline:
            raise BrokerUnavailable(f"not ready after {timeout_s:.0f} s: {problem}")
        time.sleep(POLL_INTERVAL_S)


def management_version(management_url: str) -> str:
    """Return the broker's version from ``/api/overview``.

    Raises:
        OSError: the API did not answer, or refused the credentials.
    """
    parts = urlsplit(management_url)
    host = parts.netloc.rpartition("@")[2]
    url = urlunsplit((parts.scheme, host, parts.path.rstrip("/") + "/api/overview", "", ""))
    user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
    token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    request = urllib.request.Request(url, headers={"Authorization": f"Basic {token}"})
    with urllib.request.urlopen(request, timeout=PROBE_TIMEOUT_S) as answer:
        return str(json.load(answer)["rabbitmq_version"])


def _amqp_problem(amqp_url: str) -> str | None:
    parts = urlsplit(amqp_url)
    if parts.scheme != "amqp":
        return None
    address = (parts.hostname or "127.0.0.1", parts.port or 5672)
    try:
        with socket.create_connection(address, timeout=PROBE_TIMEOUT_S) as connection:
            connection.sendall(AMQP_HEADER)
            answer = connection.recv(1)
    except OSError as error:
        return f"AMQP on {address[0]}:{address[1]}: {error}"
    return None if answer == b"\x01" else f"no AMQP on {address[0]}:{address[1]}"


def _management_problem(management_url: str) -> str | None:
    try:
        management_version(management_url)
    except urllib.error.HTTPError as error:
        error.close()
        return f"management API: HTTP {error.code} {error.reason}"
    except (OSError, ValueError, KeyError) as error:
        return f"management API: {error}"
    return None
