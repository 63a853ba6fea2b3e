"""What can go wrong on an AMQP connection, one type per thing a caller does about it."""


class AmqpError(Exception):
    """Base of everything this package raises."""


class AmqpUnavailable(AmqpError):
    """No connection could be made; trying again later may help."""


class AmqpRefused(AmqpError):
    """The broker will not have these credentials, this virtual host or this URL; trying again does not help."""


class AmqpClosed(AmqpError):
    """The connection is gone. `code` and `text` are the broker's, or 0 and the reason seen on this side."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}" if code else text)
        self.code = code
        self.text = text


class ChannelClosed(AmqpError):
    """The broker closed one channel; the connection lives on. `code` and `text` are the broker's."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{code} {text}")
        self.code = code
        self.text = text


class ConsumerCancelled(AmqpError):
    """The broker ended a consumer, for example because its queue was deleted."""

    def __init__(self, queue: str) -> None:
        super().__init__(f"the broker cancelled the consumer of {queue}")
        self.queue = queue


class AmqpProtocolError(AmqpError):
    """The peer sent bytes that are not AMQP 0-9-1; the connection is closed."""


class TableDamaged(ValueError):
    """A field table or a property list does not parse; the reason says where."""
