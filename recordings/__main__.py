"""Record a framework's traffic: ``python -m recordings NAME [--out DIR]``; without a name, what there is."""

import argparse
import sys
from pathlib import Path

from examples.local_broker import BrokerUnavailable
from recordings import golden, recorder
from recordings.stage import ScenarioFailed


def main() -> int:
    """Return the exit code: 0 when all was recorded, 1 when something refused, 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="python -m recordings", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to record")
    parser.add_argument("--out", type=Path, help="where to, default: among the goldens")
    given = parser.parse_args()
    known = recorder.names()
    if not given.names:
        print("\n".join(known))
        return 0
    if unknown := set(given.names) - set(known):
        print(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        return 2
    for name in given.names:
        try:
            out = given.out / name if given.out else None
            folder = recorder.record(
                name, out=out, report=lambda line: print(line, file=sys.stderr)
            )
        except (ScenarioFailed, BrokerUnavailable, golden.TooLarge) as refused:
            print(f"{name}: {refused}", file=sys.stderr)
            return 1
        size = (folder / "log.zst").stat().st_size
        print(
            f"{name}: {size} bytes, {len(golden.read_truth(folder))} messages told of, in {folder}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
