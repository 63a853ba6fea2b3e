"""Run a private broker in the foreground: ``python -m examples.local_broker --dir DIR``.

Prints the two URLs on stdout, one a line, and stops the broker on Ctrl-C or SIGTERM.
"""

import argparse
import signal
import sys
from pathlib import Path

from examples.local_broker.broker import BrokerUnavailable
from examples.local_broker.find import open_broker


def main() -> int:
    """Return the exit code: 0 after Ctrl-C or SIGTERM, 1 when no broker can be had."""
    parser = argparse.ArgumentParser(prog="python -m examples.local_broker", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="where it keeps its data and log")
    parser.add_argument("--port", type=int, help="AMQP port, default: a free one")
    parser.add_argument("--management-port", type=int, help="management port, default: a free one")
    given = parser.parse_args()
    stop_signals = {signal.SIGINT, signal.SIGTERM}
    for stop_signal in stop_signals:
        signal.signal(stop_signal, _interrupt)
    try:
        broker = open_broker(
            given.dir,
            port=given.port,
            management_port=given.management_port,
            report=lambda line: print(line, file=sys.stderr),
        )
    except BrokerUnavailable as refused:
        print(refused, file=sys.stderr)
        return 1
    with_version = f"RabbitMQ {broker.version}, {broker.kind}; Ctrl-C stops it"
    try:
        print(f"HOPTRAIL_AMQP_URL={broker.amqp_url}")
        print(f"HOPTRAIL_MANAGEMENT_URL={broker.management_url}", flush=True)
        print(with_version, file=sys.stderr)
        signal.sigwait(stop_signals)
    except KeyboardInterrupt:
        pass
    finally:
        broker.close()
    return 0


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
