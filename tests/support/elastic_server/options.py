"""What a caller may ask of a server that is started here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Setting = str | int | bool

Version = Literal["8", "9"]

HEAP: Final = "512m"
HEAP_MEASURED: Final = "1g"
FAST_START: Final = ("-XX:TieredStopAtLevel=1",)
"""Compile quickly rather than well: the tests start servers more than they work them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """Wishes of ``open_elastic``.

    Args:
        version: the major version.
        config: lines of ``elasticsearch.yml`` that add to ours or replace them.
        security: only known users may ask; *tls* includes it.
        tls: the HTTP port speaks TLS.
        fast_start: start in less time and work slower.
    """

    version: Version = "8"
    config: Mapping[str, Setting] = field(default_factory=dict)
    security: bool = False
    tls: bool = False
    fast_start: bool = True

    def java_options(self) -> tuple[str, ...]:
        """Return what sets the heap and the compiler of the server's Java."""
        if self.fast_start:
            return (f"-Xms{HEAP}", f"-Xmx{HEAP}", *FAST_START)
        return (f"-Xms{HEAP_MEASURED}", f"-Xmx{HEAP_MEASURED}")
