"""The store's secret key in a file that only its owner may read, made once and never replaced."""

import os
from pathlib import Path

from events.identity import KEY_BYTES
from store.errors import LogRefused
from store.sqlite.engine import place


def read_key(path: Path) -> bytes | None:
    """Return the key in the file *path*, None when there is no such file.

    Raises:
        LogRefused: the file holds no key.
    """
    try:
        written = path.read_text("ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    try:
        key = bytes.fromhex(written)
    except ValueError as error:
        raise LogRefused(f"{path} holds no key: {error}") from error
    if len(key) != KEY_BYTES:
        raise LogRefused(f"{path} holds no key: {len(key)} bytes, not {KEY_BYTES}")
    return key


def make_key(path: Path, wanted: bytes | None = None) -> bytes:
    """Return the key in the file *path*, made (as *wanted*) at the first call; of several at once all get the same."""
    if (key := read_key(path)) is not None:
        return key
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write((wanted or os.urandom(KEY_BYTES)).hex() + "\n")
    place(draft, path)
    key = read_key(path)
    if key is None:
        raise LogRefused(f"{path} was removed while it was made")
    return key
