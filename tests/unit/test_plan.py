"""What is tapped and what is left alone: no tap that anything could notice, and none without a bound."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.taps.modes import FIREHOSE_KEYS
from collector.taps.plan import (
    BINDINGS_PER_EXCHANGE_MAX,
    BINDINGS_SAFE_TYPES,
    DEAD_LETTERS,
    EVENT_EXCHANGE,
    FIREHOSE,
    TRACE_EXCHANGE,
    BindingPlan,
    dead_letters,
    dead_letters_queue,
    events_queue,
    firehose_queue,
    former_keys,
    major_version,
    placed,
    selected,
)
from collector.topology.state import TopologyState
from events.facts import BindingCreated, ExchangeDeclared, Fact, PolicySet, QueueDeclared
from events.values import Text

LAWS = settings(max_examples=150, deadline=None)
VERSIONS = ["3.8.0", "3.10.8", "3.13.7", "4.0.1", "4.3.6", "", "next", "5"]
NAMES = st.sampled_from(["dlx", "dlx2", "", "a,b", "a.b/c%", b"\xff", TRACE_EXCHANGE, "amq.direct"])
TYPES = st.sampled_from(
    ["topic", "fanout", "headers", "direct", "x-consistent-hash", "x-random", "x-delayed", b"\xfe"]
)


def exchange(
    name: Text = "dlx",
    kind: Text = "topic",
    *,
    durable: bool = True,
    auto_delete: bool = False,
    arguments: dict[Text, Any] | None = None,
    policy: dict[Text, Any] | None = None,
    vhost: str = "/",
) -> ExchangeDeclared:
    """Return an exchange that is safe to tap unless told otherwise."""
    return ExchangeDeclared(
        vhost, name, kind, durable, auto_delete, False, arguments or {}, policy or {}, "event"
    )


def queue(
    name: Text = "work",
    *,
    arguments: dict[Text, Any] | None = None,
    policy: dict[Text, Any] | None = None,
    vhost: str = "/",
) -> QueueDeclared:
    """Return a queue that dead-letters into ``dlx`` unless told otherwise."""
    told: dict[Text, Any] = {"x-dead-letter-exchange": "dlx"} if arguments is None else arguments
    return QueueDeclared(
        vhost, name, "quorum", True, False, False, told, policy or {}, "event"
    )  # fmt: skip


def state_of(*facts: Fact) -> TopologyState:
    """Return the topology that *facts* tell."""
    state = TopologyState()
    for fact in facts:
        state.apply(fact)
    return state


def planned(*facts: Fact, wanted: str = "auto") -> BindingPlan:
    """Return the plan for the vhost ``/``."""
    return dead_letters(state_of(*facts), "/", wanted)


@pytest.mark.parametrize(
    ("kind", "key", "arguments"),
    [("topic", "#", {}), ("fanout", "", {}), ("headers", "", {"x-match": "all"})],
)
def test_one_binding_sees_everything(kind: str, key: str, arguments: dict[str, Any]) -> None:
    """Topic, fanout and headers exchanges need one binding each."""
    found = planned(exchange(kind=kind), queue())

    assert found == BindingPlan(
        tapped=("dlx",), bindings=(("dlx", key, arguments),), warnings=found.warnings
    )
    assert [name for name, _ in found.warnings] == ["dlx"]
    assert "mandatory" in found.warnings[0][1]


def test_a_direct_exchange_is_mirrored_key_by_key() -> None:
    """A direct exchange is bound by its own binding keys and by the keys its dead letters carry, each once."""
    found = planned(
        exchange(kind="direct"),
        exchange("other", "direct"),
        queue("renamed", arguments={"x-dead-letter-exchange": "dlx", "x-dead-letter-routing-key": "r"}),
        queue("by-policy", arguments={}, policy={"dead-letter-exchange": "dlx", "dead-letter-routing-key": b"\xff"}),
        queue("plain"),
        BindingCreated("/", "dlx", "dead", "queue", "r", {}, "event"),
        BindingCreated("/", "dlx", "dead", "queue", "bound", {}, "event"),
        BindingCreated("/", "other", "dead", "queue", "elsewhere", {}, "event"),
        BindingCreated("shop", "dlx", "dead", "queue", "shop", {}, "event"),
    )  # fmt: skip

    assert found.bindings == tuple(("dlx", key, {}) for key in (b"\xff", "bound", "plain", "r"))


UNSAFE: dict[str, tuple[list[Fact], str]] = {
    "hash": ([exchange(kind="x-consistent-hash")], "take messages away"),
    "random": ([exchange(kind="x-random")], "take messages away"),
    "unknown type": ([exchange(kind=b"\xff")], "take messages away"),
    "transient": ([exchange(durable=False)], "not durable"),
    "auto-delete": ([exchange(auto_delete=True)], "it deletes itself"),
    "alternate": ([exchange(arguments={"alternate-exchange": "ae"})], "alternate exchange"),
    "alternate by policy": (
        [exchange(policy={"name": "p"}), PolicySet("/", "p", ".*", "exchanges", 0, {"alternate-exchange": "ae"}, "event")],
        "alternate exchange",
    ),
    "alternate by definition": ([exchange(policy={"alternate-exchange": "ae"})], "alternate exchange"),
    "at least once": (
        [exchange(), queue("q2", arguments={"x-dead-letter-exchange": "dlx", "x-dead-letter-strategy": "at-least-once"})],
        "at least once",
    ),
    "at least once by policy": (
        [exchange(), queue("q2", arguments={},
                           policy={"dead-letter-exchange": "dlx", "dead-letter-strategy": "at-least-once"})],
        "at least once",
    ),
    "missing": ([], "does not exist"),
    "other vhost": ([exchange(vhost="shop")], "does not exist"),
    "too many keys": (
        [exchange(kind="direct"), *(BindingCreated("/", "dlx", "q", "queue", str(key), {}, "event")
                                    for key in range(BINDINGS_PER_EXCHANGE_MAX))],
        "binding keys",
    ),
}  # fmt: skip


@pytest.mark.parametrize("unsafe", UNSAFE)
@pytest.mark.parametrize("wanted", ["auto", "dlx", "other, dlx"])
def test_what_is_not_safe_is_left_alone(unsafe: str, wanted: str) -> None:
    """An exchange where a binding would be noticed or useless is left alone with the reason, also when it was named."""
    facts, why = UNSAFE[unsafe]
    found = planned(*facts, queue(), wanted=wanted)

    assert (found.tapped, found.bindings) == ((), ())
    assert [name for name, _ in found.left_alone] == ["dlx"]
    assert why in found.left_alone[0][1]


def test_the_default_exchange_is_left_alone() -> None:
    """Dead letters through the default exchange cannot be tapped."""
    told: dict[Text, Any] = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "failed"}
    found = planned(exchange("", "direct"), queue(arguments=told), queue("failed", arguments={}))

    assert found == BindingPlan(
        left_alone=(("", "the default exchange cannot be bound"),), behind=(("", "failed"),)
    )


@pytest.mark.parametrize("name", [TRACE_EXCHANGE, EVENT_EXCHANGE])
def test_the_taps_own_exchanges_are_left_alone(name: str) -> None:
    """Dead letters sent into the firehose are there already, and not taken a second time."""
    found = planned(exchange(name), queue(arguments={"x-dead-letter-exchange": name}))

    assert found.tapped == ()
    assert "tap" in found.left_alone[0][1]


def test_dead_letters_elsewhere_do_not_matter() -> None:
    """What a queue of another vhost does says nothing of an exchange of this one."""
    strict: dict[Text, Any] = {
        "x-dead-letter-exchange": "dlx",
        "x-dead-letter-strategy": "at-least-once",
    }

    assert planned(exchange(), queue(), queue(vhost="shop", arguments=strict)).tapped == ("dlx",)


@pytest.mark.parametrize(
    ("wanted", "tapped"),
    [
        ("auto", ("a", "b")),
        ("off", ()),
        ("b", ("b",)),
        (" b , a", ("a", "b")),
        ("c", ()),
        ("", ()),
        ("*", ("a", "b")),
        ("auto, -b", ("a",)),
        ("-a", ("b",)),
        ("a*,-*", ()),
    ],
)
def test_the_setting_chooses(wanted: str, tapped: tuple[str, ...]) -> None:
    """All safe ones, none, or the safe ones among those named; the others are told with a reason."""
    facts = [exchange("a"), exchange("b")]
    facts += [queue(name, arguments={"x-dead-letter-exchange": name}) for name in ("a", "b")]
    found = planned(*facts, wanted=wanted)

    assert found.tapped == tapped
    assert [name for name, _ in found.left_alone] == [n for n in ("a", "b") if n not in tapped]
    assert all(why for _, why in found.left_alone)


QUEUE_TABLES = st.dictionaries(
    st.sampled_from(["x-dead-letter-exchange", "x-dead-letter-routing-key", "x-dead-letter-strategy"]),
    NAMES | st.sampled_from(["at-least-once", 5, None, True]),
)  # fmt: skip
POLICY_TABLES = QUEUE_TABLES.map(
    lambda told: {name.removeprefix("x-"): value for name, value in told.items()}
)
EXCHANGES = st.builds(
    lambda name, kind, durable, auto_delete, arguments: exchange(
        name, kind, durable=durable, auto_delete=auto_delete, arguments=arguments
    ),
    NAMES, TYPES, st.booleans(), st.booleans(), st.sampled_from([{}, {}, {"alternate-exchange": "x"}]),
)  # fmt: skip
QUEUES = st.builds(
    lambda name, arguments, policy: queue(name, arguments=arguments, policy=policy),
    st.sampled_from(["q1", "q2", b"\xfd", "q,3"]), QUEUE_TABLES, POLICY_TABLES,
)  # fmt: skip
BINDINGS = st.builds(
    BindingCreated,
    st.just("/"), NAMES, st.just("q1"), st.just("queue"), NAMES, st.just({}), st.just("event"),
)  # fmt: skip


@LAWS
@given(
    st.lists(EXCHANGES | QUEUES | BINDINGS, max_size=20),
    st.sampled_from(["auto", "off", "dlx", "dlx,dlx2,a.b/c%25", "amq.rabbitmq.trace", "*,-dlx"]),
    st.sets(NAMES, max_size=3),
)
def test_only_safe_exchanges_are_bound(facts: list[Fact], wanted: str, chosen: set[Text]) -> None:
    """In any topology what was asked for is tapped or left alone, once, and what is bound cannot be noticed."""
    state = state_of(*facts)
    picked = selected(state, "/", chosen)
    assert {*picked.tapped, *(name for name, _ in picked.left_alone)} == chosen
    assert_safe(state, picked)
    both = dead_letters(state, "/", wanted, taken=picked.tapped)
    assert {name for name, _, _ in both.bindings}.isdisjoint(picked.tapped)
    found = dead_letters(state, "/", wanted)
    used = {
        told.get(name)
        for it in state.of("queue")
        for told, name in (
            (it.arguments, "x-dead-letter-exchange"),
            (it.policy, "dead-letter-exchange"),
        )
    }
    left = {name for name, _ in found.left_alone}

    assert left.isdisjoint(found.tapped)
    assert {*left, *found.tapped} <= {name for name in used if isinstance(name, str | bytes)}
    assert wanted != "off" or not found.tapped
    assert_safe(state, found)


def assert_safe(state: TopologyState, found: BindingPlan) -> None:
    """Assert that each exchange tapped can be, that each left alone has a reason, and that nothing else is bound."""
    known = {it.name: it for it in state.of("exchange")}
    assert {name for name, _, _ in found.bindings} <= set(found.tapped)
    assert {name for name, _ in found.warnings} <= set(found.tapped)
    assert all(why for _, why in found.left_alone)
    assert {name for name, _ in found.behind} <= {name for name, _ in found.left_alone}
    for name in found.tapped:
        it = known[name]
        assert name not in ("", TRACE_EXCHANGE, EVENT_EXCHANGE)
        assert it.type in BINDINGS_SAFE_TYPES
        assert it.durable
        assert not it.auto_delete
        assert not it.arguments


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("queue_type", ["quorum", "classic"])
def test_every_tap_is_bounded(version: str, queue_type: str) -> None:
    """Each tap queue drops its oldest beyond a number of messages, has no time to live and no dead letters."""
    taps = [
        firehose_queue("/", version, messages_max=10, bytes_max=99, queue_type=queue_type),
        events_queue(version, queue_type=queue_type),
        dead_letters_queue("/", version, bytes_max=99, queue_type=queue_type, planned=BindingPlan()),
    ]  # fmt: skip

    for tap in taps:
        assert tap.arguments["x-max-length"] > 0
        assert tap.arguments["x-overflow"] == "drop-head"
        assert tap.arguments["x-queue-type"] == queue_type
        assert not any("dead-letter" in name or "ttl" in name for name in tap.arguments)
        new = major_version(version) >= 4
        assert ("x-delivery-limit" in tap.arguments) is (new and queue_type == "quorum")
        assert ("x-queue-mode" in tap.arguments) is (not new and queue_type == "classic")


def test_taps_bind_to_nothing_of_a_service() -> None:
    """The firehose and event taps read the broker's own exchanges; the dead-letter tap what was planned, and no more."""
    firehose = firehose_queue("/", "4.0", messages_max=1, bytes_max=1, queue_type="quorum")
    told = BindingPlan(tapped=("dlx",), bindings=(("dlx", "#", {}),))
    dead = dead_letters_queue("/", "4.0", bytes_max=1, queue_type="quorum", planned=told)
    bound = events_queue("4.0", queue_type="quorum").bindings

    assert (firehose.name, firehose.bindings) == (FIREHOSE, ((TRACE_EXCHANGE, "#", {}),))
    assert {exchange for exchange, _, _ in bound} == {EVENT_EXCHANGE}
    assert (dead.name, dead.bindings) == (DEAD_LETTERS, told.bindings)


