"""Record scenarios, or score what is recorded: see the package."""

import sys

from tests.corpus import page, recorder
from tests.corpus.scenarios import SCENARIOS


def main(given: list[str]) -> int:
    """Return the exit code: 0 when done, 2 for an unknown name."""
    if not given:
        print("\n".join(SCENARIOS))
        return 0
    if given == ["score"]:
        page.write()
        print(page.table())
        return 0
    names = list(SCENARIOS) if given == ["all"] else given
    if unknown := [name for name in names if name not in SCENARIOS]:
        print(f"unknown: {', '.join(unknown)}")
        return 2
    recorder.record(names, lambda line: print(line, file=sys.stderr, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
