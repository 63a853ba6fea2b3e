"""What was not captured is said: an outage of the broker, and dead letters that nothing shows."""

from collections.abc import Callable
from pathlib import Path

from examples.local_broker import Broker, free_ports
from tests.support.hoptrail import Hoptrail
from tests.support.truth import run_pipeline
from tests.support.wait import wait_until

TOLD_S_MAX = 60


def test_an_outage_is_named_by_a_search_over_its_time(
    own_broker: Callable[[], Broker], tmp_path: Path
) -> None:
    """After a broker restart a search over that time names the gap, and one that ends before it does not."""
    broker = own_broker()
    with Hoptrail(
        tmp_path / "store",
        port=free_ports(1)[0],
        amqp_url=broker.amqp_url,
        management_url=broker.management_url,
        vhosts="%2F",
    ) as hoptrail:
        started = hoptrail.get("/capture")["first_observed_at"]
        broker.restart()
        gaps = wait_until(lambda: told_gaps(hoptrail), timeout_s=TOLD_S_MAX)
        query = over(gaps)

        before = f'published_at:<"{started}"'
        assert hoptrail.get("/messages", q=before)["not_captured"] == []
        assert "not captured" in hoptrail.cli("search", query).stderr


def over(gaps: list[dict[str, object]]) -> str:
    """Return a search over the time of the first gap."""
    return f'published_at:["{gaps[0]["since"]}" TO "{gaps[0]["until"]}"]'


def told_gaps(hoptrail: Hoptrail) -> list[dict[str, object]]:
    """Return the gaps of capture once all have ended and a search tells the same; the ledger may still add to them."""
    gaps = closed_gaps(hoptrail)
    told = hoptrail.get("/messages", q=over(gaps))["not_captured"] if gaps else []
    return gaps if told == gaps else []


def closed_gaps(hoptrail: Hoptrail) -> list[dict[str, object]]:
    """Return the gaps of capture when there are some and all have ended."""
    gaps = hoptrail.get("/capture")["gaps"]
    return gaps if all(gap["until"] for gap in gaps) else []


def test_without_dead_letter_taps_the_unseen_dead_letters_are_counted(
    own_broker: Callable[[], Broker], tmp_path: Path
) -> None:
    """With the taps off nothing claims to have seen the dead letters, and the broker's own count of them is shown."""
    broker = own_broker()
    with Hoptrail(
        tmp_path / "store",
        port=free_ports(1)[0],
        amqp_url=broker.amqp_url,
        management_url=broker.management_url,
        vhosts="%2F",
        settings={"HOPTRAIL_DEAD_LETTER_TAPS": "off", "HOPTRAIL_SAMPLE_S": "1"},
    ) as hoptrail:
        truth = run_pipeline(
            broker.amqp_url, "/", tmp_path / "truth.json", "--images", "40", "--linger", "3"
        )
        failed = len(truth["failed_images"])
        hoptrail.wait_captured(published=len(truth["publishes"]), delivered=0)

        wait_until(
            lambda: hoptrail.get("/capture")["unseen_dead_letters"] == failed, timeout_s=TOLD_S_MAX
        )
        capture = hoptrail.get("/capture")
        assert any("dead" in sentence for sentence in capture["blind_spots"])
        assert not list(hoptrail.messages("state:dead-lettered"))
        assert f"no tap showed: {failed}" in hoptrail.cli("capture").stdout
