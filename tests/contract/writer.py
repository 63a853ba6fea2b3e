"""A process that appends a chain to a SQLite log and names each block on stdout once it is durable."""

import asyncio
import os
import sys
from pathlib import Path

from events.block import start_of_log
from events.identity import key_id
from store.sqlite.log import SqliteEventLog
from tests.contract.blocks import STREAM, chain


async def main(directory: Path, count: int, blocks_per_segment: int) -> None:
    async with SqliteEventLog(directory) as log:
        key = await log.fingerprint_key()
        head = await log.head() or start_of_log(STREAM, key_id(key))
        mine = chain(
            count, after=head, blocks_per_segment=blocks_per_segment, key=key, epoch=os.getpid()
        )
        for block in mine:
            await log.append(block)
            print(block.number, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
