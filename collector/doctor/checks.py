"""What the broker's own account of itself means for a tap: warnings, and the commands that mend. Pure.

Shapes are those of the management API (`nodes`, `overview`, `queues`, `permissions`), RabbitMQ 3.10 to 4.3.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

from collector.taps import plan
from collector.taps.plan import BindingPlan, TapQueue
from events.values import shown

OK, WARNING, PROBLEM = "ok", "warning", "problem"
RELEASE_S = 600
"""So long at most does a collector keep an event of a quiet tap unacknowledged."""
ADVANCED = "advanced.config"
_told_by_policy = (
    "message-ttl", "expires", "max-length", "max-length-bytes", "overflow", "dead-letter-exchange", "queue-mode",
)  # fmt: skip


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. `state` is ok, warning or problem; `mend` are the commands or settings that help."""

    what: str
    state: str
    detail: str
    mend: tuple[str, ...] = ()


def nodes(
    told: Sequence[Mapping[str, Any]],
    listeners: Iterable[Mapping[str, Any]],
    traced: Sequence[str],
) -> list[Check]:
    """Return what is wrong with single nodes; *traced* are the vhosts that need the firehose."""
    reachable = {
        each.get("node") for each in listeners if each.get("protocol") in ("http", "https")
    }
    found: list[Check] = []
    for node in told:
        name = str(node["name"])
        if not node.get("running"):
            found.append(Check(f"node {name}", WARNING, "it is down"))
        elif name not in reachable:
            mend = (
                f"rabbitmq-plugins -n {name} enable rabbitmq_management",
                *(f"rabbitmqctl -n {name} trace_on -p {vhost}" for vhost in traced),
            )
            detail = "it has no management API, so nobody knows whether it traces, nor can switch it on from afar"
            found.append(Check(f"node {name}", WARNING, detail, mend))
    return found


def metrics(listeners: Iterable[Mapping[str, Any]]) -> Check:
    """Return whether the broker counts its dead letters where they can be read."""
    if any(each.get("protocol") == "http/prometheus" for each in listeners):
        return Check("metrics", OK, "enabled")
    return Check(
        "metrics",
        WARNING,
        "not enabled: dead letters that no tap shows are not counted",
        ("rabbitmq-plugins enable rabbitmq_prometheus",),
    )


def volatile(told: Sequence[Mapping[str, Any]], traced: Sequence[str]) -> Check | None:
    """Return a warning where a node that restarts surely traces no more until somebody switches it on; None elsewhere."""
    bare = [
        str(node["name"])
        for node in told
        if node.get("running")
        and not any(str(file).endswith(ADVANCED) for file in node.get("config_files") or ())
    ]
    if not bare or not traced:
        return None
    names = ",".join(f'<<"{vhost}">>' for vhost in traced)
    return Check(
        "tracing after a restart",
        WARNING,
        f"a node forgets that it traces, and what passes until it is switched on again is a gap; an {ADVANCED} on "
        f"{', '.join(bare)} would keep it on",
        (f"in {ADVANCED}: [{{rabbit,[{{trace_vhosts,[{names}]}}]}}].",),
    )


