"""Causality where applications send nothing that identifies a message: scored against the truth."""

from typing import Any

import pytest

from tests.e2e.test_image_pipeline import Run, watch

CONFIDENT = 0.8
PRECISION_MIN = 0.99


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, start_hoptrail: Any, module_vhost: str, broker: Any
) -> Any:
    options = ("--no-ids", "--modelers", "2", "--prefetch", "5")
    yield from watch(
        tmp_path_factory.mktemp("no-ids"),
        start_hoptrail,
        module_vhost,
        broker.amqp_url,
        *options,
    )


def scored(run: Run) -> list[tuple[float, bool, str]]:
    """Return (confidence, right, evidence) of every parent link."""
    return [
        (
            link["confidence"],
            run.seq_of[link["uid"]] in run.published[run.seq_of[uid]]["parents"],
            link["evidence"],
        )
        for uid, message in run.messages.items()
        for link in [message["parent"], *message["other_parents"]]
        if link
    ]


def test_confident_links_are_right(run: Run) -> None:
    """At least 99 of 100 parent links with a confidence of 0.8 or more are true."""
    confident = [right for confidence, right, _ in scored(run) if confidence >= CONFIDENT]

    assert sum(confident) >= PRECISION_MIN * len(confident)


def test_links_by_timing_alone_are_not_confident(run: Run) -> None:
    """A link whose evidence is the only unfinished delivery stays below 0.8, and such links exist here."""
    timing = [
        confidence
        for confidence, _, evidence in scored(run)
        if evidence == "single-unfinished-delivery"
    ]

    assert timing
    assert max(timing) < CONFIDENT


def test_links_are_more_often_right_than_their_confidence_says(run: Run) -> None:
    """Over all links the share that is true is not below the mean confidence by more than a tenth."""
    links = scored(run)
    right = sum(right for _, right, _ in links) / len(links)
    claimed = sum(confidence for confidence, _, _ in links) / len(links)

    assert right >= claimed - 0.1


def test_every_message_is_found_without_ids(run: Run) -> None:
    """Publishes are matched with their deliveries by content alone: no message is doubled or unseen."""
    assert len(run.messages) == len(run.published)
    assert all(message["publish_observed"] for message in run.messages.values())
