"""Is the pipeline at work: ``python -m examples.image_pipeline.check``, for the health check of its container.

Exit codes: 0 every queue that a service reads is being read, 1 one is not, or the broker cannot be reached.
"""

import asyncio
import os
import sys

import aio_pika
from aio_pika.exceptions import AMQPError

from examples.image_pipeline import topology
from examples.image_pipeline.__main__ import DEFAULT_URL, FAILED, URL_VARIABLE

CONNECT_TIMEOUT_S = 10.0


async def unread(url: str) -> list[str]:
    """Return the queues that a service should read and nobody does.

    Raises:
        OSError, aio_pika.exceptions.AMQPError: the broker cannot be reached or refuses, or a queue is not there.
    """
    connection = await aio_pika.connect(
        url,
        client_properties={"connection_name": "image pipeline check"},
        timeout=CONNECT_TIMEOUT_S,
    )
    async with connection:
        channel = await connection.channel()
        found: list[str] = []
        for queue in topology.QUEUES:
            if queue.reader is not None:
                looked_at = await channel.declare_queue(queue.name, passive=True)
                if not looked_at.declaration_result.consumer_count:
                    found.append(queue.name)
        return found


def main() -> int:
    """Return the exit code."""
    try:
        found = asyncio.run(unread(os.environ.get(URL_VARIABLE) or DEFAULT_URL))
    except (AMQPError, OSError) as error:
        print(f"image pipeline: {type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
    if found:
        print(f"image pipeline: nobody reads {', '.join(found)}", file=sys.stderr)
        return FAILED
    print("every queue is read")
    return 0


if __name__ == "__main__":
    sys.exit(main())
