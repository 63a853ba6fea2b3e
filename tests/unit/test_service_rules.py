"""The operator's rules for service names: which fits, what they change, and what they leave as it is."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.facts import Envelope
from projector.linker.limits import Limits
from projector.linker.linker import Linker
from projector.linker.rules import KEYS, QueueRules, Rule, matches, of_connection
from projector.projection import Projection, digest_of, restored, snapshot_of
from store.documents import Party
from tests.support.histories import histories, long_history
from tests.unit.linker_log import Log
from tests.unit.test_linker_laws import logs

LAWS = settings(max_examples=40, deadline=None)
TEXTS = st.text("ab*.\n", max_size=8)
PATTERNS = st.text("ab*.\n", min_size=1, max_size=6)
SEEN = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["", "a", "ab", "b"]))


def rule(service: str, **patterns: str) -> Rule:
    return Rule(service=service, patterns=tuple(patterns.items()))


RULES = st.builds(
    Rule,
    service=st.sampled_from(["A", "B", "C"]),
    patterns=st.dictionaries(
        st.sampled_from(KEYS[:-1]), st.sampled_from(["a", "b", "a*", "*"]), min_size=1
    ).map(lambda told: tuple(told.items())),
)
NAMING = (
    rule("Named", connection_name="svc-*"),
    rule("Given", user="svc"),
    rule("Worker", queue="w*"),
    rule("Retrier", queue="retry", vhost="/"),
)
"""Rules that fit what the generated logs and histories hold."""


def publisher(log: Log, position: int) -> Party:
    return log.document(position).publisher


def consumer(log: Log, position: int) -> Party:
    return log.document(position).copies[0].attempts[0].consumer


@LAWS
@given(PATTERNS, TEXTS)
def test_a_star_stands_for_any_characters(pattern: str, text: str) -> None:
    """A pattern fits what it fits as a regular expression; but nothing fits what is not known."""
    expression = ".*".join(map(re.escape, pattern.split("*")))
    expected = text != "" and re.fullmatch(expression, text, re.DOTALL) is not None

    assert matches(pattern, text) == expected


def test_a_pattern_of_many_stars_takes_no_longer() -> None:
    """What makes a regular expression go on for ever is answered at once."""
    assert not matches("*a" * 100 + "b", "a" * 200)


@LAWS
@given(st.lists(RULES, max_size=5), RULES, SEEN, st.integers(0, 5))
def test_the_first_rule_that_fits_counts(
    rules: list[Rule], other: Rule, seen: dict[str, str], at: int
) -> None:
    """A rule changes nothing behind one that fits, nor where it does not fit itself; before it, it wins."""
    found = of_connection(rules, seen)
    more = [*rules[:at], other, *rules[at:]]
    first = next((index for index, each in enumerate(rules) if each.fits(seen)), len(rules))
    wins = other.fits(seen) and min(at, len(rules)) <= first

    assert of_connection(more, seen) == (other if wins else found)


def test_all_patterns_of_a_rule_have_to_fit() -> None:
    """A rule that asks for a user and a host names connections of both, and no others."""
    log = Log(Limits(rules=(rule("Billing", user="app", host="10.0.0.*"),)))
    log.opened("c1", "x", user="app", host="10.0.0.7")
    log.opened("c2", "y", user="app", host="10.1.0.7")
    log.opened("c3", "z", user="other", host="10.0.0.7")

    told = [publisher(log, log.publish("q", by=name)).service for name in ("c1", "c2", "c3")]
    assert told == ["Billing", "y", "z"]


@pytest.mark.parametrize(
    "patterns",
    [
        {"connection_name": "orders@*"},
        {"user": "guest"},
        {"vhost": "/"},
        {"host": "10.0.0.*"},
        {"product": "pik*"},
    ],
)
def test_a_rule_is_surer_than_any_other_evidence(patterns: dict[str, str]) -> None:
    """What it looks at names the connection, with the rule as evidence and a confidence of 1."""
    log = Log(Limits(rules=(rule("Orders", **patterns),)))
    log.opened("c1", "orders@host", product="pika", host="10.0.0.9")
    told = publisher(log, log.publish("q", by="c1", app_id="other"))
    ((key, pattern),) = patterns.items()

    assert (told.service, told.confidence) == ("Orders", 1.0)
    assert told.evidence == f"explicit rule: {key}={pattern}"


def test_a_queue_rule_names_consumers_that_nothing_better_names() -> None:
    """It is next to last: a name of its own or a user of its own counts more, product and host less."""
    log = Log(Limits(rules=(rule("Auditor", queue="audit.*"),)))
    log.opened("c1", None, product="pika", host="10.0.0.9", pid="p1")
    log.opened("c2", "Reader", product="pika", host="10.0.0.9", pid="p2")
    log.opened("c3", None, user="ledger", product="pika", host="10.0.0.9", pid="p3")
    sent = [log.publish("audit.all", body=name.encode()) for name in ("c1", "c2", "c3")]
    for name in ("c1", "c2", "c3"):
        log.deliver("audit.all", to=name, body=name.encode())

    told = [consumer(log, each) for each in sent]
    assert [each.service for each in told] == ["Auditor", "Reader", "ledger"]
    assert (told[0].evidence, told[0].confidence) == ("queue rule: queue=audit.*", 0.7)


def test_a_consumer_that_two_queue_rules_name_has_no_name_of_them() -> None:
    """What could be two services is not taken for one of them."""
    log = Log(Limits(rules=(rule("A", queue="a"), rule("B", queue="b"))))
    log.opened("c1", None, product="pika", host="10.0.0.9")
    sent = log.publish("a")
    log.deliver("a", to="c1")
    assert consumer(log, sent).service == "A"
    log.publish("b", body=b"2")
    log.deliver("b", to="c1", body=b"2")

    assert consumer(log, sent).service == "pika@10.0.0.9"


def test_a_rule_that_fits_later_names_what_was_told_before() -> None:
    """When a better rule fits once more is known of a connection, its messages are told again under that name."""
    rules = (rule("Exact", connection_name="orders-*"), rule("Any", user="guest"))
    log = Log(Limits(rules=rules))
    sent = log.publish("q", by="c1")
    assert publisher(log, sent).service == "Any"
    log.linker.take_changed()
    log.opened("c1", "orders-1")

    assert [message.position for message in log.linker.take_changed()] == [sent]
    assert publisher(log, sent).service == "Exact"


def test_what_a_queue_is_found_to_be_is_that_of_its_vhost() -> None:
    """A queue of the same name in another vhost is asked for anew, also when it was asked for before."""
    rules = QueueRules((rule("One", queue="q", vhost="/one"), rule("Two", queue="q", vhost="/t*")))

    for _ in range(2):
        told = [rules.of(vhost, "q") for vhost in ("/one", "/two", "/")]
        assert [each.service if each else None for each in told] == ["One", "Two", None]


@LAWS
@given(logs())
def test_rules_that_fit_nothing_change_nothing(log: list[Envelope]) -> None:
    """Without rules, and with rules that fit nothing, the state is the same, byte for byte."""
    nothing = (rule("Nobody", user="no-such-user"), rule("Nobody", queue="no-such-queue"))
    bare, ruled = Linker("main"), Linker("main", Limits(rules=nothing))
    for linker in (bare, ruled):
        for envelope in log:
            linker.fold(envelope)

    assert ruled.save() == bare.save()


@LAWS
@given(logs(), st.data())
def test_a_restart_anywhere_changes_nothing_with_rules(
    log: list[Envelope], data: st.DataObject
) -> None:
    """Going on from a state saved anywhere gives the state of an unbroken run."""
    limits = Limits(rules=NAMING)
    cut = data.draw(st.integers(0, len(log)))
    whole, first, second = Linker("main", limits), Linker("main", limits), Linker("main", limits)
    for envelope in log:
        whole.fold(envelope)
    for envelope in log[:cut]:
        first.fold(envelope)
    second.restore(first.save())
    for envelope in log[cut:]:
        second.fold(envelope)

    assert second.digest() == whole.digest()


@LAWS
@given(histories())
def test_every_connection_that_a_rule_fits_is_named_by_it(history: list[Envelope]) -> None:
    """With a rule for all vhosts nobody is named by anything else, and no message still tells another name."""
    linker = Linker("main", Limits(rules=(rule("Everybody", vhost="*"),)))
    told: dict[int, Party] = {}
    for envelope in history:
        linker.fold(envelope)
        for message in linker.take_changed():
            document = linker.document(message)
            if document.publish_observed:
                told[message.position] = document.publisher

    assert {party.service for party in told.values()} <= {"Everybody"}
    assert {party.confidence for party in told.values()} <= {1.0}


def test_other_rules_are_another_view() -> None:
    """The version of a projection tells rules apart, also by their order; without rules it is as ever."""
    reversed_rules = tuple(reversed(NAMING))
    versions = {
        Projection("main", replace(Limits(), rules=rules)).version
        for rules in ((), NAMING, reversed_rules, NAMING[:1])
    }

    assert len(versions) == 4
    assert Projection("main", Limits(rules=())).version == Projection("main").version
    assert Projection("main", Limits(rules=NAMING)).version in versions


def test_a_snapshot_of_other_rules_is_not_used() -> None:
    """Two processes with different rules share no state, and a snapshot's digests name the rules."""
    limits = Limits(rules=NAMING)
    projection = Projection("main", limits)
    projection.fold.fold(long_history(7, 200))
    snapshot = snapshot_of(projection, block=1, log_digest=bytes(32))
    again = restored(snapshot, "main", limits)

    assert restored(snapshot, "main") is None
    assert restored(snapshot, "main", Limits(rules=NAMING[:2])) is None
    assert again is not None
    digests = again.fold.save().digests()
    assert digest_of(digests) == snapshot.digest
    assert "rules" in digests
    assert "rules" not in Projection("main").fold.save().digests()
