"""A command: what an operator asks of the leader, sealed so that only who knows the store's secret can ask. Pure.

On the wire it is the MAC of the rest, then MessagePack. Write access to the broker alone makes nobody an operator: a
command without the right MAC is not even read. One that is too old, or was taken in before, does nothing again.
"""

from hashlib import blake2b
from hmac import compare_digest, digest

import msgspec

from events.facts import AnyFact
from events.values import decode_extension, encode_extension

COMMAND_BYTES_MAX = 512 << 10
MAC_BYTES = 32
ID_HEX_DIGITS = 32
SECRET_CHARS_MIN = 32
_form = b"hoptrail command 1\n"


class CommandInvalid(Exception):
    """What came is no command that whoever knows the secret sealed."""


class CommandTooLarge(ValueError):
    """A command is larger than a leader takes."""


class CommandsUnavailable(Exception):
    """The leader's queue cannot be reached, or takes nothing; the command was not sent."""


class Command(msgspec.Struct, frozen=True, array_like=True):
    """Facts to append, all of them or none. `id` is random (32 hex digits), `issued_at` in ns."""

    id: str
    issued_at: int
    facts: tuple[AnyFact, ...]


_encoder = msgspec.msgpack.Encoder(enc_hook=encode_extension)
_decoder = msgspec.msgpack.Decoder(Command, ext_hook=decode_extension)


def key_of_store(store_key: bytes) -> bytes:
    """Return the key of commands (32 bytes) that the store's secret leads to."""
    return blake2b(key=store_key, digest_size=32, person=b"hoptrail command").digest()


def key_of_secret(secret: str) -> bytes:
    """Return the key of commands (32 bytes) that a secret of the settings leads to."""
    return blake2b(secret.encode(), digest_size=32, person=b"hoptrail command").digest()


def command_key(secret: str | None, store_key: bytes) -> bytes:
    """Return the key of commands: that of the *secret*, where one is set, else that of the store."""
    return key_of_store(store_key) if secret is None else key_of_secret(secret)


def seal(command: Command, key: bytes) -> bytes:
    """Return *command* as it is sent.

    Raises:
        CommandTooLarge: it has more than `COMMAND_BYTES_MAX` bytes.
    """
    packed = _encoder.encode(command)
    if len(packed) + MAC_BYTES > COMMAND_BYTES_MAX:
        raise CommandTooLarge(
            f"the command has {len(packed):,} bytes, and {COMMAND_BYTES_MAX:,} is the most"
        )
    return _mac(key, packed) + packed


def opened(sealed: bytes, key: bytes) -> Command:
    """Return the command that :func:`seal` made.

    Raises:
        CommandInvalid: it was not made with *key*, or not by a hoptrail of this version.
    """
    if len(sealed) > COMMAND_BYTES_MAX:
        raise CommandInvalid("it is too large")
    mac, packed = sealed[:MAC_BYTES], sealed[MAC_BYTES:]
    if not compare_digest(mac, _mac(key, packed)):
        raise CommandInvalid("its signature is wrong")
    try:
        return _decoder.decode(packed)
    except msgspec.DecodeError as error:
        raise CommandInvalid("this version does not know it") from error


def _mac(key: bytes, packed: bytes) -> bytes:
    return digest(key, _form + packed, "sha256")
