"""A recorded run of the image pipeline: the log that a collector made of it, kept with the code.

``python -m tests.support.recorded_pipeline`` records it again, on a broker of its own.
"""

import shutil
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from events.facts import Envelope, MessageDeadLettered, MessageDelivered, MessagePublished
from examples.local_broker import open_broker
from recordings import golden
from tests.support.captured import read
from tests.support.collecting import Collector
from tests.support.truth import run_pipeline
from tests.support.wait import wait_until

FOLDER = Path(__file__).parents[1] / "golden" / "otlp" / "image_pipeline"
IMAGES = 20
OPTIONS = f"--images {IMAGES} --seed 5 --rate 0 --linger 4".split()
CAPTURED_S_MAX = 60
CONFIG = "collect_statistics_interval = 1000"


@cache
def envelopes() -> Sequence[Envelope]:
    """Return the events of the recorded log, from position 0 on."""
    return golden.read_log(FOLDER).envelopes


@cache
def untraced() -> Sequence[Envelope]:
    """Return the same events as if the services wrote no trace context into their messages."""
    return tuple(map(_untraced, envelopes()))


def _untraced(envelope: Envelope) -> Envelope:
    fact = envelope.fact
    if not isinstance(fact, MessagePublished | MessageDelivered | MessageDeadLettered):
        return envelope
    headers = fact.properties.headers or {}
    left = {name: value for name, value in headers.items() if name != "traceparent"}
    properties = msgspec.structs.replace(fact.properties, headers=left or None)
    return msgspec.structs.replace(
        envelope, fact=msgspec.structs.replace(fact, properties=properties)
    )


def record() -> None:
    """Write the recording."""
    run = Path(tempfile.mkdtemp(prefix="recorded-pipeline-"))
    broker = open_broker(run / "broker", config=CONFIG, report=print)
    try:
        url, management_url = broker.amqp_url, broker.management_url
        collector = Collector(
            run / "store",
            {"/": url},
            amqp_url=url,
            management_url=management_url,
            told_in=run,
        )
        with collector.leading():
            truth = run_pipeline(url, "/", run / "truth.json", *OPTIONS)
            told = len(truth["publishes"]) + len(truth["deliveries"])
            wait_until(lambda: collector.meter.traffic() >= told, timeout_s=CAPTURED_S_MAX)
            collector.stop()
        captured = read(run / "store")
        about = {"system": "the image pipeline", "broker": f"RabbitMQ {broker.version}"}
        golden.write(FOLDER, captured.envelopes, {}, [], about, hide=[str(run)])
    finally:
        broker.close()
    shutil.rmtree(run)


if __name__ == "__main__":
    record()
