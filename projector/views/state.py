"""What every view has: a state that snapshots keep and digests tell apart.

Pure. A view's state is one ``msgspec.Struct`` whose dictionaries fill in the order of events, so that its encoding is
canonical: equal histories give equal bytes, whatever the process, its hash seed or the snapshots used on the way.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Generic, TypeVar

import msgspec

from events.facts import Fact
from events.values import decode_extension, encode_extension
from projector.linker.model import ChangeHandler, ChangeKind, FactHandler

State = TypeVar("State")

_encoder = msgspec.msgpack.Encoder(enc_hook=encode_extension)


def pack(state: Any) -> bytes:
    """Return *state* as MessagePack."""
    return _encoder.encode(state)


class StateView(Generic[State]):
    """A view whose whole state is one struct of type *kind*; `edition` grows when the same events give another state."""

    name: str = ""
    edition: int = 1

    def __init__(self, linker_version: str, kind: type[State]) -> None:
        self.version = f"{self.edition}+{linker_version}"
        self.state = kind()
        self._unpack = msgspec.msgpack.Decoder(kind, ext_hook=decode_extension).decode

    def on_change(self) -> Mapping[ChangeKind, ChangeHandler]:
        return {}

    def on_fact(self) -> Mapping[type[Fact], FactHandler]:
        return {}

    def save(self) -> bytes:
        return pack(self.state)

    def restore(self, state: bytes) -> None:
        self.state = self._unpack(state)

    def digest(self) -> bytes:
        """Return the digest (32 bytes) of the state."""
        return sha256(self.save()).digest()
