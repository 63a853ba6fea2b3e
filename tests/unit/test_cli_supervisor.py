"""The supervisor: children restarted, ended together, never left behind."""

import asyncio
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from cli.exits import Exit
from cli.supervisor import Child, children, supervise
from cli.word import Word
from tests.support.wait import wait_until

WAIT_S_MAX = 60.0
SLEEPER = "import time; time.sleep(600)"


def python(name: str, code: str) -> Child:
    return Child(name=name, command=[sys.executable, "-c", code])


async def test_a_final_code_ends_everything() -> None:
    """A role that says that another leads is not started again, and the others are stopped."""
    told: list[str] = []
    roles = [python("collect", "raise SystemExit(5)"), python("serve", SLEEPER)]

    async with asyncio.timeout(WAIT_S_MAX):
        code = await supervise(roles, asyncio.Event(), told.append)

    assert code is Exit.NOT_LEADER
    assert told == ["collect ended with 5 (not_leader); everything stops"]


async def test_a_role_that_is_not_needed_ends_nothing(tmp_path: Path) -> None:
    """The export that ends with a final code is started again, and the others go on."""
    runs = tmp_path / "runs"
    code = f"open({str(runs)!r}, 'a').write('x'); raise SystemExit(5)"
    export = Child(name="otlp", command=[sys.executable, "-c", code], is_needed=False)
    stop, told = asyncio.Event(), list[str]()

    def tell(line: str) -> None:
        told.append(line)
        if len(told) == 2:
            stop.set()

    async with asyncio.timeout(WAIT_S_MAX):
        ended = await supervise([export, python("serve", SLEEPER)], stop, tell, pause_s_min=0.01)

    assert ended is Exit.OK
    assert runs.read_text() == "xx"
    assert all(line.startswith("otlp ended with 5") for line in told)


def test_the_export_is_a_role_where_it_is_asked_for() -> None:
    """Three roles run everywhere; the export is a fourth, and the others do not need it."""
    assert [child.name for child in children(1)] == ["collect", "project", "serve"]
    (*_, export) = children(1, otlp=True)

    assert (export.name, export.is_needed, export.command[-1]) == ("otlp", False, "otlp")


async def test_a_failed_role_is_started_again(tmp_path: Path) -> None:
    """A role that crashes runs again after a pause, and the run goes on."""
    runs = tmp_path / "runs"
    code = f"open({str(runs)!r}, 'a').write('x'); raise SystemExit(1)"
    stop, told = asyncio.Event(), list[str]()

    def tell(line: str) -> None:
        told.append(line)
        if len(told) == 3:
            stop.set()

    async with asyncio.timeout(WAIT_S_MAX):
        ended = await supervise([python("project", code)], stop, tell, pause_s_min=0.01)

    assert ended is Exit.OK
    assert runs.read_text() == "xxx"


async def test_a_stop_ends_the_children_in_order() -> None:
    """When asked to stop, every child gets SIGTERM and is waited for."""
    stop = asyncio.Event()
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
        "time.sleep(600)"
    )
    running = asyncio.create_task(supervise([python("serve", code)], stop, lambda _: None))
    await asyncio.sleep(0)
    stop.set()

    async with asyncio.timeout(WAIT_S_MAX):
        assert await running is Exit.OK


async def test_what_the_collector_says_is_shared_by_the_roles() -> None:
    """The collector says why nothing is captured, since when stays, and a collector that ended is told of as well."""
    with tempfile.TemporaryFile(buffering=0) as file:
        word = Word(file.fileno())
        collect = children(1, word_fd=file.fileno())[0]
        says = f"from cli.word import Word; Word({file.fileno()}).lost('the broker is away')"
        speaking = replace(collect, command=[sys.executable, "-c", says + "; raise SystemExit(5)"])
        assert word.read() is None
        async with asyncio.timeout(WAIT_S_MAX):
            await supervise([replace(speaking, on_end=lambda _: None)], asyncio.Event(), print)
        said = word.read()
        async with asyncio.timeout(WAIT_S_MAX):
            await supervise([speaking], asyncio.Event(), print)
        ended = word.read()
        word.captures()

        assert said is not None
        assert said.why == "the broker is away"
        assert ended == (said.since, "the collector ended with exit code 5")
        assert word.read() is None


def test_children_die_with_the_supervisor(tmp_path: Path) -> None:
    """A supervisor killed with SIGKILL leaves no child behind."""
    pid_file = tmp_path / "pid"
    child = (
        "import os, sys, time\n"
        "from cli.orphan import end_with_parent\n"
        "end_with_parent(int(sys.argv[1]))\n"
        f"open({str(pid_file)!r} + '.new', 'w').write(str(os.getpid()))\n"
        f"os.rename({str(pid_file)!r} + '.new', {str(pid_file)!r})\n"
        "time.sleep(600)"
    )
    parent = (
        "import os, subprocess, sys\n"
        f"subprocess.run([sys.executable, '-c', {child!r}, str(os.getpid())])"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", parent])
    wait_until(pid_file.exists, timeout_s=WAIT_S_MAX)
    pid = int(pid_file.read_text())

    supervisor.kill()
    supervisor.wait()

    wait_until(lambda: not is_running(pid), timeout_s=WAIT_S_MAX)


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it may also end while the file is read
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_sigterm_is_what_children_get() -> None:
    """The signal that ends a child is SIGTERM, so that it can save its work."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from cli.orphan import end_with_parent; end_with_parent(1); import time; time.sleep(600)",
        ],
        timeout=WAIT_S_MAX,
        check=False,
    )

    assert done.returncode == -signal.SIGTERM
