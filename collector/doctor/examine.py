"""Say what stands, what is missing, and the commands that mend it. Looks only; nothing on the broker is changed."""

from contextlib import AsyncExitStack

import msgspec

from collector.amqp import AmqpError
from collector.doctor import cost
from collector.doctor.checks import OK, PROBLEM, WARNING, Check
from collector.doctor.look import Look, TapReport
from collector.history import read_cluster_name
from collector.management.broker import Management, ManagementRefused, ManagementUnavailable
from collector.settings import CollectorSettings
from collector.taps import plan
from collector.taps.modes import mode_of
from collector.taps.opening import open_home
from events.values import shown
from store.errors import StoreError
from store.ports import EventLog


class Report(msgspec.Struct, frozen=True):
    """What was found. `healthy` says that no check is a problem.

    `costs` is what each mode would cost, estimated from `cost_basis`, and `advice` which of them to begin with.
    """

    healthy: bool
    broker: str
    version: str
    leader: str | None
    taps: tuple[TapReport, ...]
    checks: tuple[Check, ...]
    costs: tuple[cost.Cost, ...] = ()
    cost_basis: str = ""
    advice: str = ""


async def examine(settings: CollectorSettings, log: EventLog | None) -> Report:
    """Return what stands on the broker and in *log*, if there is one."""
    checks: list[Check] = []
    async with AsyncExitStack() as stack:
        try:
            home = await stack.enter_async_context(await open_home(settings.address))
        except AmqpError as error:
            return _report([_unreachable(error)])
        name, version = (
            str(home.server.get("cluster_name", "")),
            str(home.server.get("version", "")),
        )
        checks.append(Check("broker", OK, f"{name}, RabbitMQ {version}"))
        checks.append(await _log_check(log, name))
        management = Management(settings.management_url, settings.management_tls)
        admin = management
        if settings.admin_url is not None:
            admin = Management(settings.admin_url, settings.management_tls)
        try:
            await stack.enter_async_context(management)
            if admin is not management:
                await stack.enter_async_context(admin)
            look = Look(settings, home, management, admin)
            found = await look.taps(stack)
            leader = await management.leader_of(plan.LEADER)
            more = [await _events_check(management), *await look.broker(found)]
            costs = await look.costs(found)
        except ManagementUnavailable as error:
            mend = ("rabbitmq-plugins enable rabbitmq_management", "set HOPTRAIL_MANAGEMENT_URL")
            checks.append(Check("management API", PROBLEM, str(error), mend))
            return _report(checks, name, version)
        except ManagementRefused as error:
            mend = (
                "set HOPTRAIL_MANAGEMENT_URL, with user and password",
                "rabbitmqctl set_user_tags USER monitoring",
            )
            checks.append(Check("management API", PROBLEM, str(error), mend))
            return _report(checks, name, version)
        checks += [*more, Check("management API", OK, management.shown)]
        for tap in found:
            checks += _tap_checks(settings, tap)
        checks.append(_leader_check(leader))
        checks.append(_retention_check(settings))
        return msgspec.structs.replace(
            _report(checks, name, version, leader, found),
            costs=tuple(costs.costs),
            cost_basis=costs.basis,
            advice=costs.advice,
        )


def _unreachable(error: AmqpError) -> Check:
    told = str(error)
    named = "HOPTRAIL_" in told  # what was refused says by itself which setting mends it
    mend = () if named else ("set HOPTRAIL_AMQP_URL, with user, password and vhost",)
    return Check("broker", PROBLEM, told, mend)


def _report(
    checks: list[Check],
    broker: str = "",
    version: str = "",
    leader: str | None = None,
    taps: list[TapReport] | None = None,
) -> Report:
    healthy = all(check.state != PROBLEM for check in checks)
    return Report(healthy, broker, version, leader, tuple(taps or ()), tuple(checks))


async def _log_check(log: EventLog | None, cluster_name: str) -> Check:
    if log is None:
        return Check("log", WARNING, "there is no log yet; hoptrail collect begins one")
    try:
        head = await log.head()
        if head is None:
            return Check("log", OK, "empty")
        bound = shown(await read_cluster_name(log, head) or "")
    except StoreError as error:
        return Check("log", PROBLEM, str(error))
    if bound != cluster_name:
        detail = f"it holds the events of {bound!r}, not of {cluster_name!r}"
        return Check(
            "log",
            PROBLEM,
            detail,
            ("set HOPTRAIL_STORE to another directory, or HOPTRAIL_STORE_PREFIX",),
        )
    return Check("log", OK, f"{head.number + 1} blocks, {head.next_position} events")


def _tap_checks(settings: CollectorSettings, tap: TapReport) -> list[Check]:
    checks: list[Check] = []
    name = f"vhost {tap.vhost}"
    if tap.tracing is None:
        checks.append(
            Check(
                f"{name}: vhost",
                PROBLEM,
                "there is no such vhost, or it is not shown to this user",
                ("set HOPTRAIL_VHOSTS, percent-encoded and separated by commas",),
            )
        )
        return checks
    if tap.ready is None:
        checks.append(Check(f"{name}: tap", WARNING, "no tap yet; hoptrail collect makes it"))
    else:
        full = tap.ready >= settings.tap_messages_max
        detail = f"{tap.ready} events wait, {tap.consumers} consumers"
        checks.append(Check(f"{name}: tap", WARNING if full else OK, detail))
    if tap.tracing:
        checks.append(Check(f"{name}: tracing", OK, "on"))
    elif not mode_of(settings.tap_mode).traces:
        checks.append(Check(f"{name}: tracing", OK, "off, and this mode does without"))
    else:
        mend = (f"rabbitmqctl trace_on -p {tap.vhost}", "or set HOPTRAIL_ADMIN_URL")
        state = WARNING if tap.ready is None else PROBLEM
        detail = "off: nothing is seen until it is on; hoptrail collect needs an administrator to switch it on"
        checks.append(Check(f"{name}: tracing", state, detail, mend))
    checks += tap.checks
    for exchange, why in tap.exchanges_left_alone:
        checks.append(Check(f"{name}: exchanges", WARNING, f"{exchange} is not tapped: {why}"))
    if tap.exchanges:
        checks.append(Check(f"{name}: exchanges", OK, "tapped: " + ", ".join(tap.exchanges)))
    for exchange, why in tap.left_alone:
        detail = f"{exchange or 'the default exchange'} is not tapped: {why}"
        checks.append(Check(f"{name}: dead letters", WARNING, detail))
    if tap.dead_letter_exchanges:
        checks.append(
            Check(f"{name}: dead letters", OK, "tapped: " + ", ".join(tap.dead_letter_exchanges))
        )
    return checks


async def _events_check(management: Management) -> Check:
    if await management.event_exchange_is_there():
        return Check("event exchange", OK, "enabled")
    return Check(
        "event exchange",
        WARNING,
        "not enabled: short-lived connections and consumers stay unknown",
        ("rabbitmq-plugins enable rabbitmq_event_exchange",),
    )


def _leader_check(leader: str | None) -> Check:
    if leader is None:
        return Check("collector", WARNING, "no collector leads", ("hoptrail collect",))
    return Check("collector", OK, f"{leader} leads")


def _retention_check(settings: CollectorSettings) -> Check:
    limits = settings.retention
    days = "for ever" if limits.age_s_max is None else f"{limits.age_s_max / 86400:g} days"
    size = "without limit" if limits.bytes_max is None else f"{limits.bytes_max / 1e9:g} GB"
    return Check("retention", OK, f"events are kept {days} or {size}, whichever comes first")
