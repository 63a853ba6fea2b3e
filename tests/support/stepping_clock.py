"""Run ``hoptrail`` on a machine whose clock can be set: ``python -m tests.support.stepping_clock FILE ARGUMENTS``.

FILE holds by how many nanoseconds the time of day differs, 8 bytes little-endian, and may change at any time.
"""

import mmap
import sys
import time
from pathlib import Path

TRUE_NS = time.time_ns


def set_clock(file: Path, difference_ns: int) -> None:
    """Set the clock of whoever runs with *file*."""
    data = difference_ns.to_bytes(8, "little", signed=True)
    if not file.exists():
        file.write_bytes(data)
        return
    with file.open("r+b") as opened:
        opened.write(data)


def main() -> None:
    """Run the command line with the settable clock."""
    with Path(sys.argv[1]).open("rb") as opened:
        shared = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)

    def time_ns() -> int:
        return TRUE_NS() + int.from_bytes(shared[:8], "little", signed=True)

    time.time_ns = time_ns
    time.time = lambda: time_ns() / 1e9
    from cli.main import run  # reads the clock that is set by then

    sys.exit(run(sys.argv[2:]))


if __name__ == "__main__":
    main()
