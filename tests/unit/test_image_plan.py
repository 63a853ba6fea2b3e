"""The image pipeline's plan: who fails, who is retried, and what goes on the wire."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.image_pipeline import topology
from examples.image_pipeline.plan import (
    PROCESSING_MS_MAX,
    PROCESSING_MS_MIN,
    Image,
    Outcome,
    images_with,
    outcome,
    parse_image_id,
    processing_s,
)
from examples.image_pipeline.truth import RunSettings, expected_settlements
from examples.image_pipeline.wire import body_of, ids_of, image_id_in, message_of

SEEDS = st.integers(0, 99_999)
IMAGES = st.builds(Image, seed=SEEDS, number=st.integers(0, 2_000_000))
TYPES = st.sampled_from(sorted(topology.ROUTES))


@given(SEEDS, st.integers(0, 20))
def test_one_in_ten_fails_and_one_in_twenty_is_retried(seed: int, twenties: int) -> None:
    """Of any multiple of twenty images exactly a tenth fails and a twentieth is retried."""
    images = 20 * twenties
    counts = {o: len(images_with(o, seed=seed, images=images)) for o in Outcome}

    assert counts[Outcome.FAILED] == images // 10
    assert counts[Outcome.RETRIED] == images // 20
    assert sum(counts.values()) == images


@given(SEEDS, st.integers(0, 100), st.integers(0, 100))
def test_a_longer_run_begins_like_a_shorter_one(seed: int, shorter: int, more: int) -> None:
    """What becomes of an image does not depend on how many follow it."""
    short = images_with(Outcome.FAILED, seed=seed, images=shorter)

    assert images_with(Outcome.FAILED, seed=seed, images=shorter + more)[: len(short)] == short


def test_another_seed_chooses_other_images() -> None:
    """Two seeds do not fail the same images."""
    one, two = (images_with(Outcome.FAILED, seed=seed, images=200) for seed in (1, 2))

    assert [i.rpartition("-")[2] for i in one] != [i.rpartition("-")[2] for i in two]


def test_the_plan_is_the_same_in_every_version() -> None:
    """Seed 1 keeps choosing the images it always chose, so that a report can be repeated."""
    failed = [parse_image_id(i).number for i in images_with(Outcome.FAILED, seed=1, images=40)]
    retried = [parse_image_id(i).number for i in images_with(Outcome.RETRIED, seed=1, images=40)]

    assert (failed, retried) == ([4, 13, 28, 30], [10, 24])


@given(IMAGES)
def test_an_image_is_found_by_its_id(image: Image) -> None:
    """The id of an image gives back its seed and number, and so its fate."""
    assert parse_image_id(image.id) == image
    assert outcome(parse_image_id(image.id)) is outcome(image)


@pytest.mark.parametrize("text", ["", "img-1", "img-1-2", "img-0001--00002", "dog-0001-000002"])
def test_what_is_no_image_id_is_refused(text: str) -> None:
    """Only the exact spelling of an id is one."""
    with pytest.raises(ValueError, match="not an image id"):
        parse_image_id(text)


@given(IMAGES, st.sampled_from([s.name for s in topology.SERVICES]))
def test_work_takes_a_few_milliseconds(image: Image, service: str) -> None:
    """Processing times repeat and stay within their limits."""
    assert processing_s(image, service) == processing_s(image, service)
    assert PROCESSING_MS_MIN <= processing_s(image, service) * 1000 <= PROCESSING_MS_MAX


@given(IMAGES, IMAGES, TYPES, TYPES)
def test_bodies_of_different_messages_differ(one: Image, two: Image, a: str, b: str) -> None:
    """Image and type together decide the body, so a body tells which publish it is."""
    assert (body_of(a, one) == body_of(b, two)) == ((one, a) == (two, b))


@given(IMAGES, TYPES)
def test_a_body_names_its_image(image: Image, type_: str) -> None:
    """JSON bodies hold the image's id as a value, and the JPEG holds it in its comment."""
    body = body_of(type_, image)

    if type_ == "completed_jpg":
        assert body.startswith(b"\xff\xd8\xff\xe0")
        assert image.id.encode() in body
    else:
        assert image_id_in(body) == image.id
        pixels = json.loads(body).get("data", "")
        assert isinstance(base64.b64decode(pixels), bytes)


@pytest.mark.parametrize("body", [b"", b"\xff\xd8", b"{}", b"[]", b'{"image": 1}', b'{"image":{}}'])
def test_a_foreign_body_is_a_value_error(body: bytes) -> None:
    """What is not of this system is told apart in one way."""
    with pytest.raises(ValueError, match=r"."):
        image_id_in(body)


@given(IMAGES, TYPES, TYPES)
def test_one_image_is_one_trace_of_many_spans(image: Image, a: str, b: str) -> None:
    """All messages of an image share trace and correlation id, but no other id."""
    one, two = ids_of(a, image), ids_of(b, image)

    assert one.traceparent.split("-")[1] == two.traceparent.split("-")[1]
    assert one.correlation_id == two.correlation_id == image.id
    assert (one.traceparent == two.traceparent) == (a == b)
    assert (one.message_id == two.message_id) == (a == b)


@given(IMAGES, TYPES)
def test_without_ids_nothing_on_the_wire_names_the_message(image: Image, type_: str) -> None:
    """The encoded properties stay free of ids, even when the client library fills one in."""
    properties = message_of(type_, b"", None).properties
    properties.message_id = "filled-in-by-the-library"
    encoded = properties.marshal()

    assert b"filled-in" not in encoded
    assert image.id.encode() not in encoded
    assert b"traceparent" not in encoded


@given(SEEDS, st.integers(0, 60))
def test_every_image_is_settled_in_every_queue_it_reaches(seed: int, images: int) -> None:
    """Only the Combiner's models lack images, and those are the failed ones."""
    settings = RunSettings(
        images=images, seed=seed, rate=0, modelers=1, prefetch=1, ids=True, vhost="/"
    )
    expected = expected_settlements(settings)
    failed = set(images_with(Outcome.FAILED, seed=seed, images=images))

    assert set(expected) == {q.name for q in topology.QUEUES if q.reader}
    assert expected["normalizer.images"] - expected["combiner.models"] == failed


def test_the_declared_relationships_are_those_of_the_description() -> None:
    """Uploader to Normalizer, to ML Stuff and Modeler, and both to the Combiner."""
    found = {(r.publisher, r.subscriber, r.type) for r in topology.relationships()}

    assert found == {
        ("Image Uploader", "Image Normalizer", "image"),
        ("Image Normalizer", "ML Stuff", "normalized_image"),
        ("Image Normalizer", "Modeler", "normalized_image"),
        ("ML Stuff", "Combiner", "labels"),
        ("Modeler", "Combiner", "3d_model"),
    }
