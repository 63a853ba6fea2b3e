"""Take everything of the tap off the broker: tracing, queues and with them their bindings."""

from contextlib import AsyncExitStack
from typing import Any

from collector.amqp import AmqpError, Connection
from collector.errors import LeaderHeld, VhostUnknown
from collector.leadership import take_leadership
from collector.management.broker import (
    BrokerUnavailable,
    Management,
    ManagementRefused,
    ManagementUnavailable,
)
from collector.settings import CollectorSettings
from collector.taps import plan
from collector.taps.opening import exists, open_home, open_vhosts

LEFT_OVER = (plan.FIREHOSE, plan.DEAD_LETTERS, plan.EVENTS, plan.COMMANDS)


async def remove(settings: CollectorSettings) -> list[str]:
    """Switch tracing off where a tap is, and delete the tap's queues; return what was done, one line each.

    Raises:
        BrokerUnavailable: the broker cannot be reached, or a collector still taps it.
        VhostUnknown: the settings name a vhost that is not there.
    """
    try:
        async with AsyncExitStack() as stack:
            home = await stack.enter_async_context(await open_home(settings.address))
            await take_leadership(home)
            management = await stack.enter_async_context(
                Management(settings.management_url, settings.management_tls)
            )
            admin = management
            if settings.admin_url is not None:
                admin = await stack.enter_async_context(
                    Management(settings.admin_url, settings.management_tls)
                )
            return await _remove(settings, stack, home, management, admin)
    except LeaderHeld as error:
        raise BrokerUnavailable(f"{error}; stop it first, or it makes the taps again") from error
    except (AmqpError, ManagementUnavailable, ManagementRefused) as error:
        raise BrokerUnavailable(str(error)) from error


async def _remove(
    settings: CollectorSettings,
    stack: AsyncExitStack,
    home: Connection,
    management: Management,
    admin: Management,
) -> list[str]:
    done: list[str] = []
    told = {vhost["name"]: vhost for vhost in await management.vhosts()}
    unknown = sorted(set(settings.vhosts) - told.keys())
    if unknown:
        raise VhostUnknown(unknown, sorted(told))
    wanted = sorted({*(settings.vhosts or told), home.address.vhost} & told.keys())
    for vhost, connection in (await open_vhosts(stack, home, wanted)).items():
        if told[vhost].get("tracing") and await exists(connection, plan.FIREHOSE):
            done.append(await _tracing_off(management, admin, told[vhost]))
        for queue in LEFT_OVER:
            if await exists(connection, queue):
                channel = await connection.channel()
                await channel.queue_delete(queue)
                done.append(f"deleted queue {queue} in {vhost}")
    return done or ["nothing of the tap is there"]


async def _tracing_off(management: Management, admin: Management, vhost: dict[str, Any]) -> str:
    tap = await management.get("queues", vhost["name"], plan.FIREHOSE)
    if tap is not None and tap["arguments"].get(plan.TRACED_BEFORE):
        return f"tracing stays on in {vhost['name']}, as it was before the tap was made"
    try:
        await admin.switch_tracing_off(vhost)
    except ManagementRefused:
        return f"tracing is still on; run: rabbitmqctl trace_off -p {vhost['name']}"
    return f"tracing off in {vhost['name']}"
