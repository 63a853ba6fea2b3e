"""The web UI in a headless Chromium: how soon something is on the screen, and how smoothly it scrolls.

Each function opens a browser of its own. The baselines are plain pages of the same origin, written here: one that asks the
same API for the same messages and puts them into a table, and one that is as high and empty.
Frames are counted by requestAnimationFrame, which a browser without a screen calls sixty times a second at most.
"""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Final

from playwright.sync_api import Browser, Page

from bench.measure import Timed
from bench.web_store import TRACE
from tests.support.browser import open_browser

OPENED: Final = 7
"""Times that a page is opened, each in a new context with nothing kept; the first of them is not counted."""

LIMIT_MS: Final = 120_000
SCROLL_S: Final = 5.0
ROW_PX: Final = 28
STEP_PX: Final = 3 * ROW_PX
BASELINE: Final = "/plain"
PLAIN: Final = """<!doctype html><title>plain</title><table></table><script type=module>
const answer = await fetch("PATH").then((each) => each.json());
for (const one of answer.items ?? [answer]) {
  const row = document.querySelector("table").insertRow();
  for (const value of Object.values(one).slice(0, 8)) row.insertCell().textContent = JSON.stringify(value);
}
document.body.dataset.done = "1";
</script>"""
HIGH: Final = """<!doctype html><title>empty</title><body style="margin:0">
<main><div style="height:100vh;overflow:auto"><div style="height:HEIGHTpx"></div></div></main>"""

SETTLED: Final = """!document.body.innerText.includes("Asking …")"""
FIRST_ROWS: Final = (
    """document.querySelectorAll("[role=grid] [role=row] [role=gridcell]").length >= 20"""
)
HOME: Final = f"""document.querySelector("main h2") && document.querySelectorAll("main a").length >= 5 && {SETTLED}"""

SCROLLED: Final = """() => [...document.querySelectorAll("main, main *")]
  .filter((each) => each.scrollHeight > each.clientHeight + 500 && /auto|scroll/.test(getComputedStyle(each).overflowY))
  .sort((one, other) => other.scrollHeight - one.scrollHeight)[0]"""
FRAMES: Final = """(box, [seconds, step]) => new Promise((done) => {
  const least = step > 0 ? step : (box.scrollHeight - box.clientHeight) / (seconds * 60);
  const times = [];
  let at = 0;
  const frame = (now) => {
    times.push(now);
    // Where it is is not asked: that would have the browser lay out twice a frame.
    box.scrollTop = at += least;
    if (now - times[0] < seconds * 1000) requestAnimationFrame(frame);
    else done(times);
  };
  box.scrollTop = 0;
  requestAnimationFrame(frame);
})"""
DOWN: Final = """([box, rows, height]) => {
  if (box.scrollHeight >= rows * height) return true;
  box.scrollTop = box.scrollHeight;
  return false;
}"""


def home_painted(url: str) -> Timed:
    """Open Home until what flows and what is wrong is shown."""
    return _painted(url, "/", HOME)


def messages_painted(url: str) -> Timed:
    """Open the list of messages until its first rows are shown."""
    return _painted(url, "/messages", FIRST_ROWS)


def home_plain(url: str) -> Timed:
    """Ask for what Home shows most of, and put it into a table."""
    return _plainly(url, "/api/v1/relationships")


def messages_plain(url: str) -> Timed:
    """Ask for the first hundred messages, and put them into a table."""
    return _plainly(url, "/api/v1/messages?limit=100")


def messages_scrolled(url: str, rows: str = "100000") -> Timed:
    """Scroll through the list of messages once so many rows of it are there: three rows a frame, then all of it in 5 s."""
    with _page(url) as page:
        _until(page, "/messages", FIRST_ROWS)
        began = time.perf_counter()
        box = page.evaluate_handle(SCROLLED)
        page.wait_for_function(DOWN, arg=[box, int(rows), ROW_PX], timeout=LIMIT_MS * 5)
        return _frames(box, rows=int(rows), loaded_s=round(time.perf_counter() - began, 1))


