"""The whole OpenAPI document, called with generated requests: nothing in it is untrue."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.ports import Limits
from cli.serving import bound, serve
from cli.settings import load
from tests.support.served import served

EXAMPLES_MAX = 15
START_S_MAX = 60
RUN_S_MAX = 150
CONFIG = Path(__file__).parents[2] / "schemathesis.toml"


@dataclass
class Serving:
    """A server in a thread of its own: its port once it listens."""

    port: int = 0
    failed: BaseException | None = None


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve the small log at a free port, in a thread, until the module's tests are done."""
    serving, listening, loops = Serving(), threading.Event(), list[asyncio.AbstractEventLoop]()
    stop = asyncio.Event()

    async def work() -> None:
        loops.append(asyncio.get_running_loop())
        limits = Limits(stream_s_max=0.05, heartbeat_s=0.02)
        async with served(moves=300, limits=limits) as made:
            listener = bound(load({"HOPTRAIL_HTTP": "127.0.0.1:0"}))
            listener.listen()
            serving.port = listener.getsockname()[1]
            listening.set()
            await serve(made.app, listener, stop)

    def body() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:
            serving.failed = error
            raise
        finally:
            listening.set()

    thread = threading.Thread(target=body)
    thread.start()
    assert listening.wait(START_S_MAX)
    if serving.failed is not None:
        raise serving.failed
    yield f"http://127.0.0.1:{serving.port}"
    loops[0].call_soon_threadsafe(stop.set)
    thread.join(START_S_MAX)


def test_the_api_does_as_its_document_says(url: str, tmp_path: Path) -> None:
    """Over the whole document, every answer's status, type and form is a documented one, and none is a server error."""
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "--config-file",
            CONFIG,
            "run",
            f"{url}/openapi.json",
            "--no-color",
            "--continue-on-failure",
            "--max-examples",
            str(EXAMPLES_MAX),
        ],
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
