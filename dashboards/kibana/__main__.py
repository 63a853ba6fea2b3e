"""Write Kibana's import file: ``python -m dashboards.kibana`` writes ``hoptrail.ndjson`` beside this module."""

import argparse
import sys
from pathlib import Path

from dashboards.kibana import PUBLIC_URL, objects
from store.elastic.names import PREFIX

FILE = Path(__file__).with_name("hoptrail.ndjson")


def main(arguments: list[str] | None = None) -> None:
    """Write the objects to a file, or with ``-`` to stdout."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.kibana", description=__doc__)
    parser.add_argument("--prefix", default=PREFIX, help="first part of every index name")
    parser.add_argument("--public-url", default=PUBLIC_URL, help="where users open hoptrail")
    parser.add_argument("--output", default=str(FILE), help="a file, or - for stdout")
    options = parser.parse_args(arguments)
    made = objects(options.prefix, options.public_url)
    if options.output == "-":
        sys.stdout.buffer.write(made)
    else:
        Path(options.output).write_bytes(made)


if __name__ == "__main__":
    main()
