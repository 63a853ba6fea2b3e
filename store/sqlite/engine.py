"""SQLite's calls, off the event loop: worker threads of each adapter, connections, and errors in the store's words.

A call runs to its end even when the coroutine that waits for it is cancelled, so a cancelled append may have been made.
"""

import asyncio
import os
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from store.errors import LogDamaged, LogRefused, LogUnavailable

APPLICATION_ID = 0x686F7074
FREE_BYTES_MIN = 1 << 20
BUSY_S_MAX = 5.0

_P = ParamSpec("_P")
_T = TypeVar("_T")

_REFUSED = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_AUTH,
}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
}


class Worker:
    """Runs the blocking calls of one adapter in *threads* of its own; in one, they are made one after another."""

    def __init__(self, directory: Path, name: str, *, threads: int = 1) -> None:
        self._directory = directory
        self._executor = ThreadPoolExecutor(max_workers=threads, thread_name_prefix=name)

    async def run(self, call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Return what *call* returns.

        Raises:
            LogUnavailable, LogRefused, LogDamaged: what SQLite or the file system said, translated.
        """
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, lambda: call(*args, **kwargs))
        except sqlite3.Error as error:
            raise self._translate(error) from error
        except OSError as error:
            raise LogRefused(f"{self._directory}: {error}") from error

    def stop(self) -> None:
        """End the threads once their calls are done."""
        self._executor.shutdown(wait=False)

    async def finish(self) -> None:
        """Wait until all calls are done and the threads have ended."""
        await asyncio.to_thread(self._executor.shutdown)

    def _translate(self, error: sqlite3.Error) -> Exception:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        told = f"{self._directory}: {error}"
        if code in _REFUSED or (code == sqlite3.SQLITE_IOERR and self._is_full()):
            return LogRefused(told)
        if code in _DAMAGED:
            return LogDamaged(told)
        if code in _UNAVAILABLE or code == sqlite3.SQLITE_IOERR:
            return LogUnavailable(told)
        return error

    def _is_full(self) -> bool:
        # Where SQLite cannot grow its shared memory or journal it says "I/O error" for a full disk too.
        try:
            room = os.statvfs(self._directory)
        except OSError:
            return False
        return room.f_bavail * room.f_frsize < FREE_BYTES_MIN


def connect(path: Path, *, read_only: bool, closed_elsewhere: bool = False) -> sqlite3.Connection:
    """Open the existing database at *path*; nothing is created.

    It is for the calling thread alone; with *closed_elsewhere*, another one may close it once this one has ended.
    """
    mode = "ro" if read_only else "rw"
    # sqlite3 takes "?" and "#" in a path for the beginning of its parameters, hence as_uri.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_S_MAX,
        isolation_level=None,
        check_same_thread=not closed_elsewhere,
    )
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-8192")
        connection.execute("PRAGMA journal_size_limit=67108864")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def create(path: Path, *, schema: str, version: int, page_bytes: int) -> None:
    """Make the database at *path* with *schema*, whole or not at all; one that is there already is left as it is."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    draft.unlink(missing_ok=True)
    connection = sqlite3.connect(draft, isolation_level=None)
    try:
        connection.execute(f"PRAGMA page_size={page_bytes}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version={version}")
        connection.executescript(f"BEGIN;{schema};COMMIT;")
    finally:
        connection.close()
    place(draft, path)


def place(draft: Path, path: Path) -> None:
    """Give the finished file *draft* the name *path* unless that is taken, durably; *draft* is gone afterwards."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in *directory* durable."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Delete the database at *path* with its journal files."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    sync_directory(path.parent)
