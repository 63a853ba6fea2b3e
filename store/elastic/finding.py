"""What a look at the store tells. Pure."""

from dataclasses import dataclass

OK, WARNING, PROBLEM = "ok", "warning", "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `state` is ok, warning or problem; `mend` are the commands or settings that help."""

    what: str
    state: str
    detail: str
    mend: tuple[str, ...] = ()