def conversation_scrolled(url: str, messages: str) -> Timed:
    """Open the conversation of so many messages, and scroll through its sequence diagram in the same way."""
    with _page(url) as page:
        first_ms = _until(page, f"/conversations/{TRACE}", f"({SCROLLED})() && {SETTLED}")
        return _frames(
            page.evaluate_handle(SCROLLED), messages=int(messages), first_rows_ms=round(first_ms)
        )


def empty_scrolled(url: str, rows: str = "100000") -> Timed:
    """Scroll through nothing that is as high."""
    with _page(url) as page:
        height = int(rows) * ROW_PX
        _serve(page, HIGH.replace("HEIGHT", str(height)))
        page.goto(BASELINE)
        return _frames(page.evaluate_handle(SCROLLED))


def _painted(url: str, path: str, shown: str) -> Timed:
    with open_browser() as browser:
        times_ms: list[float] = []
        for _ in range(OPENED):
            with _opened(browser, url) as page:
                times_ms.append(_until(page, path, shown))
        return _spread(times_ms[1:])


def _plainly(url: str, path: str) -> Timed:
    with open_browser() as browser:
        times_ms: list[float] = []
        for _ in range(OPENED):
            with _opened(browser, url) as page:
                _serve(page, PLAIN.replace("PATH", path))
                times_ms.append(_until(page, BASELINE, "document.body.dataset.done"))
        return _spread(times_ms[1:])


def _serve(page: Page, text: str) -> None:
    page.route(f"**{BASELINE}", lambda route: route.fulfill(body=text, content_type="text/html"))


def _until(page: Page, path: str, shown: str) -> float:
    """Open *path*; return the ms from the start of the navigation to the first frame in which *shown* holds."""
    page.goto(path, wait_until="commit")
    # A moment by the page's own clock, taken after the frame that shows it.
    script = f"() => ({shown}) ? performance.now() : 0"
    return page.wait_for_function(script, polling="raf", timeout=LIMIT_MS).json_value()


def _frames(box: Any, **more: object) -> Timed:
    """Scroll *box* slowly, then fast; return the frames that were drawn, and beside it each speed alone."""
    slow = _fps(box.evaluate(FRAMES, [SCROLL_S, STEP_PX]))
    fast = _fps(box.evaluate(FRAMES, [SCROLL_S, 0]))
    frames = slow["frames"] + fast["frames"]
    seconds = slow["seconds"] + fast["seconds"]
    extra = {
        "fps_by_3_rows": round(slow["frames"] / slow["seconds"], 1),
        "fps_all_in_5_s": round(fast["frames"] / fast["seconds"], 1),
        "frame_ms_p95": round(max(slow["p95"], fast["p95"]), 1),
        "frame_ms_max": round(max(slow["max"], fast["max"])),
        **more,
    }
    return Timed(count=round(frames), seconds=seconds, cpu_s=time.process_time(), extra=extra)


def _fps(times_ms: list[float]) -> dict[str, float]:
    gaps = sorted(later - former for former, later in pairwise(times_ms))
    return {
        "frames": len(gaps),
        "seconds": sum(gaps) / 1_000,
        "p95": gaps[int(len(gaps) * 0.95)],
        "max": gaps[-1],
    }


def _spread(times_ms: list[float]) -> Timed:
    extra = {
        "min_ms": round(min(times_ms)),
        "p50_ms": round(statistics.median(times_ms)),
        "max_ms": round(max(times_ms)),
    }
    return Timed(
        count=len(times_ms), seconds=sum(times_ms) / 1_000, cpu_s=time.process_time(), extra=extra
    )


@contextmanager
def _page(url: str) -> Iterator[Page]:
    with open_browser() as browser, _opened(browser, url) as page:
        yield page


@contextmanager
def _opened(browser: Browser, url: str) -> Iterator[Page]:
    """Yield a page at a laptop's size in a context of its own, with nothing kept from another."""
    context = browser.new_context(base_url=url, viewport={"width": 1280, "height": 800})
    try:
        yield context.new_page()
    finally:
        context.close()
