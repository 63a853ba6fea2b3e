"""What every Elasticsearch server of the tests offers, whoever runs it, and when it is ready.

Ready means: the cluster's health is answered, and it is yellow or green.
"""

import base64
import json
import ssl
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from tests.support.elastic_server.security import Users
from tests.support.wait import wait_until

READY_TIMEOUT_S: Final = 150.0
"""Longest wait for a server to come up; 8.19 needs 8-15 s on two idle cores."""

REQUEST_TIMEOUT_S: Final = 30.0


class ElasticUnavailable(Exception):
    """No server could be had. The text says what was tried and what to do."""


class ElasticNotOurs(Exception):
    """The server belongs to the caller, so it is not stopped, killed or configured here."""


class ElasticServer(ABC):
    """An Elasticsearch that answers on ``url``.

    Stopping and starting again keeps port and data.
    """

    url: str
    """Like ``http://127.0.0.1:25001`` or, with security on, ``https://admin:…@127.0.0.1:25001``."""

    kind: str
    """How it is run, for people: "private node", "container" or "the caller's"."""

    ca_file: Path | None = None
    """PEM file of the authority that signed the server's certificate; None without TLS."""

    fingerprint: str | None = None
    """SHA-256 of the server's certificate in hex; None without TLS."""

    @property
    @abstractmethod
    def pid(self) -> int | None:
        """Process id of the server; None when it does not run or is not ours."""

    @property
    @abstractmethod
    def data(self) -> Path:
        """Where its data lie.

        Raises:
            ElasticNotOurs: nobody knows.
        """

    @property
    def users(self) -> Users:
        """Adds users and roles to a server with security on.

        Raises:
            ElasticNotOurs: security is off, or the server is not ours.
        """
        raise ElasticNotOurs("this server has no users that could be added to from here")

    @abstractmethod
    def start(self) -> None:
        """Start it, or start it again after ``stop`` or ``kill``; return when it is ready.

        Raises:
            ElasticUnavailable: it did not come up; the text holds the end of its log.
        """

    @abstractmethod
    def stop(self) -> None:
        """Stop it in good order. Stopping a stopped server does nothing."""

    @abstractmethod
    def kill(self) -> None:
        """SIGKILL the server and return when it is gone."""

    @abstractmethod
    def pause(self) -> None:
        """Stop the server's process from running, its connections stay open, until ``resume``."""

    @abstractmethod
    def resume(self) -> None:
        """Let the paused server run on."""

    def close(self) -> None:
        """End it and give back everything that outlives a stop, its data too."""
        self.kill()

    @cached_property
    def version(self) -> str:
        """The server's version, such as ``8.19.21``."""
        nodes = self.get("/_nodes/_local?filter_path=nodes.*.version")["nodes"]
        return str(next(iter(nodes.values()))["version"])

    def get(self, path: str) -> Any:
        """Return the decoded JSON of ``GET path``; for looking, not for the product's use.

        Raises:
            OSError: no answer, or one that is no success (``urllib.error.HTTPError``).
        """
        return self.call("GET", path)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the decoded JSON that answers *method* on *path* with *body* as JSON.

        Raises:
            OSError: no answer, or one that is no success (``urllib.error.HTTPError``).
        """
        return call(self.url, method, path, body, context=tls_context(self.ca_file))


def tls_context(ca_file: Path | None) -> ssl.SSLContext | None:
    """Return a context that trusts *ca_file* alone."""
    return ssl.create_default_context(cafile=str(ca_file)) if ca_file is not None else None


def call(
    url: str, method: str, path: str, body: object = None, *, context: ssl.SSLContext | None = None
) -> Any:
    """Return the decoded JSON that the server at *url* answers with.

    Raises:
        OSError: no answer, or one that is no success (``urllib.error.HTTPError``).
    """
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    headers = {"Content-Type": "application/json"}
    if parts.username is not None:
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        token = base64.b64encode(credentials.encode()).decode("ascii")
        headers["Authorization"] = f"Basic {token}"
    request = urllib.request.Request(
        urlunsplit((parts.scheme, address, "", "", "")) + path,
        data=None if body is None else json.dumps(body).encode(),
        headers=headers,
        method=method,
    )
    with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_S, context=context) as answer:
        return json.load(answer)


def url_of(url: str, user: str, password: str) -> str:
    """Return *url* with these credentials in it."""
    parts = urlsplit(url)
    credentials = f"{quote(user, safe='')}:{quote(password, safe='')}"
    return urlunsplit(parts._replace(netloc=f"{credentials}@{parts.netloc.rpartition('@')[2]}"))


def wait_until_ready(
    url: str,
    *,
    context: ssl.SSLContext | None = None,
    gave_up: Callable[[], str | None] = lambda: None,
    timeout_s: float = READY_TIMEOUT_S,
) -> None:
    """Return once the server at *url* is ready.

    *gave_up* returns the reason when waiting has become pointless, else None.

    Raises:
        ElasticUnavailable: *gave_up* gave a reason, or the time is over.
    """
    problem: str | None = None

    def is_ready() -> bool:
        nonlocal problem
        if reason := gave_up():
            raise ElasticUnavailable(reason)
        problem = _problem(url, context)
        return problem is None

    try:
        wait_until(is_ready, timeout_s=timeout_s)
    except AssertionError as error:
        raise ElasticUnavailable(f"not ready after {timeout_s:.0f} s: {problem}") from error


def _problem(url: str, context: ssl.SSLContext | None) -> str | None:
    try:
        status = call(url, "GET", "/_cluster/health", context=context)["status"]
    except urllib.error.HTTPError as error:
        error.close()
        return f"HTTP {error.code} {error.reason}"
    except (OSError, ValueError, KeyError) as error:
        return str(error)
    return None if status in {"yellow", "green"} else f"the cluster's health is {status}"
