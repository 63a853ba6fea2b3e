"""The image pipeline on a real broker: what it says it did is what the broker's queues hold."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from examples.image_pipeline import topology
from examples.image_pipeline.plan import Outcome, images_with
from examples.image_pipeline.wire import image_id_in
from examples.local_broker import Broker
from tests.conftest import url_in
from tests.support.wait import wait_until_async

IMAGES = 40
FAILED = IMAGES // 10
RETRIED = IMAGES // 20
RUN_S_MAX = 180
GET_S_MAX = 60
DEAD_LETTERS_S_MAX = 60
"""The broker moves a rejected message after it has answered; the last may be under way."""


@dataclass(frozen=True)
class Run:
    """A finished run without ids: its truth, and the URL of the vhost it left its messages in."""

    truth: dict[str, Any]
    url: str


def pipeline(url: str, vhost: str, truth: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Run the pipeline as a user does; return its exit code and its truth file."""
    call = [sys.executable, "-m", "examples.image_pipeline", "--url", url, "--vhost", vhost]
    done = subprocess.run([*call, "--truth", str(truth), *options], timeout=RUN_S_MAX, check=False)
    return done.returncode, json.loads(truth.read_text())


@pytest.fixture(scope="module")
def run(broker: Broker, module_vhost: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    file = tmp_path_factory.mktemp("pipeline") / "truth.json"
    options = f"--images {IMAGES} --seed 3 --rate 0 --no-ids --modelers 2 --prefetch 5".split()
    code, truth = pipeline(broker.amqp_url, module_vhost, file, *options)
    assert code == 0
    return Run(truth, url_in(broker, module_vhost))


@pytest.fixture
async def channel(run: Run) -> AsyncIterator[AbstractChannel]:
    """A channel on the run's vhost; what it gets and does not acknowledge goes back."""
    async with await aio_pika.connect(run.url) as connection:
        opened = await connection.channel()
        await dead_letters_arrived(opened, FAILED)
        yield opened


async def dead_letters_arrived(channel: AbstractChannel, count: int) -> None:
    """Return once *count* dead letters lie in their queue."""

    async def are_there() -> bool:
        return await depth(channel, topology.MODELER_FAILED.name) >= count

    await wait_until_async(are_there, timeout_s=DEAD_LETTERS_S_MAX)


async def depth(channel: AbstractChannel, queue: str) -> int:
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.message_count or 0


async def contents(channel: AbstractChannel, queue: str) -> list[AbstractIncomingMessage]:
    source = await channel.get_queue(queue)
    return [await source.get(timeout=GET_S_MAX) for _ in range(await depth(channel, queue))]


async def test_the_dead_letter_queue_holds_the_failed_images(
    run: Run, channel: AbstractChannel
) -> None:
    """Every image that the truth calls failed lies there once, rejected from the Modeler's queue."""
    dead = await contents(channel, topology.MODELER_FAILED.name)
    deaths = Counter(
        (death["queue"], death["reason"], death["count"])
        for message in dead
        for death in cast("list[dict[str, Any]]", message.headers["x-death"])
    )

    assert sorted(image_id_in(message.body) for message in dead) == run.truth["failed_images"]
    assert deaths == {("modeler.normalized", "rejected", 1): FAILED}
    assert run.truth["dead_letters"][0]["count"] == FAILED


async def test_nothing_waits_but_outcomes_and_dead_letters(
    run: Run, channel: AbstractChannel
) -> None:
    """Every queue with a reader, and the retry queue, is empty when the run returns."""
    depths = {queue.name: await depth(channel, queue.name) for queue in topology.QUEUES}

    assert {queue: count for queue, count in depths.items() if count} == {
        "modeler.normalized.failed": FAILED,
        "completed.models": IMAGES - FAILED,
        "completed.images": IMAGES - FAILED,
    }


async def test_without_ids_the_wire_carries_none(channel: AbstractChannel) -> None:
    """Messages keep their type, but no message id, correlation id or header."""
    messages = await contents(channel, topology.COMPLETED_MODELS.name)
    carried = {(m.type, m.message_id, m.correlation_id, m.app_id, *m.headers) for m in messages}

    assert carried == {("3d_model_json", None, None, None)}


def test_publishes_are_those_of_the_plan(run: Run) -> None:
    """Each type is published once per image that gets so far."""
    published = Counter(publish["type"] for publish in run.truth["publishes"])

    assert published == {
        "image": IMAGES,
        "normalized_image": IMAGES,
        "labels": IMAGES,
        "3d_model": IMAGES - FAILED,
        "3d_model_json": IMAGES - FAILED,
        "completed_jpg": IMAGES - FAILED,
    }
    assert all(publish["confirmed_ns"] for publish in run.truth["publishes"])


def test_parents_are_messages_of_the_same_image_and_were_delivered_before(run: Run) -> None:
    """Every publish but an upload names its causes, and each was given to that connection first."""
    by_seq = {publish["seq"]: publish for publish in run.truth["publishes"]}
    given = {
        (d["connection"], d["publish_seq"]): d["delivered_ns"] for d in run.truth["deliveries"]
    }
    causes = {"image": 0, "3d_model_json": 2, "completed_jpg": 2}

    for publish in by_seq.values():
        assert len(publish["parents"]) == causes.get(publish["type"], 1)
        assert publish["parent"] == (publish["parents"] or [None])[-1]
        for parent in publish["parents"]:
            assert by_seq[parent]["image"] == publish["image"]
            assert given[publish["connection"], parent] <= publish["published_ns"]


def test_retried_images_go_round_twice_and_then_succeed(run: Run) -> None:
    """Each is rejected in rounds 0 and 1 and acknowledged in round 2; no other comes back."""
    rounds: dict[str, list[tuple[int, str]]] = {}
    for delivery in run.truth["deliveries"]:
        if delivery["queue"] == topology.ML_NORMALIZED.name:
            rounds.setdefault(delivery["image"], []).append(
                (delivery["round"], delivery["outcome"])
            )
    expected = images_with(Outcome.RETRIED, seed=3, images=IMAGES)

    assert [i for i, seen in sorted(rounds.items()) if len(seen) > 1] == expected
    assert len(expected) == RETRIED
    assert all(rounds[i] == [(0, "reject"), (1, "reject"), (2, "ack")] for i in expected)


def test_both_modelers_worked(run: Run) -> None:
    """Two instances share the Modeler's queue, each on a connection with its own name."""
    (modeler,) = (s for s in run.truth["services"] if s["name"] == "Modeler")

    assert modeler["connections"] == ["Modeler-1", "Modeler-2"]


async def test_with_ids_one_image_is_one_correlation_and_one_trace(
    broker: Broker, vhost: str, tmp_path: Path
) -> None:
    """By default a message has an id of its own, its image's correlation id and its trace."""
    code, truth = pipeline(
        broker.amqp_url, vhost, tmp_path / "truth.json", "--images", "10", "--rate", "0"
    )
    connection = await aio_pika.connect(url_in(broker, vhost))
    async with connection:
        channel = await connection.channel()
        await dead_letters_arrived(channel, len(truth["failed_images"]))
        dead = await contents(channel, topology.MODELER_FAILED.name)
        on_wire = [(m.message_id, m.correlation_id, m.headers["traceparent"]) for m in dead]

    said = [
        (p["message_id"], p["correlation_id"], p["traceparent"])
        for p in truth["publishes"]
        if p["type"] == "normalized_image" and p["image"] in truth["failed_images"]
    ]
    traces = {(p["image"], p["traceparent"].split("-")[1]) for p in truth["publishes"]}
    assert code == 0
    assert on_wire == said
    assert len(traces) == 10
    assert len({p["message_id"] for p in truth["publishes"]}) == len(truth["publishes"])


def test_a_run_out_of_time_fails_and_says_what_it_did(
    broker: Broker, vhost: str, tmp_path: Path
) -> None:
    """The exit code is 1, and the truth file is there and calls the run unsettled."""
    code, truth = pipeline(
        broker.amqp_url, vhost, tmp_path / "truth.json", "--rate", "1", "--timeout", "1"
    )

    assert code == 1
    assert not truth["run"]["settled"]
    assert len(truth["publishes"]) < 200 * 6
