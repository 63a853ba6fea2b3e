"""Elasticsearch of the compose file: its settings and commands given to a real server with security on."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import yaml

from tests.support import compose, parts
from tests.support.elastic_server import ElasticServer, ElasticUnavailable, open_elastic

RUN_S_MAX = 90
KIBANA_PASSWORD = "kibana-secret-0001"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services as they are written."""
    return yaml.safe_load(compose.COMPOSE_FILE.read_text())["services"]


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    services: dict[str, Any],
) -> Iterator[ElasticServer]:
    """A server that took every setting of the file that has a name of the server's own."""
    parts.require("own-elastic")
    settings = {
        name: value
        for name, value in compose.environment_of(services["elasticsearch"]).items()
        if "." in name
    }
    assert settings["xpack.security.enabled"] == "true"
    try:
        opened = open_elastic(
            tmp_path_factory.mktemp("elastic"),
            version=parts.elastic_version(),
            config=settings,
            security=True,
        )
    except ElasticUnavailable as refused:
        parts.missing("own-elastic", refused)
    with closing(opened):
        parts.note(request.config, f"stored in Elasticsearch {opened.version}, {opened.kind}")
        yield opened


def shell(server: ElasticServer, command: list[str], **environment: str) -> int:
    """Run a container's *command* here, at *server* and as its administrator; return its exit code."""
    address = urlsplit(server.url)
    here = f"http://{address.hostname}:{address.port}"
    words = [
        word.replace("$$", "$")
        .replace("http://localhost:9200", here)
        .replace("http://elasticsearch:9200", here)
        .replace('"elastic:$', f'"{address.username}:$')
        for word in command
    ]
    assert here in " ".join(words)
    done = subprocess.run(
        words,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", **environment},
        capture_output=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    return done.returncode


def test_it_starts_with_these_settings_and_is_watched(
    server: ElasticServer, services: dict[str, Any]
) -> None:
    """A server refuses to start with a setting it does not know; the health check is green, but not without the password."""
    mode, text = services["elasticsearch"]["healthcheck"]["test"]
    command = ["sh", "-c", text]
    password = urlsplit(server.url).password or ""

    assert mode == "CMD-SHELL"
    assert (
        server.get("/_cluster/settings?include_defaults=true&flat_settings=true")["defaults"][
            "cluster.name"
        ]
        == "hoptrail"
    )
    assert shell(server, command, ELASTIC_PASSWORD=password) == 0
    assert shell(server, command, ELASTIC_PASSWORD="wrong") != 0


def test_the_password_of_kibanas_user(server: ElasticServer, services: dict[str, Any]) -> None:
    """The one-shot sets it, and ends with a failure where the server does not.

    Elasticsearch 8 as the tests have it cannot store users.
    """
    command = services["kibana-settings"]["command"]
    password = urlsplit(server.url).password or ""
    can_store_users = server.version.startswith("9")

    code = shell(server, command, ELASTIC_PASSWORD=password, KIBANA_PASSWORD=KIBANA_PASSWORD)
    wrong = shell(server, command, ELASTIC_PASSWORD="wrong", KIBANA_PASSWORD=KIBANA_PASSWORD)

    assert (code == 0) is can_store_users
    assert wrong != 0
    address = urlsplit(server.url)
    told = httpx2.get(
        f"http://{address.hostname}:{address.port}/_security/_authenticate",
        auth=("kibana_system", KIBANA_PASSWORD),
        timeout=RUN_S_MAX,
        trust_env=False,
    )
    assert (told.status_code == httpx2.codes.OK) is can_store_users
