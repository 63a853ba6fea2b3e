"""From a publish to the API and to the search, under a steady load: a real broker, hoptrail in its three processes.

A message in a hundred is watched for: in the live stream of the API, and by asking the search for its id again and again.
The baseline is the same on the embedded store.
"""

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import orjson
from pamqp import commands

from bench.capture import HOPTRAIL, wait_for
from bench.measure import Timed
from bench.raw import RawConnection, discard, frames_of, short
from bench.traffic import body
from examples.local_broker import free_ports, open_broker

RATE = 1_000
SECONDS = 60
BATCH = 10
WATCHED_EVERY = 100
ASK_S = 0.05
SEEN_S_MAX = 30.0


class Watch:
    """When each watched message was published, came by on the stream, and was found; times of the monotonic clock."""

    def __init__(self, url: str, expected: int) -> None:
        self.url = url
        self.expected = expected
        self.sent: dict[str, float] = {}
        self.streamed: dict[str, float] = {}
        self.found: dict[str, float] = {}
        self.stopping = threading.Event()

    def stream(self) -> None:
        """Note when watched messages come by on the live stream."""
        with (
            httpx2.Client(timeout=SEEN_S_MAX) as client,
            client.stream("GET", f"{self.url}/api/v1/stream", params={"q": "type:watched"}) as told,
        ):
            for line in told.iter_lines():
                if line.startswith("data:"):
                    number = orjson.loads(line.removeprefix("data:"))["message_id"]
                    self.streamed.setdefault(number, time.monotonic())
                if len(self.streamed) == self.expected:
                    return

    def search(self) -> None:
        """Ask for the watched messages that were not found yet, until told to stop."""
        with httpx2.Client(timeout=SEEN_S_MAX) as client:
            while not self.stopping.wait(ASK_S):
                open_ids = [number for number in list(self.sent) if number not in self.found]
                if not open_ids:
                    continue
                wanted = " OR ".join(open_ids[-50:])
                query = {"q": f"message_id:({wanted})", "limit": "50"}
                answer = client.get(f"{self.url}/api/v1/messages", params=query)
                now = time.monotonic()
                if answer.status_code != 200:
                    raise RuntimeError(f"the search answers {answer.status_code}: {answer.text}")
                for item in answer.json()["items"]:
                    self.found.setdefault(item["message_id"], now)

    def publish(self, amqp_url: str, messages: int) -> None:
        """Publish *messages* at RATE, some of them watched."""
        with RawConnection(amqp_url) as connection:
            began = time.monotonic()
            for start in range(0, messages, BATCH):
                frames: list[bytes] = []
                for number in range(start, start + BATCH):
                    watched = number % WATCHED_EVERY == 0
                    frames.append(_frames(number, watched=watched))
                    if watched:
                        self.sent[f"w{number}"] = time.monotonic()
                connection.publish_all(frames)
                time.sleep(max(0.0, began + (start + BATCH) / RATE - time.monotonic()))


def _frames(number: int, *, watched: bool) -> bytes:
    name = b"w%d" % number if watched else b"m%d" % number
    properties = {
        "content_type": short(b"application/json"),
        "delivery_mode": b"\2",
        "message_id": short(name),
        "type": short(b"watched" if watched else b"order.placed"),
    }
    return frames_of(1, b"", b"work", properties, body(number))


@contextmanager
def hoptrail(directory: Path, broker_url: str, management_url: str, store: str) -> Iterator[str]:
    """Yield the address of a hoptrail that is ready."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    environment = {
        **os.environ,
        "HOPTRAIL_AMQP_URL": broker_url,
        "HOPTRAIL_MANAGEMENT_URL": management_url,
        "HOPTRAIL_STORE": store or f"sqlite:///{directory / 'store'}",
        "HOPTRAIL_STORE_PREFIX": f"bench{os.getpid()}",
        "HOPTRAIL_HTTP": address,
    }
    with (directory / "run.stderr").open("ab") as log:
        process = subprocess.Popen([HOPTRAIL, "run"], env=environment, stderr=log, stdout=log)
    try:
        url = f"http://{address}"
        wait_for(lambda: _is_capturing(url))
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _is_capturing(url: str) -> bool:
    try:
        return bool(httpx2.get(f"{url}/api/v1/capture", timeout=5).json().get("running"))
    except httpx2.HTTPError:
        return False


def watch(store: str = "", seconds: str = str(SECONDS)) -> Timed:
    """Publish at RATE for *seconds* with hoptrail on *store* ("": embedded); `extra` has the percentiles in ms."""
    messages = int(seconds) * RATE
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        with open_broker(directory / "broker") as broker:
            with RawConnection(broker.amqp_url) as connection:
                declare = commands.Queue.Declare(
                    queue="work", arguments={"x-queue-type": "classic"}
                )
                connection.call(declare, commands.Queue.DeclareOk)
            with hoptrail(directory, broker.amqp_url, broker.management_url, store) as url:
                return _watched(Watch(url, messages // WATCHED_EVERY), broker.amqp_url, messages)


def _watched(it: Watch, amqp_url: str, messages: int) -> Timed:
    threads = [
        threading.Thread(target=it.stream, daemon=True),
        threading.Thread(target=it.search, daemon=True),
        threading.Thread(target=discard, args=(amqp_url, "work", messages), daemon=True),
    ]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    it.publish(amqp_url, messages)
    seconds = time.monotonic() - began
    wait_for(lambda: len(it.found) == len(it.sent) and len(it.streamed) == len(it.sent))
    it.stopping.set()
    extra: dict[str, object] = {"watched": len(it.sent)}
    for name, seen in (("visible", it.streamed), ("searchable", it.found)):
        late = sorted((at - it.sent[number]) * 1e3 for number, at in seen.items())
        extra[f"{name}_p50_ms"] = round(late[len(late) // 2])
        extra[f"{name}_p95_ms"] = round(late[int(len(late) * 0.95)])
        extra[f"{name}_max_ms"] = round(late[-1])
    return Timed(count=messages, seconds=seconds, cpu_s=0.0, extra=extra)