@pytest.mark.parametrize("name", list(FIREHOSE_KEYS))
def test_a_mode_binds_to_the_firehose_as_it_needs(name: str) -> None:
    """A tap is bound by the keys of its mode, and let go of by those of all others."""
    keys = FIREHOSE_KEYS[name]
    tap = firehose_queue("/", "4.0", messages_max=1, bytes_max=1, queue_type="quorum", keys=keys)

    assert tuple(key for _, key, _ in tap.bindings) == keys
    assert {*keys, *former_keys(keys)} == {"#", "publish.#"}
    assert set(keys).isdisjoint(former_keys(keys))


def test_what_the_broker_refuses_is_left_alone_for_its_reason() -> None:
    """A plan without a refused exchange has none of its bindings and warnings, and all else."""
    facts = [exchange("a"), exchange("b", "direct")]
    facts += [queue(name, arguments={"x-dead-letter-exchange": name}) for name in ("a", "b")]
    whole = planned(*facts)
    found = whole.without({"b": "may not", "c": "never asked for"})

    assert (found.tapped, found.left_alone) == (("a",), (("b", "may not"),))
    assert {name for name, _, _ in found.bindings} == {"a"} == {name for name, _ in found.warnings}
    assert whole.without({"c": "never asked for"}) == whole


def test_the_queues_behind_an_exchange_left_alone_are_told() -> None:
    """Dead letters through it fall into what is bound to it, also by way of other exchanges; loops end."""
    found = planned(
        exchange(kind="x-random"), queue(),
        BindingCreated("/", "dlx", "near", "queue", "", {}, "event"),
        BindingCreated("/", "dlx", "next", "exchange", "", {}, "event"),
        BindingCreated("/", "next", "far", "queue", "", {}, "event"),
        BindingCreated("/", "next", "dlx", "exchange", "", {}, "event"),
        BindingCreated("/", "other", "elsewhere", "queue", "", {}, "event"),
    )  # fmt: skip

    assert found.behind == (("dlx", "far"), ("dlx", "near"))


@pytest.mark.parametrize(
    ("version", "major"),
    [("3.10.8", 3), ("4.0.0-rc.1", 4), ("13", 13), ("", 99), ("v4", 99), ("³.1", 99)],
)
def test_an_unknown_version_counts_as_a_new_one(version: str, major: int) -> None:
    """The first number of a version decides, and one without a number is newer than all."""
    assert major_version(version) == major


@pytest.mark.parametrize(
    ("nodes", "kind", "members"),
    [(1, "quorum", None), (2, "quorum", 1), (3, "quorum", None), (2, "classic", None)],
)
def test_of_two_nodes_a_tap_needs_one(nodes: int, kind: str, members: int | None) -> None:
    """A quorum tap of a cluster of two has one member; in every other the broker's own choice is right."""
    queue = events_queue("3.10.8", queue_type=kind)

    found = placed(queue, nodes)

    assert found.arguments.get("x-quorum-initial-group-size") == members
    assert found.bindings == queue.bindings
