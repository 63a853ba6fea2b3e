"""The texts of messages indexed lately: a message that changes is indexed as a whole, its text with it.

Pure. Bounded by characters; those put in longest ago are forgotten first.
"""

from collections import OrderedDict

TEXT_CHARS_MAX = 32 << 20
ENTRY_CHARS = 100  # what an entry costs beside its text, about


class RecentTexts:
    """The text that is indexed of each message in here; None of one that has none."""

    def __init__(self, chars_max: int = TEXT_CHARS_MAX) -> None:
        self._chars_max = chars_max
        self._chars = 0
        self._texts: OrderedDict[str, str | None] = OrderedDict()

    def __contains__(self, uid: str) -> bool:
        return uid in self._texts

    def get(self, uid: str) -> str | None:
        return self._texts.get(uid)

    def put(self, uid: str, text: str | None) -> None:
        self.forget(uid)
        self._texts[uid] = text
        self._chars += _cost(text)
        while self._chars > self._chars_max:
            _, oldest = self._texts.popitem(last=False)
            self._chars -= _cost(oldest)

    def forget(self, uid: str) -> None:
        if uid in self._texts:
            self._chars -= _cost(self._texts.pop(uid))

    def clear(self) -> None:
        self._texts.clear()
        self._chars = 0


def _cost(text: str | None) -> int:
    return ENTRY_CHARS + len(text or "")
