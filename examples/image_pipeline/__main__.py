"""Run the image pipeline: ``python -m examples.image_pipeline --images 200 --seed 7``.

Exit codes: 0 all images settled (or an endless run was stopped), 1 not settled
in time or no broker, 2 usage, 130 stopped before all images were settled.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from aio_pika.exceptions import AMQPError

from examples.image_pipeline.pipeline import (
    NotSettled,
    Options,
    run_pipeline,
    with_vhost,
)
from examples.image_pipeline.truth import RunSettings

DEFAULT_URL = "amqp://guest:guest@127.0.0.1:5672/"
URL_VARIABLE = "IMAGE_PIPELINE_URL"
"""An AMQP URL holds a password, which does not belong on a command line that every user of the machine can read."""

FAILED, INTERRUPTED = 1, 130


def parse(arguments: list[str]) -> Options:
    """Return what the command line asks for; exits with 2 when it makes no sense."""
    given = _parser().parse_args(arguments)
    url = given.url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
    url, vhost = with_vhost(url, given.vhost)
    settings = RunSettings(
        images=given.images,
        seed=given.seed,
        rate=given.rate,
        modelers=given.modelers,
        prefetch=given.prefetch,
        ids=not given.no_ids,
        vhost=vhost,
    )
    return Options(
        url=url,
        settings=settings,
        truth=given.truth,
        timeout_s=given.timeout,
        linger_s=given.linger,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.image_pipeline",
        description="Five small services that turn images into labelled 3D models.",
    )
    add, natural, positive = parser.add_argument, _at_least(0), _at_least(1)
    add("--url", help=f"AMQP URL of the broker (${URL_VARIABLE}, else {DEFAULT_URL})")
    add("--vhost", help="vhost, instead of the one in the URL")
    add("--images", type=natural, default=200, help="how many; 0 = until Ctrl-C (200)")
    add("--seed", type=natural, default=1, help="chooses what fails and how long work takes")
    add("--rate", type=float, default=50.0, help="images per second, 0 = no limit (50)")
    add("--modelers", type=positive, default=1, help="instances of the Modeler (1)")
    add("--prefetch", type=positive, default=1, help="messages a consumer works on at once (1)")
    add("--no-ids", action="store_true", help="no message, correlation or trace ids on the wire")
    add("--truth", type=Path, metavar="FILE", help="write what was really done to FILE, as JSON")
    add("--timeout", type=float, default=120.0, help="seconds to settle all images in (120)")
    add("--linger", type=float, default=0.0, help="seconds to stay connected afterwards (0)")
    return parser


def main() -> int:
    """Return the exit code."""
    options = parse(sys.argv[1:])
    try:
        return asyncio.run(_run(options))
    except (NotSettled, AMQPError, OSError) as error:
        print(f"image pipeline: {type(error).__name__}: {error}", file=sys.stderr)
        return FAILED


async def _run(options: Options) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    truth = await run_pipeline(options, stop=stop, clock_ns=time.time_ns)
    if options.settings.images and not truth.settled.is_set():
        return INTERRUPTED
    return 0


def _at_least(smallest: int) -> Callable[[str], int]:
    def whole_number(text: str) -> int:
        value = int(text)
        if value < smallest:
            raise argparse.ArgumentTypeError(f"must be at least {smallest}")
        return value

    return whole_number


if __name__ == "__main__":
    sys.exit(main())
