"""Decide beforehand what happens to every image.

Pure: the same seed and number always give the same answer, and the answer for
one image does not depend on how many there are.
In every ten images exactly one fails for good, and in every twenty exactly one
other is turned away twice before it succeeds.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b

IMAGES_PER_FAILURE = 10
IMAGES_PER_RETRY = 20
RETRY_ROUNDS = 2
PROCESSING_MS_MIN = 1
PROCESSING_MS_MAX = 9
_ID_PREFIX = "img"


class Outcome(StrEnum):
    """What becomes of an image."""

    COMPLETED = "completed"
    FAILED = "failed"
    RETRIED = "retried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image of one run: *number* counts from 0."""

    seed: int
    number: int

    @property
    def id(self) -> str:
        """The image's name on the wire, such as ``img-0007-000042``."""
        return f"{_ID_PREFIX}-{self.seed:04d}-{self.number:06d}"


def parse_image_id(text: str) -> Image:
    """Return the image called *text*.

    Raises:
        ValueError: no image has such an id.
    """
    match text.split("-"):
        case [prefix, seed, number] if prefix == _ID_PREFIX and seed.isdecimal():
            image = Image(seed=int(seed), number=int(number))
        case _:
            raise ValueError(f"not an image id: {text!r}")
    if image.id != text:
        raise ValueError(f"not an image id: {text!r}")
    return image


def draw(image: Image, purpose: str, *, sides: int) -> int:
    """Return a number from 0 to *sides* - 1, always the same for the same arguments."""
    return int.from_bytes(derive(image, purpose, size=8)) % sides


def derive(image: Image, purpose: str, *, size: int) -> bytes:
    """Return *size* bytes (at most 64) that no other image or purpose gets."""
    return blake2b(f"{image.seed}/{image.number}/{purpose}".encode(), digest_size=size).digest()


def outcome(image: Image) -> Outcome:
    """Return what becomes of *image*."""
    if image.number == _failing_number(image.seed, image.number // IMAGES_PER_FAILURE):
        return Outcome.FAILED
    if image.number == _retried_number(image.seed, image.number // IMAGES_PER_RETRY):
        return Outcome.RETRIED
    return Outcome.COMPLETED


def processing_s(image: Image, service: str) -> float:
    """Return how long *service* works on *image*, in seconds."""
    span_us = (PROCESSING_MS_MAX - PROCESSING_MS_MIN) * 1000
    return PROCESSING_MS_MIN / 1000 + draw(image, f"work/{service}", sides=span_us) / 1_000_000


def images_with(wanted: Outcome, *, seed: int, images: int) -> list[str]:
    """Return the ids of those of the first *images* images that have the outcome *wanted*."""
    run = (Image(seed=seed, number=number) for number in range(images))
    return [image.id for image in run if outcome(image) is wanted]


def _failing_number(seed: int, group: int) -> int:
    first = group * IMAGES_PER_FAILURE
    return first + draw(Image(seed=seed, number=first), "fails", sides=IMAGES_PER_FAILURE)


def _retried_number(seed: int, group: int) -> int:
    """Return which image of a group of twenty is retried: one of those that do not fail."""
    first = group * IMAGES_PER_RETRY
    failing_groups = IMAGES_PER_RETRY // IMAGES_PER_FAILURE
    failing = {
        _failing_number(seed, group * failing_groups + half) for half in range(failing_groups)
    }
    candidates = [n for n in range(first, first + IMAGES_PER_RETRY) if n not in failing]
    return candidates[draw(Image(seed=seed, number=first), "retried", sides=len(candidates))]
