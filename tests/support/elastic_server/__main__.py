"""Keep a server running between test runs: ``python -m tests.support.elastic_server --dir DIR``.

Prints the variable that makes the tests use it on stdout, and ends the server on Ctrl-C or SIGTERM.
"""

import argparse
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import get_args

from tests.support.elastic_server import ElasticUnavailable, open_elastic
from tests.support.elastic_server.options import Version


def main() -> int:
    """Return the exit code: 0 after Ctrl-C or SIGTERM, 1 when no server can be had."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.elastic_server")
    parser.add_argument("--dir", type=Path, required=True, help="where its output goes")
    parser.add_argument("--version", choices=get_args(Version), default="8")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with closing(open_elastic(given.dir, version=given.version)) as server:
            print(f"HOPTRAIL_TEST_ELASTIC_URL={server.url}", flush=True)
            print(f"Elasticsearch {server.version}, Ctrl-C ends it", file=sys.stderr)
            signal.pause()
    except ElasticUnavailable as refused:
        print(refused, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
