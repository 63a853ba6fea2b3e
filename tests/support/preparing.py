"""Download and build before the first test what takes longer than a test may take.

Whatever is refused here is asked for again by the fixture that needs it, and told there.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import pytest

from tests.support import parts
from tests.support.debian_root import debian_root
from tests.support.elastic_server import ElasticUnavailable, prepare_elastic
from tests.support.packages import PackageMissing

ELASTIC: Final = frozenset({"elastic", "own_elastic", "secure_elastic"})
BROKERS: Final = frozenset({"broker", "own_broker", "mortal_broker"})


def pytest_collection_finish(session: pytest.Session) -> None:
    """Prepare the servers that the chosen tests need; each worker process comes here."""
    if session.config.option.collectonly:
        return
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if wanted & ELASTIC and not parts.left_out() & {"elastic", "own-elastic"}:
        _try(lambda: prepare_elastic(parts.elastic_version()))
    if wanted & BROKERS and parts.choice("HOPTRAIL_TEST_BROKER") is not None:
        _try(debian_root)


def _try(prepare: Callable[[], object]) -> None:
    with suppress(ElasticUnavailable, PackageMissing):
        prepare()
