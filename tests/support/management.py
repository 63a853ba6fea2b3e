"""A thin client of the management API, to set up and to assert; counters there lag by seconds."""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import httpx2

TIMEOUT_S: Final = 30.0
GONE_OR_NEVER_THERE: Final = 404


class Management:
    """The management API at a URL that holds the credentials; a context manager."""

    def __init__(self, management_url: str) -> None:
        parts = urlsplit(management_url)
        address = parts.netloc.rpartition("@")[2]
        self._client = httpx2.Client(
            base_url=urlunsplit((parts.scheme, address, parts.path.rstrip("/") + "/api", "", "")),
            auth=(unquote(parts.username or "guest"), unquote(parts.password or "guest")),
            timeout=TIMEOUT_S,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def get(self, *path: str, **parameters: str) -> Any:
        """Return the JSON at *path*, whose segments are quoted here.

        Raises:
            httpx2.HTTPStatusError: any answer that is not a success.
        """
        return self.request("GET", path, params=parameters).json()

    def put(self, *path: str, body: dict[str, Any] | None = None) -> None:
        """Create or change the object at *path*."""
        self.request("PUT", path, json=body or {})

    def post(self, *path: str, body: dict[str, Any] | None = None) -> Any:
        """Post *body* and return the JSON answer, None for an empty one."""
        answer = self.request("POST", path, json=body or {})
        return answer.json() if answer.content else None

    def delete(self, *path: str) -> None:
        """Delete the object at *path*; one that is not there is no error."""
        self.request("DELETE", path, allow=(GONE_OR_NEVER_THERE,))

    def request(
        self, method: str, path: Sequence[str], *, allow: Sequence[int] = (), **more: Any
    ) -> httpx2.Response:
        """Send one request; a status that is neither a success nor in *allow* raises."""
        url = "/" + "/".join(quote(segment, safe="") for segment in path)
        answer = self._client.request(method, url, **more)
        if answer.status_code not in allow:
            answer.raise_for_status()
        return answer

    def create_vhost(self, vhost: str, user: str) -> None:
        """Create *vhost* afresh, with every permission for *user*."""
        self.delete("vhosts", vhost)
        self.put("vhosts", vhost)
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.put("permissions", vhost, user, body=everything)

    def delete_taps(self) -> None:
        """Delete the queues of hoptrail in every vhost; none may be collecting."""
        for queue in self.get("queues"):
            if queue["name"].startswith("obs.tap."):
                self.delete("queues", queue["vhost"], queue["name"])

    def definitions(self, vhost: str) -> dict[str, Any]:
        """Return exchanges, queues, bindings, policies and description of *vhost*, sorted."""
        found: dict[str, Any] = {
            kind: sorted(self.get(kind, vhost), key=repr)
            for kind in ("exchanges", "bindings", "policies")
        }
        found["queues"] = sorted(
            ({k: queue[k] for k in ("name", "durable", "auto_delete", "arguments", "type")}
             for queue in self.get("queues", vhost)), key=repr,
        )  # fmt: skip
        described = self.get("vhosts", vhost)
        found["vhost"] = {k: described.get(k) for k in ("name", "description", "tags")}
        for exchange in found["exchanges"]:
            exchange.pop("message_stats", None)
        return found

    def depth(self, vhost: str, queue: str) -> tuple[int, int]:
        """Return (ready, unacked) of a queue, as the broker last counted them."""
        found = self.get("queues", vhost, queue)
        return found.get("messages_ready", 0), found.get("messages_unacknowledged", 0)
