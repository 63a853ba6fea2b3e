"""The store's secret key in a document of its own index, created once and never replaced."""

import msgspec

from events.identity import KEY_BYTES
from store.elastic import log_indices
from store.elastic.connection import Elastic
from store.elastic.documents import Docs, create, make_index, read
from store.errors import LogRefused, LogUnavailable

KEY_ID = "fingerprint"


class _Key(msgspec.Struct):
    key: bytes


_keys = msgspec.json.Decoder(Docs[_Key])


async def stored(elastic: Elastic) -> bytes | None:
    """Return the key, None when there is none yet.

    Raises:
        LogRefused: what stands there is no key.
    """
    (doc,) = await read(elastic, elastic.names.keys, [KEY_ID], _keys)
    if doc.source is None:
        return None
    if len(doc.source.key) != KEY_BYTES:
        raise LogRefused(f"{elastic.names.keys} holds no key: {len(doc.source.key)} bytes")
    return doc.source.key


async def made(elastic: Elastic, key: bytes) -> bytes:
    """Return the key, which is *key* unless another was there first."""
    await make_index(elastic, elastic.names.keys, log_indices.keys())
    await create(elastic, elastic.names.keys, KEY_ID, msgspec.json.encode(_Key(key)))
    held = await stored(elastic)
    if held is None:
        raise LogUnavailable("the store's key was made, but cannot be read")
    return held
