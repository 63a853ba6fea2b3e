"""The JSON form of what changed in the system.

Pure.
"""

from typing import Literal, get_args

from pydantic import Field

from api.wire import Out, PositionOut, TimeOut, time
from projector import system

ChangeName = Literal[
    "queue-created",
    "queue-changed",
    "queue-deleted",
    "exchange-created",
    "exchange-changed",
    "exchange-deleted",
    "binding-created",
    "binding-deleted",
    "consumer-started",
    "consumer-stopped",
    "connection-opened",
    "connection-closed",
    "user-seen",
    "vhost-created",
    "vhost-deleted",
    "policy-set",
    "policy-cleared",
    "alarm-raised",
    "alarm-cleared",
    "node-started",
    "node-stopped",
    "service-seen",
    "edge-seen",
    "type-seen",
    "gap-opened",
    "gap-closed",
    "capture-started",
    "capture-stopped",
]
KINDS: tuple[str, ...] = get_args(ChangeName)


class ChangeOut(Out):
    """Something changed in the system, or was seen for the first time."""

    position: PositionOut | None = Field(
        description="Of the fact that tells it; null where traffic showed it."
    )
    at: TimeOut = Field(description="When it was seen.")
    kind: ChangeName
    about: list[str] = Field(
        description="Ids of nodes of the topology, or `vhost:NAME`, `user:NAME`, `connection:NAME`, `node:NAME`.",
        examples=[["queue:/:orders", "vhost:/"]],
    )
    told: str = Field(description="In words.")
    seen_as: Literal["event", "reconciliation", "traffic", "ledger"] = Field(
        description="event: the broker told as it happened; reconciliation: a snapshot found it, so it happened before; "
        "traffic: seen with the first message; ledger: capture tells of itself."
    )


def change(found: system.ChangeSeen) -> ChangeOut:
    return ChangeOut(
        position=None if found.position is None else str(found.position),
        at=time(found.at),
        kind=found.kind,  # pyright: ignore[reportArgumentType]
        about=list(found.about),
        told=found.told,
        seen_as=found.seen_as,  # pyright: ignore[reportArgumentType]
    )
