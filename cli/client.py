"""Ask the API of a running hoptrail, and turn its problems into exit codes."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, quote_from_bytes

import httpx2
import orjson

from cli.exits import Exit, Stop
from cli.settings import Settings

TIMEOUT_S = 30.0
STREAM_READ_S = 600.0
"""A table of edges comes when all messages were read."""
PAGE_ITEMS = 500
ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def base_url(settings: Settings) -> str:
    """Return the address at which commands ask, e.g. ``http://127.0.0.1:8652``."""
    host = ANY_HOST.get(settings.http_host, settings.http_host)
    return (
        f"http://[{host}]:{settings.http_port}"
        if ":" in host
        else f"http://{host}:{settings.http_port}"
    )


def segment(name: str | Mapping[str, str]) -> str:
    """Return a name as one path segment; broker text that is not UTF-8 comes in its JSON form."""
    if isinstance(name, str):
        return quote(name, safe="")
    return quote_from_bytes(_bytes(name), safe="")


def _bytes(name: Mapping[str, str]) -> bytes:
    import base64

    return base64.b64decode(name["b64"])


class Api:
    """The API of the hoptrail at *settings*' address; a context manager."""

    def __init__(self, settings: Settings) -> None:
        self.url = base_url(settings)
        headers = {"Authorization": f"Bearer {settings.api_keys[0]}"} if settings.api_keys else {}
        # The address is plain HTTP; reading the machine's certificates would take a tenth of a command's time.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._client = httpx2.Client(
            base_url=self.url, headers=headers, timeout=TIMEOUT_S, trust_env=False, verify=nobody
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, path: str, **parameters: str | int | list[str] | None) -> Any:
        """Return the JSON that ``/api/v1`` + *path* answers; parameters that are None are left out, lists given each.

        Raises:
            Stop: it does not answer, or with a problem.
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        try:
            answer = self._client.get(f"/api/v1{path}", params=given)
        except httpx2.HTTPError as error:
            raise self._silent(error) from error
        if answer.status_code != httpx2.codes.OK:
            raise stop_of(answer.status_code, answer.content, str(given.get("q", "")))
        return orjson.loads(answer.content)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the JSON that ``/api/v1`` + *path* answers to *body*.

        Raises:
            Stop: it does not answer, or with a problem.
        """
        try:
            answer = self._client.post(f"/api/v1{path}", json=dict(body))
        except httpx2.HTTPError as error:
            raise self._silent(error) from error
        if not answer.is_success:
            raise stop_of(answer.status_code, answer.content)
        return orjson.loads(answer.content)

    def pages(
        self, path: str, *, limit: int, cursor: str | None = None, **parameters: str | int | None
    ) -> dict[str, Any]:
        """Return a list with up to *limit* items after *cursor*, put together from as many pages as that takes."""
        found: dict[str, Any] = {}
        while True:
            left = limit - len(found.get("items", ()))
            page = self.get(path, limit=min(left, PAGE_ITEMS), cursor=cursor, **parameters)
            found = {**page, "items": [*found.get("items", ()), *page["items"]]}
            cursor = page["next"]
            if cursor is None or len(found["items"]) >= limit:
                return found

    @contextmanager
    def streamed(
        self, path: str, **parameters: str | None
    ) -> Iterator[tuple[Mapping[str, str], Iterator[bytes]]]:
        """Yield the headers and the bytes, in pieces, of what ``/api/v1`` + *path* answers.

        Raises:
            Stop: it does not answer, with a problem, or it broke off.
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        timeout = httpx2.Timeout(TIMEOUT_S, read=STREAM_READ_S)
        try:
            with self._client.stream(
                "GET", f"/api/v1{path}", params=given, timeout=timeout
            ) as answer:
                if answer.status_code != httpx2.codes.OK:
                    raise stop_of(answer.status_code, answer.read(), str(given.get("q", "")))
                yield answer.headers, answer.iter_bytes()
        except httpx2.RemoteProtocolError as error:
            raise Stop(Exit.UNAVAILABLE, f"The answer broke off ({error}).") from error
        except httpx2.HTTPError as error:
            raise self._silent(error) from error

    def events(self, **parameters: str | int | None) -> Iterator[tuple[str, str, Any]]:
        """Yield (name, id, data) of the stream's events until the server ends it.

        Raises:
            Stop: it does not answer, or with a problem.
        """
        given = {name: value for name, value in parameters.items() if value is not None}
        timeout = httpx2.Timeout(TIMEOUT_S, read=120.0)
        try:
            with self._client.stream(
                "GET", "/api/v1/stream", params=given, timeout=timeout
            ) as answer:
                if answer.status_code != httpx2.codes.OK:
                    raise stop_of(answer.status_code, answer.read(), str(given.get("q", "")))
                yield from _events(answer.iter_lines())
        except httpx2.HTTPError as error:
            raise self._silent(error) from error

    def _silent(self, error: Exception) -> Stop:
        return Stop(
            Exit.UNAVAILABLE,
            f"hoptrail does not answer at {self.url} ({error}).\n"
            "Start it with: hoptrail run. If it runs elsewhere, set HOPTRAIL_HTTP.",
        )


def stop_of(status: int, content: bytes, query: str = "") -> Stop:
    """Return how a command ends on a problem that the API answered."""
    try:
        problem: dict[str, Any] = orjson.loads(content)
        told = str(problem.get("detail") or problem.get("title"))
        position = problem.get("position")
    except (ValueError, AttributeError):
        return Stop(Exit.FAILED, f"The answer has status {status} and is none of hoptrail's.")
    if position is not None and query and "\n" not in query:
        told = f"{told}\n  {query}\n  {' ' * position}^"
    match status:
        case 400 | 403:
            return Stop(Exit.USAGE, told)
        case 401:
            return Stop(Exit.USAGE, "hoptrail asks for an API key: set HOPTRAIL_API_KEY.")
        case 503:
            return Stop(Exit.UNAVAILABLE, told)
        case _:
            return Stop(Exit.FAILED, told)


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str, Any]]:
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        else:
            if "data" in fields:
                yield (
                    fields.get("event", "message"),
                    fields.get("id", ""),
                    orjson.loads(fields["data"]),
                )
            fields = {}
