"""Old blocks stay readable for ever: one of every format ever released is kept and opened.

``python -m tests.unit.test_golden_blocks`` adds a file with the types of fact that none holds yet, or none with all their
fields; a file once written stays as it is.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from events import facts
from events.block import FORMAT, Block, open_block, open_bodies, seal, start_of_log
from events.facts import Envelope, Fact
from events.values import (
    AmqpDecimal,
    AmqpTimestamp,
    decode_extension,
    encode_extension,
)

FOLDER = Path(__file__).parents[1] / "golden" / "blocks"
FILES = sorted(FOLDER.glob("format-*.block"))
BODIES = (b"", b"\x00\xff not text", '{"greeting": "Grüße"}'.encode())
TABLE = {
    "text": "Grüße",
    b"\xff\xfe": b"\xfe\xff",
    "at": AmqpTimestamp(2**64 - 1),
    "price": AmqpDecimal(2, -1_050),
    "nested": {"list": [1, -(2**63), 1.5, True, None, {}]},
}
TEXTS = ("orders", b"not UTF-8 \xff", "")
_decoder = msgspec.msgpack.Decoder(Block)
_encoder = msgspec.msgpack.Encoder(enc_hook=encode_extension)


SCALARS: dict[type[inspect.Type], Callable[[int], Any]] = {
    inspect.AnyType: lambda turn: TEXTS[turn % 3],
    inspect.IntType: lambda turn: (turn + 1) * 257,
    inspect.BoolType: lambda turn: turn % 2 == 0,
    inspect.FloatType: lambda turn: turn + 0.5,
    inspect.StrType: lambda turn: f"text-{turn}",
    inspect.BytesType: lambda turn: turn.to_bytes(16, "big"),
    inspect.NoneType: lambda turn: None,
}


def sample(of: inspect.Type, turn: int) -> Any:
    """Return a value of the type, other ones in other turns."""
    match of:
        case inspect.UnionType(types=types):
            return sample(types[turn % len(types)], turn)
        case inspect.VarTupleType(item_type=item):
            return tuple(sample(item, turn + i) for i in range(turn % 3))
        case inspect.TupleType(item_types=items):
            return tuple(sample(item, turn + i) for i, item in enumerate(items))
        case inspect.ListType(item_type=item):
            return [sample(item, turn + i) for i in range(turn % 3)]
        case inspect.DictType(value_type=inspect.AnyType()):
            return TABLE
        case inspect.DictType(value_type=value):
            return {f"key-{i}": sample(value, turn + i) for i in range(turn % 3)}
        case inspect.StructType(cls=cls, fields=fields):
            return cls(*(sample(field.type, turn + i) for i, field in enumerate(fields)))
        case _:
            return SCALARS[type(of)](turn)


def samples(kind: type[Fact]) -> list[Fact]:
    """Return three facts of a type, which differ in every field."""
    return [sample(inspect.type_info(kind), turn) for turn in range(3)]


def golden(kinds: Iterable[type[Fact]]) -> Block:
    """Return a block of samples of *kinds*."""
    envelopes = [
        Envelope(position, 1_790_000_000_000_000_000 + position, position % 2, fact)
        for position, fact in enumerate(fact for kind in kinds for fact in samples(kind))
    ]
    return seal(envelopes, BODIES, start_of_log("main", "key-1"), epoch=3, segment=0)


def kept() -> dict[type[Fact], list[list[Fact]]]:
    """Return what each file holds, by type, in the order in which the files were written."""
    found: dict[type[Fact], list[list[Fact]]] = defaultdict(list)
    for file in FILES:
        told: dict[type[Fact], list[Fact]] = defaultdict(list)
        for envelope in open_block(_decoder.decode(file.read_bytes())):
            told[type(envelope.fact)].append(envelope.fact)
        for kind, held in told.items():
            found[kind].append(held)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_block_of_every_format_opens(file: Path) -> None:
    """Its digest and its link hold, and it has the events and bodies that its header counts."""
    block = _decoder.decode(file.read_bytes())

    assert len(open_block(block, expect=bytes(32))) == block.header.count
    assert open_bodies(block.header, block.bodies) == list(BODIES)


def grown(fact: Fact, fields: int) -> Fact:
    """Return *fact* as it reads when it was written with its first *fields* only."""
    told = msgspec.structs.fields(fact)
    late = {field.name: field.default for field in told[fields:]}
    return msgspec.structs.replace(fact, **late)


def shapes(kind: type[Fact]) -> list[bytes]:
    """Return how the samples of a type read: as written today, or before each of its last fields came to be."""
    told = msgspec.structs.fields(kind)
    first = next((n for n, field in enumerate(told) if not field.required), len(told))
    return [
        _encoder.encode([grown(fact, count) for fact in samples(kind)])
        for count in range(len(told), first - 1, -1)
    ]


@pytest.mark.parametrize("kind", facts.CURRENT, ids=lambda kind: kind.__name__)
def test_every_fact_has_the_values_it_was_sealed_with(kind: type[Fact]) -> None:
    """A changed field wants a new tag and an upcast; a new type or last field wants to be written into a file."""
    read = [_encoder.encode(told) for told in kept()[kind]]

    assert read[-1] == shapes(kind)[0]
    assert set(read) <= set(shapes(kind))


def test_values_without_counterpart_come_back() -> None:
    """Timestamps out of any calendar, decimals and text that is no UTF-8 survive a table."""
    packed = _encoder.encode(TABLE)

    assert msgspec.msgpack.decode(packed, ext_hook=decode_extension) == TABLE


if __name__ == "__main__":
    read = {kind: _encoder.encode(told[-1]) for kind, told in kept().items()}
    if missing := [kind for kind in facts.CURRENT if read.get(kind) != shapes(kind)[0]]:
        target = FOLDER / f"format-{FORMAT}.{len(FILES)}.block"
        target.write_bytes(msgspec.msgpack.encode(golden(missing)))
