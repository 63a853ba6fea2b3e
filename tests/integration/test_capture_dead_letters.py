"""The taps on dead-letter exchanges follow every change on a real broker, and nothing else in the vhost changes by them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pamqp import commands

from bench.raw import RawConnection, frames_of
from examples.local_broker import Broker, BrokerUnavailable
from tests.support import parts
from tests.support.brokers import open_speaking_broker
from tests.support.collecting import System, system_of
from tests.support.dead_letters import TAP, Dying
from tests.support.wait import wait_until

DEPTH_S_MAX = 30
PUBLISHED = 60
HASHED = ("hash.one", "hash.two")


@pytest.fixture(scope="module")
def dying_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker that can hash exchanges."""
    parts.require("own-broker")
    try:
        opened = open_speaking_broker(tmp_path_factory.mktemp("dying"), ["hash"])
    except BrokerUnavailable as refused:
        parts.missing("own-broker", refused)
    try:
        yield opened
    finally:
        if opened.pid is not None:
            opened.kill()
        opened.close()


@pytest.fixture(scope="module")
def captured(dying_broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dying]:
    """One vhost that is captured while the tests of the module change it."""
    store = tmp_path_factory.mktemp("captured") / "store"
    with (
        system_of(dying_broker, "dying") as system,
        system.collector(store, DEAD_LETTER_TAPS="auto,-excluded.*").leading() as collector,
    ):
        yield Dying(system=system, collector=collector, store=store)
        collector.stop()


def test_the_order_of_declaring_does_not_matter(captured: Dying) -> None:
    """An exchange is tapped once it exists and something dies into it, whichever came first; and let go of with the last."""
    captured.exchange("first.dlx", "fanout")
    captured.queue("first work", x_dead_letter_exchange="first.dlx")
    captured.queue("second work", x_dead_letter_exchange="second.dlx")
    captured.becomes("first.", {("first.dlx", "")})
    captured.is_left_alone("second.dlx", "it does not exist")
    captured.exchange("second.dlx", "headers")
    captured.becomes("second.", {("second.dlx", "")})

    captured.calls(
        (commands.Queue.Delete(queue="second work"), commands.Queue.DeleteOk),
    )
    captured.becomes("second.", set())


@pytest.mark.parametrize(("kind", "key"), [("topic", "#"), ("fanout", "")])
def test_an_exchange_made_anew_is_bound_anew(captured: Dying, kind: str, key: str) -> None:
    """A binding goes with its exchange; declared again in the same breath, of any type, the exchange is tapped again."""
    name = f"again.{kind}"
    captured.exchange(name)
    captured.queue(f"{name} work", x_dead_letter_exchange=name)
    captured.becomes(name, {(name, "#")})

    captured.calls(
        (commands.Exchange.Delete(exchange=name), commands.Exchange.DeleteOk),
        (
            commands.Exchange.Declare(exchange=name, exchange_type=kind, durable=True),
            commands.Exchange.DeclareOk,
        ),
    )
    captured.becomes(name, {(name, key)})


def test_a_direct_exchange_is_mirrored_as_its_keys_change(captured: Dying) -> None:
    """Every binding key and every key of a dead letter is mirrored, as they come and go."""
    captured.exchange("direct.dlx", "direct")
    captured.queue("direct dead")
    captured.queue("direct work", x_dead_letter_exchange="direct.dlx", x_dead_letter_routing_key="died")  # fmt: skip
    captured.becomes("direct.", {("direct.dlx", "died")})
    for key in ("one", "two"):
        bind = commands.Queue.Bind(queue="direct dead", exchange="direct.dlx", routing_key=key)
        captured.calls((bind, commands.Queue.BindOk))
    captured.becomes("direct.", {("direct.dlx", key) for key in ("died", "one", "two")})

    unbind = commands.Queue.Unbind(queue="direct dead", exchange="direct.dlx", routing_key="one")
    captured.calls((unbind, commands.Queue.UnbindOk))
    captured.becomes("direct.", {("direct.dlx", key) for key in ("died", "two")})
    assert not captured.returned("direct.dlx", "died")
    assert captured.returned("direct.dlx", "one")


def test_policies_are_followed(captured: Dying) -> None:
    """A dead-letter exchange set, changed and cleared by a policy is tapped, exchanged and let go of."""
    for name in ("policy.one", "policy.two"):
        captured.exchange(name)
    captured.queue("policy work")
    captured.policy("dying", "^policy work$", "queues", dead_letter_exchange="policy.one")
    captured.becomes("policy.", {("policy.one", "#")})
    captured.policy("dying", "^policy work$", "queues", dead_letter_exchange="policy.two")
    captured.becomes("policy.", {("policy.two", "#")})
    limit = {"pattern": "^policy", "definition": {"max-length": 9}, "apply-to": "queues"}
    captured.system.management.put("operator-policies", captured.vhost, "limit", body=limit)
    captured.becomes("policy.", {("policy.two", "#")})
    captured.no_policy("dying")
    captured.becomes("policy.", set())


