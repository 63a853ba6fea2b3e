"""How often somebody may try a wrong key: a few times a minute from each address, with a bound on what is remembered.

Pure: the time is told.
"""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address, ip_network

WRONG_PER_WINDOW_MAX = 10
WINDOW_S = 60.0
ADDRESSES_MAX = 4_096
_SITE_BITS = 64


class Attempts:
    """The times of the newest wrong keys of each address; of too many addresses, the one quiet longest is forgotten."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def wait_s(self, address: str, now: float) -> float:
        """Return how many seconds *address* has to wait until it may try again; 0.0 for none."""
        recent = self._recent(_site(address), now)
        if len(recent) < WRONG_PER_WINDOW_MAX:
            return 0.0
        return recent[-WRONG_PER_WINDOW_MAX] + WINDOW_S - now

    def was_wrong(self, address: str, now: float) -> None:
        """Note that a key tried from *address* was wrong."""
        site = _site(address)
        self._wrong[site] = [*self._recent(site, now), now][-WRONG_PER_WINDOW_MAX:]
        self._wrong.move_to_end(site)
        if len(self._wrong) > ADDRESSES_MAX:
            self._wrong.popitem(last=False)

    def _recent(self, site: str, now: float) -> list[float]:
        return [at for at in self._wrong.get(site, ()) if at > now - WINDOW_S]


def _site(address: str) -> str:
    """Return what counts as one address: of IPv6 the network of a site, within which anybody has as many as wanted."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        return str(ip_network((known, _SITE_BITS), strict=False))
    return address
