"""How a view's state is kept in snapshots and digested.

Pure. A view's state is one ``msgspec.Struct`` whose dictionaries fill in the order of events, so that its encoding is
canonical: equal histories give equal bytes, whatever the process, its hash seed or the snapshots used on the way.
"""

from hashlib import sha256
from typing import Any, TypeVar

import msgspec

from events.values import decode_extension, encode_extension

State = TypeVar("State")

_encoder = msgspec.msgpack.Encoder(enc_hook=encode_extension)


def pack(state: Any) -> bytes:
    """Return *state* as MessagePack."""
    return _encoder.encode(state)


def unpacker(kind: type[State]) -> msgspec.msgpack.Decoder[State]:
    """Return the decoder that inverts :func:`pack` for states of type *kind*."""
    return msgspec.msgpack.Decoder(kind, ext_hook=decode_extension)


def digest(packed: bytes) -> bytes:
    """Return the digest (32 bytes) of a packed state."""
    return sha256(packed).digest()
