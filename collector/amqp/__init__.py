"""A small AMQP 0-9-1 client for asyncio, made to consume a tap: fast, and tolerant of any bytes the broker passes on."""

from collector.amqp.buffer import DeliveryBuffer
from collector.amqp.connection import (
    AUTO_DELETE,
    DURABLE,
    EXCLUSIVE,
    PASSIVE,
    Channel,
    Connection,
    connect,
)
from collector.amqp.errors import (
    AmqpClosed,
    AmqpError,
    AmqpProtocolError,
    AmqpRefused,
    AmqpUnavailable,
    ChannelClosed,
    ConsumerCancelled,
    TableDamaged,
)
from collector.amqp.frames import Delivery, FrameParser, Method
from collector.amqp.table import decode_properties, decode_table, spans
from collector.amqp.url import AmqpAddress, parse_url

__all__ = [
    "AUTO_DELETE",
    "DURABLE",
    "EXCLUSIVE",
    "PASSIVE",
    "AmqpAddress",
    "AmqpClosed",
    "AmqpError",
    "AmqpProtocolError",
    "AmqpRefused",
    "AmqpUnavailable",
    "Channel",
    "ChannelClosed",
    "Connection",
    "ConsumerCancelled",
    "Delivery",
    "DeliveryBuffer",
    "FrameParser",
    "Method",
    "TableDamaged",
    "connect",
    "decode_properties",
    "decode_table",
    "parse_url",
    "spans",
]
