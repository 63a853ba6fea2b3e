"""Rules for service names on a real broker: shown everywhere, compared with what is there, and changed by a restart."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pamqp import commands

from bench.raw import RawConnection, frames_of
from cli.service_rules_check import WHAT
from collector.doctor.checks import WARNING
from examples.local_broker import Broker
from examples.local_broker.ports import free_ports
from tests.support.collecting import system_of
from tests.support.hoptrail import Hoptrail
from tests.support.wait import wait_until

SEEN_S_MAX = 60
QUEUE = "audit.all"
RULES = """
[[rule]]
service = "Billing"
connection_name = "legacy-*"
product = "raw"

[[rule]]
service = "Auditor"
queue = "audit.*"

[[rule]]
service = "Nobody"
host = "no.such.host"
"""
NAMES = [
    ("Billing", "explicit rule: connection_name=legacy-*, product=raw", 1.0),
    ("Auditor", "queue rule: queue=audit.*", 0.7),
]
RENAMED = [NAMES[0], ("Ledger", *NAMES[1][1:])]


@contextmanager
def traffic(url: str) -> Iterator[None]:
    """Publish on a connection whose name says little and consume on a nameless one; both are there until the end."""
    with ExitStack() as stack:
        publisher = stack.enter_context(RawConnection(url, name="legacy-7"))
        consumer = stack.enter_context(RawConnection(url, name=""))
        declare = commands.Queue.Declare(queue=QUEUE, durable=True)
        publisher.call(declare, commands.Queue.DeclareOk)
        publisher.publish_all([frames_of(1, b"", QUEUE.encode(), {}, b"entry")])
        consumer.call(
            commands.Basic.Consume(queue=QUEUE, consumer_tag="t", no_ack=True),
            commands.Basic.ConsumeOk,
        )
        consumer.expect(commands.Basic.Deliver)
        yield


def named(hoptrail: Hoptrail) -> list[tuple[Any, ...]]:
    """Return who published and who was given the one message, with evidence and confidence; empty before that is known."""
    found = hoptrail.messages(f'routing_keys:"{QUEUE}"')
    if not found or not found[0]["copies"][0]["attempts"]:
        return []
    parties = (found[0]["publisher"], found[0]["copies"][0]["attempts"][0]["consumer"])
    return [(each["service"], each["evidence"], each["confidence"]) for each in parties]


def digests(hoptrail: Hoptrail) -> dict[str, str]:
    """Return what a replay of the whole log gives, which every snapshot of the same rules agrees with."""
    told = hoptrail.json("replay", "--verify")
    assert told["holds"]
    return told["digests"]


def idle_rules(hoptrail: Hoptrail) -> list[str]:
    """Return what doctor says of the rules that name nothing."""
    checks = json.loads(hoptrail.cli("doctor", "--json").stdout)["checks"]
    return [each["detail"] for each in checks if each["what"] == WHAT and each["state"] == WARNING]


def only(told: list[str]) -> str:
    """Return what is told if that is one thing."""
    return told[0] if len(told) == 1 else ""


def services_of(hoptrail: Hoptrail) -> dict[str, str]:
    """Return the evidence for each service's name."""
    return {each["name"]: each["evidence"] for each in hoptrail.json("services")["items"]}


def test_rules_name_services_and_a_restart_changes_them(broker: Broker, tmp_path: Path) -> None:
    """What rules name is shown with its evidence; other rules name the past too, and the old ones give the old state."""
    file = tmp_path / "services.toml"
    file.write_text(RULES)
    with system_of(broker, "ruled") as system:
        hoptrail = Hoptrail(
            tmp_path / "store",
            port=free_ports(1)[0],
            amqp_url=broker.amqp_url,
            management_url=broker.management_url,
            vhosts="ruled",
            settings={"HOPTRAIL_SERVICE_RULES": str(file), "HOPTRAIL_LINGER_MS": "50"},
        )
        with hoptrail:
            with traffic(system.urls["ruled"]):
                wait_until(lambda: named(hoptrail) == NAMES, timeout_s=SEEN_S_MAX)
                # the management API tells of connections some seconds late
                idle = wait_until(lambda: only(idle_rules(hoptrail)), timeout_s=SEEN_S_MAX)
            wait_until(
                lambda: {"Billing", "Auditor"} <= services_of(hoptrail).keys(), timeout_s=SEEN_S_MAX
            )
            services = services_of(hoptrail)
            hoptrail.stop()
            first = digests(hoptrail)
            file.write_text(RULES.replace("Auditor", "Ledger"))
            other = digests(hoptrail)
            file.write_text(RULES)
            again = digests(hoptrail)
            file.write_text(RULES.replace("Auditor", "Ledger"))
            hoptrail.start()
            wait_until(lambda: named(hoptrail) == RENAMED, timeout_s=SEEN_S_MAX)
            hoptrail.stop()
            file.write_text(RULES.replace("host =", "hots ="))
            refused = hoptrail.cli("run")

    assert "rule 3, for Nobody (explicit rule: host=no.such.host)" in idle
    assert services["Billing"] == NAMES[0][1]
    assert services["Auditor"] == NAMES[1][1]
    assert again == first
    assert other["rules"] != first["rules"]
    assert other["linker"] != first["linker"]
    assert refused.returncode == 2
    assert f"{file}, line 11 (rule 3): there is no key hots; is it host?" in refused.stderr
