"""The frame of the web UI: its first screen, and the rail to all others."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.screens import press_both
from tests.support.watched_page import axe

PLACES = {
    "Home": "/",
    "Messages": "/messages",
    "Conversations": "/conversations",
    "Topology": "/topology",
    "Dead letters": "/dead-letters",
    "Queues": "/queues",
    "Services": "/services",
    "Capture": "/capture",
    "System": "/system",
}


def test_home_opens(page: Page) -> None:
    """The address of hoptrail shows Home, without a complaint of the browser or of axe."""
    page.goto("/")

    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    expect(page).to_have_title("Home · hoptrail")
    axe(page)


@pytest.mark.parametrize(("name", "path"), PLACES.items())
def test_the_rail_leads_everywhere(page: Page, name: str, path: str) -> None:
    """Each place of the rail opens its screen under its address, and is marked as the one that is open."""
    page.goto("/messages" if path == "/" else "/")
    rail = page.get_by_role("navigation", name="Screens")
    rail.get_by_role("link", name=name, exact=True).click()

    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    expect(page).to_have_url(re.compile(re.escape(path) + r"(\?.*)?$"))
    expect(rail.get_by_role("listitem").locator("[aria-current=page]")).to_have_text(name)


def test_the_frame_is_used_by_keyboard_alone(page: Page) -> None:
    """The first Tab leads past the rail; `g m` opens Messages, `?` lists the shortcuts, Escape closes them."""
    page.goto("/capture")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    page.keyboard.press("?")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts).to_be_visible()
    expect(shortcuts.get_by_text("Open Messages")).to_be_visible()
    page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden()
    press_both(page, "g", "m")
    expect(page).to_have_url(re.compile("/messages$"))
