"""Open a broker of the version that the caller wants to test with.

``HOPTRAIL_TEST_BROKER=4`` takes RabbitMQ 4 from a newer Debian where the usual way gives an older
one; unset, the machine's own package or a container is used.
"""

from pathlib import Path
from typing import Final

from examples.local_broker import Broker, BrokerUnavailable, open_broker
from examples.local_broker.container import require_engine
from tests.support import parts
from tests.support.debian_root import debian_root
from tests.support.packages import PackageMissing

VARIABLE: Final = "HOPTRAIL_TEST_BROKER"
CONFIG: Final = "collect_statistics_interval = 1000"
"""The broker's counters are at most a second old instead of five, so that waiting is short."""


def open_test_broker(
    directory: Path,
    *,
    amqp_url: str | None = None,
    management_url: str | None = None,
    config: str = CONFIG,
) -> Broker:
    """Return a started broker, the caller's if its URLs are given; whoever calls closes it.

    *config* holds further lines of ``rabbitmq.conf`` for a broker of our own.

    Raises:
        BrokerUnavailable: none can be had; the text says what to do.
    """
    given = amqp_url is not None or management_url is not None
    return open_broker(
        directory,
        amqp_url=amqp_url,
        management_url=management_url,
        config=config,
        root=None if given else _root(),
    )


def _root() -> Path | None:
    if parts.choice(VARIABLE) is None or _has_engine():
        return None
    try:
        return debian_root()
    except PackageMissing as missing:
        raise BrokerUnavailable(f"no RabbitMQ 4 can be had here: {missing}") from missing


def _has_engine() -> bool:
    # Containers are RabbitMQ 4 anyway.
    try:
        require_engine()
    except BrokerUnavailable:
        return False
    return True
