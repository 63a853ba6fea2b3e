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
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        _run(given.dir, given.port, given.management_port)
    except BrokerUnavailable as refused:
        print(refused, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _run(directory: Path, port: int | None, management_port: int | None) -> None:
    broker = open_broker(
        directory,
        port=port,
        management_port=management_port,
        report=lambda line: print(line, file=sys.stderr),
    )
    try:
        print(f"HOPTRAIL_AMQP_URL={broker.amqp_url}")
        print(f"HOPTRAIL_MANAGEMENT_URL={broker.management_url}", flush=True)
        print(f"RabbitMQ {broker.version}, {broker.kind}; Ctrl-C stops it", file=sys.stderr)
        signal.pause()
    finally:
        broker.close()


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
