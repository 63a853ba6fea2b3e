"""Download and build before the first test what takes longer than a test may take.

Whatever is refused here is asked for again by the fixture that needs it, and told there.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Final

import pytest

from examples.local_broker import BrokerUnavailable
from tests.support import parts
from tests.support.brokers import chosen_root
from tests.support.browser import BrowserUnavailable, browser_program
from tests.support.elastic_server import ElasticUnavailable, prepare_elastic
from tests.support.packages import PackageMissing

OWN_ELASTIC: Final = frozenset({"own_elastic", "mortal_elastic", "secure_elastic"})
OWN_BROKER: Final = frozenset(
    {"own_broker", "mortal_broker", "controlled_broker", "speaking_broker"}
)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Prepare the servers that the chosen tests need; each worker process comes here."""
    if session.config.option.collectonly:
        return
    left_out = parts.left_out()
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    if _is_started("elastic", wanted, OWN_ELASTIC, url="HOPTRAIL_TEST_ELASTIC_URL"):
        _try(lambda: prepare_elastic(parts.elastic_version()))
    if _is_started("broker", wanted, OWN_BROKER, url="HOPTRAIL_AMQP_URL"):
        _try(chosen_root)
    if "browser" in wanted - left_out:
        _try(browser_program)


def _is_started(shared: str, wanted: AbstractSet[str], own: AbstractSet[str], *, url: str) -> bool:
    """Return whether a server will be started here: a shared one, or one of a test's own."""
    left_out = parts.left_out()
    if wanted & own and f"own-{shared}" not in left_out:
        return True
    return shared in wanted - left_out and parts.given(url) is None


def _try(prepare: Callable[[], object]) -> None:
    with suppress(BrokerUnavailable, BrowserUnavailable, ElasticUnavailable, PackageMissing):
        prepare()
