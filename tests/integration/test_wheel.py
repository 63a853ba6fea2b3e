"""The wheel that is built of this checkout: the web UI is in it, and is served from it."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD_S_MAX = 240
ANSWER = """
from starlette.datastructures import Headers
from api import pages
import re, sys
told = pages.Pages()
page = told.answer("GET", "/messages", Headers())
(script,) = re.findall(r'<script[^>]* src="([^"]+)"', page.body.decode())
file = told.answer("GET", script, Headers({"accept-encoding": "gzip"}))
print(pages.__file__, page.status_code, file.status_code, file.headers["content-encoding"])
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Return the wheel, as an installer without a build environment of its own has it built."""
    made = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", made]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=BUILD_S_MAX)
    (path,) = made.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_holds_the_ui_as_built(wheel: zipfile.ZipFile) -> None:
    """The page, its files and what they were built from are in it; the sources and their modules are not."""
    names = wheel.namelist()

    assert {"api/static/index.html", "api/static/.sources"} <= set(names)
    assert [name for name in names if name.startswith("api/static/assets/index-")]
    assert [name for name in names if "node_modules" in name or "dashboards/web" in name] == []


def test_the_ui_is_served_from_the_wheel(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Installed elsewhere, the page and its script are answered from there, compressed."""
    wheel.extractall(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ANSWER],
        cwd=tmp_path,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=BUILD_S_MAX,
    )

    assert done.stdout.split() == [str(tmp_path / "api" / "pages.py"), "200", "200", "gzip"]
