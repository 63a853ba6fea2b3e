"""What the log holds of a shovel that moves messages between two queues of the broker."""

import httpx2
import pytest

from tests.support.management import Management
from tests.support.visible import Scene, Window
from tests.support.wait import wait_until

Told = frozenset[str]
MOVED_S_MAX = 60
LOCAL = (4, 2)


def move(scene: Scene, name: str, queue_type: str, protocol: str) -> Window:
    """Have a shovel that speaks *protocol* at both ends move a message; return what the log holds of that."""
    source, target = f"{name}.from", f"{name}.to"
    value = {
        "src-protocol": protocol, "src-uri": scene.url, "src-queue": source,
        "dest-protocol": protocol, "dest-uri": scene.url, "dest-queue": target,
    }  # fmt: skip
    with Management(scene.broker.management_url) as management, scene.client() as client:
        client.queue(source, queue_type)
        client.queue(target, queue_type)
        client.publish("", source, b"moved")
        with scene.window() as seen:
            path = ("parameters", "shovel", scene.vhost, name)
            management.put(*path, body={"value": value})
            wait_until(lambda: client.depth(target) == 1, timeout_s=MOVED_S_MAX)
        management.delete(*path)
    return seen


def test_shovel(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A shovel over AMQP 0-9-1 is a client with a name: that it was handed a message and published it is in the log."""
    seen = move(scene, name, queue_type, "amqp091")

    assert seen.words() == told
    assert seen.delivered.queue == f"{name}.from"
    assert seen.published.routed_queues == (f"{name}.to",)
    party = scene.wait_publisher(seen.published, "client-provided name")
    assert party.service == f"Shovel {name}"


def test_local_shovel(scene: Scene, told: Told, name: str, queue_type: str) -> None:
    """A local shovel, of 4.2 and later, moves messages past the firehose: a reader gets what nobody was seen to publish."""
    if not scene.is_at_least(*LOCAL):
        with pytest.raises(httpx2.HTTPStatusError, match=r"400|500"):
            move(scene, name, queue_type, "local")
        assert told == {"refused"}
        return
    seen = move(scene, name, queue_type, "local")
    with scene.client() as client, scene.window() as read:
        client.get(f"{name}.to")

    assert seen.words() == told
    assert not scene.document(read.delivered).publish_observed
