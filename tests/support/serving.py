"""The API of :mod:`tests.support.served` at a port of its own, for clients that are other processes."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.ports import Limits
from cli.serving import bound, serve
from cli.settings import load
from tests.support.served import served

START_S_MAX = 60.0


class _Thread(threading.Thread):
    """Runs an event loop in which the API is served until told to stop."""

    def __init__(self, moves: int, limits: Limits | None) -> None:
        super().__init__(name="serving", daemon=True)
        self._moves = moves
        self._limits = limits
        self._stopping: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self.listening = threading.Event()
        self.port = 0
        self.failed: BaseException | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._work())
        except BaseException as error:
            self.failed = error
            raise
        finally:
            self.listening.set()

    async def _work(self) -> None:
        stop = asyncio.Event()
        self._stopping = asyncio.get_running_loop(), stop
        async with served(moves=self._moves, limits=self._limits) as made:
            listener = bound(load({"HOPTRAIL_HTTP": "127.0.0.1:0"}))
            listener.listen()
            self.port = listener.getsockname()[1]
            self.listening.set()
            await serve(made.app, listener, stop)

    def end(self) -> None:
        assert self._stopping is not None
        loop, stop = self._stopping
        loop.call_soon_threadsafe(stop.set)
        self.join(START_S_MAX)


@contextmanager
def serving(*, moves: int = 400, limits: Limits | None = None) -> Iterator[str]:
    """Serve the small log at a free port of this machine; yield its address."""
    thread = _Thread(moves, limits)
    thread.start()
    assert thread.listening.wait(START_S_MAX)
    if thread.failed is not None:
        raise thread.failed
    try:
        yield f"http://127.0.0.1:{thread.port}"
    finally:
        thread.end()
