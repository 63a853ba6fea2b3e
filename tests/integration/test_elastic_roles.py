"""Each process with its role alone: collect as writer, project as indexer, serve as reader, on a secured server."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import httpx2

from examples.local_broker import free_ports
from store.elastic.roles import INDEXER, READER, RETENTION, WRITER
from tests.support.collecting import System
from tests.support.elastic_server import ElasticServer
from tests.support.granted import EXECUTABLE, Granted, granted
from tests.support.load import Load
from tests.support.wait import wait_until

READY_S_MAX = 90
STOP_S_MAX = 30
RATE = 20
KEY = "k" * 24


@contextmanager
def running(roles: Granted, role: str, command: str, told: Path, **settings: str) -> Iterator[None]:
    """Run a process as *role* while the context lasts; it must not end by itself, and ends in good order."""
    environment = roles.environment(role) | {f"HOPTRAIL_{k}": v for k, v in settings.items()}
    with told.open("ab") as log:
        process = subprocess.Popen([EXECUTABLE, command], env=environment, stdout=log, stderr=log)
    try:
        yield
        assert process.poll() is None, told.read_text()[-2000:]
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S_MAX) == 0, told.read_text()[-2000:]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(STOP_S_MAX)


def ask(client: httpx2.Client, path: str, **parameters: str) -> dict[str, object]:
    """Return what the API answers; nothing while it cannot."""
    try:
        answer = client.get(path, params=parameters)
    except httpx2.TransportError:
        return {}
    return answer.json() if answer.status_code == 200 else {}


def test_every_process_works_with_its_role(
    system: System, secure_elastic: ElasticServer, tmp_path: Path, seed: int
) -> None:
    """Messages are captured, indexed and found through the API, no process having more than its role."""
    port = free_ports(1)[0]
    broker = {
        "AMQP_URL": system.broker.amqp_url,
        "MANAGEMENT_URL": system.broker.management_url,
        "VHOSTS": ",".join(quote(vhost, safe="") for vhost in system.urls),
    }
    client = httpx2.Client(
        base_url=f"http://127.0.0.1:{port}/api/v1",
        headers={"authorization": f"Bearer {KEY}"},
        timeout=READY_S_MAX,
        trust_env=False,
    )

    answered = partial(ask, client)
    with granted(secure_elastic, WRITER, INDEXER, READER, RETENTION) as roles:
        with client, ExitStack() as processes:
            for role, command, more in (
                (WRITER, "collect", broker),
                (INDEXER, "project", {}),
                (READER, "serve", {"HTTP": f"127.0.0.1:{port}", "API_KEY": KEY}),
            ):
                told = tmp_path / f"{command}.stderr"
                processes.enter_context(running(roles, role, command, told, **more))
            wait_until(lambda: answered("/capture").get("running"), timeout_s=READY_S_MAX)
            with Load(system.urls, rate=RATE, seed=seed) as load:
                wait_until(lambda: answered("/messages").get("items"), timeout_s=READY_S_MAX)
                load.finish()
            published = sum(one.confirmed_at is not None for one in load.sent)
            wait_until(
                lambda: answered("/messages", exact_total="true").get("total") == published,
                timeout_s=READY_S_MAX,
            )
            page = answered("/messages", limit="1")
            assert answered("/messages", limit="1", cursor=str(page["next"]))["items"]
        for role, *command in (
            (RETENTION, "log", "head"),
            (WRITER, "log", "verify"),
            (INDEXER, "replay", "--rebuild"),
            (READER, "log", "segments"),
        ):
            done = roles.run(role, *command)
            assert done.returncode == 0, f"{role}: {command}: {done.stderr}"