def test_what_becomes_unsafe_is_let_go_of(captured: Dying) -> None:
    """An alternate exchange by policy, or a queue that dead-letters at least once, ends a tap until it is gone again."""
    captured.exchange("unsafe.dlx")
    captured.queue("unsafe work", x_dead_letter_exchange="unsafe.dlx")
    captured.becomes("unsafe.", {("unsafe.dlx", "#")})
    captured.policy("alternate", "^unsafe", "exchanges", alternate_exchange="amq.fanout")
    captured.becomes("unsafe.", set())
    captured.is_left_alone("unsafe.dlx", "alternate exchange")
    captured.no_policy("alternate")
    captured.becomes("unsafe.", {("unsafe.dlx", "#")})

    captured.queue(
        "unsafe strict", x_queue_type="quorum", x_dead_letter_exchange="unsafe.dlx",
        x_dead_letter_strategy="at-least-once", x_overflow="reject-publish",
    )  # fmt: skip
    captured.becomes("unsafe.", set())
    captured.is_left_alone("unsafe.dlx", "at least once")


def test_a_mandatory_message_tells_of_the_tap(captured: Dying) -> None:
    """What the warning says is so: while it is tapped a topic exchange returns nothing, and untapped it does."""
    captured.exchange("mandatory.dlx")
    captured.exchange("excluded.dlx")
    assert captured.returned("mandatory.dlx", "nobody")
    captured.queue("mandatory work", x_dead_letter_exchange="mandatory.dlx")
    captured.queue("excluded work", x_dead_letter_exchange="excluded.dlx")
    captured.becomes("mandatory.", {("mandatory.dlx", "#")})
    captured.is_left_alone("excluded.dlx", "excluded by name")

    assert not captured.returned("mandatory.dlx", "nobody")
    assert captured.returned("excluded.dlx", "nobody")
    assert "mandatory" in dict(captured.plan().warnings)["mandatory.dlx"]


def test_an_exchange_that_hashes_is_left_alone(captured: Dying) -> None:
    """Its queues get every message; the tap says why it is not bound, and where its dead letters fall."""
    captured.exchange("hash.dlx", "x-consistent-hash")
    for queue in HASHED:
        captured.queue(queue)
        bind = commands.Queue.Bind(queue=queue, exchange="hash.dlx", routing_key="1")
        captured.calls((bind, commands.Queue.BindOk))
    captured.queue("hash work", x_dead_letter_exchange="hash.dlx")
    captured.is_left_alone("hash.dlx", "x-consistent-hash")
    with RawConnection(captured.url) as connection:
        bodies = [b"%d" % number for number in range(PUBLISHED)]
        connection.publish_all(
            [frames_of(1, b"hash.dlx", body, {}, body) for body in bodies],
        )

    def depth() -> int:
        return sum(captured.system.management.depth(captured.vhost, queue)[0] for queue in HASHED)

    wait_until(lambda: depth() == PUBLISHED, timeout_s=DEPTH_S_MAX)
    assert captured.bound("hash.") == set()
    behind = {str(queue) for exchange, queue in captured.plan().behind if exchange == "hash.dlx"}
    assert behind == set(HASHED)


def test_an_exchange_that_went_meanwhile_ends_nothing(system: System, tmp_path: Path) -> None:
    """A new capture that still believes in an exchange goes on without it, and taps it once it is there again."""
    with system.collector(tmp_path / "store") as collector:
        dying = Dying(system=system, collector=collector, store=tmp_path / "store")
        collector.start_leading()
        dying.exchange("gone.dlx")
        dying.queue("gone work", x_dead_letter_exchange="gone.dlx")
        dying.becomes("gone.", {("gone.dlx", "#")})
        collector.stop()
        delete = commands.Exchange.Delete(exchange="gone.dlx")
        dying.calls((delete, commands.Exchange.DeleteOk))
        collector.start_leading()
        dying.is_left_alone("gone.dlx", "it does not exist")
        dying.exchange("gone.dlx", "fanout")
        dying.becomes("gone.", {("gone.dlx", "")})
        collector.stop()

    assert collector.stderr.count('"capturing') + collector.stderr.count("capturing ") == 2


def test_an_exchange_that_may_not_be_read_is_left_alone(system: System, tmp_path: Path) -> None:
    """A user without the right to read an exchange captures everything else, and the log says what is missing."""
    management, vhost = system.management, next(iter(system.urls))
    management.put("users", "tapper", body={"password": "tapper-tapper", "tags": "monitoring"})
    own = r"^obs\.tap\."
    read = r"^(amq\.rabbitmq\.(trace|event)|obs\.tap\..*|open\..*)$"
    for each in (*system.urls, "/"):
        rights = {"configure": own, "write": own, "read": read}
        management.put("permissions", each, "tapper", body=rights)
    port, web = system.broker.port, system.broker.management_url
    with system.collector(
        tmp_path / "store",
        amqp_url=f"amqp://tapper:tapper-tapper@127.0.0.1:{port}/",
        MANAGEMENT_URL=web.replace(f"{system.broker.user}:{system.broker.password}@", "tapper:tapper-tapper@"),
        ADMIN_URL=web,
    ) as collector:  # fmt: skip
        dying = Dying(system=system, collector=collector, store=tmp_path / "store")
        for name in ("open.dlx", "secret.dlx"):
            dying.exchange(name)
            dying.queue(f"{name} work", x_dead_letter_exchange=name)
        collector.start_leading()
        dying.becomes("open.", {("open.dlx", "#")})
        dying.is_left_alone("secret.dlx", "may not read")
        assert dying.bound("secret.", TAP) == set()
        collector.stop()
    management.delete("users", "tapper")
    assert vhost == dying.vhost
