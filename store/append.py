"""Whether a block may follow the head, or begin a log: the rules of appending, the same in every adapter.

Pure.
"""

from events.block import NO_DIGEST, Block, BlockHead


def refusal(block: Block, head: BlockHead | None, held: Block | None) -> str | None:
    """Return why *block* may not be appended after *head*, or None when it may.

    *held* is another block that already has its number, if there is one.
    """
    header = block.header
    if held is not None:
        return (
            f"block {header.number} is already there, written by epoch {held.header.epoch} "
            f"(this is epoch {header.epoch})"
        )
    number, position, digest = -1, 0, NO_DIGEST
    if head is not None:
        number, position, digest = head.number, head.next_position, head.digest
        if header.stream != head.stream:
            return f"stream {header.stream!r} is not that of the log, {head.stream!r}"
        if header.segment not in (head.segment, head.segment + 1):
            return f"segment {header.segment} does not follow segment {head.segment}"
    elif header.segment != 0:
        return f"the log is empty and begins with segment 0, not {header.segment}"
    if header.number != number + 1:
        return f"block {header.number} does not follow the head, block {number}"
    if header.first_position != position or header.previous != digest:
        return f"block {header.number} was sealed after another block {number} than the stored one"
    return None


def refusal_to_begin(block: Block, head: BlockHead | None) -> str | None:
    """Return why a log with *head* may not begin with *block*, or None when it may.

    Block 0 begins a log as appending it would; one with a higher number stands where older ones were dropped.
    """
    if head is not None:
        return f"the log is not empty: block {head.number} is its head"
    return refusal(block, None, None) if block.number == 0 else None
