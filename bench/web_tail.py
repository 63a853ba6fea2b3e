"""From a publish to its row in the live tail of the web UI: a real broker, hoptrail and browser, one message after another.

The baseline is the API's own stream, listened to by a page that only notes when something came.
"""

import secrets
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect

from bench.measure import Timed
from bench.raw import RawConnection, frames_of, short
from examples.local_broker import free_ports, open_broker
from tests.support.browser import open_browser
from tests.support.hoptrail import Hoptrail
from tests.support.management import Management

PUBLISHES: Final = 10
LIMIT_MS: Final = 30_000
QUEUE: Final = "tail"
LISTENER: Final = "/listener"
LISTENING: Final = """<!doctype html><title>listener</title><p>Connecting</p><script>
window.seen = {};
const source = new EventSource("/api/v1/stream");
source.onopen = () => document.querySelector("p").textContent = "Listening";
source.onmessage = (event) => window.seen[JSON.parse(event.data).type] ??= Date.now();
</script>"""
ROW: Final = """(type) => [...document.querySelectorAll("[role=grid] [role=row]")]
  .some((row) => row.innerText.includes(type)) && Date.now()"""
NOTED: Final = "(type) => window.seen[type]"


def by_row() -> Timed:
    """Follow the messages in the UI, until each has its row."""

    def open_tail(page: Page) -> None:
        page.goto("/messages?live=1")
        expect(page.get_by_role("gridcell").first).to_be_visible(timeout=LIMIT_MS)

    return _measured(open_tail, ROW)


def by_stream() -> Timed:
    """Follow the stream of the API, until each message came."""

    def listen(page: Page) -> None:
        page.route(
            f"**{LISTENER}", lambda route: route.fulfill(body=LISTENING, content_type="text/html")
        )
        page.goto(LISTENER)
        expect(page.get_by_text("Listening")).to_be_visible(timeout=LIMIT_MS)

    return _measured(listen, NOTED)


def _measured(follow: Callable[[Page], None], seen: str) -> Timed:
    with _hoptrail() as (url, amqp_url), open_browser() as browser:
        page = browser.new_page(base_url=url, viewport={"width": 1600, "height": 900})
        follow(page)
        delays_ms = list(_delays(page, amqp_url, seen))[1:]
    extra = {
        "min_ms": round(min(delays_ms)),
        "p50_ms": round(statistics.median(delays_ms)),
        "max_ms": round(max(delays_ms)),
    }
    seconds = sum(delays_ms) / 1_000
    return Timed(count=len(delays_ms), seconds=seconds, cpu_s=time.process_time(), extra=extra)


def _delays(page: Page, amqp_url: str, seen: str) -> Iterator[float]:
    """Yield the ms from before each publish to when the page saw it, by its clock; the first is to warm up."""
    run = secrets.token_hex(3)
    with RawConnection(amqp_url, name="publisher") as connection:
        for number in range(PUBLISHES + 1):
            kind = f"{run}-{number}"
            began_ms = time.time_ns() / 1e6
            connection.send_raw(_message(kind))
            at_ms = page.wait_for_function(seen, arg=kind, polling="raf", timeout=LIMIT_MS)
            yield at_ms.json_value() - began_ms


def _message(kind: str) -> bytes:
    return frames_of(1, b"", QUEUE.encode(), {"type": short(kind.encode())}, b"{}")


@contextmanager
def _hoptrail() -> Iterator[tuple[str, str]]:
    """Yield the addresses of a hoptrail that has seen one message, and of its broker."""
    with tempfile.TemporaryDirectory() as folder, open_broker(Path(folder) / "broker") as broker:
        with Management(broker.management_url) as management:
            management.put("queues", "/", QUEUE, body={"durable": True})
        hoptrail = Hoptrail(
            Path(folder) / "store",
            port=free_ports(1)[0],
            amqp_url=broker.amqp_url,
            management_url=broker.management_url,
            vhosts="%2F",
        )
        with hoptrail:
            with RawConnection(broker.amqp_url, name="publisher") as connection:
                connection.publish_all([_message("first")])
            hoptrail.wait_captured(published=1, delivered=0)
            yield hoptrail.url, broker.amqp_url
