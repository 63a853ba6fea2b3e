"""The JSON form of conversations in a list. Pure."""

from typing import Literal

from pydantic import Field

from api.wire import ListOut, Out, TimeOut, time
from api.wire_outline import LightMessageOut, light
from projector.answers import Gap
from store.conversations import FAILURES, MATCHES_MAX, Conversation
from store.query_time import overlaps

Missing = Literal["gap", "publish-not-seen", "parent-elsewhere"]
NS_PER_MS = 1_000_000


class ConversationOut(Out):
    """A conversation: all messages of one trace, counted over all that are retained."""

    trace_id: str
    root: LightMessageOut = Field(
        description="The first message without a parent, else the first one."
    )
    started_at: TimeOut = Field(description="When its first message was published.")
    last_published_at: TimeOut = Field(description="When its last message was published.")
    last_at: TimeOut = Field(
        description="The last that is known of it: a publish, a coming to a queue, a delivery, a death. To about a µs."
    )
    duration_ms: float = Field(description="From `started_at` to `last_at`.", ge=0)
    messages: int = Field(description="All of them: exact.", ge=1)
    states: dict[str, int] = Field(
        description="The messages by state.", examples=[{"delivered": 11, "dead-lettered": 1}]
    )
    failures: int = Field(description=f"Messages that are {' or '.join(FAILURES)} now.", ge=0)
    dead_letters: int = Field(
        description="Messages of which a copy ever died by a failure, whatever became of it since.",
        ge=0,
    )
    services: list[str] = Field(
        description="Services that published or consumed the first `services_of` messages."
    )
    services_of: int = Field(ge=1)
    incomplete: list[Missing] = Field(
        description="Why more may belong to it: capture had a `gap` in its time, the publish of its root was not seen "
        "(`publish-not-seen`), or the parent of its root is not in it (`parent-elsewhere`). Empty: complete as far as known."
    )


class ConversationsOut(ListOut[ConversationOut]):
    """One page of conversations. `total` counts those of the newest matches, as many as `counted`."""

    counted: int = Field(
        description=f"Over how many matching messages was counted and ranked, at most {MATCHES_MAX:,}.",
        ge=0,
    )
    counted_are: Literal["all", "newest"] = Field(
        description="`all` matching messages, or the `newest` of more: then an order other than by time is over "
        "the conversations of those alone."
    )


def conversation(found: Conversation, gaps: tuple[Gap, ...]) -> ConversationOut:
    """Return a conversation in its JSON form; *gaps* are those of capture."""
    of = found.figures
    return ConversationOut(
        trace_id=found.trace_id,
        root=LightMessageOut.model_validate(light(found.root)),
        started_at=time(of.started_at),
        last_published_at=time(of.last_published_at),
        last_at=time(of.last_at),
        duration_ms=(of.last_at - of.started_at) / NS_PER_MS,
        messages=of.messages,
        states=dict(found.states),
        failures=of.failures,
        dead_letters=found.dead_letters,
        services=list(found.services),
        services_of=found.services_of,
        incomplete=_incomplete(found, gaps),
    )


def _incomplete(found: Conversation, gaps: tuple[Gap, ...]) -> list[Missing]:
    why: list[Missing] = []
    span = (found.figures.started_at, found.figures.last_at)
    here = (gap for gap in gaps if gap.vhost in ("", found.root.vhost))
    if any(overlaps(span, gap.since, gap.until) for gap in here):
        why.append("gap")
    if not found.root.publish_observed:
        why.append("publish-not-seen")
    if found.root.parent is not None:
        why.append("parent-elsewhere")
    return why
