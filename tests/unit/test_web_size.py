"""How much a browser has to load before the web UI can show anything."""

import gzip
import re

from scripts import web
from tests.support.watched_system import require_ui

MAIN_BYTES_MAX = 170_000
STYLES_BYTES_MAX = 20_000
LOADED = re.compile(r'<(?:script|link)\b[^>]*\b(?:src|href)="/(assets/[^"]+\.(?:js|css))"')


def compressed() -> dict[str, int]:
    """Return the bytes, as gzip makes them, of every script and style sheet that the page names."""
    require_ui()
    names = LOADED.findall((web.STATIC / "index.html").read_text())
    return {name: len(gzip.compress((web.STATIC / name).read_bytes())) for name in names}


def test_what_every_screen_needs_is_small() -> None:
    """The scripts that the page names, which every screen needs, are below 170 KB compressed."""
    scripts = {name: size for name, size in compressed().items() if name.endswith(".js")}

    assert scripts
    assert sum(scripts.values()) < MAIN_BYTES_MAX, scripts


def test_the_styles_of_the_frame_are_small() -> None:
    """The style sheets that the page names are below 20 KB compressed."""
    styles = {name: size for name, size in compressed().items() if name.endswith(".css")}

    assert sum(styles.values()) < STYLES_BYTES_MAX, styles
