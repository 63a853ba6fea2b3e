"""Where the tests keep what was downloaded or built once, and how workers keep out of each other's way."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).resolve().parents[2]
ELSEWHERE: Final = Path("/var/tmp/hoptrail-tests")


def cache_directory() -> Path:
    """Return ``.run`` of the checkout, or a directory elsewhere if only root can reach that.

    Servers that root starts run as another user.
    """
    wanted = CHECKOUT / ".run"
    if os.geteuid() == 0 and not _open_to_all(CHECKOUT):
        wanted = ELSEWHERE
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted


@contextmanager
def only_one(thing: Path) -> Iterator[None]:
    """Hold *thing* against the other processes that would make it too."""
    with thing.with_name(f"{thing.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _open_to_all(directory: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (directory, *directory.parents))
