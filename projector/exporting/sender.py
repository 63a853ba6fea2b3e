"""Send spans until the receiver has taken them: again after a pause, in halves where a request is refused.

A single span that is refused is given up and counted, as OTLP asks for; nothing else is. So sending ends only with an
answer, or when it is asked to stop.
"""

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from projector.exporting.encode import request_of
from projector.exporting.receiver import Accepted, NotNow, Receiver, Refused
from projector.otlp.model import Span

PAUSE_S_MIN = 0.5
PAUSE_S_MAX = 60.0
PAUSE_ASKED_S_MAX = 300.0
"""A receiver may ask for a longer pause than our own, but not for any."""

log_line = structlog.get_logger("hoptrail.otlp")


class Stopped(Exception):
    """Asked to stop while the receiver had not yet answered; what was to be sent may have been taken."""


class Sent(msgspec.Struct):
    """How many spans were sent, and how many of them the receiver would not take."""

    sent: int = 0
    rejected: int = 0


class Sender:
    """Sends to *receiver*, one request after another; *version* is told in each. The first pause is *pause_s_min*."""

    def __init__(
        self, receiver: Receiver, version: str, *, pause_s_min: float = PAUSE_S_MIN
    ) -> None:
        self._receiver = receiver
        self._version = version
        self._pause_s_min = pause_s_min
        self._pause_s = 0.0

    async def send(self, spans: Sequence[Span], stopping: asyncio.Event) -> Sent:
        """Return what became of *spans*.

        Raises:
            Stopped: *stopping* was set before the receiver took or refused them.
        """
        done = Sent()
        parts = [spans] if spans else []
        while parts:
            part = parts.pop()
            match await self._answer(part, stopping):
                case Accepted(rejected, told):
                    done.sent += len(part)
                    if rejected:
                        done.rejected += min(rejected, len(part))
                        log_line.warning("the receiver left out spans", spans=rejected, why=told)
                case Refused(why) if len(part) == 1:
                    done.sent += 1
                    done.rejected += 1
                    log_line.warning("the receiver refuses a span", span=part[0].name, why=why)
                case Refused():
                    half = len(part) // 2
                    parts += [part[half:], part[:half]]
        return done

    async def _answer(self, spans: Sequence[Span], stopping: asyncio.Event) -> Accepted | Refused:
        """Return the receiver's answer, trying again for as long as it may still take them."""
        request = request_of(spans, self._version)
        while not stopping.is_set():
            answer = await self._receiver.send(request)
            if not isinstance(answer, NotNow):
                if self._pause_s:
                    log_line.info("the receiver answers again")
                self._pause_s = 0.0
                return answer
            await self._pause(answer, stopping)
        raise Stopped

    async def _pause(self, answer: NotNow, stopping: asyncio.Event) -> None:
        if not self._pause_s:
            log_line.warning(
                "the receiver does not take spans; trying until it does", why=answer.why
            )
        self._pause_s = min(self._pause_s * 2 or self._pause_s_min, PAUSE_S_MAX)
        pause_s = max(self._pause_s, min(answer.after_s or 0.0, PAUSE_ASKED_S_MAX))
        try:
            async with asyncio.timeout(pause_s):
                await stopping.wait()
        except TimeoutError:
            return
