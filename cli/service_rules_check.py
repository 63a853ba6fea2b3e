"""What ``hoptrail doctor`` says of the rules for service names: which of them name nothing that the broker has now."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from collector.doctor.checks import OK, WARNING, Check
from collector.management.broker import Management, ManagementRefused, ManagementUnavailable
from collector.topology import told
from events.facts import ConnectionOpened, QueueDeclared
from events.values import shown
from projector.linker.rules import QueueRules, Rule, of_connection

if TYPE_CHECKING:
    from cli.settings import Settings
    from events.facts import Fact

WHAT = "service rules"


async def check_rules(settings: "Settings") -> list[Check]:
    """Compare the rules with the broker's connections and queues; say nothing where there are none, or no answer."""
    given = settings.service_rules
    if given is None:
        return []
    try:
        async with Management(settings.management, settings.management_tls) as management:
            vhosts = settings.vhosts or [each["name"] for each in await management.vhosts()]
            there = told.connections(await management.get("connections") or [])
            facts = [fact for fact in there if getattr(fact, "vhost", "") in vhosts]
            for vhost in vhosts:
                facts += told.queues(await management.get("queues", vhost) or [])
    except (ManagementRefused, ManagementUnavailable):
        return []  # the check of the management API says so
    return judge(given.rules, facts)


def judge(rules: Sequence[Rule], facts: Iterable["Fact"]) -> list[Check]:
    """Return a warning for each of *rules* that is the first to fit no connection and no queue of *facts*."""
    queue_rules, naming = QueueRules(rules), set[Rule | None]()
    for fact in facts:
        match fact:
            case ConnectionOpened():
                naming.add(of_connection(rules, _seen(fact)))
            case QueueDeclared():
                naming.add(queue_rules.of(fact.vhost, fact.name))
            case _:
                pass
    idle = [
        Check(
            WHAT,
            WARNING,
            f"rule {number}, for {rule.service} ({rule.evidence}), names nothing that is there now",
            ("correct its patterns, or put it before the rule that takes its place",),
        )
        for number, rule in enumerate(rules, start=1)
        if rule not in naming
    ]
    return idle or [Check(WHAT, OK, f"{len(rules)}, and each names something")]


def _seen(fact: ConnectionOpened) -> dict[str, str]:
    return {
        "connection_name": "" if fact.client_name is None else shown(fact.client_name).strip(),
        "user": shown(fact.user),
        "vhost": shown(fact.vhost),
        "host": shown(fact.peer_host),
        "product": shown(fact.product),
    }
