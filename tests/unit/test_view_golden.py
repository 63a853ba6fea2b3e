"""A digest that changes without its version would let an old snapshot pass for a new one.

``python -m tests.unit.test_view_golden`` writes what the test compares, once the versions are right.
"""

import json
from hashlib import sha256
from pathlib import Path

from events.upcast import encode
from projector.linker.linker import VERSION
from projector.projection import Projection
from tests.support.histories import long_history

GOLDEN = Path(__file__).parents[1] / "golden" / "views.json"


def told() -> dict[str, dict[str, str]]:
    """Return what is folded, and by part its version and what it came to."""
    history = long_history(7, 3_000)
    projection = Projection("main")
    projection.fold.fold(history)
    versions = {"linker": VERSION, **projection.versions}
    digests = projection.fold.save().digests()
    return {
        "corpus": {"digest": sha256(encode(history)).hexdigest()},
        **{name: {"version": versions[name], "digest": digests[name].hex()} for name in digests},
    }


def test_a_digest_changes_only_with_its_version() -> None:
    """The same events give the digests written down, unless the part's version says that it is another fold."""
    assert told() == json.loads(GOLDEN.read_text())


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(told(), indent=1) + "\n")
