"""A real OpenTelemetry Collector, built here with Go from the sources that Go's module proxy has.

It takes OTLP over gRPC and HTTP, and passes on what it took to another receiver over HTTP.
"""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from examples.local_broker import free_ports
from tests.support.wait import wait_until

HERE: Final = Path(__file__).parent
BUILT: Final = HERE.parents[2] / ".run" / "otelcol"
BUILD_S_MAX: Final = 1_800
UP_S_MAX: Final = 60
DOWN_S_MAX: Final = 30
SOURCES: Final = ("main.go", "go.mod", "go.sum")

CONFIG: Final = """\
receivers:
  otlp:
    protocols:
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
      http: {{endpoint: "127.0.0.1:{http}"}}
exporters:
  otlp_http: {{endpoint: "{behind}", compression: none}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [otlp_http]}}
"""


@dataclass(frozen=True)
class Collecting:
    """A collector that runs: its endpoints by protocol."""

    endpoints: dict[str, str]


def built() -> Path:
    """Return the collector's executable, built when its sources changed.

    Raises:
        RuntimeError: there is no Go, or it says why it could not build.
    """
    executable = BUILT / "otelcol"
    newest = max((HERE / name).stat().st_mtime for name in SOURCES)
    if executable.exists() and executable.stat().st_mtime >= newest:
        return executable
    if shutil.which("go") is None:
        raise RuntimeError("there is no Go to build the OpenTelemetry Collector with")
    BUILT.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", executable, "."],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=BUILD_S_MAX,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2_000:])
    executable.touch()
    return executable


@contextmanager
def collecting(directory: Path, behind: str) -> Iterator[Collecting]:
    """Run a collector that passes on what it takes to the OTLP endpoint *behind*, which speaks HTTP."""
    executable = built()
    ports = dict(zip(("grpc", "http"), free_ports(2), strict=True))
    config, told = directory / "otelcol.yaml", directory / "otelcol.log"
    config.write_text(CONFIG.format(behind=behind, **ports))
    with told.open("wb") as output:
        process = subprocess.Popen(
            [executable, f"--config=file:{config}"], stdout=output, stderr=output
        )
    try:

        def is_up() -> bool:
            assert process.poll() is None, told.read_text()[-2_000:]
            return "Everything is ready" in told.read_text()

        wait_until(is_up, timeout_s=UP_S_MAX)
        yield Collecting(
            {
                "grpc": f"http://127.0.0.1:{ports['grpc']}",
                "http/protobuf": f"http://127.0.0.1:{ports['http']}",
            }
        )
    finally:
        process.terminate()
        process.wait(DOWN_S_MAX)
