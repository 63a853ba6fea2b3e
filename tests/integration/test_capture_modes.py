"""The light modes on a real broker: what they take, what they leave as it is, and what is told of the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pamqp import commands

from bench.raw import RawConnection, frames_of
from events.facts import ConnectionOpened, MessageDelivered, MessagePublished, TapsPlanned
from events.values import Text
from projector.answering import Answers
from projector.projection import Projection
from store.documents import MessageDocument
from tests.support.captured import Captured, read
from tests.support.collecting import Collector, System
from tests.support.dead_letters import FIREHOSE, bound
from tests.support.load import EXCHANGE, QUEUES, ROUTING_KEY
from tests.support.wait import wait_until

TAKEN_S_MAX = 60
CLIENT = "somebody"
STREAM = "main"
TRACE = "amq.rabbitmq.trace"
MODES = ("all", "publishes", f"exchanges:{EXCHANGE}", "all")


def traffic(url: str, body: bytes) -> None:
    """Publish *body* to the load's exchange and take it from one of its queues."""
    with RawConnection(url, name=CLIENT) as connection:
        connection.publish_all(
            [frames_of(1, EXCHANGE.encode(), ROUTING_KEY.encode(), {}, body)],
        )
        connection.send(commands.Basic.Get(queue=QUEUES[0], no_ack=True))
        connection.expect(commands.Basic.GetOk)


def firehose_keys(system: System, vhost: str) -> set[str]:
    """Return by which keys the tap of *vhost* is bound to the firehose."""
    told = system.management.get("bindings", vhost)
    return {
        it["routing_key"] for it in told if (it["source"], it["destination"]) == (TRACE, FIREHOSE)
    }


def bodies(captured: Captured, kind: type[MessagePublished | MessageDelivered]) -> set[bytes]:
    """Return the bodies of all publishes, or of all deliveries."""
    return {captured.body(fact.body) for fact in captured.of(kind)}


def documents(captured: Captured) -> tuple[Projection, dict[bytes, MessageDocument]]:
    """Fold everything, and return the messages by their bodies."""
    projection = Projection(STREAM)
    projection.fold.fold(captured.envelopes)
    found: dict[bytes, MessageDocument] = {}
    for each in captured.envelopes_of(MessagePublished):
        message = projection.linker.get(each.position)
        assert message is not None
        found[captured.body(message.body)] = projection.linker.document(message)
    return projection, found


def capture_one(
    collector: Collector, system: System, mode: str, body: bytes, *, kinds: Sequence[str]
) -> None:
    """Capture a message in *mode* until there is one more event of each of *kinds*, and who sent it, and stop."""
    vhost, url = next(iter(system.urls.items()))
    before = collector.meter.counts().copy()
    clients = known_clients(collector)
    collector.start_leading(TAP_MODE=mode)
    expected: Any = {(EXCHANGE, "#")} if mode.startswith("exchanges") else set()
    wait_until(lambda: bound(system.management, vhost, FIREHOSE) == expected, timeout_s=TAKEN_S_MAX)
    traffic(url, body)
    wait_until(
        lambda: all(collector.meter.counts()[kind] > before[kind] for kind in kinds),
        timeout_s=TAKEN_S_MAX,
    )
    # Who connected comes by a tap of its own, beside the messages.
    wait_until(lambda: known_clients(collector) > clients, timeout_s=TAKEN_S_MAX)
    collector.stop()


def known_clients(collector: Collector) -> int:
    """Return how many connections of the service the log knows."""
    if not collector.meter.counts():
        return 0
    opened = read(collector.directory).of(ConnectionOpened)
    return sum(it.client_name == CLIENT for it in opened)


