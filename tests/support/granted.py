"""The roles of one hoptrail on a secured server, each with a user of its own."""

import json
import os
import re
import secrets
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx2

from store.elastic.connection import Elastic, ElasticSettings
from store.elastic.roles import PURPOSES, descriptor, role_name
from tests.support.elastic_fixtures import forget
from tests.support.elastic_server import ElasticServer
from tests.support.elastic_server.server import url_of

EXECUTABLE: Final = Path(sys.executable).with_name("hoptrail")
RUN_S_MAX: Final = 60
ADMIN: Final = "admin"
KEPT_ENVIRONMENT: Final = {
    name: value for name, value in os.environ.items() if not name.startswith("HOPTRAIL")
}


class Granted:
    """A prefix of its own on *server*, with the shipped roles and a user for each of *roles*."""

    def __init__(self, server: ElasticServer, roles: tuple[str, ...]) -> None:
        self.server = server
        self.prefix = f"t{secrets.token_hex(6)}"
        self.password = secrets.token_urlsafe(12)
        self._clients: dict[str, httpx2.Client] = {}
        for role in PURPOSES:
            name = role_name(role, self.prefix)
            server.users.add_role(name, descriptor(role, self.prefix))
        for role in roles:
            name = role_name(role, self.prefix)
            server.users.add_user(name, self.password, [name])

    def url(self, role: str) -> str:
        """Return the server's URL with the credentials of the user of *role*."""
        if role == ADMIN:
            return self.server.url
        return url_of(self.server.url, role_name(role, self.prefix), self.password)

    def settings(self, role: str) -> ElasticSettings:
        """Return what connects as the user of *role*; ``admin`` is the superuser."""
        plain = ElasticSettings.of_url(self.url(role), prefix=self.prefix)
        return replace(plain, ca_file=str(self.server.ca_file))

    def elastic(self, role: str) -> Elastic:
        """Return the connection of *role*, not yet open."""
        return Elastic(self.settings(role))

    def status(self, role: str, method: str, path: str, body: object = None) -> int:
        """Return the HTTP status of one request by *role*, of its item in bulk; ``P`` stands for the prefix."""
        if role not in self._clients:
            context = ssl.create_default_context(cafile=str(self.server.ca_file))
            user = (role_name(role, self.prefix), self.password)
            url = ElasticSettings.of_url(self.server.url).url
            self._clients[role] = httpx2.Client(
                base_url=url, auth=user, verify=context, timeout=RUN_S_MAX
            )
        client, where = self._clients[role], re.sub(r"\bP(?=\d?-)", self.prefix, path)
        if isinstance(body, str):
            head = {"content-type": "application/x-ndjson"}
            answer = client.request(method, where, content=body, headers=head)
            (item,) = answer.json().get("items", [{"": {"status": answer.status_code}}])
            return next(iter(item.values()))["status"]
        told = json.loads(re.sub(r"\bP(?=\d?-)", self.prefix, json.dumps(body)))
        return client.request(method, where, json=told).status_code

    def close(self) -> None:
        """Close the connections of :meth:`status`."""
        for client in self._clients.values():
            client.close()

    def environment(self, role: str) -> dict[str, str]:
        """Return the environment of a process that runs as *role*."""
        return KEPT_ENVIRONMENT | {
            "HOPTRAIL_STORE": self.url(role),
            "HOPTRAIL_STORE_CA_FILE": str(self.server.ca_file),
            "HOPTRAIL_STORE_PREFIX": self.prefix,
        }

    def run(self, role: str, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command as *role* to its end; *settings* are further ones, without their prefix."""
        told = {f"HOPTRAIL_{name}": value for name, value in settings.items()}
        return subprocess.run(
            [EXECUTABLE, *arguments],
            env=self.environment(role) | told,
            capture_output=True,
            text=True,
            timeout=RUN_S_MAX,
            check=False,
        )


@contextmanager
def granted(server: ElasticServer, *roles: str) -> Iterator[Granted]:
    """Yield the roles on *server*; their indices are deleted afterwards."""
    made = Granted(server, roles)
    try:
        yield made
    finally:
        made.close()
        forget(server, made.prefix)
