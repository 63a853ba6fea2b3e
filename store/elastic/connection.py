"""Requests to Elasticsearch, and its refusals in the store's words.

Answers come as bytes, so that each caller decodes only what it needs. Nothing is retried here: a request that may have
been carried out is reported as unavailable, and the caller knows whether it may be sent again.
"""

import asyncio
from base64 import b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote, urlencode, urlsplit

import msgspec
from elastic_transport import (
    AiohttpHttpNode,
    ConnectionTimeout,
    HttpHeaders,
    NodeConfig,
    NodePool,
    TransportError,
)

from store.elastic import trust
from store.elastic.names import PREFIX, Names
from store.errors import LogRefused, LogUnavailable

TIMEOUT_S = 30.0
CONNECTIONS_MAX = 16
SAID_CHARS_MAX = 500
LARGE_BYTES = 1 << 20
UNAVAILABLE = frozenset({408, 429, 502, 503, 504})
SHARDS_FAILED = "search_phase_execution_exception"  # why is told by its root cause
DISK_IS_FULL = "flood-stage watermark"

Body = bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticSettings:
    """Where Elasticsearch is and how to prove who asks. *url* may name further nodes after commas: ``https://a:9200,b:9200``.

    *ca_file* is a PEM file; *fingerprint* the SHA-256 of the server's certificate, in hex, with or without colons.
    """

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    fingerprint: str | None = None
    prefix: str = PREFIX

    @classmethod
    def of_url(
        cls,
        url: str,
        *,
        api_key: str | None = None,
        ca_file: str | None = None,
        fingerprint: str | None = None,
        prefix: str = PREFIX,
    ) -> Self:
        """Return the settings that *url* gives, user and password in it."""
        parts = urlsplit(url)
        return cls(
            url=parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
            user=None if parts.username is None else unquote(parts.username),
            password=None if parts.password is None else unquote(parts.password),
            api_key=api_key,
            ca_file=ca_file,
            fingerprint=fingerprint,
            prefix=prefix,
        )


class RequestRefused(LogRefused):
    """Elasticsearch refuses a request; `status` is that of HTTP, `kind` its own name for the error, `reason` its words."""

    def __init__(self, told: str, *, status: int, kind: str, reason: str) -> None:
        super().__init__(told)
        self.status = status
        self.kind = kind
        self.reason = reason


class ShardsNotReady(LogUnavailable):
    """The server answers, but its shards do not: they were just made, or are moving."""


class Answer(msgspec.Struct, frozen=True):
    """What Elasticsearch answered; `product` is what it calls itself."""

    status: int
    body: bytes
    product: str = ""


class _Cause(msgspec.Struct):
    type: str = ""
    reason: str | None = ""
    caused_by: "_Cause | None" = None
    root_cause: list["_Cause"] = []


class _Failure(msgspec.Struct):
    error: _Cause | str = ""


_failure = msgspec.json.Decoder(_Failure)


