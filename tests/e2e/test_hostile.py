"""Messages made to break an observer: all stored, all shown, and capture goes on."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import pack
from typing import Any
from urllib.parse import quote

import pytest
from pamqp import commands

from bench.raw import RawConnection, frames_of, short, table
from collector.amqp import DURABLE, methods
from tests.conftest import url_in
from tests.support import hostile
from tests.support.hoptrail import Hoptrail
from tests.support.truth import LoggedBodies, logged_bodies

EXCHANGE = b"all/of%them"
NO_ACK = b"\2"
DECODED = [each for each in hostile.MESSAGES if each.name != hostile.TOO_DEEP]


@dataclass(frozen=True)
class Sent:
    hoptrail: Hoptrail
    bodies: LoggedBodies
    vhost: str


def send_all(url: str) -> None:
    """Publish every hostile message to every hostile queue, and read half of them back."""
    with RawConnection(url, name="Hostile Publisher") as connection:
        exchange = pack(">HHH", 40, 10, 0) + short(EXCHANGE) + short(b"fanout") + b"\0" + table({})
        connection.invoke(exchange, commands.Exchange.DeclareOk)
        for queue in hostile.QUEUES:
            declare = methods.queue_declare(queue, flags=DURABLE, arguments={})
            connection.invoke(declare, commands.Queue.DeclareOk)
            bind = methods.queue_bind(queue, EXCHANGE, "", {})
            connection.invoke(bind, commands.Queue.BindOk)
        publishes = [
            frames_of(1, EXCHANGE, each.key or b"", each.encoded(), each.body)
            for each in hostile.MESSAGES
        ]
        connection.publish_all(publishes)
        count = len(hostile.MESSAGES)
        queue = short(hostile.QUEUES[1].encode())
        consume = pack(">HHH", 60, 20, 0) + queue + short(b"c") + NO_ACK + table({})
        connection.invoke(consume, commands.Basic.ConsumeOk)
        seen = 0

        def take(kind: int, _: int, payload: bytes) -> bool:
            nonlocal seen
            seen += kind == 2
            return seen == count

        connection.receive(take)


@pytest.fixture(scope="module")
def sent(
    tmp_path_factory: pytest.TempPathFactory, start_hoptrail: Any, module_vhost: str, broker: Any
) -> Iterator[Sent]:
    store = tmp_path_factory.mktemp("hostile") / "store"
    with start_hoptrail(store, vhosts=module_vhost) as hoptrail:
        send_all(url_in(broker, module_vhost))
        hoptrail.wait_captured(published=len(DECODED), delivered=len(DECODED))
        yield Sent(hoptrail, logged_bodies(hoptrail.log, module_vhost), module_vhost)


def test_every_hostile_message_is_stored_once(sent: Sent) -> None:
    """The log holds a publish and a delivery for each, with the whole body or its beginning."""
    assert sum(map(len, sent.bodies.published.values())) == len(DECODED)
    assert sum(map(len, sent.bodies.delivered.values())) == len(DECODED)
    capped = {sha256(each.body[: 256 * 1024]).hexdigest() for each in DECODED}
    assert set(sent.bodies.published) == capped


def test_capture_went_on(sent: Sent) -> None:
    """No gap; only the message nested beyond any use is kept undecoded, at its publish and at its delivery."""
    capture = sent.hoptrail.get("/capture")

    assert capture["gaps"] == []
    assert capture["running"]
    assert capture["undecodable"] == 2


def test_every_hostile_message_is_shown_by_the_api(sent: Sent) -> None:
    """The list, each message, its body and its facts answer without an error."""
    messages = sent.hoptrail.messages()
    assert len(messages) == len(DECODED)
    for message in messages:
        uid = quote(message["uid"], safe="")
        assert sent.hoptrail.message(message["uid"])["uid"] == message["uid"]
        assert sent.hoptrail.get(f"/messages/{uid}/events")["total"] == 2
        body = sent.hoptrail.raw(f"/messages/{uid}/body")
        assert body.status_code == 200
        assert "attachment" in body.headers["content-disposition"]
        assert len(body.content) == min(message["body"]["size"], 256 * 1024)


def test_text_that_is_not_utf8_keeps_its_bytes(sent: Sent) -> None:
    """A message id, a header value and a routing key that are not UTF-8 come back as base64 of the bytes sent."""
    messages = sent.hoptrail.messages()
    ids = [each["message_id"] for each in messages if isinstance(each["message_id"], dict)]
    keys = [key for each in messages for key in each["routing_keys"] if isinstance(key, dict)]

    assert ids == [{"b64": "//7DKA=="}]
    assert keys == [{"b64": "a2V5Lv/+wyg="}]


def test_queues_with_hostile_names_answer(sent: Sent) -> None:
    """Each queue is found under its percent-encoded name, and the unread ones hold every message in order."""
    vhost = quote(sent.vhost, safe="")
    for queue in hostile.QUEUES:
        contents = sent.hoptrail.get(f"/queues/{vhost}/{quote(queue, safe='')}/contents", limit=100)
        waiting = [each for each in contents["items"] if each["state"] == "waiting"]
        assert len(waiting) == (0 if queue == hostile.QUEUES[1] else len(DECODED))


def test_the_command_line_shows_them_without_control_characters(sent: Sent) -> None:
    """Every reading command ends well, and no escape sequence of a message reaches the terminal."""
    calls: list[list[str]] = [
        ["search", "*:*", "--limit", "100"],
        ["topology"],
        ["queues"],
        ["dead-letters"],
        ["capture"],
        *(["show", message["uid"]] for message in sent.hoptrail.messages()),
    ]
    for call in calls:
        done = sent.hoptrail.cli(*call)
        assert done.returncode == 0, (call, done.stderr)
        assert "\x1b]" not in done.stdout
        assert "\x07" not in done.stdout
