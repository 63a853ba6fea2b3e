"""A connection to a broker: just what a tap needs.

Deliveries go into a :class:`DeliveryBuffer`; everything else is request and answer. When a connection dies, whoever
waits on it gets one typed error and the buffers it fed fail with the same, so that nothing can go on unnoticed. Nothing
reconnects by itself: what was unacknowledged is the supervise loop's to align.
"""

import asyncio
from ssl import SSLContext
from typing import Self

from collector.amqp.channel import Channel
from collector.amqp.errors import AmqpClosed, AmqpError, AmqpRefused, AmqpUnavailable
from collector.amqp.publisher import Publisher
from collector.amqp.tls import context_of, refusal
from collector.amqp.transport import AmqpTransport
from collector.amqp.url import AmqpAddress

CLOSE_S_MAX = 2.0
HEARTBEAT_S = 2
"""Asked of the broker, which gives a silent collector up after two or three of them."""
CONNECT_S_MAX = 10.0
HEAD_START_S = 2.0
"""How long a node is waited for alone before the next one is tried too."""
REFUSALS = frozenset({403, 530})


class Connection:
    """An open connection; an async context manager that closes it."""

    def __init__(self, transport: AmqpTransport, address: AmqpAddress) -> None:
        self.address = address
        self.name = transport.name
        self.server = transport.server
        self._transport = transport

    @property
    def failure(self) -> AmqpError | None:
        """Why the connection is gone; None while it stands."""
        return self._transport.failure

    @property
    def blocked(self) -> str | None:
        """Why the broker takes no publishes; None while it takes them."""
        return self._transport.blocked

    async def channel(self) -> Channel:
        """Open a channel.

        Raises:
            AmqpUnavailable: as many are open as the broker allows.
            AmqpClosed: the connection is gone.
        """
        channel = Channel(self._transport, self.address.vhost)
        await channel.open()
        return channel

    async def publisher(self) -> Publisher:
        """Open a channel that publishes.

        Raises:
            AmqpUnavailable, AmqpClosed: as :meth:`channel`.
        """
        publisher = Publisher(self._transport, self.address.vhost)
        await publisher.open()
        return publisher

    async def close(self) -> None:
        """Close in good order; a connection that is gone already is no error."""
        await self._transport.close(CLOSE_S_MAX)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def connect(address: AmqpAddress, *, name: str, heartbeat: int = HEARTBEAT_S) -> Connection:
    """Open a connection that calls itself *name*, to the first node of *address* that answers.

    The nodes are tried in order; one that has not answered after a while is no longer waited for alone. The `address` of
    the connection begins with the node that answered.

    Raises:
        AmqpUnavailable: nobody answers there, or not in time.
        AmqpRefused: the credentials, the virtual host or a certificate are not accepted, by either side.
    """
    context = None if address.tls is None else context_of(address.tls)
    left = list(address.hosts)
    running: set[asyncio.Task[Connection]] = set()
    failures: list[AmqpError] = []
    answered: Connection | None = None
    try:
        while answered is None and (left or running):
            if left:
                node = address.at_host(*left.pop(0))
                running.add(asyncio.create_task(_open(node, context, name, heartbeat)))
            done, running = await asyncio.wait(
                running,
                timeout=HEAD_START_S if left else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in done:
                if (failure := _failure_of(task)) is not None:
                    failures.append(failure)
                elif answered is None:
                    answered = task.result()
                else:
                    running.add(task)
    finally:
        await _give_up(running)
    if answered is None:
        told = "; ".join(dict.fromkeys(map(str, failures)))
        refused = any(isinstance(failure, AmqpRefused) for failure in failures)
        raise (AmqpRefused if refused else AmqpUnavailable)(told) from failures[0]
    return answered


def _failure_of(task: "asyncio.Task[Connection]") -> AmqpError | None:
    error = task.exception()
    if error is None or isinstance(error, AmqpError):
        return error
    raise error


async def _give_up(running: "set[asyncio.Task[Connection]]") -> None:
    for task in running:
        task.cancel()
    for late in await asyncio.gather(*running, return_exceptions=True):
        if isinstance(late, Connection):
            await late.close()


async def _open(
    address: AmqpAddress, context: SSLContext | None, name: str, heartbeat: int
) -> Connection:
    """Connect to the first node of *address*."""
    loop = asyncio.get_running_loop()
    node = address.only_first()
    checked = None if address.tls is None else address.tls.server_name or address.host
    try:
        async with asyncio.timeout(CONNECT_S_MAX):
            _, transport = await loop.create_connection(
                lambda: AmqpTransport(node, name=name, heartbeat_s=heartbeat),
                node.host,
                node.port,
                ssl=context,
                server_hostname=checked,
            )
            try:
                await transport.ready
            except BaseException:
                transport.abort(AmqpClosed(0, "given up"))
                raise
    except TimeoutError as error:
        raise AmqpUnavailable(f"{node} does not answer within {CONNECT_S_MAX:g} s") from error
    except OSError as error:
        raise _translated(error, node) from error
    except AmqpClosed as error:
        if isinstance(error.__cause__, OSError):
            raise _translated(error.__cause__, node) from error
        if error.code in REFUSALS:
            raise AmqpRefused(_why_refused(node, error)) from error
        raise AmqpUnavailable(f"{node} closed the connection: {error}") from error
    return Connection(transport, address)


def _why_refused(node: AmqpAddress, error: AmqpClosed) -> str:
    who = node.user or "the owner of our client certificate"
    whose = "the user, password and vhost are those of HOPTRAIL_AMQP_URL"
    return f"{node} refuses {who} at {node.vhost!r}: {error.text.rstrip('.')}; {whose}"


def _translated(error: OSError, node: AmqpAddress) -> AmqpError:
    if node.tls is not None:
        why = refusal(error, str(node), node.host, node.tls)
        if why is not None:
            return AmqpRefused(why)
    return AmqpUnavailable(f"{node} cannot be reached: {error or 'cut while TLS was agreed on'}")
