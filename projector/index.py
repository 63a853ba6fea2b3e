"""What the message index is given: the documents that changed, and the text of the bodies that are text.

Bodies are read from the log when a message is first indexed; they may stand in an earlier block than the
message, so the blocks of bodies opened last are kept.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from events.facts import BodyRef
from events.values import Text
from store.documents import MessageDocument
from store.ports import EventLog

TEXT_CHARS_MAX = 64 * 1024
"""Of a body, so much is searchable."""

OPENED_BYTES_MAX = 64 << 20
OPENED_BLOCKS_MAX = 256
SNIFFED_BYTES = 4_096
NOT_TEXT = ("image/", "audio/", "video/", "font/", "application/octet-stream", "application/zip")


class Bodies:
    """The bodies of *log*, with the blocks opened last kept, up to `OPENED_BYTES_MAX`."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._opened: OrderedDict[int, Sequence[bytes]] = OrderedDict()
        self._bytes = 0

    async def get(self, ref: BodyRef) -> bytes | None:
        """Return a stored body; None where it was dropped.

        Raises:
            LogDamaged: it is there but cannot be read.
        """
        bodies = self._opened.get(ref.block)
        if bodies is None:
            bodies = await self._log.bodies(ref.block) or ()
            self._keep(ref.block, bodies)
        else:
            self._opened.move_to_end(ref.block)
        return bodies[ref.index] if ref.index < len(bodies) else None

    def _keep(self, block: int, bodies: Sequence[bytes]) -> None:
        self._opened[block] = bodies
        self._bytes += sum(map(len, bodies))
        while len(self._opened) > 1 and (
            self._bytes > OPENED_BYTES_MAX or len(self._opened) > OPENED_BLOCKS_MAX
        ):
            _, dropped = self._opened.popitem(last=False)
            self._bytes -= sum(map(len, dropped))


async def texts_of(documents: Iterable[MessageDocument], bodies: Bodies) -> dict[str, str]:
    """Return by uid the searchable text of those documents' bodies that are text."""
    texts: dict[str, str] = {}
    for document in documents:
        if document.body is None or is_binary(document.content_type, document.content_encoding):
            continue
        body = await bodies.get(document.body)
        text = None if body is None else text_in(body, truncated=document.body.truncated)
        if text:
            texts[document.uid] = text
    return texts


def is_binary(content_type: Text | None, content_encoding: Text | None) -> bool:
    """Return whether the publisher says that the body is no text, or is compressed."""
    if isinstance(content_encoding, str) and content_encoding.lower() in {
        "gzip",
        "deflate",
        "br",
        "zstd",
    }:
        return True
    return isinstance(content_type, str) and content_type.lower().startswith(NOT_TEXT)


def text_in(body: bytes, *, truncated: bool = False) -> str | None:
    """Return *body* as text, up to `TEXT_CHARS_MAX` characters; None when it is not UTF-8 text."""
    if not body or b"\0" in body[:SNIFFED_BYTES]:
        return None
    start = body[: 4 * TEXT_CHARS_MAX]
    cut = truncated or len(start) < len(body)
    try:
        text = start.decode()
    except UnicodeDecodeError as error:
        if not cut or error.start < len(start) - 3:
            return None
        text = start[: error.start].decode()  # the cut went through a character
    return text[:TEXT_CHARS_MAX].replace("\0", " ")