class Elastic:
    """Elasticsearch under the names of the settings' prefix: an async context manager; entering it sends nothing.

    It may be entered several times, by adapters that share it, and is closed by the last exit.
    """

    def __init__(self, settings: ElasticSettings) -> None:
        self.settings = settings
        self.names = Names(settings.prefix)
        self._pool: NodePool | None = None
        self._entered = 0
        self._is_elastic = False

    async def __aenter__(self) -> Self:
        if self._pool is None:
            self._pool = NodePool(
                [_node(self.settings, url) for url in _urls(self.settings.url)],
                node_class=AiohttpHttpNode,
            )
        self._entered += 1
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._entered -= 1
        if self._pool is not None and not self._entered:
            nodes: list[AiohttpHttpNode] = self._pool.all()  # pyright: ignore[reportAssignmentType]
            self._pool = None
            await asyncio.gather(*(node.close() for node in nodes))

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Body = None,
        params: Mapping[str, str] | None = None,
        expect: Collection[int] = (),
        timeout_s: float = TIMEOUT_S,
        ndjson: bool = False,
    ) -> Answer:
        """Return the answer to a request for *path*, which begins with a slash, if its status is 2xx or one of *expect*.

        Raises:
            LogUnavailable: there is no answer in time, or it says to try again; the request may have been carried out.
            LogRefused: the certificate is not trusted, the user may not, or the request is not understood.
        """
        if self._pool is None:
            raise LogUnavailable(f"{self.settings.url} is not open")
        target = f"{path}?{urlencode(params)}" if params else path
        content = "application/x-ndjson" if ndjson else "application/json"
        headers = HttpHeaders({"accept": "application/json"})
        if body:
            headers["content-type"] = content
        node: AiohttpHttpNode = self._pool.get()  # pyright: ignore[reportAssignmentType]
        try:
            meta, raw = await node.perform_request(
                method, target, body=_sendable(body), headers=headers, request_timeout=timeout_s
            )
        except (TransportError, OSError) as error:
            self._pool.mark_dead(node)
            if (distrust := trust.why_not(error)) is not None:
                raise LogRefused(self._told(distrust)) from error
            late = isinstance(error, ConnectionTimeout)
            why = f"no answer within {timeout_s:g} s" if late else _said(str(error))
            if trust.hung_up(error) and node.scheme == "http":
                why += "; if it speaks TLS, write HOPTRAIL_STORE with https://"
            raise LogUnavailable(self._told(why)) from error
        self._pool.mark_live(node)
        answer = Answer(meta.status, raw, meta.headers.get("x-elastic-product") or "")
        if answer.status not in expect and not 200 <= answer.status < 300:
            raise self.refusal(method, path, answer)
        self._check_product(answer)
        return answer

    def _check_product(self, answer: Answer) -> None:
        if not self._is_elastic and 200 <= answer.status < 300:
            if answer.product != "Elasticsearch":
                raise LogRefused(self._told("this is no Elasticsearch; only that is supported"))
            self._is_elastic = True

    def refusal(self, method: str, path: str, answer: Answer) -> Exception:
        """Return the error that *answer* stands for, which is not what was asked for by *method* and *path*."""
        kind, reason = failure_in(answer.body)
        what = f"{method} {path.partition('?')[0]}"
        said = _said(f"{kind}: {reason}" if kind else reason) or f"HTTP status {answer.status}"
        match answer.status:
            case 401:
                told = self._who()
            case 403 if DISK_IS_FULL in reason or "FORBIDDEN/12" in reason:
                # The server takes the block away by itself as soon as there is room again.
                return LogUnavailable(self._told(f"its disk is full: {said}"))
            case 403:
                told = f"{self.settings.user or 'the API key'} may not do this: {what}: {said}"
            case 503:
                return ShardsNotReady(self._told(f"{what}: {said}"))
            case status if status in UNAVAILABLE:
                return LogUnavailable(self._told(f"{what}: {said}"))
            case _:
                told = f"{what}: {said}"
        return RequestRefused(self._told(told), status=answer.status, kind=kind, reason=reason)

    def _who(self) -> str:
        """Return what is wrong with who asks."""
        if self.settings.api_key:
            return "it does not know the API key in HOPTRAIL_STORE_API_KEY, or no longer"
        if self.settings.user is not None:
            return (
                f"there is no user {self.settings.user}, or the password in HOPTRAIL_STORE is wrong"
            )
        return (
            "it asks who this is: write HOPTRAIL_STORE as https://user:password@host:9200, "
            "or set HOPTRAIL_STORE_API_KEY"
        )

    def _told(self, what: str) -> str:
        return f"{self.settings.url}: {what}"


class OnElastic:
    """What stands on *elastic*: entering and leaving it opens and closes that."""

    def __init__(self, elastic: Elastic) -> None:
        self._elastic = elastic

    async def __aenter__(self) -> Self:
        await self._elastic.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._elastic.__aexit__(kind, error, trace)


def failure_in(body: bytes) -> tuple[str, str]:
    """Return type and reason of the innermost error that an answer tells; empty when it tells none."""
    try:
        error = _failure.decode(body).error
    except msgspec.DecodeError:
        return "", _said(body.decode(errors="replace"))
    if isinstance(error, str):
        return "", error
    if error.root_cause and (not error.type or error.type == SHARDS_FAILED):
        error = error.root_cause[0]
    while error.caused_by is not None and error.caused_by.type:
        error = error.caused_by
    return error.type, error.reason or ""


class _Large(BytesIO):
    """A large body, which aiohttp sends piece by piece, so that the event loop goes on."""

    def decode(self, *_: str) -> str:
        """Return what the node's log of requests says of it."""
        return f"{len(self.getbuffer())} bytes"


def _sendable(body: Body) -> Body:
    if body is None or len(body) < LARGE_BYTES:
        return body
    return _Large(body)  # pyright: ignore[reportReturnType] - the node hands it on to aiohttp, which takes it


def escaped(part: str) -> str:
    """Return *part* so that it can stand in a path."""
    return quote(part, safe="")


def _said(text: str) -> str:
    return " ".join(text.split())[:SAID_CHARS_MAX]


def _urls(url: str) -> list[str]:
    """Return the URLs of all nodes that *url* names, its path with each."""
    parts = urlsplit(url)
    return [parts._replace(netloc=netloc).geturl() for netloc in parts.netloc.split(",")]


def _node(settings: ElasticSettings, url: str) -> NodeConfig:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    context = None
    if secure and not settings.fingerprint:
        context = trust.context(settings.ca_file)
    return NodeConfig(
        scheme=parts.scheme,
        host=parts.hostname or "127.0.0.1",
        port=parts.port or (443 if secure else 9200),
        path_prefix=parts.path.rstrip("/"),
        headers=_credentials(settings),
        connections_per_node=CONNECTIONS_MAX,
        request_timeout=TIMEOUT_S,
        ssl_context=context,
        ssl_assert_fingerprint=settings.fingerprint if secure else None,
    )


def _credentials(settings: ElasticSettings) -> dict[str, str]:
    if settings.api_key:
        return {"authorization": f"ApiKey {settings.api_key}"}
    if settings.user is None:
        return {}
    pair = f"{settings.user}:{settings.password or ''}".encode()
    return {"authorization": f"Basic {b64encode(pair).decode('ascii')}"}
