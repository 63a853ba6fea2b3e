"""A system that hoptrail watched, a browser, and pages of it whose complaints fail the test.

Each file has a system of its own, so that what one publishes is not in another's counts. The browser is shared by the files
that run in one process, and ends with the last of them: while Playwright is open, no other event loop can run in its thread.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from examples.local_broker import Broker
from tests.support import parts
from tests.support.browser import BrowserUnavailable, open_browser
from tests.support.cache import cache_directory
from tests.support.management import Management
from tests.support.watched_page import Watch
from tests.support.watched_system import UiMissing, WatchedSystem, require_ui, watched_system

SCREENSHOTS = "HOPTRAIL_TEST_SCREENSHOTS"
SHOWN_S_MAX = 60
"""The machine may be slow; what is told to be faster is measured where it is told."""
LAPTOP = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def system(
    broker: Broker, management: Management, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WatchedSystem]:
    """The image pipeline, all of whose images are settled, and a hoptrail that watched it."""
    parts.require("browser")
    try:
        require_ui()
    except UiMissing as missing:
        pytest.fail(str(missing), pytrace=False)
    vhost = "web-ui"
    management.create_vhost(vhost, broker.user)
    with watched_system(tmp_path_factory.mktemp("web"), broker, management, vhost) as system:
        yield system
    management.delete("vhosts", vhost)


@pytest.fixture(scope="package")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A Chromium without a window."""
    parts.require("browser")
    expect.set_options(timeout=SHOWN_S_MAX * 1_000)
    try:
        with open_browser() as browser:
            parts.note(request.config, f"looked at the UI with Chromium {browser.version}")
            yield browser
    except BrowserUnavailable as refused:
        parts.missing("browser", refused)


@pytest.fixture
def watch(system: WatchedSystem) -> Watch:
    """The complaints of the test's pages; a test that provokes some says so in `allowed`."""
    return Watch(system.url)


@pytest.fixture
def context(browser: Browser, system: WatchedSystem, watch: Watch) -> Iterator[BrowserContext]:
    """A browser context of the test's own, in light colours, without motion, at a laptop's size."""
    context = browser.new_context(
        base_url=system.url,
        viewport=LAPTOP,  # type: ignore[arg-type]
        color_scheme="light",
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    context.set_default_timeout(SHOWN_S_MAX * 1_000)
    watch.follow(context)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, watch: Watch, picture: Callable[..., Path]) -> Iterator[Page]:
    """A page, blank at first; afterwards its picture is kept, and what it complained of fails the test."""
    page = context.new_page()
    yield page
    with suppress(Error):  # a page that crashed has no picture
        picture(page)
    assert watch.left() == []


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Return a function that keeps a picture of a page, named for the test and, if given, by *name*."""
    directory = Path(parts.given(SCREENSHOTS) or cache_directory() / "web-screenshots")

    def keep(page: Page, name: str = "", **options: Any) -> Path:
        words = f"{request.node.path.stem.removeprefix('test_')}-{request.node.name}-{name}"
        path = directory / (re.sub(r"[^a-zA-Z0-9]+", "-", words).strip("-") + ".png")
        page.screenshot(path=path, animations="disabled", **options)
        return path

    return keep
