"""Opaque cursors: where a list goes on, signed, so that a damaged one is refused and none can be made up.

Pure. A cursor is base64url of a tag (16 bytes of keyed BLAKE2b) and the values after which the list goes on; the tag
also covers the request it belongs to, so that it cannot be used with another query or order.
"""

import base64
import binascii
from hashlib import blake2b
from hmac import compare_digest

import msgspec

TAG_BYTES = 16
CURSOR_CHARS_MAX = 4_096

Values = tuple[int | str, ...]

_decoder = msgspec.msgpack.Decoder(tuple[int | str, ...])


class CursorInvalid(ValueError):
    """A cursor is damaged, or was made for another request."""


def key_from(store_key: bytes) -> bytes:
    """Return the signing key derived from the store's secret."""
    return blake2b(store_key, digest_size=32, person=b"hoptrail-cursor").digest()


def encode(key: bytes, request: str, values: Values) -> str:
    """Return the cursor for *request* (a text that names the list, its query and its order) after *values*."""
    packed = msgspec.msgpack.encode(values)
    tagged = _tag(key, request, packed) + packed
    return _written(tagged)


def decode(key: bytes, request: str, cursor: str) -> Values:
    """Invert :func:`encode`.

    Raises:
        CursorInvalid: it is damaged, or belongs to another request.
    """
    if len(cursor) > CURSOR_CHARS_MAX or not cursor.isascii():
        raise CursorInvalid("it is no cursor")
    try:
        tagged = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise CursorInvalid("it is no cursor") from error
    if _written(tagged) != cursor:
        raise CursorInvalid("it is no cursor")
    tag, packed = tagged[:TAG_BYTES], tagged[TAG_BYTES:]
    if not compare_digest(tag, _tag(key, request, packed)):
        raise CursorInvalid("it is damaged, or was made for another request")
    return _decoder.decode(packed)


def _written(tagged: bytes) -> str:
    return base64.urlsafe_b64encode(tagged).rstrip(b"=").decode()


def _tag(key: bytes, request: str, packed: bytes) -> bytes:
    hasher = blake2b(key=key, digest_size=TAG_BYTES)
    told = request.encode("utf-8", "surrogatepass")
    hasher.update(len(told).to_bytes(8, "big") + told + packed)
    return hasher.digest()
