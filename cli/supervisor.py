"""Run collect, project and serve (and, if asked, the export) as child processes, and end them together.

A child that ends unexpectedly is started again after a pause that doubles; one whose exit code is final (wrong usage,
store refused, another leader) ends the run with that code. Children die with the supervisor, also when it is killed.
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from cli.exits import FINAL, Exit
from cli.word import Word

ROLES = ("collect", "project", "serve")
OTLP = "otlp"
PAUSE_S_MIN = 0.5
PAUSE_S_MAX = 30.0
STEADY_S = 60.0
STOP_S_MAX = 15.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A role to run: its name and its command line."""

    name: str
    command: Sequence[str]
    is_needed: bool = True
    """Whether its end for good ends the others too; one that is not needed is started again whatever its exit code."""
    pass_fds: Sequence[int] = ()
    """Descriptors that it gets under the same numbers."""
    on_end: Callable[[int], None] = lambda _: None
    """Called with its exit code each time it ended."""


def children(parent_pid: int, *, otlp: bool = False, word_fd: int | None = None) -> list[Child]:
    """Return the three roles, and the export if *otlp*; each ends by itself when process *parent_pid* is gone.

    With *word_fd* they share a :class:`cli.word.Word`, in which it is written that the collector ended too.
    """
    # -P: modules are never taken from the current directory, which is the caller's.
    base = [sys.executable, "-P", "-m", "cli", "--parent-pid", str(parent_pid)]
    shared: tuple[int, ...] = ()
    on_end: dict[str, Callable[[int], None]] = {}
    if word_fd is not None:
        base += ["--word-fd", str(word_fd)]
        shared, word = (word_fd,), Word(word_fd)
        on_end["collect"] = lambda code: word.lost(f"the collector ended with exit code {code}")
    roles = [
        Child(
            name=role,
            command=[*base, role],
            pass_fds=shared,
            on_end=on_end.get(role, lambda _: None),
        )
        for role in ROLES
    ]
    if otlp:
        export = Child(name=OTLP, command=[*base, OTLP], is_needed=False, pass_fds=shared)
        return [*roles, export]
    return roles


async def supervise(
    roles: Sequence[Child],
    stop: asyncio.Event,
    tell: Tell,
    *,
    environment: Mapping[str, str] | None = None,
    pause_s_min: float = PAUSE_S_MIN,
) -> Exit:
    """Run *roles* until *stop* is set or one ends for good; return OK, or the code that ended it."""
    keepers = {
        asyncio.create_task(_keep(role, stop, tell, environment, pause_s_min)): role.name
        for role in roles
    }
    await asyncio.wait(keepers, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    codes = await asyncio.gather(*keepers)
    return next((code for code in codes if code is not Exit.OK), Exit.OK)


async def _keep(
    role: Child,
    stop: asyncio.Event,
    tell: Tell,
    environment: Mapping[str, str] | None,
    pause_s_min: float,
) -> Exit:
    """Run one role again and again; return when it ended for good, or OK after *stop*."""
    loop = asyncio.get_running_loop()
    pause_s = pause_s_min
    while True:
        started = loop.time()
        code = await _once(role, stop, environment)
        if stop.is_set():
            return Exit.OK
        role.on_end(code)
        if code in FINAL and role.is_needed:
            tell(f"{role.name} ended with {code} ({Exit(code).name.lower()}); everything stops")
            return Exit(code) if code else Exit.FAILED
        if loop.time() - started > STEADY_S:
            pause_s = pause_s_min
        tell(f"{role.name} ended with {code}; it is started again in {pause_s:.1f} s")
        if await _stopped_within(stop, pause_s):
            return Exit.OK
        pause_s = min(pause_s * 2, PAUSE_S_MAX)


async def _once(role: Child, stop: asyncio.Event, environment: Mapping[str, str] | None) -> int:
    """Run a role to its end, asking it to end when *stop* is set; return its exit code."""
    process = await asyncio.create_subprocess_exec(
        *role.command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        pass_fds=role.pass_fds,
    )
    ended = asyncio.create_task(process.wait())
    asked = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({ended, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            process.send_signal(signal.SIGTERM)
            await asyncio.wait({ended}, timeout=STOP_S_MAX)
    finally:
        asked.cancel()
        if process.returncode is None and not ended.done():
            process.kill()
    return await ended


async def _stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
