"""Retries as an operator does them, with the command line of a whole hoptrail on a real broker."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from examples.local_broker import Broker
from examples.local_broker.ports import free_ports
from tests.support.collecting import system_of
from tests.support.hoptrail import Hoptrail
from tests.support.retrying import Stage, expected
from tests.support.wait import wait_until

SEEN_S_MAX = 60
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)
FAILED, USAGE = 1, 2


@dataclass(frozen=True)
class Desk:
    """An operator at a hoptrail over the vhost of *stage*."""

    stage: Stage
    hoptrail: Hoptrail

    def dead_letters(self, name: str, count: int, **properties: Any) -> list[str]:
        """Let messages die; return their uids once every part of hoptrail knows them."""
        self.stage.dead_letters(name, count, **properties)
        query = f'routing_keys:"{name}.work" state:dead-lettered'

        def known() -> list[dict[str, Any]]:
            found = self.hoptrail.messages(query)
            return found if len(found) == count else []

        uids = sorted(each["uid"] for each in wait_until(known, timeout_s=SEEN_S_MAX))
        wait_until(lambda: self.groups(name, messages=count), timeout_s=SEEN_S_MAX)
        return uids

    def group(self, name: str) -> str:
        """Return the id of the group of dead letters of ``<name>.work``."""
        (found,) = self.groups(name)
        return found

    def groups(self, name: str, *, messages: int | None = None) -> list[str]:
        """Return the ids of the groups of dead letters of ``<name>.work``, of those with so many *messages* if told."""
        return [
            str(each["id"])
            for each in self.hoptrail.get("/dead-letters")["items"]
            if each["queue"] == f"{name}.work" and messages in (None, each["messages"])
        ]

    def refused(self, *arguments: str, code: int = FAILED) -> str:
        """Run a command that must not do anything; return what it says."""
        done = self.hoptrail.cli(*arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def desk(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A hoptrail over a vhost of its own."""
    store = tmp_path_factory.mktemp("desk") / "store"
    with system_of(broker, "desk") as system:
        hoptrail = Hoptrail(
            store,
            port=free_ports(1)[0],
            amqp_url=broker.amqp_url,
            management_url=broker.management_url,
            vhosts="desk",
            settings={"HOPTRAIL_EDIT": "on", "HOPTRAIL_LINGER_MS": "50"},
        )
        with hoptrail:
            yield Desk(Stage(system, store), hoptrail)


def test_a_group_is_planned_retried_and_linked(desk: Desk) -> None:
    """From the group over the plan to the copies, each linked to what it comes from; a second time is refused."""
    uids = desk.dead_letters("shop", 3, user_id="guest", timestamp=LONG_AGO)
    group = desk.group("shop")
    plan = desk.hoptrail.json("retry", "plan", "--group", group)
    told = desk.hoptrail.cli(
        "retry", "start", "--group", group, "--plan", plan["digest"], "--watch"
    )
    started = desk.hoptrail.get("/retries")["items"][0]

    assert (plan["selected"], plan["messages"], plan["unrestored"]) == (3, 3, {"timestamp": 3})
    assert told.returncode == 0, told.stderr
    assert "it died there (rejected)" in told.stdout
    assert (started["state"], started["published"], started["by"]) == ("done", 3, "local")
    assert desk.stage.bodies("shop.work") == expected("shop", 3)
    copies = wait_until(
        lambda: desk.hoptrail.messages(f"header.x-hoptrail-retry:{started['id']}*"),
        timeout_s=SEEN_S_MAX,
    )
    assert sorted(each["parent"]["uid"] for each in copies) == uids
    assert {each["parent"]["evidence"] for each in copies} == {"hoptrail retry"}
    assert "Nothing is left" in desk.refused("retry", "start", "--group", group, "--yes")


def test_a_message_is_edited_and_moved(desk: Desk) -> None:
    """The difference is shown, the copy carries it, and a move takes the dead letters away."""
    uid, other = desk.dead_letters("desk", 2, content_type="text/plain")
    edited = desk.hoptrail.cli(
        "edit",
        uid,
        "--set",
        "content_type=application/json",
        "--header",
        "tries=3",
        "--yes",
        "--watch",
    )
    with desk.stage.client() as session:
        session.queue("desk.parking")
    moved = desk.hoptrail.json(
        "move", other, uid, "--to-queue", "desk.parking", "--again", "--yes", "--watch"
    )

    assert edited.returncode == 0, edited.stderr
    assert '- "text/plain"' in edited.stdout
    assert '+ "application/json"' in edited.stdout
    assert "header tries" in edited.stdout
    assert (moved["state"], moved["published"]) == ("done", 2)
    assert sum(desk.stage.bodies("desk.work").values()) == 1
    assert desk.stage.bodies("desk.parking") == expected("desk", 2)
    assert desk.stage.depth("desk.dead") == 0


def test_bad_input_does_nothing(desk: Desk) -> None:
    """Every wrong request gets a clear answer, and no retry begins."""
    (uid,) = desk.dead_letters("bad", 1)
    before = desk.hoptrail.get("/retries")["total"]
    body = desk.hoptrail.directory.parent / "large"
    body.write_text('{"a": "' + "x" * 2_000_000 + '"}')

    assert "rate" in desk.refused("retry", "start", uid, "--rate", "0", "--yes", code=USAGE)
    assert "bytes" in desk.refused("edit", uid, "--body", str(body), "--yes")
    assert "Nothing was done" in desk.refused("retry", "start", uid, code=USAGE)
    assert desk.hoptrail.get("/retries")["total"] == before
    assert desk.stage.depth("bad.dead") == 1
