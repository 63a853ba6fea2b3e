"""Ask the broker what hoptrail doctor wants to know. A shell: it looks only, and what an answer means is said elsewhere."""

import time
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

import msgspec

from collector.amqp import PASSIVE, AmqpError, Connection
from collector.doctor import checks as doctor_checks
from collector.doctor import cost
from collector.doctor.checks import Check
from collector.doctor.nodes import check_nodes
from collector.management.broker import Management, ManagementRefused
from collector.settings import CollectorSettings
from collector.taps import plan
from collector.taps.modes import mode_of
from collector.taps.opening import open_vhosts
from collector.topology.state import TopologyState
from collector.topology.told import rate_of
from events.values import Text, shown

LAST_MINUTE = {"msg_rates_age": "60", "msg_rates_incr": "5"}
QUEUE_COLUMNS = "name,messages,message_bytes,message_stats.deliver_get_details"


class TapReport(msgspec.Struct, frozen=True):
    """The taps of one vhost. `ready` and `consumers` are those of the firehose tap, None where there is none.

    `exchanges` and `exchanges_left_alone` are those that the mode chose. `checks` is what else there is to say.
    """

    vhost: str
    tracing: bool | None
    ready: int | None
    consumers: int | None
    dead_letter_exchanges: tuple[str, ...]
    left_alone: tuple[tuple[str, str], ...]
    exchanges: tuple[str, ...] = ()
    exchanges_left_alone: tuple[tuple[str, str], ...] = ()
    checks: tuple[Check, ...] = ()


class Costs(NamedTuple):
    """What each mode would cost, from what, and which is advised."""

    costs: list[cost.Cost]
    basis: str
    advice: str


