"""Decode one delivery of a tap, and look at its fact as it comes out of the log."""

from collections.abc import Mapping
from struct import pack
from typing import Any

from bench.raw import table
from collector.amqp import Delivery
from collector.decoding.decoder import Decoder, Draft
from events.facts import Envelope
from events.upcast import decode, encode
from tests.support.amqp_values import array, longstr

KEY = bytes(32)


def firehose(delivery: Delivery, decoder: Decoder | None = None) -> Draft | None:
    """Return what a firehose delivery says."""
    return (decoder or Decoder(KEY)).firehose(delivery, tap="obs.tap.firehose", vhost="/")


def died(
    delivery: Delivery,
    decoder: Decoder | None = None,
    routes: Mapping[Any, Any] | None = None,
) -> Draft | None:
    """Return what a delivery of a dead-letter tap says."""
    return (decoder or Decoder(KEY)).dead_letter(
        delivery, tap="obs.tap.dlx", vhost="/", dead_letters_to=routes or {}
    )


def fact_of(draft: Draft | None) -> Any:
    """Return the fact of *draft* as it comes out of the log."""
    assert draft is not None
    (envelope,) = decode(encode([Envelope(0, 0, 0, draft.fact)]))
    return envelope.fact


def deaths(queue: bytes = b"work", count: int = 1) -> bytes:
    """Return an ``x-death`` header."""
    return array([b"F" + table({b"queue": longstr(queue), b"count": b"l" + pack(">q", count)})])
