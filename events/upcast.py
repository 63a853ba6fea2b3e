"""Decode envelopes of every version ever written into today's types.

A type that is no longer current stays among the retired facts, with a function here that gives its successor.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from events.facts import CURRENT, RETIRED, Envelope, Fact
from events.values import decode_extension, encode_extension

UPCASTS: dict[type[Fact], Callable[[Any], Fact]] = {}
KNOWN_TAGS = frozenset(str(kind.__struct_config__.tag) for kind in CURRENT + RETIRED)


class FactUnknown(ValueError):
    """A fact was written by a newer hoptrail; upgrade the readers first."""


_decoder = msgspec.msgpack.Decoder(list[Envelope], ext_hook=decode_extension)
_encoder = msgspec.msgpack.Encoder(enc_hook=encode_extension)


def encode(envelopes: list[Envelope]) -> bytes:
    """Return *envelopes* as one MessagePack array."""
    return _encoder.encode(envelopes)


def decode(packed: bytes) -> list[Envelope]:
    """Invert :func:`encode`, upcasting old versions.

    Raises:
        FactUnknown: a tag is not known here.
        msgspec.DecodeError: *packed* is not what :func:`encode` writes.
    """
    try:
        found = _decoder.decode(packed)
    except msgspec.ValidationError as error:
        _refuse_unknown_tags(packed, error)
        raise
    if not UPCASTS:
        return found
    return [_today(envelope) for envelope in found]


def _today(envelope: Envelope) -> Envelope:
    while (upcast := UPCASTS.get(type(envelope.fact))) is not None:
        envelope = msgspec.structs.replace(envelope, fact=upcast(envelope.fact))
    return envelope


def _refuse_unknown_tags(packed: bytes, cause: Exception) -> None:
    rows = msgspec.msgpack.decode(packed, ext_hook=decode_extension)
    for row in rows:
        tag = row[3][0]
        if tag not in KNOWN_TAGS:
            raise FactUnknown(
                f"position {row[0]}: {tag} was written by a newer hoptrail"
            ) from cause
