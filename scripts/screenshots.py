"""Make the pictures of the web UI for the README: ``python scripts/screenshots.py [DIRECTORY]``.

Starts a RabbitMQ, a hoptrail and the image pipeline, as the demo does but on free ports and in a temporary directory, waits
until enough has happened, and keeps each screen in light and in dark colours as WebP. The same images fail in each run;
times differ. Needs what the tests need: see docs/how-to/run-the-tests.md.
"""

import argparse
import base64
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect

from examples.image_pipeline.topology import MODELER_NORMALIZED
from examples.local_broker import free_ports, open_broker
from tests.support.browser import open_browser
from tests.support.hoptrail import Hoptrail
from tests.support.screens import address, settled
from tests.support.wait import wait_until
from tests.support.watched_system import require_ui

PICTURES: Final = Path(__file__).resolve().parents[1] / "docs" / "pictures"
THEMES: Final = ("light", "dark")
VIEWPORT: Final = {"width": 1280, "height": 800}
SCALE: Final = 2
QUALITY: Final = 80
SEED: Final = 7
RATE: Final = 8
FAILED: Final = 12
"""Dead letters to wait for: one image in ten fails."""

HAPPENED_S_MAX: Final = 180
SHOWN_S_MAX: Final = 60
STOP_S_MAX: Final = 20
CLUSTER: Final = "cluster_name = rabbit@shop"
ZONE: Final = "UTC"


@dataclass(frozen=True)
class Picture:
    """A screen to keep: where it is, and what has to be on it first (a selector)."""

    name: str
    path: str
    shown: str


def pictures(hoptrail: Hoptrail) -> list[Picture]:
    """Return what to keep of the system that *hoptrail* watches."""
    failed = _first(hoptrail, f"state:dead-lettered AND copies.queue:{MODELER_NORMALIZED.name}")
    retried = _first(hoptrail, "retry_rounds:2 AND type:normalized_image")
    groups = hoptrail.get("/dead-letters")["items"]
    group = next(each["id"] for each in groups if each["queue"] == MODELER_NORMALIZED.name)
    rows = "[role=grid] [role=gridcell]"
    return [
        Picture("home", "/", "main h2"),
        Picture("messages", f"/messages?sel={failed['uid']}", rows),
        Picture("message", address("messages", failed["uid"]), "main h1"),
        Picture("conversation", address("conversations", retried["trace_id"]), "main h1"),
        Picture("topology", "/topology", "main svg"),
        Picture("dead-letters", address("dead-letters", group), "main h1"),
    ]


def _first(hoptrail: Hoptrail, query: str) -> dict[str, str]:
    return hoptrail.get("/messages", q=query, limit=1)["items"][0]


def keep(browser: Browser, url: str, picture: Picture, theme: str, directory: Path) -> Path:
    """Keep *picture* in one theme; return its file."""
    context = browser.new_context(
        base_url=url,
        viewport=VIEWPORT,  # type: ignore[arg-type]
        device_scale_factor=SCALE,
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id=ZONE,
    )
    try:
        page = context.new_page()
        page.goto(picture.path)
        settled(page)
        expect(page.locator(picture.shown).first).to_be_visible()
        page.evaluate("document.fonts.ready.then(() => undefined)")
        path = directory / f"{picture.name}-{theme}.webp"
        path.write_bytes(_webp(page))
    finally:
        context.close()
    return path


def _webp(page: Page) -> bytes:
    """Return the page as WebP, which the browser itself compresses better than Playwright's formats are."""
    options = {"format": "webp", "quality": QUALITY, "optimizeForSpeed": False}
    shot = page.context.new_cdp_session(page).send("Page.captureScreenshot", options)
    return base64.b64decode(shot["data"])


@contextmanager
def watched(directory: Path) -> Iterator[Hoptrail]:
    """Yield a hoptrail that has seen some dead letters of an image pipeline, which goes on."""
    with open_broker(directory / "broker", config=CLUSTER) as broker:
        hoptrail = Hoptrail(
            directory / "store",
            port=free_ports(1)[0],
            amqp_url=broker.amqp_url,
            management_url=broker.management_url,
            vhosts="%2F",
            settings={"HOPTRAIL_EDIT": "on"},
        )
        with hoptrail, _pipeline(broker.amqp_url):
            wait_until(_happened(hoptrail), timeout_s=HAPPENED_S_MAX)
            yield hoptrail


def _happened(hoptrail: Hoptrail) -> Callable[[], bool]:
    def enough() -> bool:
        found = hoptrail.get("/messages", q="state:dead-lettered", limit=1)
        retried = hoptrail.get("/messages", q="retry_rounds:2", limit=1)
        return found["total"] >= FAILED and retried["total"] > 0

    return enough


@contextmanager
def _pipeline(url: str) -> Iterator[None]:
    options = ("--images", "0", "--seed", str(SEED), "--rate", str(RATE), "--modelers", "2")
    call = [sys.executable, "-m", "examples.image_pipeline", "--url", url, *options]
    process = subprocess.Popen([*call, "--prefetch", "5"])
    try:
        yield
    finally:
        process.terminate()
        process.wait(STOP_S_MAX)


def main() -> None:
    """Make all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=PICTURES)
    directory: Path = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    require_ui()
    expect.set_options(timeout=SHOWN_S_MAX * 1_000)
    with tempfile.TemporaryDirectory() as folder, watched(Path(folder)) as hoptrail:
        wanted = pictures(hoptrail)
        with open_browser() as browser:
            for picture in wanted:
                for theme in THEMES:
                    path = keep(browser, hoptrail.url, picture, theme, directory)
                    print(f"{path}  {path.stat().st_size // 1000} kB", flush=True)


if __name__ == "__main__":
    main()
