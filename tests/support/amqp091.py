"""A small AMQP 0-9-1 client for tests that need every detail of the protocol in their own hands."""

from struct import pack
from typing import Any, cast

from pamqp import body as content
from pamqp import commands, frame
from pamqp.header import ContentHeader

from bench.raw import RawConnection

CONTENT_FRAME_BYTES_MAX = 100_000
CONTENT_HEADER = 2


class Client(RawConnection):
    """One connection with one channel; each call returns when the broker has answered it.

    Every call raises ConnectionError when the broker closes the channel or the connection.
    """

    def queue(self, name: str, kind: str = "classic", **options: Any) -> str:
        """Declare a queue of type *kind*, durable unless *options* say otherwise; return its name."""
        arguments = {"x-queue-type": kind, **options.pop("arguments", {})}
        declare = commands.Queue.Declare(
            queue=name, arguments=arguments, **{"durable": True, **options}
        )
        return self.call(declare, commands.Queue.DeclareOk).queue

    def exchange(self, name: str, kind: str, **options: Any) -> str:
        """Declare a durable exchange and return its name."""
        declare = commands.Exchange.Declare(
            exchange=name, exchange_type=kind, **{"durable": True, **options}
        )
        self.call(declare, commands.Exchange.DeclareOk)
        return name

    def bind(self, queue: str, exchange: str, key: str = "", **arguments: Any) -> None:
        """Bind a queue."""
        bind = commands.Queue.Bind(
            queue=queue, exchange=exchange, routing_key=key, arguments=arguments
        )
        self.call(bind, commands.Queue.BindOk)

    def publish(
        self, exchange: str, key: str, body: bytes, *, mandatory: bool = False, **properties: Any
    ) -> None:
        """Publish, and return when the broker has confirmed it."""
        self.confirm()
        self.publish_unconfirmed(exchange, key, body, mandatory=mandatory, **properties)
        self.expect(commands.Basic.Ack)

    def publish_unconfirmed(
        self, exchange: str, key: str, body: bytes, *, mandatory: bool = False, **properties: Any
    ) -> None:
        """Publish and wait for nothing."""
        publish = commands.Basic.Publish(exchange=exchange, routing_key=key, mandatory=mandatory)
        header = ContentHeader(0, len(body), commands.Basic.Properties(**properties))
        steps = range(0, len(body), CONTENT_FRAME_BYTES_MAX)
        parts = [
            publish,
            header,
            *(content.ContentBody(body[at : at + CONTENT_FRAME_BYTES_MAX]) for at in steps),
        ]
        self.send_raw(b"".join(frame.marshal(part, 1) for part in parts))

    def outcome(self) -> bool:
        """Return whether the broker accepts what was published last."""
        told = self.expect(cast("type", (commands.Basic.Ack, commands.Basic.Nack)))
        return isinstance(told, commands.Basic.Ack)

    def depth(self, queue: str) -> int:
        """Return how many messages are ready in a queue."""
        declare = commands.Queue.Declare(queue=queue, passive=True)
        return self.call(declare, commands.Queue.DeclareOk).message_count

    def confirm(self) -> None:
        """Have the broker confirm what is published from now on."""
        self.call(commands.Confirm.Select(), commands.Confirm.SelectOk)

    def consume(
        self,
        queue: str,
        *,
        no_ack: bool = False,
        prefetch: int = 10,
        arguments: dict[str, Any] | None = None,
    ) -> None:
        """Start the consumer ``c``."""
        self.call(commands.Basic.Qos(prefetch_count=prefetch), commands.Basic.QosOk)
        consume = commands.Basic.Consume(
            queue=queue, consumer_tag="c", no_ack=no_ack, arguments=arguments
        )
        self.call(consume, commands.Basic.ConsumeOk)

    def delivery(self) -> commands.Basic.Deliver:
        """Return the next delivery."""
        return self.expect(commands.Basic.Deliver)

    def reply_address(self) -> str:
        """Return where the next message that is handed over wants its reply."""
        found: list[str] = []

        def take(kind: int, channel: int, payload: bytes) -> bool:
            if kind == CONTENT_HEADER:
                data = pack(">BHI", kind, channel, len(payload)) + payload + b"\xce"
                _, _, header = frame.unmarshal(data)
                found.append(cast("ContentHeader", header).properties.reply_to or "")
            return bool(found)

        self.receive(take)
        return found[0]

    def get(self, queue: str, *, no_ack: bool = True) -> int:
        """Get a message that is there and return its delivery tag."""
        return self.call(
            commands.Basic.Get(queue=queue, no_ack=no_ack), commands.Basic.GetOk
        ).delivery_tag

    def close(self) -> None:
        """End the connection without a word."""
        self.__exit__(None, None, None)

    def settle(self) -> None:
        """Return when the broker has handled all that was sent on the channel."""
        self.call(commands.Basic.Qos(prefetch_count=10), commands.Basic.QosOk)
