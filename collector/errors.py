"""Why a collector stops or begins again."""

from collections.abc import Sequence


class LeaderHeld(Exception):
    """Another collector leads; `holder` says which, as far as the broker tells."""

    def __init__(self, holder: str | None) -> None:
        super().__init__(f"another collector leads: {holder or 'the broker does not say which'}")
        self.holder = holder


class VhostUnknown(Exception):
    """The settings name vhosts that the broker does not have, or does not show to this user."""

    def __init__(self, names: Sequence[str], there: Sequence[str]) -> None:
        known = ", ".join(there) or "none"
        super().__init__(
            f"HOPTRAIL_VHOSTS names what the broker does not have: {', '.join(names)}; it shows: {known}. "
            "Write the names separated by commas, percent-encoded (%2F is the default vhost /)"
        )


class Replan(Exception):
    """What is to be tapped has changed; close in good order and begin again."""
