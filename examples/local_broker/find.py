"""Choose the broker: the caller's, a container, the package; in this order."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from examples.local_broker import container, package
from examples.local_broker.broker import (
    Broker,
    BrokerNotOurs,
    BrokerUnavailable,
    wait_until_ready,
)
from examples.local_broker.node import PrivateNode

GIVEN_TIMEOUT_S = 15.0
"""A broker that the caller runs is expected to be up, or nearly."""


class GivenBroker(Broker):
    """The caller's broker: used as it is, never stopped."""

    kind = "the caller's"

    def __init__(self, amqp_url: str, management_url: str) -> None:
        self.amqp_url = amqp_url
        self.management_url = _with_credentials_of(amqp_url, management_url.rstrip("/"))

    def start(self) -> None:
        """Check that it answers."""
        wait_until_ready(self.amqp_url, self.management_url, timeout_s=GIVEN_TIMEOUT_S)

    def stop(self) -> None:
        """Refuse: it is not ours."""
        raise BrokerNotOurs("this broker was given by its URL and is not stopped from here")

    def kill(self) -> None:
        """Refuse: it is not ours."""
        raise BrokerNotOurs("this broker was given by its URL and is not killed from here")

    def rabbitmqctl(self, *args: str) -> str:
        """Refuse: there is no access to its node."""
        raise BrokerNotOurs(f"no rabbitmqctl for a broker given by its URL: {' '.join(args)}")

    def close(self) -> None:
        """Leave it running."""

    @property
    def pid(self) -> None:
        """Unknown."""
        return None


def open_broker(
    directory: Path,
    *,
    amqp_url: str | None = None,
    management_url: str | None = None,
    port: int | None = None,
    management_port: int | None = None,
    config: str = "",
    root: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Broker:
    """Return a started broker; whoever calls closes it.

    Args:
        directory: where a broker of our own keeps its data and its log.
        amqp_url: the caller's broker, with its
        management_url: both or none.
        port: AMQP port of a broker of our own, a free one when None; so is
        management_port: its port for the management API.
        config: further lines of ``rabbitmq.conf`` for a broker of our own.
        root: take the package of this other root file system, and no container.
        report: is told of long steps in one line each.

    Raises:
        BrokerUnavailable: none can be had; the text lists each way with its reason and remedy.
    """
    if amqp_url or management_url:
        return _given(amqp_url, management_url)
    directory.mkdir(parents=True, exist_ok=True)
    if root is not None:
        node = PrivateNode(
            directory, port=port, management_port=management_port, config=config, root=root
        )
        node.start()
        return node
    refusals: list[str] = []
    for build in (_container, _private_node):
        try:
            broker = build(directory, port, management_port, config, report)
            broker.start()
        except BrokerUnavailable as refused:
            refusals.append(str(refused))
        else:
            return broker
    raise BrokerUnavailable(
        "no RabbitMQ can be had here:\n"
        + "\n".join(f"- {refusal}" for refusal in refusals)
        + "\n- or start one yourself and set HOPTRAIL_AMQP_URL and HOPTRAIL_MANAGEMENT_URL"
    )


def _given(amqp_url: str | None, management_url: str | None) -> Broker:
    if not amqp_url or not management_url:
        missing = "HOPTRAIL_MANAGEMENT_URL" if amqp_url else "HOPTRAIL_AMQP_URL"
        raise BrokerUnavailable(f"one broker needs both URLs: set {missing} too")
    broker = GivenBroker(amqp_url, management_url)
    try:
        broker.start()
    except BrokerUnavailable as refused:
        raise BrokerUnavailable(
            f"the broker of HOPTRAIL_AMQP_URL and HOPTRAIL_MANAGEMENT_URL: {refused}; "
            "start it, or unset both to have one started here"
        ) from refused
    return broker


def _container(
    directory: Path,
    port: int | None,
    management_port: int | None,
    config: str,
    report: Callable[[str], None],
) -> Broker:
    container.require_engine()
    return container.ContainerBroker(
        directory, port=port, management_port=management_port, config=config, report=report
    )


def _private_node(
    directory: Path,
    port: int | None,
    management_port: int | None,
    config: str,
    report: Callable[[str], None],
) -> Broker:
    package.require(report)
    return PrivateNode(directory, port=port, management_port=management_port, config=config)


def _with_credentials_of(amqp_url: str, management_url: str) -> str:
    parts = urlsplit(management_url)
    credentials = urlsplit(amqp_url).netloc.rpartition("@")[0]
    if parts.username is not None or not credentials:
        return management_url
    return urlunsplit(parts._replace(netloc=f"{credentials}@{parts.netloc}"))