class Look:
    """One look at a broker, through *home* and the management API; *admin* is that of an administrator, if there is one."""

    def __init__(
        self,
        settings: CollectorSettings,
        home: Connection,
        management: Management,
        admin: Management,
    ) -> None:
        self._settings = settings
        self._mode = mode_of(settings.tap_mode)
        self._home = home
        self._management = management
        self._admin = admin
        self._version = str(home.server.get("version", ""))

    async def taps(self, stack: AsyncExitStack) -> list[TapReport]:
        """Return what there is of taps in each vhost.

        Raises:
            ManagementUnavailable: no answer.
            ManagementRefused: the user may not ask.
        """
        told = {vhost["name"]: vhost for vhost in await self._management.vhosts()}
        wanted = list(self._settings.vhosts or sorted(told))
        state = TopologyState()
        for fact in await self._management.topology(wanted):
            state.apply(fact)
        there = [name for name in wanted if name in told]
        connections = await open_vhosts(stack, self._home, there)
        return [
            await self._tap(vhost, told.get(vhost), connections.get(vhost), state)
            for vhost in wanted
        ]

    async def _tap(
        self,
        vhost: str,
        told: dict[str, Any] | None,
        connection: Connection | None,
        state: TopologyState,
    ) -> TapReport:
        chosen = plan.selected(state, vhost, self._mode.exchanges)
        planned = plan.dead_letters(
            state, vhost, self._settings.dead_letter_taps, taken=chosen.tapped
        )
        depth = None if connection is None else await _depth(connection)
        checks: list[Check] = []
        if told is not None:
            for queue in self._queues(vhost):
                found = await self._management.get("queues", vhost, queue.name)
                checks += doctor_checks.tap_queue(queue, found)
            tapped = (*chosen.tapped, *planned.tapped)
            checks += await self._permissions(vhost, [shown(name) for name in tapped])
            checks += doctor_checks.warnings(f"vhost {vhost}", chosen)
            checks += doctor_checks.warnings(f"vhost {vhost}", planned)
        return TapReport(
            vhost=vhost,
            tracing=None if told is None else told.get("tracing"),
            ready=depth[0] if depth else None,
            consumers=depth[1] if depth else None,
            dead_letter_exchanges=_shown(planned.tapped),
            left_alone=_shown_pairs(planned.left_alone),
            exchanges=_shown(chosen.tapped),
            exchanges_left_alone=_shown_pairs(chosen.left_alone),
            checks=tuple(checks),
        )

    def _queues(self, vhost: str) -> list[plan.TapQueue]:
        settings = self._settings
        bytes_max, queue_type = settings.tap_bytes_max, settings.tap_queue_type
        firehose = plan.firehose_queue(
            vhost,
            self._version,
            messages_max=settings.tap_messages_max,
            bytes_max=bytes_max,
            queue_type=queue_type,
        )
        dead_letters = plan.dead_letters_queue(
            vhost,
            self._version,
            bytes_max=bytes_max,
            queue_type=queue_type,
            planned=plan.BindingPlan(),
        )
        return [firehose, dead_letters]

    async def _permissions(self, vhost: str, exchanges: list[str]) -> list[Check]:
        user = self._home.address.user
        try:
            told = await self._admin.get("vhosts", vhost, "permissions")
        except ManagementRefused:
            return []  # only an administrator may read them
        home = vhost == self._home.address.vhost
        found = doctor_checks.permissions(user, vhost, told, exchanges, home=home)
        return [] if found is None or not user else [found]

    async def broker(self, taps: list[TapReport]) -> list[Check]:
        """Return what there is to say of nodes, plugins and users; raises as :meth:`taps`."""
        nodes: list[dict[str, Any]] = await self._management.get("nodes") or []
        overview: dict[str, Any] = await self._management.get("overview") or {}
        listeners: list[dict[str, Any]] = overview.get("listeners") or []
        there = [tap for tap in taps if tap.tracing is not None]
        traced = [tap.vhost for tap in there] if self._mode.traces else []
        untraced = [tap.vhost for tap in there if self._mode.traces and not tap.tracing]
        checks = [
            doctor_checks.metrics(listeners),
            *doctor_checks.nodes(nodes, listeners, traced),
            *await check_nodes(self._management, traced, now_ns=time.time_ns()),
        ]
        if (volatile := doctor_checks.volatile(nodes, traced)) is not None:
            checks.append(volatile)
        who: dict[str, Any] = await self._admin.get("whoami") or {}
        tags: Any = who.get("tags") or []
        told = tags.split(",") if isinstance(tags, str) else [str(tag) for tag in tags]
        missing = doctor_checks.administrator(str(who.get("name", "")), told, untraced)
        return checks if missing is None else [*checks, missing]

    async def costs(self, taps: list[TapReport]) -> Costs:
        """Return what each mode would cost; raises as :meth:`taps`."""
        load = await self._load([tap.vhost for tap in taps if tap.tracing is not None])
        settings = self._settings
        found = cost.estimate(
            load,
            self._version,
            messages_max=settings.tap_messages_max,
            bytes_max=settings.tap_bytes_max,
        )
        best, why = cost.recommended(found, load)
        advice = why if best is None else f"{best.mode} with {best.queue_type} queues: {why}"
        return Costs(found, cost.basis(load, self._version), advice)

    async def _load(self, wanted: list[str]) -> cost.Load:
        told: list[dict[str, Any]] = await self._management.get("vhosts", **LAST_MINUTE) or []
        vhosts = [each for each in told if each["name"] in wanted]
        published = sum(rate_of(each, "publish") for each in vhosts)
        delivered = sum(rate_of(each, "deliver_get") for each in vhosts)
        messages = size = 0
        for vhost in wanted:
            queues: list[dict[str, Any]] = (
                await self._management.get("queues", vhost, columns=QUEUE_COLUMNS, **LAST_MINUTE)
                or []
            )
            for queue in queues:
                if str(queue.get("name", "")).startswith(plan.OWN_QUEUES):
                    delivered -= rate_of(queue, "deliver_get")
                else:
                    messages += int(queue.get("messages") or 0)
                    size += int(queue.get("message_bytes") or 0)
        nodes: list[dict[str, Any]] = await self._management.get("nodes") or []
        running = [node for node in nodes if node.get("running")]
        return cost.Load(
            published=published,
            delivered=max(0.0, delivered),
            body_bytes=size / messages if messages else None,
            cores=sum(int(node.get("processors") or 0) for node in running),
            nodes=max(1, len(running)),
        )


async def _depth(connection: Connection) -> tuple[int, int] | None:
    channel = await connection.channel()
    try:
        return await channel.queue_declare(plan.FIREHOSE, flags=PASSIVE)
    except AmqpError:
        return None


def _shown(names: tuple[Text, ...]) -> tuple[str, ...]:
    return tuple(shown(name) for name in names)


def _shown_pairs(pairs: tuple[tuple[Text, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((shown(name), why) for name, why in pairs)
