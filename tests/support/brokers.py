"""Open a broker of the version that the caller wants to test with.

``HOPTRAIL_TEST_BROKER=4`` takes RabbitMQ 4 from a newer Debian where the usual way gives an older
one, ``4.3`` takes 4.3 from a still newer one; unset, a container or the machine's own package is used.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from examples.local_broker import Broker, BrokerUnavailable, PrivateNode, open_broker
from examples.local_broker.container import ContainerBroker, require_engine
from examples.local_broker.package import require
from tests.support import parts
from tests.support.debian_root import STABLE, TESTING, debian_root
from tests.support.packages import PackageMissing

VARIABLE: Final = "HOPTRAIL_TEST_BROKER"
SUITES: Final = {"4": STABLE, "4.3": TESTING}
"""The Debian that has each version."""

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
        root=None if given else chosen_root(),
    )


def open_speaking_broker(
    directory: Path, protocols: Sequence[str], *, config: str = CONFIG
) -> PrivateNode | ContainerBroker:
    """Return a started broker of our own that speaks *protocols* too, on the ports in its ``listeners``.

    Raises:
        BrokerUnavailable: none can be had; the text says what to do.
    """
    if chosen_root() is None and has_engine():
        opened = ContainerBroker(directory, config=config, protocols=protocols)
        opened.start()
        return opened
    return open_private_node(directory, protocols, config=config)


def open_private_node(
    directory: Path, protocols: Sequence[str] = (), *, config: str = CONFIG
) -> PrivateNode:
    """Return a started node that is no container, so that *config* may name files in *directory*, and ports.

    Raises:
        BrokerUnavailable: none can be had; the text says what to do.
    """
    root = chosen_root()
    if root is None:
        require()
    node = PrivateNode(directory, config=config, root=root, protocols=protocols)
    node.start()
    return node


def chosen_suite() -> str | None:
    """Return the Debian whose broker the caller wants, None where the usual way gives what is wanted."""
    chosen = parts.choice(VARIABLE)
    if chosen is None or (chosen == "4" and has_engine()):
        return None  # containers are RabbitMQ 4.0
    return SUITES[chosen]


def chosen_root() -> Path | None:
    """Return the root file system whose broker the caller wants, None for the usual way.

    Raises:
        BrokerUnavailable: it cannot be had; the text says what to do.
    """
    suite = chosen_suite()
    if suite is None:
        return None
    try:
        return debian_root(suite)
    except PackageMissing as missing:
        raise BrokerUnavailable(
            f"no RabbitMQ {parts.choice(VARIABLE)} can be had here: {missing}"
        ) from missing


def has_engine() -> bool:
    """Return whether a Docker engine answers."""
    try:
        require_engine()
    except BrokerUnavailable:
        return False
    return True