def tap_queue(planned: TapQueue, told: Mapping[str, Any] | None) -> list[Check]:
    """Return how a tap queue that is there differs from the one that these settings would make."""
    if told is None:
        return []
    what = f"vhost {planned.vhost}: {planned.name}"
    found: list[Check] = []
    declared = cast("Mapping[str, Any]", told.get("arguments") or {})
    differing = [
        f"{name} is {declared.get(name)}, not {value}"
        for name, value in planned.arguments.items()
        if name != plan.TRACED_BEFORE and declared.get(name) != value
    ]
    if differing:
        mend = (
            f"with the collector stopped and the tap empty: rabbitmqctl delete_queue -p {planned.vhost} {planned.name}",
        )
        detail = f"made with other settings, which stay: {'; '.join(differing)}"
        found.append(Check(what, WARNING, detail, mend))
    policy = cast("Mapping[str, Any]", told.get("effective_policy_definition") or {})
    meddling = [f"{name} = {policy[name]}" for name in _told_by_policy if name in policy]
    timeout = policy.get("consumer-timeout", declared.get("x-consumer-timeout"))
    if isinstance(timeout, int) and timeout < RELEASE_S * 1_000:
        meddling.append(
            f"consumer-timeout = {timeout} ms, while an event of a quiet tap may stay unacknowledged for {RELEASE_S} s"
        )
    if meddling:
        names = [str(told[name]) for name in ("policy", "operator_policy") if told.get(name)]
        detail = (
            f"policy {' and '.join(names) or '?'} changes the tap's queue: {'; '.join(meddling)}"
        )
        mend = ("let the pattern of that policy leave out obs.tap.*",)
        found.append(Check(what, WARNING, detail, mend))
    return found


def warnings(name: str, planned: BindingPlan) -> list[Check]:
    """Return what the bindings of the taps change for who uses the exchanges of the vhost called *name*."""
    by_text: dict[str, list[str]] = {}
    for exchange, text in planned.warnings:
        by_text.setdefault(text, []).append(shown(exchange))
    return [
        Check(
            f"{name}: bindings",
            WARNING,
            f"{', '.join(exchanges)}: {text}",
            ("HOPTRAIL_DEAD_LETTER_TAPS leaves out what is written with a - before it",),
        )
        for text, exchanges in by_text.items()
    ]


def administrator(user: str, tags: Sequence[str], untraced: Sequence[str]) -> Check | None:
    """Return what stands in the way of switching tracing on in *untraced*; None where nothing does."""
    if "administrator" in tags or not untraced:
        return None
    return Check(
        "administrator",
        WARNING,
        f"{user} is none, so tracing stays off until somebody switches it on",
        (
            *(f"rabbitmqctl trace_on -p {vhost}" for vhost in untraced),
            "or set HOPTRAIL_ADMIN_URL, with an administrator's user and password",
        ),
    )


def permissions(
    user: str,
    vhost: str,
    told: Iterable[Mapping[str, Any]] | None,
    exchanges: Sequence[str],
    *,
    home: bool,
) -> Check | None:
    """Return which right *user* lacks in *vhost*, by the permissions *told* (None: they may not be read).

    *exchanges* are those of services that are tapped, *home* says that this vhost has the leader and the event exchange.
    """
    queues = [plan.FIREHOSE, plan.DEAD_LETTERS]
    queues += [plan.EVENTS, plan.LEADER] if home else []
    read = [*queues, plan.TRACE_EXCHANGE, *([plan.EVENT_EXCHANGE] if home else []), *exchanges]
    names = "|".join(re.escape(name) for name in exchanges)
    readable = rf"^(amq\.rabbitmq\.(trace|event)|obs\.tap\..*{'|' + names if names else ''})$"
    mend = (
        rf"rabbitmqctl set_permissions -p {vhost} {user} '^obs\.tap\.' '^obs\.tap\.' '{readable}'",
    )
    what = f"vhost {vhost}: permissions"
    if told is None:
        return None
    row = next((each for each in told if each.get("user") == user), None)
    if row is None:
        return Check(what, PROBLEM, f"{user} has none", mend)
    missing = [
        f"{right} {name}"
        for right, wanted in (("configure", queues), ("write", queues), ("read", read))
        for name in wanted
        if not _allows(str(row.get(right, "")), name)
    ]
    if not missing:
        return Check(what, OK, f"{user} may do all that is needed")
    few = ", ".join(missing[:10]) + (", …" if len(missing) > 10 else "")
    return Check(what, WARNING, f"{user} may not {few}", mend)


def _allows(pattern: str, name: str) -> bool:
    """Return whether the broker's *pattern* allows *name*; one that cannot be read here counts as allowing."""
    try:
        return bool(pattern) and re.search(pattern, name) is not None
    except re.error:
        return True
