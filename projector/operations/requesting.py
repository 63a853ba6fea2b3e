"""A plan as the facts of commands: the request, and its items in pieces small enough for a command each. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from events.facts import Fact, RetryItem, RetryPlanned, RetryRequested
from events.values import encode_extension
from projector.operations.plan import Plan, Wanted

PIECE_ITEMS_MAX = 500
PIECE_BYTES_MAX = 256 << 10

_pack = msgspec.msgpack.Encoder(enc_hook=encode_extension).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """How to carry out a plan: `batch` messages at a time, `rate_per_s` at most. `selection` says which, in words."""

    retry: str
    by: str
    selection: str
    planned_at: int
    batch: int
    rate_per_s: float


def commands_of(
    plan: Plan, wanted: Wanted, request: Request
) -> list[Callable[[str], tuple[Fact, ...]]]:
    """Return what makes the facts of each command, to be sent in this order, from the id it is given."""
    made = [_maker(request, first, items) for first, items in pieces(plan.items)]

    def begin(command: str) -> tuple[Fact, ...]:
        requested = RetryRequested(
            command=command,
            by=request.by,
            retry=request.retry,
            action=wanted.action,
            selection=request.selection,
            planned_at=request.planned_at,
            vhost=plan.vhost,
            items=len(plan.items),
            target=wanted.target.told,
            remove=wanted.remove,
            batch=request.batch,
            rate_per_s=request.rate_per_s,
        )
        return (requested, *made[0](command))

    return [begin, *made[1:]]


def pieces(items: Sequence[RetryItem]) -> Iterator[tuple[int, tuple[RetryItem, ...]]]:
    """Yield *items* in order, cut where a piece would be too large, each with the number of its first."""
    first, gathered, size = 0, list[RetryItem](), 0
    for number, item in enumerate(items):
        item_bytes = len(_pack(item))
        if gathered and (len(gathered) >= PIECE_ITEMS_MAX or size + item_bytes > PIECE_BYTES_MAX):
            yield first, tuple(gathered)
            first, gathered, size = number, [], 0
        gathered.append(item)
        size += item_bytes
    if gathered:
        yield first, tuple(gathered)


def _maker(
    request: Request, first: int, items: tuple[RetryItem, ...]
) -> Callable[[str], tuple[Fact, ...]]:
    return lambda command: (RetryPlanned(command, request.by, request.retry, first, items),)
