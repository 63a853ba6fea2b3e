"""The browser that the tests of the web UI drive: the Chromium of the distribution, or one that the caller names.

``HOPTRAIL_TEST_BROWSER`` names the program of a Chromium or Chrome. Unset, one that is here is used, its headless shell
before others: a page opened in it costs a fifth of one in a whole browser, which draws a window for it that nobody sees.
If none is here, a package is installed. No browser is ever downloaded by any other way.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

from tests.support import parts
from tests.support.packages import PackageMissing, install

VARIABLE: Final = "HOPTRAIL_TEST_BROWSER"
PACKAGE: Final = "chromium-headless-shell"
WHOLE_PACKAGE: Final = "chromium"
PROGRAMS: Final = (PACKAGE, "chromium", "chromium-browser", "google-chrome", "chrome")


class BrowserUnavailable(Exception):
    """No browser can be had. The text says why and what to do."""


def browser_program() -> str:
    """Return the path of a Chromium, installed from the distribution if none is here.

    Raises:
        BrowserUnavailable: the one named is not a program, or none is here and none can be installed.
    """
    named = parts.given(VARIABLE)
    found = named and shutil.which(named)
    if named and not found:
        raise BrowserUnavailable(f"{VARIABLE} is {named}, which is not a program")
    if not found and (found := _found()) is None:
        try:
            install(PACKAGE, alternative=WHOLE_PACKAGE)
        except PackageMissing as missing:
            remedy = f"install a Chromium or Chrome and set {VARIABLE} to its program"
            raise BrowserUnavailable(f"{missing}\nElsewhere: {remedy}") from missing
        if (found := _found()) is None:
            raise BrowserUnavailable(f"the package {PACKAGE} is installed and brought no program")
    return found


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Yield a headless browser. Until it is closed, no other event loop can run in this thread.

    Raises:
        BrowserUnavailable: none can be had.
    """
    program = browser_program()
    # Chromium refuses its sandbox to root, and /dev/shm is small in containers.
    arguments = ["--disable-gpu", "--disable-dev-shm-usage"]
    arguments += ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


def _found() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)
