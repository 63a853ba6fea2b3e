"""A small AMQP 0-9-1 client for asyncio, made to consume a tap: fast, and tolerant of any bytes the broker passes on."""

from collector.amqp.buffer import DeliveryBuffer
from collector.amqp.channel import AUTO_DELETE, DURABLE, EXCLUSIVE, PASSIVE, Channel
from collector.amqp.connection import Connection, connect
from collector.amqp.encode import header_payload, table_entries
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
from collector.amqp.publisher import Publisher, Returned, Settled
from collector.amqp.table import decode_properties, decode_table, spans
from collector.amqp.tls import context_of, refusal
from collector.amqp.url import AmqpAddress, TlsFiles, parse_url

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
    "Publisher",
    "Returned",
    "Settled",
    "TableDamaged",
    "TlsFiles",
    "connect",
    "context_of",
    "decode_properties",
    "decode_table",
    "header_payload",
    "parse_url",
    "refusal",
    "spans",
    "table_entries",
]
