"""The cases of the web UI, and what they look at: stores that are made once, served only when a case asks for them."""

import sys
from collections.abc import Container, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from bench.pairs import Case, case
from bench.web_served import serving
from bench.web_store import MESSAGES, TOGETHER, conversation_store, store_of
from tests.support.watched_system import require_ui

ROWS: Final = "100000"
EMPTY: Final = "web:empty_scrolled"
PAINT_GOAL: Final = "first rows in 1.5 s"
FRAMES_GOAL: Final = "50 frames a second"


def web_cases(url: str = "", conversation_url: str = "") -> list[Case]:
    """Return the cases: *url* serves a million messages, *conversation_url* one long conversation."""
    return [*million_cases(url), *conversation_cases(conversation_url), *other_cases()]


def million_cases(url: str) -> list[Case]:
    """Return the cases that look at a million messages, served at *url*."""
    home = ("web:home_painted", "web:home_plain")
    messages = ("web:messages_painted", "web:messages_plain")
    scrolled = ("web:messages_scrolled", EMPTY)
    return [
        case("web-home", "openings", *home, url, goal=PAINT_GOAL, pairs=3),
        case("web-messages", "openings", *messages, url, goal=PAINT_GOAL, pairs=3),
        case("web-scroll", "frames", *scrolled, url, ROWS, goal=FRAMES_GOAL, pairs=2),
    ]


def conversation_cases(url: str) -> list[Case]:
    """Return the case that looks at one conversation of :data:`TOGETHER` messages, served at *url*."""
    scrolled = ("web:conversation_scrolled", EMPTY)
    return [
        case(
            "web-conversation",
            "frames",
            *scrolled,
            url,
            str(TOGETHER),
            goal=FRAMES_GOAL,
            pairs=2,
        )
    ]


def other_cases() -> list[Case]:
    """Return the cases that make what they look at themselves."""
    layout = ("web_layout:in_lanes", "web_layout:by_dagre")
    tail = ("web_tail:by_row", "web_tail:by_stream")
    return [
        case("web-layout", "layouts", *layout, goal="200 ms", pairs=3),
        case("web-tail", "messages", *tail, goal="2 s", pairs=2),
    ]


@contextmanager
def web_served(names: Container[str]) -> Iterator[tuple[str, str]]:
    """Yield the addresses of what the cases *names* look at: empty for what none of them needs."""
    with ExitStack() as stack:
        url = conversation_url = ""
        if any(each.name in names for each in web_cases()):
            require_ui()
        if any(each.name in names for each in million_cases(url)):
            print(f"preparing a store of {MESSAGES:,} messages, once …", file=sys.stderr)
            url = stack.enter_context(serving(store_of()))
        if any(each.name in names for each in conversation_cases(url)):
            conversation_url = stack.enter_context(serving(conversation_store()))
        yield url, conversation_url
