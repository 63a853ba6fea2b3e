"""The image pipeline, as hoptrail rebuilds it, equals what the pipeline says it did."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.hoptrail import Hoptrail
from tests.support.management import Management
from tests.support.otlp_receiver import Inbox, Served, receiving
from tests.support.truth import LoggedBodies, declare_pipeline, logged_bodies, run_pipeline
from tests.support.wait import wait_until

IMAGES = 200
BEGUN_S_MAX = 60
EXPORTED_S_MAX = 60
CAPTURED_S_MAX = 120


@dataclass(frozen=True)
class Run:
    """A finished run: the truth, the hoptrail that watched, its messages by uid, and the truth's seq of each.

    `exported` holds the spans that hoptrail sent meanwhile, where it was asked to.
    """

    truth: dict[str, Any]
    hoptrail: Hoptrail
    bodies: LoggedBodies
    messages: dict[str, dict[str, Any]]
    seq_of: dict[str, int]
    exported: Inbox

    @property
    def published(self) -> dict[int, dict[str, Any]]:
        return {publish["seq"]: publish for publish in self.truth["publishes"]}


def watch(
    tmp: Path,
    start_hoptrail: Any,
    vhost: str,
    url: str,
    *options: str,
    settings: dict[str, str] | None = None,
    receiver: Served | None = None,
) -> Iterator[Run]:
    told = {**(settings or {}), **({} if receiver is None else otlp_settings(receiver))}
    with start_hoptrail(tmp / "store", vhosts=vhost, settings=told) as hoptrail:
        if receiver is not None:
            wait_until(lambda: hoptrail.json("otlp", "--status")["began"], timeout_s=BEGUN_S_MAX)
        declare_pipeline(url, vhost, hoptrail)
        truth = run_pipeline(
            url, vhost, tmp / "truth.json", "--images", str(IMAGES), "--linger", "6", *options
        )
        hoptrail.wait_captured(
            published=len(truth["publishes"]),
            delivered=len(truth["deliveries"]),
            timeout_s=CAPTURED_S_MAX,
        )
        bodies = logged_bodies(hoptrail.log, vhost)
        seq_by_body = {each["body_sha256"]: each["seq"] for each in truth["publishes"]}
        messages = {message["uid"]: message for message in hoptrail.messages()}
        seq_of = {uid: seq_by_body[bodies.body_of[int(uid.rpartition("-")[2])]] for uid in messages}
        exported = Inbox() if receiver is None else receiver.inbox
        yield Run(truth, hoptrail, bodies, messages, seq_of, exported)


def otlp_settings(receiver: Served) -> dict[str, str]:
    """Return the settings that let hoptrail export to *receiver*."""
    return {
        "HOPTRAIL_OTLP_ENDPOINT": receiver.endpoint,
        "HOPTRAIL_OTLP_PROTOCOL": receiver.protocol,
        "HOPTRAIL_OTLP_DELAY_S": "1",
    }


@pytest.fixture(scope="module", params=["sqlite", "elasticsearch"])
def run(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    start_hoptrail: Any,
    module_vhost: str,
    management: Management,
    broker: Any,
) -> Iterator[Run]:
    vhost, settings = f"{module_vhost}.{request.param}", None
    if request.param == "elasticsearch":
        settings = request.getfixturevalue("elastic_store")
    management.create_vhost(vhost, broker.user)
    with receiving("grpc") as receiver:
        yield from watch(
            tmp_path_factory.mktemp("pipeline"),
            start_hoptrail,
            vhost,
            broker.amqp_url,
            settings=settings,
            receiver=receiver,
        )
    management.delete("vhosts", vhost)


def test_every_publish_and_delivery_is_in_the_log_exactly_once(run: Run) -> None:
    """The log holds one fact for each publish and each delivery that the services made or handled."""
    published = Counter(publish["body_sha256"] for publish in run.truth["publishes"])
    sha_of = {publish["seq"]: publish["body_sha256"] for publish in run.truth["publishes"]}
    delivered = Counter(
        (delivery["queue"], sha_of[delivery["publish_seq"]]) for delivery in run.truth["deliveries"]
    )

    assert {body: len(found) for body, found in run.bodies.published.items()} == published
    assert {key: len(found) for key, found in run.bodies.delivered.items()} == delivered


def test_each_image_is_one_conversation(run: Run) -> None:
    """There are as many traces as images, and each holds exactly the messages of its image."""
    by_trace: dict[str, set[int]] = defaultdict(set)
    for uid, message in run.messages.items():
        by_trace[message["trace_id"]].add(run.seq_of[uid])
    by_image: dict[str, set[int]] = defaultdict(set)
    for publish in run.truth["publishes"]:
        by_image[publish["image"]].add(publish["seq"])

    assert len(by_trace) == IMAGES
    assert sorted(map(sorted, by_trace.values())) == sorted(map(sorted, by_image.values()))


def test_each_conversation_is_a_tree_with_the_right_parents(run: Run) -> None:
    """Every message's parent is the publish whose handling caused it, and roots have none."""
    found = {
        run.seq_of[uid]: run.seq_of[message["parent"]["uid"]] if message["parent"] else None
        for uid, message in run.messages.items()
    }

    assert found == {seq: publish["parent"] for seq, publish in run.published.items()}


def test_a_trace_answers_with_its_whole_tree(run: Run) -> None:
    """The trace of an image that succeeded is one tree of its messages under the uploader's publish."""
    failed = set(run.truth["failed_images"])
    uid = next(
        uid
        for uid, message in run.messages.items()
        if message["type"] == "image" and run.published[run.seq_of[uid]]["image"] not in failed
    )
    trace = run.hoptrail.get(f"/traces/{run.messages[uid]['trace_id']}")

    assert trace["total"] == 6
    assert [item["uid"] for item in trace["items"] if item["parent"] is None] == [uid]


