"""The reading commands against a served API: the same objects, nothing raw, the right exit codes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.ports import Limits
from tests.support.serving import serving

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
RUN_S_MAX = 60
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
HOSTILE_QUEUE_PATH = "q%2F%25%FF%1B%5B31m"

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(limits=Limits(stream_s_max=1.0, heartbeat_s=0.2)) as url:
        yield url


@pytest.fixture(scope="module")
def run(url: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a function that runs one command against the API."""
    directory = tmp_path_factory.mktemp("cli")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOPTRAIL")}

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        environment = kept | {"HOPTRAIL_HTTP": url.removeprefix("http://")} | settings
        return subprocess.run(
            [EXECUTABLE, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=RUN_S_MAX,
            check=False,
            cwd=directory,
        )

    return run


@pytest.fixture(scope="module")
def ask(url: str) -> Iterator[Callable[[str], Any]]:
    """Return a function that asks the API itself."""
    with httpx2.Client(base_url=f"{url}/api/v1", trust_env=False) as client:
        yield lambda path: client.get(path).json()


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["search", "--limit", "500"], "/messages?limit=500"),
        (["topology"], "/topology"),
        (["services"], "/services"),
        (["relationships"], "/relationships"),
        (["queues"], "/queues"),
        (["queues", "work"], "/queues/%2F/work/contents"),
        (["dead-letters"], "/dead-letters"),
        (["projections"], "/projections"),
    ],
)
def test_a_command_prints_what_the_api_says(
    run: Run, ask: Callable[[str], Any], arguments: list[str], path: str
) -> None:
    """With --json a command prints the API's object; without, lines in which nothing is raw."""
    printed, drawn = run(*arguments, "--json"), run(*arguments)

    assert (printed.returncode, drawn.returncode) == (0, 0), printed.stderr + drawn.stderr
    assert json.loads(printed.stdout) == ask(path)
    assert drawn.stdout
    assert not RAW.search(printed.stdout)
    assert not RAW.search(drawn.stdout)


def test_every_message_can_be_shown(run: Run, ask: Callable[[str], Any]) -> None:
    """A hostile message is shown with its evidence, and nothing of it reaches the terminal raw."""
    for message in ask("/messages?limit=6")["items"]:
        drawn = run("show", message["uid"])
        traced = run("trace", message["trace_id"])
        facts = run("show", message["uid"], "--events")

        assert (drawn.returncode, traced.returncode, facts.returncode) == (0, 0, 0), drawn.stderr
        assert "why we think so" in drawn.stdout
        assert message["uid"] in traced.stdout
        assert not RAW.search(drawn.stdout + traced.stdout + facts.stdout)


def test_a_trace_is_found_by_a_message(run: Run, ask: Callable[[str], Any]) -> None:
    """The uid of a message serves in place of its trace's id."""
    message = ask("/messages?limit=1")["items"][0]

    assert (
        json.loads(run("trace", message["uid"], "--json").stdout)["trace_id"] == message["trace_id"]
    )


def test_a_search_takes_several_words(run: Run) -> None:
    """A query may be given as several arguments, also with a leading minus."""
    done = run("search", "state:waiting", "-queue:work", "--json")

    assert done.returncode == 0, done.stderr


def test_a_wrong_query_shows_where(run: Run) -> None:
    """A query that cannot be understood ends with 2 and a mark under the character."""
    done = run("search", "nofield:x")

    assert done.returncode == 2
    assert done.stdout == ""
    assert "nofield:x\n  ^" in done.stderr


def test_what_is_not_there_ends_with_1(run: Run) -> None:
    """Asking for a message that does not exist fails, on stderr."""
    done = run("show", "main-999999")

    assert (done.returncode, done.stdout) == (1, "")
    assert "main-999999" in done.stderr


def test_no_hoptrail_ends_with_4(run: Run) -> None:
    """Without a hoptrail at the address, the error says how to start one."""
    done = run("capture", HOPTRAIL_HTTP="127.0.0.1:9")

    assert done.returncode == 4
    assert "hoptrail run" in done.stderr


def test_a_public_address_without_a_key_is_refused(run: Run) -> None:
    """Serving at an address that others can reach needs an API key: exit 2, and how to go on."""
    for command in ("serve", "run"):
        done = run(command, HOPTRAIL_HTTP="0.0.0.0:0")

        assert done.returncode == 2
        assert "HOPTRAIL_API_KEY" in done.stderr


def test_a_taken_address_is_told(run: Run, url: str, tmp_path: Path) -> None:
    """An address that another process listens at ends `serve` with 4."""
    done = run("serve", HOPTRAIL_STORE=f"sqlite:///{tmp_path}")

    assert done.returncode == 4
    assert "HOPTRAIL_HTTP" in done.stderr
