"""A page of the browser that is watched while a test uses it, and what every page must be free of.

Errors and warnings on the console, errors of scripts, requests that failed and requests to another origin are complaints;
the test that opened the page fails with them at its end.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request

from tests.support.cache import CHECKOUT

AXE: Final = CHECKOUT / "dashboards" / "web" / "node_modules" / "axe-core" / "axe.min.js"
THEMES: Final = ("dark", "light")
OWN_SCHEMES: Final = ("data", "blob")
ABORTED: Final = "net::ERR_ABORTED"
"""A request that nobody waits for any more: its page was left, or its answer was called off."""
NOT_WORKED_OUT_YET: Final = "console error: Failed to load resource: .* 503"
"""What a browser says of a time in the past that takes longer to work out than an answer waits; the page asks again."""

RUN_AXE: Final = """async (within) => {
  const root = within ?? document;
  const found = await axe.run(root, { resultTypes: ["violations"], preload: false });
  return found.violations.map((each) => ({
    rule: each.id, help: each.help,
    nodes: each.nodes.map((node) => `${node.html.slice(0, 300)}  ${node.failureSummary ?? ""}`),
  }));
}"""


@dataclass
class Watch:
    """What went wrong in the pages of one test; `allowed` holds regular expressions of what may."""

    origin: str
    allowed: list[str] = field(default_factory=list[str])
    complaints: list[str] = field(default_factory=list[str])

    def follow(self, context: BrowserContext) -> None:
        """Watch every page of *context*, whenever it is opened."""
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._complain(f"page error: {error.error}"))
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failure)
        context.on("dialog", self._on_dialog)

    def left(self) -> list[str]:
        """Return the complaints that are not allowed."""
        return [
            each
            for each in self.complaints
            if not any(re.search(pattern, each) for pattern in self.allowed)
        ]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complain(f"console {message.type}: {message.text} ({message.location['url']})")

    def _on_request(self, request: Request) -> None:
        to = urlsplit(request.url)
        if to.scheme not in OWN_SCHEMES and f"{to.scheme}://{to.netloc}" != self.origin:
            self._complain(f"request to another origin: {request.url}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != ABORTED:
            self._complain(f"request failed: {request.url}: {request.failure}")

    def _on_dialog(self, dialog: Dialog) -> None:
        self._complain(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _complain(self, complaint: str) -> None:
        self.complaints.append(complaint)


def set_theme(page: Page, theme: Any) -> None:
    """Let the system prefer *theme*, `dark` or `light`, and wait until the page follows."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.wait_for_function("theme => document.documentElement.dataset.theme === theme", arg=theme)


def axe(page: Page, within: str | None = None) -> None:
    """Assert that axe finds nothing in the page, or in the first element that the selector *within* finds, in both themes.

    Waits for nothing: have what is to be judged on the screen first. The light theme is left on.
    """
    found: list[str] = []
    for theme in THEMES:
        set_theme(page, theme)
        page.evaluate(_axe_source())
        root = None if within is None else page.locator(within).first.element_handle()
        for each in page.evaluate(RUN_AXE, root):
            nodes = "\n    ".join(each["nodes"])
            found.append(f"{theme}: {each['rule']}: {each['help']}\n    {nodes}")

    assert not found, f"axe found on {page.url}:\n" + "\n".join(found)


@cache
def _axe_source() -> str:
    # Evaluated by the debugger, so the policy of the page need not allow it. The last word is no value to hand over.
    return AXE.read_text() + "\n;undefined"