def test_modes_can_be_changed(system: System, tmp_path: Path) -> None:
    """Each capture rebinds the tap to its mode, and the messages of each say what was not captured of them."""
    vhost = next(iter(system.urls))
    store = tmp_path / "store"
    keys: list[set[str]] = []
    with system.collector(store) as collector:
        for number, mode in enumerate(MODES):
            kinds = ["MessagePublished", *(["MessageDelivered"] if mode == "all" else [])]
            capture_one(collector, system, mode, b"message %d" % number, kinds=kinds)
            keys.append(firehose_keys(system, vhost))

    captured = read(store)
    assert keys == [{"#"}, {"publish.#"}, set(), {"#"}]
    assert bodies(captured, MessagePublished) == {b"message %d" % number for number in range(4)}
    assert len(captured.of(MessagePublished)) == len(MODES)
    assert len(captured.of(MessageDelivered)) == MODES.count("all")
    projection, found = documents(captured)
    told = [found[b"message %d" % number] for number in range(4)]
    assert told[0].publisher.service == told[1].publisher.service == told[3].publisher.service == CLIENT  # fmt: skip
    assert {copy.state for copy in told[1].copies} == {"unknown"}
    assert all("not captured" in (copy.cause or "") for copy in told[1].copies)
    assert (told[2].state, told[2].copies, told[2].publisher.service) == ("unknown", (), None)
    assert (told[2].exchange, told[2].routing_keys) == (EXCHANGE, (ROUTING_KEY,))
    assert {copy.state for copy in told[3].copies} >= {"waiting"}
    modes = [fact.mode.partition(",")[0] for fact in captured.of(TapsPlanned) if fact.vhost == vhost]  # fmt: skip
    assert list(dict.fromkeys(modes)) == ["firehose", "publishes", "exchanges"]
    assert modes[-1] == "firehose"
    assert Answers(projection).capture().exchange_taps == ()


def test_chosen_exchanges_need_no_firehose(system: System, tmp_path: Path) -> None:
    """Tracing stays off, unsafe exchanges are left alone with a reason, and nothing but what passes the others is taken."""
    (vhost, url), (other, _) = system.urls.items()
    with RawConnection(url) as connection:
        for name in ("direct,one", "fleeting"):
            declare = commands.Exchange.Declare(
                exchange=name,
                exchange_type="direct",
                durable=name != "fleeting",
                auto_delete=name == "fleeting",
            )
            connection.call(declare, commands.Exchange.DeclareOk)
            bind = commands.Queue.Bind(queue=QUEUES[0], exchange=name, routing_key="known")
            connection.call(bind, commands.Queue.BindOk)
    mode = "exchanges:direct%2Cone,fleeting,missing"
    with system.collector(tmp_path / "store", TAP_MODE=mode) as collector:
        collector.start_leading()
        expected = {("direct,one", "known")}
        wait_until(
            lambda: bound(system.management, vhost, FIREHOSE) == expected, timeout_s=TAKEN_S_MAX
        )
        with RawConnection(url) as connection:
            connection.publish_all(
                [
                    frames_of(1, exchange, b"known", {}, b"to " + exchange)
                    for exchange in (b"fleeting", b"", b"direct,one")
                ]
            )
        wait_until(lambda: collector.meter.counts()["MessagePublished"] > 0, timeout_s=TAKEN_S_MAX)
        collector.stop()
    traced = {name: system.management.get("vhosts", name)["tracing"] for name in (vhost, other)}
    arguments = system.management.get("queues", vhost, FIREHOSE)["arguments"]

    assert traced == {vhost: False, other: False}
    assert arguments["x-max-length"] == 1_000_000
    assert arguments["x-max-length-bytes"] == 2 << 30
    assert arguments["x-overflow"] == "drop-head"
    captured = read(tmp_path / "store")
    assert bodies(captured, MessagePublished) == {b"to direct,one"}
    plans: dict[Text, TapsPlanned] = {fact.vhost: fact for fact in captured.of(TapsPlanned)}
    assert plans[vhost].exchanges == ("direct,one",)
    reasons = dict(plans[vhost].exchanges_left_alone)
    assert "deletes itself" in reasons["fleeting"] or "durable" in reasons["fleeting"]
    assert reasons["missing"] == "it does not exist"
    assert "mandatory" in dict(plans[vhost].warnings)["direct,one"]
    assert plans[other].exchanges == ()
    projection, _ = documents(captured)
    answer = Answers(projection).capture()
    assert any("chosen exchanges" in each for each in answer.blind_spots)
    assert [row["exchange"] for row in answer.exchange_taps] == ["direct,one"]
