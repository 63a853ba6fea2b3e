"""The operators' commands against a served API: keys, notes, archives, the trail; and what they say when they cannot."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.ports import key_id_in
from tests.support.serving import serving

EXECUTABLE = Path(sys.executable).with_name("hoptrail")
RUN_S_MAX = 60

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Return a function that runs one command against the API."""
    directory = tmp_path_factory.mktemp("cli")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOPTRAIL")}
    with serving(moves=150) as url:

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

        yield run


def test_a_key_works_until_it_is_revoked(run: Run) -> None:
    """Its text alone is on stdout, once; it may what its scopes say, and nothing after its revocation."""
    made = run("keys", "create", "--name", "report", "--scope", "metadata")
    key = made.stdout.strip()
    ident = key_id_in(key)
    assert ident is not None, made.stderr
    assert key not in made.stderr
    listed = run("keys", "list", "--json", HOPTRAIL_API_KEY=key)
    assert listed.returncode == 2
    assert "scope admin" in listed.stderr
    assert run("keys", "revoke", ident).returncode == 0
    after = run("operations", "--about", ident, HOPTRAIL_API_KEY=key)
    assert after.returncode == 2
    trail = run("operations", "--about", ident)

    assert trail.returncode == 0
    assert "created the key 'report' with metadata" in trail.stdout
    assert "revoked the key" in trail.stdout
    assert key.rpartition("_")[2] not in trail.stdout


def test_a_group_is_noted_and_archived(run: Run) -> None:
    """Note and state show in the list; what does not exist, or is mixed, is a clear error."""
    groups = json.loads(run("dead-letters", "--timers", "--json").stdout)["items"]
    group = groups[0]["id"]
    assert run("note", group, "known since Tuesday").returncode == 0
    assert run("archive", group).returncode == 0
    shown = run("dead-letters", "--timers", "--state", "archived")
    assert "known since Tuesday" in shown.stdout
    assert " archived" in shown.stdout
    members = json.loads(run("dead-letters", group, "--state", "archived", "--json").stdout)
    assert {each["fate"] for each in members["items"]} == {"archived"}
    unknown = run("note", "f" * 16, "x")
    assert (unknown.returncode, "no group" in unknown.stderr) == (1, True)
    mixed = run("archive", group, "main-1")

    assert (mixed.returncode, "not both" in mixed.stderr) == (2, True)
