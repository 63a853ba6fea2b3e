"""The JSON forms of retries: what is asked for, the plan of it, and how far it is.

Pure.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from api.wire import Out, PositionOut, TextOut, TimeOut, text, time
from api.wire_operations import BY, In
from events.identity import uid
from events.operations import RETRY_FAILURES_MAX, Retry
from projector.operations.editing import Change, Patch, raw_of
from projector.operations.plan import BATCH_MAX, RATE_PER_S_MAX, Plan, Target, Wanted

UIDS_MAX = 10_000
SAMPLES_MAX = 5
Remove = Literal["none", "head", "drain"]


class TargetIn(In):
    """Where to: `origin` (the queue each message died in), `exchange` (where each was first published), or a chosen one."""

    kind: Literal["origin", "exchange", "chosen"] = "origin"
    queue: str | None = Field(default=None, max_length=255, description="A chosen queue.")
    exchange: str | None = Field(default=None, max_length=255, description="A chosen exchange.")
    routing_key: str = Field(
        default="", max_length=255, description="The routing key for the chosen exchange."
    )

    @model_validator(mode="after")
    def _chosen_once(self) -> "TargetIn":
        named = [name for name in (self.queue, self.exchange) if name is not None]
        if (self.kind == "chosen") != (len(named) == 1) or len(named) > 1:
            raise ValueError(
                "a chosen target has either a queue or an exchange, another kind has none"
            )
        if self.routing_key and self.exchange is None:
            raise ValueError("a routing key goes with a chosen exchange")
        return self

    def target(self) -> Target:
        """Return the target of a plan."""
        if self.queue is not None:
            return Target(kind=self.kind, exchange="", routing_key=self.queue)
        return Target(kind=self.kind, exchange=self.exchange or "", routing_key=self.routing_key)


class BodyIn(In):
    """A new body, as text or as bytes in base64."""

    text: str | None = None
    b64: str | None = None

    @model_validator(mode="after")
    def _one(self) -> "BodyIn":
        if (self.text is None) == (self.b64 is None):
            raise ValueError("give text or b64")
        return self


class EditIn(In):
    """What to change in the message; all else stays as it was."""

    properties: dict[str, Any] = Field(
        default={}, max_length=20, description="AMQP properties by name; null takes one away."
    )
    headers: dict[str, Any] = Field(default={}, max_length=200, description="Headers to set.")
    remove_headers: list[str] = Field(default=[], max_length=200)
    body: BodyIn | None = None

    def patch(self) -> Patch:
        """Return the patch.

        Raises:
            EditInvalid: the base64 is none.
        """
        body: bytes | None = None
        if self.body is not None:
            told = self.body.text
            body = raw_of(self.body.b64 or "") if told is None else told.encode("utf-8", "replace")
        return Patch(
            properties=self.properties,
            headers=self.headers,
            remove=tuple(self.remove_headers),
            body=body,
        )


class SelectionIn(In):
    """Which messages, where to, and what becomes of the dead letters. One of `uids`, `group` and `query` is given."""

    action: Literal["retry", "move", "edit"] = "retry"
    uids: list[Annotated[str, Field(min_length=1, max_length=200)]] | None = Field(
        default=None, min_length=1, max_length=UIDS_MAX, examples=[["main-4711"]]
    )
    group: str | None = Field(default=None, max_length=64, description="The id of a group.")
    query: str | None = Field(
        default=None, min_length=1, max_length=4_096, description="A query, see the query language."
    )
    vhost: str | None = Field(default=None, max_length=255)
    target: TargetIn = TargetIn()
    remove: Remove = Field(
        default="none",
        description="Take the dead letters off their queue once the copy is confirmed: as long as the head of the queue is "
        "one of them, or in a drain of the whole queue.",
    )
    again: bool = Field(
        default=False, description="Also messages that a retry published before, or is about to."
    )
    edit: EditIn | None = Field(default=None, description="For the action `edit`, of one message.")

    @model_validator(mode="after")
    def _one_selection(self) -> "SelectionIn":
        if sum(each is not None for each in (self.uids, self.group, self.query)) != 1:
            raise ValueError("give exactly one of uids, group and query")
        if (self.action == "edit") != (self.edit is not None):
            raise ValueError("an edit goes with the action edit")
        if self.edit is not None and (self.uids is None or len(self.uids) != 1):
            raise ValueError("an edit is of one message, given by its uid")
        if self.action == "move" and (self.target.kind != "chosen" or self.remove == "none"):
            raise ValueError("a move has a chosen target, and removes: head or drain")
        return self

    @property
    def told(self) -> str:
        """The selection in words."""
        if self.uids is not None:
            named = ", ".join(self.uids[:SAMPLES_MAX])
            more = len(self.uids) - SAMPLES_MAX
            return named if more <= 0 else f"{named} and {more} more"
        return f"group {self.group}" if self.group is not None else f"query {self.query}"


class RetryIn(SelectionIn):
    """What to carry out: as planned, and how fast."""

    plan: str = Field(
        pattern="^[0-9a-f]{32}$", description="`digest` of the plan that was looked at."
    )
    batch: int = Field(default=100, ge=1, le=BATCH_MAX, description="Messages at a time.")
    rate_per_s: float = Field(
        default=100.0, gt=0, le=RATE_PER_S_MAX, description="Messages per second at most."
    )


class ResumeIn(In):
    """How to go on."""

    unsure: Literal["published", "missing"] | None = Field(
        default=None,
        description="Where a retry asks: take what may be published already as `published`, or as `missing` and publish it, "
        "perhaps again.",
    )


class RouteOut(Out):
    """So many messages go from a queue to an exchange, and why."""

    queue: TextOut = Field(description="Where they lie; empty where no queue is known.")
    exchange: TextOut
    routing_key: TextOut
    why: str
    messages: int


class RefusalOut(Out):
    """So many messages are left out for one reason."""

    why: str
    messages: int
    uids: list[str] = Field(description="Some of them.")


class ChangeOut(Out):
    """A difference that an edit makes."""

    what: str = Field(examples=["content_type", "header retries", "body"])
    before: Any
    after: Any


class PlanOut(Out):
    """A dry run: what would be done. Nothing was."""

    digest: str = Field(description="Stands for this plan; it is needed to carry it out.")
    action: str
    selection: str
    vhost: TextOut
    target: str
    remove: Remove
    selected: int = Field(description="Messages that were selected.")
    not_known: int = Field(description="Messages of the group that are too old to be remembered.")
    messages: int = Field(description="Copies that would be published.")
    routes: list[RouteOut]
    refused: list[RefusalOut]
    unrestored: dict[str, int] = Field(
        description="Properties and headers that cannot be as they were, with the number of messages."
    )
    changes: list[ChangeOut]
    position: PositionOut


class FailureOut(Out):
    """An item that came to nothing."""

    uid: str
    outcome: str = Field(examples=["refused", "unroutable", "missing"])
    why: str


class RetryOut(Out):
    """A retry and how far it is."""

    id: str
    state: Literal["planning", "running", "paused", "cancelling", "done", "cancelled", "failed"]
    action: str
    selection: str
    vhost: TextOut
    target: str
    remove: Remove
    batch: int
    rate_per_s: float
    messages: int
    published: int
    failed: int
    requested_at: TimeOut
    by: str = BY
    why: str = Field(description="What it waits for, or how it ended.")
    finished_at: TimeOut | None


class RetryWholeOut(RetryOut):
    """A retry with what went wrong."""

    failures: list[FailureOut] = Field(
        description=f"The first {RETRY_FAILURES_MAX} of those that `failed`, in the order of the plan. "
        "Fewer where an earlier version ended the retry and the log no longer has it."
    )


def plan_out(
    made: Plan,
    wanted: Wanted,
    *,
    selection: str,
    selected: int,
    not_known: int,
    changes: Sequence[Change],
    position: int,
) -> PlanOut:
    """Return a plan in its JSON form."""
    reasons = Counter(refusal.why for refusal in made.refusals)
    samples: dict[str, list[str]] = {}
    for refusal in made.refusals:
        told = samples.setdefault(refusal.why, [])
        if len(told) < SAMPLES_MAX:
            told.append(refusal.uid)
    return PlanOut(
        digest=made.digest,
        action=wanted.action,
        selection=selection,
        vhost=text(made.vhost),
        target=wanted.target.told,
        remove=wanted.remove,  # type: ignore[arg-type]
        selected=selected,
        not_known=not_known,
        messages=len(made.items),
        routes=[
            RouteOut(
                queue=text(route.queue),
                exchange=text(route.exchange),
                routing_key=text(route.routing_key),
                why=route.why,
                messages=route.messages,
            )
            for route in made.routes
        ],
        refused=[
            RefusalOut(why=why, messages=count, uids=samples[why])
            for why, count in reasons.most_common()
        ],
        unrestored=dict(made.unrestored),
        changes=[
            ChangeOut(what=change.what, before=change.before, after=change.after)
            for change in changes
        ],
        position=str(position),
    )


def retry_out(retry: Retry) -> RetryOut:
    """Return a retry in its JSON form."""
    return RetryOut(**_retry(retry))


def retry_whole(retry: Retry, stream: str) -> RetryWholeOut:
    """Return a retry in its JSON form, with what went wrong."""
    failures = [
        FailureOut(uid=uid(stream, each.position), outcome=each.outcome, why=each.why)
        for each in retry.failures
    ]
    return RetryWholeOut(**_retry(retry), failures=failures)


def _retry(retry: Retry) -> dict[str, Any]:
    asked, finished = retry.requested, retry.finished
    why = finished[1].why if finished is not None else retry.paused_why
    return {
        "id": retry.id,
        "state": retry.state,
        "action": asked.action,
        "selection": asked.selection,
        "vhost": text(asked.vhost),
        "target": asked.target,
        "remove": asked.remove,
        "batch": asked.batch,
        "rate_per_s": asked.rate_per_s,
        "messages": asked.items,
        "published": retry.published,
        "failed": retry.failed,
        "requested_at": time(retry.deed.at),
        "by": asked.by,
        "why": why,
        "finished_at": None if finished is None else time(finished[0].at),
    }
