"""What the figures of the web UI look at: ``hoptrail serve`` over a store that was made before, in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from examples.local_broker import free_ports
from tests.support.wait import wait_until

READY_S_MAX = 1_200
"""The views are folded from the beginning of the log, at some ten thousand events a second."""
STOP_S_MAX = 20


@contextmanager
def serving(store: Path) -> Iterator[str]:
    """Yield the address of the UI over *store*, once its views have read the whole log. Nothing is captured."""
    port = free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HOPTRAIL")}
    settings = {"HOPTRAIL_STORE": f"sqlite:///{store}", "HOPTRAIL_HTTP": f"127.0.0.1:{port}"}
    program = Path(sys.executable).with_name("hoptrail")
    with store.with_name(f"{store.name}.serve.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve"], env=inherited | settings, stdout=log, stderr=log
        )

    def ready() -> bool:
        assert process.poll() is None, f"it ended; see {log.name}"
        try:
            answer = httpx2.get(f"{url}/api/v1/projections", timeout=60, trust_env=False)
        except httpx2.TransportError:
            return False
        return answer.status_code == 200 and all(
            each["caught_up"] for each in answer.json()["items"]
        )

    try:
        wait_until(ready, timeout_s=READY_S_MAX)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(STOP_S_MAX)
