"""The whole OpenAPI document, called with generated requests: nothing in it is untrue."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.ports import Limits
from tests.support.serving import serving

EXAMPLES_MAX = 3
RUN_S_MAX = 560
CONFIG = Path(__file__).parents[2] / "schemathesis.toml"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(moves=60, limits=Limits(stream_s_max=0.05, heartbeat_s=0.02)) as url:
        yield url


@pytest.mark.timeout(RUN_S_MAX + 30)
def test_the_api_does_as_its_document_says(url: str, tmp_path: Path) -> None:
    """Over the whole document, every answer's status, type and form is a documented one, and none is a server error."""
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            "--config-file",
            CONFIG,
            "run",
            f"{url}/openapi.json",
            "--no-color",
            "--continue-on-failure",
            "--max-examples",
            str(EXAMPLES_MAX),
        ],
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
