"""What every fact is, and the names of the shapes that facts are made of."""

from typing import Any

import msgspec

from events.values import Text

Table = dict[Text, Any]
Texts = tuple[Text, ...]


class Fact(msgspec.Struct, frozen=True, array_like=True, gc=False, tag_field="_tag"):
    """Base of every fact."""
