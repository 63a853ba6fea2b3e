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
    with httpx2.Client(base_url=f"{url}/api/v1", timeout=RUN_S_MAX, trust_env=False) as client:
        yield lambda path: client.get(path).json()


def test_a_trace_goes_on_where_a_page_ended(run: Run, ask: Callable[[str], Any]) -> None:
    """What a page leaves out is told with the command that draws it, and all pages together are the trace."""
    traces = [item["trace_id"] for item in ask("/messages?limit=500")["items"]]
    trace_id = max(traces, key=traces.count)
    whole = ask(f"/traces/{trace_id}")
    first = run("trace", trace_id, "--limit", "1")
    command = first.stdout.strip().splitlines()[-1].split()
    rest = run(*command[1:], "--json")

    assert command[:2] == ["hoptrail", "trace"]
    assert [item["uid"] for item in json.loads(rest.stdout)["items"]] == [
        item["uid"] for item in whole["items"][1:]
    ]


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["search", "--limit", "500"], "/messages?limit=500"),
        (["topology"], "/topology"),
        (["services"], "/services"),
        (["relationships"], "/relationships"),
        (["latency"], "/latencies"),
        (["latency", "--by", "type", "exchange:orders"], "/latencies?by=type&q=exchange:orders"),
        (["queues"], "/queues"),
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


def test_a_queue_is_shown_with_what_waits_in_it(run: Run, ask: Callable[[str], Any]) -> None:
    """With --json both objects of the API are printed; without, how sure they are, and the age of each copy."""
    printed, drawn = run("queues", "show", "work", "--json"), run("queues", "show", "work")
    told = json.loads(printed.stdout)
    contents = ask("/queues/%2F/work/contents?waiting=true")

    assert told["queue"] == ask("/queues/%2F/work")
    assert [copy["uid"] for copy in told["contents"]["items"]] == [
        copy["uid"] for copy in contents["items"]
    ]
    assert "against the broker: " in drawn.stdout
    assert "age" in drawn.stdout


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


def test_found_words_are_marked_on_a_terminal(run: Run) -> None:
    """On a terminal each message is followed by what was found in it, marked; elsewhere the table stands alone."""
    drawn = run("search", "card declined", FORCE_COLOR="1", TERM="xterm")
    plain = run("search", "card declined")

    assert (drawn.returncode, plain.returncode) == (0, 0), drawn.stderr
    marked = re.findall(r"\x1b\[1;33m(.*?)\x1b\[0m", drawn.stdout)
    assert marked == ["card", "declined"]
    assert not RAW.search(re.sub(r"\x1b\[[0-9;]*m", "", drawn.stdout))
    assert "\x1b" not in plain.stdout
    assert len(plain.stdout.splitlines()) == 2


def test_hostile_words_are_marked_safely(run: Run) -> None:
    """What is marked is as safe as the rest."""
    drawn = run("search", "owned 31mred 2J", FORCE_COLOR="1", TERM="xterm")

    assert "\x1b[1;33mowned" in drawn.stdout
    assert not RAW.search(re.sub(r"\x1b\[(?:0|1;33|2)m", "", drawn.stdout))


def test_matches_are_counted_by_value(run: Run, ask: Callable[[str], Any]) -> None:
    """With --facets the commonest values are printed, with --json the API's object; the basis is told on stderr."""
    printed = run("search", "vhost:/", "--facets", "state", "--facets", "queue", "--json")
    drawn = run("search", "vhost:/", "--facets", "state", "--facets", "queue")
    told = ask("/messages/facets?q=vhost:/&field=state&field=queue")

    assert (printed.returncode, drawn.returncode) == (0, 0), printed.stderr + drawn.stderr
    assert json.loads(printed.stdout) == told
    for value in told["facets"][0]["values"]:
        assert re.search(rf"^ *{value['count']}  {value['value']}$", drawn.stdout, re.MULTILINE)
    assert f"of {told['counted']} messages" in drawn.stderr
    assert not RAW.search(drawn.stdout)


def test_matches_are_counted_over_time(run: Run, ask: Callable[[str], Any]) -> None:
    """With --histogram each span of time has its count and a bar, with --json the API's object is printed."""
    printed, drawn = run("search", "--histogram", "--json"), run("search", "--histogram")
    told = ask("/messages/histogram?buckets=30")

    assert (printed.returncode, drawn.returncode) == (0, 0), printed.stderr + drawn.stderr
    assert json.loads(printed.stdout) == told
    counts = [int(line.split()[2]) for line in drawn.stdout.splitlines()]
    assert counts == [bucket["count"] for bucket in told["buckets"]]
    assert "█" in drawn.stdout
    assert f"{told['total']} messages" in drawn.stderr


def test_two_counts_at_once_are_refused(run: Run) -> None:
    """Facets and a histogram are not asked for together, and a field without values is refused: 2."""
    assert run("search", "--histogram", "--facets", "state").returncode == 2
    assert run("search", "--facets", "body").returncode == 2


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
