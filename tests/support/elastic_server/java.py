"""Find a Java that is new enough among those that are installed."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

JAVA_HOMES: Final = Path("/usr/lib/jvm")
"""Where Debian, Ubuntu and Fedora put them."""

ASK_TIMEOUT_S: Final = 30.0


def java_home(release_min: int) -> Path | None:
    """Return the home of the first Java of at least *release_min*, None when there is none."""
    for candidate in _candidates():
        found = _ask(candidate)
        if found is not None and found[0] >= release_min:
            return found[1]
    return None


def _candidates() -> Iterator[str]:
    for variable in ("ES_JAVA_HOME", "JAVA_HOME"):
        if home := os.environ.get(variable):
            yield str(Path(home) / "bin" / "java")
    if on_path := shutil.which("java"):
        yield on_path
    if JAVA_HOMES.is_dir():
        yield from sorted(str(home / "bin" / "java") for home in JAVA_HOMES.iterdir())


def _ask(program: str) -> tuple[int, Path] | None:
    if not os.access(program, os.X_OK):
        return None
    done = subprocess.run(
        [program, "-XshowSettings:properties", "-version"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=ASK_TIMEOUT_S, check=False,
    )  # fmt: skip
    properties = dict(re.findall(r"^\s*(java\.[a-z.]+) = (.*)$", done.stderr, re.MULTILINE))
    release = re.match(r"\d+", properties.get("java.specification.version", ""))
    if release is None or "java.home" not in properties:
        return None
    return int(release[0]), Path(properties["java.home"])
