"""What the broker's account of itself means for hoptrail doctor: every warning, and the commands that mend."""

from typing import Any

import pytest

from collector.doctor import checks as doctor_checks
from collector.doctor.checks import OK, PROBLEM, WARNING
from collector.taps.plan import BindingPlan, TapQueue, firehose_queue

HTTP = {"node": "a", "protocol": "http"}
NODE = {"name": "a", "running": True, "config_files": ["/etc/rabbitmq/rabbitmq.conf"]}
GRANTED = {"user": "obs", "configure": "^obs", "write": "^obs", "read": ".*"}


def tap() -> TapQueue:
    """Return the tap that the default settings would make on 3.10."""
    return firehose_queue("/", "3.10.8", messages_max=10, bytes_max=99, queue_type="quorum")


def test_a_node_without_management_cannot_be_switched() -> None:
    """A node that runs without the API is warned of with both commands, one that is down without any."""
    told = [NODE, NODE | {"name": "b"}, {"name": "c", "running": False}]
    found = doctor_checks.nodes(told, [HTTP], ["/", "shop"])

    assert [(each.what, each.state) for each in found] == [("node b", WARNING), ("node c", WARNING)]
    assert found[0].mend == (
        "rabbitmq-plugins -n b enable rabbitmq_management",
        "rabbitmqctl -n b trace_on -p /",
        "rabbitmqctl -n b trace_on -p shop",
    )
    assert doctor_checks.nodes([NODE], [HTTP | {"protocol": "https"}], []) == []


@pytest.mark.parametrize(("protocol", "state"), [("http/prometheus", OK), ("http", WARNING)])
def test_metrics_count_what_no_tap_shows(protocol: str, state: str) -> None:
    """Without the Prometheus plugin dead letters are not counted, and the command says how to have it."""
    found = doctor_checks.metrics([{"node": "a", "protocol": protocol}])

    assert found.state == state
    assert bool(found.mend) is (state == WARNING)


def test_tracing_that_a_restart_forgets_is_warned_of() -> None:
    """A node without an advanced.config surely forgets its tracing; with one it cannot be told from outside."""
    found = doctor_checks.volatile([NODE], ["/", "shop"])

    assert found is not None
    assert found.mend == ('in advanced.config: [{rabbit,[{trace_vhosts,[<<"/">>,<<"shop">>]}]}].',)
    kept = NODE | {"config_files": ["/etc/rabbitmq/advanced.config"]}
    assert doctor_checks.volatile([kept], ["/"]) is None
    assert doctor_checks.volatile([NODE], []) is None
    assert doctor_checks.volatile([{"name": "c", "running": False}], ["/"]) is None


def test_a_tap_made_with_other_settings_is_told() -> None:
    """A queue keeps the limits it was made with; what differs is named, with the command that makes room for a new one."""
    planned = tap()
    same = {"arguments": {**planned.arguments, "hoptrail-traced-before": True}}
    other = {"arguments": {**planned.arguments, "x-max-length": 5}}
    (found,) = doctor_checks.tap_queue(planned, other)

    assert doctor_checks.tap_queue(planned, None) == []
    assert doctor_checks.tap_queue(planned, same) == []
    assert found.state == WARNING
    assert "x-max-length is 5, not 10" in found.detail
    assert "rabbitmqctl delete_queue -p / obs.tap.firehose" in found.mend[0]


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"message-ttl": 1}, "message-ttl = 1"),
        ({"max-length": 3}, "max-length = 3"),
        ({"consumer-timeout": 60_000}, "consumer-timeout = 60000 ms"),
        ({"consumer-timeout": 900_000}, None),
        ({"ha-mode": "all"}, None),
    ],
)
def test_a_policy_on_the_tap_is_told(policy: dict[str, Any], words: str | None) -> None:
    """A policy that lets the tap lose events, or the broker close it while it is quiet, is named."""
    planned = tap()
    told = {"arguments": planned.arguments, "policy": "all", "effective_policy_definition": policy}
    found = doctor_checks.tap_queue(planned, told)

    assert [words is not None and words in each.detail for each in found] == [True] * bool(words)
    assert all("policy all " in each.detail for each in found)


def test_each_warning_names_its_exchanges() -> None:
    """Exchanges with the same warning share it."""
    planned = BindingPlan(warnings=(("a", "mandatory"), (b"\xff", "mandatory"), ("c", "other")))
    found = doctor_checks.warnings("vhost /", planned)

    assert [(each.state, each.detail) for each in found] == [
        (WARNING, r"a, \xff: mandatory"), (WARNING, "c: other"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tags", "untraced", "said"),
    [
        (["administrator"], ["/"], False),
        (["monitoring"], [], False),
        (["monitoring"], ["/"], True),
        ([], ["/"], True),
    ],
)
def test_only_an_administrator_can_switch_tracing_on(
    tags: list[str], untraced: list[str], said: bool
) -> None:
    """Where tracing is off and nobody may switch it on, the command is told."""
    found = doctor_checks.administrator("obs", tags, untraced)

    assert (found is not None) is said
    assert found is None or "rabbitmqctl trace_on -p /" in found.mend


@pytest.mark.parametrize(
    ("row", "state", "words"),
    [
        (GRANTED, OK, "all that is needed"),
        (GRANTED | {"read": r"^amq\.rabbitmq"}, WARNING, "read obs.tap.firehose"),
        (GRANTED | {"configure": ""}, WARNING, "configure obs.tap.firehose"),
        (GRANTED | {"read": r"^(amq\.|obs\.)"}, WARNING, "read dlx.a"),
        (GRANTED | {"read": "(?<broken"}, OK, "all that is needed"),
        (GRANTED | {"user": "other"}, PROBLEM, "none"),
    ],
)
def test_missing_rights_are_named(row: dict[str, Any], state: str, words: str) -> None:
    """What the user may not do is named, with the one command that grants all that is needed."""
    found = doctor_checks.permissions("obs", "/", [row], ["dlx.a"], home=True)

    assert found is not None
    assert (found.state, words in found.detail) == (state, True)
    if state != OK:
        readable = r"^(amq\.rabbitmq\.(trace|event)|obs\.tap\..*|dlx\.a)$"
        granted = rf"rabbitmqctl set_permissions -p / obs '^obs\.tap\.' '^obs\.tap\.' '{readable}'"
        assert found.mend == (granted,)


def test_rights_that_may_not_be_read_are_not_guessed() -> None:
    """Only an administrator may read permissions; without one nothing is said of them."""
    assert doctor_checks.permissions("obs", "/", None, [], home=False) is None