def test_services_and_relationships_are_those_declared(run: Run) -> None:
    """The services table and the relationships table equal what the example says about itself."""
    services = {
        item["name"]: (sorted(item["input_types"]), sorted(item["output_types"]))
        for item in run.hoptrail.items("/services")
    }
    pairs = {
        (item["publisher"], item["subscriber"]) for item in run.hoptrail.items("/relationships")
    }

    assert services == {
        each["name"]: (sorted(each["input_types"]), sorted(each["output_types"]))
        for each in run.truth["services"]
    }
    assert pairs == {(each["publisher"], each["subscriber"]) for each in run.truth["relationships"]}


def test_dead_letters_are_exactly_the_failed_images(run: Run) -> None:
    """Failures are one group, as many as failed, though nobody reads the queue they went to."""
    expected = run.truth["dead_letters"][0]
    groups = [group for group in run.hoptrail.items("/dead-letters") if not group["timer"]]
    failures = [group for group in groups if group["queue"] == expected["queue"]]

    assert [(group["reason"], group["messages"], group["deaths"]) for group in failures] == [
        ("rejected", expected["count"], expected["count"])
    ]
    assert failures[0]["to_queues"] == [expected["to_queue"]]
    assert failures[0]["service"] == expected["service"]
    members = run.hoptrail.items(f"/dead-letters/{failures[0]['id']}/messages", limit=200)
    images = {run.published[run.seq_of[member["uid"]]]["image"] for member in members}
    assert images == set(expected["images"])


def test_failed_images_are_found_by_state(run: Run) -> None:
    """A search for dead-lettered messages finds exactly the failed images."""
    found = run.hoptrail.messages("state:dead-lettered")

    assert {run.published[run.seq_of[each["uid"]]]["image"] for each in found} == set(
        run.truth["failed_images"]
    )


def test_a_retry_loop_is_one_message_with_all_its_rounds(run: Run) -> None:
    """A message that went twice round the retry loop shows both rejections and expiries, and ended delivered."""
    loop = run.truth["retry_loops"][0]
    looped = [
        message
        for uid, message in run.messages.items()
        if any(copy["queue"] == loop["queue"] and copy["dead_letter"] for copy in message["copies"])
    ]

    assert {run.published[run.seq_of[each["uid"]]]["image"] for each in looped} == set(
        loop["images"]
    )
    for message in looped:
        copies = [each for each in message["copies"] if each["queue"] == loop["queue"]]
        through = [each for each in message["copies"] if each["queue"] == loop["through"]]
        attempts = sum(len(each["attempts"]) for each in copies)
        assert (attempts, len(copies), len(through)) == (3, 3, 2)
        assert all(each["dead_letter"]["reason"] == "expired" for each in through)
        assert message["state"] in {"delivered", "redelivered", "settled"}


def test_a_search_by_image_id_finds_exactly_its_messages(run: Run) -> None:
    """Searching for an image's id finds every JSON message that carries it and nothing else."""
    image = run.truth["publishes"][0]["image"]
    found = {run.seq_of[each["uid"]] for each in run.hoptrail.messages(f'"{image}"')}

    assert found == {seq for seq, each in run.published.items() if each["image"] == image}


def test_the_command_line_tells_the_same(run: Run) -> None:
    """``search`` and ``dead-letters`` print the objects the API gives, and ``trace`` draws the tree."""
    searched = run.hoptrail.json("search", "type:labels", "--limit", "200")
    assert {each["uid"] for each in searched["items"]} == {
        uid for uid, message in run.messages.items() if message["type"] == "labels"
    }
    assert run.hoptrail.json("dead-letters")["total"] >= 1
    drawn = run.hoptrail.cli("trace", next(iter(run.messages.values()))["trace_id"])

    assert drawn.returncode == 0
    assert "Image Uploader" in drawn.stdout
    assert "Combiner" in drawn.stdout


def test_a_run_without_faults_has_no_gap(run: Run) -> None:
    """Nothing went wrong, so the ledger has no gap, no ambiguous overlap and nothing undecodable."""
    capture = run.hoptrail.get("/capture")

    assert capture["gaps"] == []
    assert (capture["ambiguous_overlaps"], capture["undecodable"]) == (0, 0)


def test_replay_from_zero_gives_the_same_digests(run: Run) -> None:
    """``hoptrail replay --from-zero --verify`` rebuilds every view and finds it equal."""
    done = run.hoptrail.cli("replay", "--from-zero", "--verify")

    assert done.returncode == 0, done.stdout + done.stderr


def test_each_delivery_was_exported_once_as_a_span_of_the_broker(run: Run) -> None:
    """The services write trace context, so each delivery is a wait in their traces, sent once while it all ran."""
    deliveries = len(run.truth["deliveries"])

    def waits() -> list[Span]:
        return [span for _, span in run.exported.spans() if span.name.startswith("wait")]

    wait_until(lambda: len(waits()) >= deliveries, timeout_s=EXPORTED_S_MAX)

    assert len({span.span_id for span in waits()}) == len(waits()) == deliveries
    assert {service for service, _ in run.exported.spans()} == {"rabbitmq"}
    assert all(span.parent_span_id for span in waits())
    traces = {message["trace_id"] for message in run.messages.values()}
    assert {span.trace_id.hex() for span in waits()} <= traces
