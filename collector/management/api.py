"""The way to the broker's management API: one of several nodes answers, and it is told which.

A shell around ``httpx2``. Every node of a cluster answers for all of it, except for what is each node's own, such as the
firehose's switch; for that :meth:`ManagementApi.at` asks one node and no other.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import httpx2

from collector.amqp import AmqpRefused, TlsFiles, context_of, refusal
from collector.topology import told

TIMEOUT_S = 10.0
CONNECT_S_MAX = 4.0
HELP = "HOPTRAIL_MANAGEMENT_URL says where it is, rabbitmq-plugins enable rabbitmq_management switches it on"


class ManagementUnavailable(Exception):
    """The management API cannot be reached, or not in time; trying again may help."""


class ManagementRefused(Exception):
    """The management API will not have this: wrong credentials, or a tag that the user lacks."""


class ManagementAddress(NamedTuple):
    """A management URL taken apart: `bases` are the URLs of the nodes without credentials, in the order given."""

    bases: tuple[str, ...]
    user: str
    password: str


def address_of(url: str) -> ManagementAddress:
    """Return what *url* says: ``scheme://user:password@host:port,host:port/path``, credentials guest where it has none."""
    scheme, _, rest = url.partition(
        "://"
    )  # urllib may refuse several hosts of which one is in brackets
    authority, _, path = rest.partition("/")
    login, _, hosts = authority.rpartition("@")
    user, _, password = login.partition(":")
    path = path.rstrip("/")
    return ManagementAddress(
        tuple(
            urlunsplit((scheme, host, f"/{path}" if path else "", "", ""))
            for host in hosts.split(",")
            if host
        ),
        unquote(user) or "guest",
        unquote(password) or "guest",
    )


class ManagementApi:
    """The management API of a broker; an async context manager.

    *url* carries the credentials and may name several nodes, of which the one is asked that answered last, and the others
    in turn where it does not. *tls* counts for ``https``.
    """

    def __init__(self, url: str, tls: TlsFiles | None = None) -> None:
        self.bases, *auth = address_of(url)
        self._url = url
        self._given_tls = tls
        self._auth = (auth[0], auth[1])
        self._tls = (tls or TlsFiles()) if url.startswith("https:") else None
        self._now = 0
        self._client = self._new_client()

    async def __aenter__(self) -> Self:
        """Read what TLS needs, if it is used.

        Raises:
            ManagementRefused: a file is missing, or holds something else.
        """
        if self._tls is not None:
            try:
                trusted = context_of(self._tls)
            except AmqpRefused as error:
                raise ManagementRefused(str(error)) from error
            await self._client.aclose()
            self._client = self._new_client(verify=trusted)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    @property
    def shown(self) -> str:
        """The URL of the node that is asked, without credentials."""
        return self.bases[self._now]

    def at(self, base: str) -> Self:
        """Return the same API with the same credentials at one node, *base*; to be opened by the caller."""
        parts = urlsplit(base)
        login = ":".join(quote(each, safe="") for each in self._auth)
        url = urlunsplit(parts._replace(netloc=f"{login}@{parts.netloc}"))
        return type(self)(url, self._given_tls)

    async def get(self, *path: str, **parameters: str) -> Any:
        """Return the JSON under ``/api`` + *path*, whose parts are encoded here; None when there is no such thing.

        Raises:
            ManagementUnavailable: no answer.
            ManagementRefused: the credentials do not suffice.
        """
        return await self._call("GET", path, params=parameters)

    async def need(self, *path: str, **parameters: str) -> Any:
        """Return the JSON of what every management API has; one that is just starting may not have it yet.

        Raises:
            ManagementUnavailable: no answer, or not yet.
            ManagementRefused: the credentials do not suffice.
        """
        found = await self._call("GET", path, params=parameters)
        if found is None:
            raise ManagementUnavailable(f"the management API at {self.shown} is not ready")
        return found

    async def put(self, *path: str, body: dict[str, Any]) -> None:
        """Put *body* under ``/api`` + *path*."""
        await self._call("PUT", path, json=body)

    async def fetch(self, url: str) -> str | None:
        """Return the text at *url*, which needs no credentials; None where it cannot be had."""
        try:
            answer = await self._client.get(url)
        except httpx2.HTTPError:
            return None
        return answer.text if answer.status_code == 200 else None

    def _new_client(self, **options: Any) -> httpx2.AsyncClient:
        limits = httpx2.Timeout(TIMEOUT_S, connect=CONNECT_S_MAX)
        return httpx2.AsyncClient(auth=self._auth, timeout=limits, **options)

    async def _call(self, method: str, path: Sequence[str], **options: Any) -> Any:
        failure: ManagementUnavailable | None = None
        for _ in self.bases:
            try:
                return await self._ask(self.bases[self._now], method, path, options)
            except ManagementUnavailable as error:
                failure = failure or error
                self._now = (self._now + 1) % len(self.bases)
        assert failure is not None
        raise failure

    async def _ask(
        self, base: str, method: str, path: Sequence[str], options: dict[str, Any]
    ) -> Any:
        url = "/".join([base, "api", *(quote(part, safe="") for part in path)])
        if self._tls is not None and self._tls.server_name is not None:
            options = {**options, "extensions": {"sni_hostname": self._tls.server_name}}
        try:
            answer = await self._client.request(method, url, **options)
        except httpx2.HTTPError as error:
            if (why := self._never_trusted(base, error)) is not None:
                raise ManagementRefused(f"the management API at {why}") from error
            raise ManagementUnavailable(
                f"the management API at {base} does not answer ({type(error).__name__}); {HELP}"
            ) from error
        if answer.status_code in {401, 403}:
            raise ManagementRefused(
                f"the management API at {base} refuses {method} /api/{'/'.join(path)} for {self._auth[0]}: "
                f"{_reason(answer)}; HOPTRAIL_MANAGEMENT_URL holds user and password, and the user needs the tag "
                "monitoring"
            )
        if answer.status_code == 404:
            return None
        if answer.status_code >= 400:
            raise ManagementUnavailable(
                f"the management API at {base} answered {answer.status_code}"
            )
        return answer.json() if answer.content else None

    def _never_trusted(self, base: str, error: BaseException) -> str | None:
        """Return why TLS cannot work as it is set, if that is what *error* comes from."""
        cause: BaseException | None = error
        while cause is not None and self._tls is not None:
            host = urlsplit(base).hostname or ""
            if (why := refusal(cause, base, host, self._tls)) is not None:
                return why
            cause = cause.__cause__ or cause.__context__
        return None


def _reason(answer: httpx2.Response) -> str:
    try:
        return str(
            told.name_of({"answer": answer.json()}, "answer", "reason") or answer.status_code
        )
    except ValueError:
        return str(answer.status_code)
