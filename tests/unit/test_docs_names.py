"""The page on service names states the confidences that hold."""

from pathlib import Path

import pytest

from projector.linker import kinship, neighbours, rules, services

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "service-names.md"

STATED: dict[str, float] = {
    rules.EXPLICIT: services.CONFIDENCE[services.RULE],
    rules.OF_QUEUE: services.CONFIDENCE[services.QUEUE_RULE],
    "client-provided name": services.WHOLE_NAME_CONFIDENCE,
    "client-provided name without instance suffix": services.STRIPPED_NAME_CONFIDENCE,
    services.SHARED_NAME: services.SHARED_NAME_CONFIDENCE,
    services.SHARED_CONNECTION: services.SHARED_NAME_CONFIDENCE,
    "the header": services.CONFIDENCE[services.HEADER],
    "app_id": services.CONFIDENCE[services.APP_ID],
    services.ANSWERS: services.ANSWERS_CONFIDENCE,
    kinship.SENDS: services.CONFIDENCE[services.CAUSED],
    kinship.IS_GIVEN: services.CONFIDENCE[services.CAUSED],
    "user": services.CONFIDENCE[services.USER],
    "the only named service of its user": services.CONFIDENCE[services.USER],
    "product and host": services.CONFIDENCE[services.HOST],
    **neighbours.CONFIDENCE,
}


def told() -> dict[str, float]:
    """Return the confidences on the page by the evidence as shown."""
    cells = [
        line.strip("|").split("|") for line in PAGE.read_text().splitlines() if line[:1] == "|"
    ]
    return {cell[2].strip(): float(cell[1]) for cell in cells[2:]}


def test_every_kind_of_evidence_is_on_the_page() -> None:
    """No row is missing and none is made up."""
    assert told().keys() == STATED.keys()


@pytest.mark.parametrize("evidence", STATED)
def test_a_confidence_is_the_one_that_is_used(evidence: str) -> None:
    """What the page promises of it is what a name of that evidence is given."""
    assert told()[evidence] == STATED[evidence]
