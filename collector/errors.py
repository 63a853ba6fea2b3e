"""Why a collector stops or begins again."""


class LeaderHeld(Exception):
    """Another collector leads; `holder` says which, as far as the broker tells."""

    def __init__(self, holder: str | None) -> None:
        super().__init__(f"another collector leads: {holder or 'the broker does not say which'}")
        self.holder = holder


class Replan(Exception):
    """What is to be tapped has changed; close in good order and begin again."""
