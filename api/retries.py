"""Plan and start retries: select messages, read what they would be published from, plan, and ask the leader.

A shell around ``projector/operations``. Nothing is done before the whole plan is in the log; what fails on the way is
cancelled.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from api.asking import ask, new_id, send
from api.ports import ApiPorts
from api.problems import Problem, not_found
from api.routes.messages import find
from api.stored import Stored
from api.wire_retries import RetryIn, SelectionIn
from events.facts import RetryCancelled
from events.operations import RETRY_ITEMS_MAX
from events.republish import MARKER, again, as_source, delivery_limit, mark_in
from events.values import Text
from projector.operations.editing import Change, EditInvalid, differences, edited
from projector.operations.plan import (
    Around,
    Candidate,
    Edit,
    Found,
    Lies,
    Plan,
    Wanted,
    plan,
)
from projector.operations.requesting import Request, commands_of
from store.documents import MessageDocument
from store.ports import Sort
from store.query import Query
from store.query_parser import parse

PAGE = 500
RETRIED_MAX = 50_000
"""Copies of earlier retries that are looked at, so that no message is retried twice unawares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan with what it was made from."""

    plan: Plan
    wanted: Wanted
    selected: int
    not_known: int
    changes: list[Change]
    position: int


async def make_plan(ports: ApiPorts, stored: Stored, asked: SelectionIn) -> Planned:
    """Return the plan for what is *asked*.

    Raises:
        Problem: not-found (a uid, a group), too-large, refused (an edit that cannot be made).
        QueryInvalid, StoreError.
    """
    position = ports.views.position
    died_in, not_known, documents = await _selected(ports, asked)
    dropped = await _blocks_without_bodies(ports)
    candidates = [await _candidate(stored, each, dropped) for each in documents]
    edit, changes = None, list[Change]()
    if asked.edit is not None:
        edit, changes = await _edit(ports, stored, asked, candidates[0])
    wanted = Wanted(
        action=asked.action,
        target=asked.target.target(),
        remove=asked.remove,
        died_in=died_in,
        vhost=asked.vhost,
        again=asked.again,
        edit=edit,
    )
    made = plan(candidates, wanted, await _around(ports, again_too=asked.again))
    return Planned(
        plan=made,
        wanted=wanted,
        selected=len(documents),
        not_known=not_known,
        changes=changes,
        position=position,
    )


async def start(ports: ApiPorts, stored: Stored, asked: RetryIn, by: str) -> str:
    """Have a plan carried out that is still the same; return the id of the retry once all of it is recorded.

    Raises:
        Problem: as :func:`make_plan`; refused where the plan is another now, or empty; and as ``api.asking.ask``.
    """
    planned = await make_plan(ports, stored, asked)
    if planned.plan.digest != asked.plan:
        raise Problem(
            "refused",
            f"The plan is another now ({len(planned.plan.items)} messages); look at it again. Nothing was done.",
        )
    if not planned.plan.items:
        raise Problem("refused", "Nothing is left to do in this plan.")
    name = new_id()
    request = Request(
        retry=name,
        by=by,
        selection=asked.told,
        planned_at=planned.position,
        batch=asked.batch,
        rate_per_s=asked.rate_per_s,
    )
    makers = commands_of(planned.plan, planned.wanted, request)
    for number, make in enumerate(makers):
        try:
            await ask(ports, make)
        except Problem:
            if number:
                await _give_up(ports, name, by)
            raise
    return name


async def _give_up(ports: ApiPorts, name: str, by: str) -> None:
    """Cancel a retry whose plan did not come through whole; without all of it nothing is published anyway."""
    command = new_id(32)
    with suppress(Problem):
        await send(ports, command, (RetryCancelled(command, by, name),))


async def _selected(
    ports: ApiPorts, asked: SelectionIn
) -> tuple[Text | None, int, list[MessageDocument]]:
    """Return the queue in which a group died, how many of it are not known any more, and the messages, oldest first."""
    if asked.query is not None:
        return None, 0, [each async for each in _matches(ports, parse(asked.query))]
    if asked.group is not None:
        group = ports.views.dead_letter_group(asked.group)
        if group is None:
            raise not_found("group of dead letters", asked.group)
        documents = [each async for each in _members(ports, group.id)]
        return group.queue, max(0, group.messages - len(documents)), _by_age(documents)
    uids = dict.fromkeys(asked.uids or ())
    return None, 0, _by_age([await find(ports, uid) for uid in uids])


def _by_age(documents: list[MessageDocument]) -> list[MessageDocument]:
    return sorted(documents, key=lambda each: each.position)


async def _members(ports: ApiPorts, group: str) -> AsyncIterator[MessageDocument]:
    """Yield the messages of a group that are followed and that retention has left."""
    uids = ports.views.dead_letter_messages(group, limit=RETRY_ITEMS_MAX + 1)
    if len(uids) > RETRY_ITEMS_MAX:
        raise Problem(
            "too-large",
            f"The group has more than {RETRY_ITEMS_MAX:,} messages; choose some of them with a query.",
        )
    for uid in uids:
        live = ports.views.message(uid)
        document = live if live is not None else await ports.index.get(uid)
        if document is not None:
            yield document


async def _matches(ports: ApiPorts, query: Query) -> AsyncIterator[MessageDocument]:
    after: tuple[int | str, ...] | None = None
    count = 0
    while True:
        page = await ports.index.search(
            query,
            sort=Sort("position", descending=False),
            limit=PAGE,
            after=after,
            now_ns=ports.clock(),
        )
        for document in page.items:
            count += 1
            if count > RETRY_ITEMS_MAX:
                raise Problem(
                    "too-large", f"More than {RETRY_ITEMS_MAX:,} messages match; narrow the query."
                )
            live = ports.views.message(document.uid)
            yield live if live is not None and live.version > document.version else document
        if page.after is None:
            return
        after = page.after


async def _candidate(stored: Stored, document: MessageDocument, dropped: list[range]) -> Candidate:
    envelopes = await stored.events([document.position])
    source = as_source(envelopes[0].fact) if envelopes else None
    if source is None:
        return Candidate(document=document, source=None)
    block = None if source.body is None else source.body.block
    found = Found(
        position=document.position,
        observed_at=envelopes[0].observed_at,
        fact=source,
        body_kept=block is None or not any(block in blocks for blocks in dropped),
    )
    return Candidate(document=document, source=found)


async def _blocks_without_bodies(ports: ApiPorts) -> list[range]:
    segments = await ports.log.segments()
    return [
        range(each.first_block, each.last_block + 1) for each in segments if not each.has_bodies
    ]


async def _edit(
    ports: ApiPorts, stored: Stored, asked: SelectionIn, candidate: Candidate
) -> tuple[Edit, list[Change]]:
    """Return the edit of the one message selected, and what it changes."""
    source = candidate.source
    assert asked.edit is not None
    if source is None:
        raise Problem("not-retained", "Retention has removed the facts of this message.")
    target = asked.target.target()
    to_queue = target.kind == "origin" or (target.kind == "chosen" and target.exchange == "")
    told = again(
        source.fact,
        observed_at=source.observed_at,
        to_queue=to_queue,
        user=ports.broker_user,
    )
    before = told.properties
    try:
        edit = edited(before, asked.edit.patch())
    except EditInvalid as error:
        raise Problem(
            "too-large" if "is the most" in str(error) else "refused", f"{error}."
        ) from error
    body = None if source.fact.body is None else await stored.body(source.fact.body)
    changes = differences(before, body, edit)
    if not changes:
        raise Problem("refused", "The edit changes nothing.")
    return edit, changes


async def _around(ports: ApiPorts, *, again_too: bool) -> Around:
    views = ports.views
    version = str(views.capture().broker_version)
    queues = {
        (queue.vhost, queue.name): Lies(
            type=queue.type,
            consumers=len(queue.consumers),
            ready=queue.broker_ready,
            limit=delivery_limit(queue.type, queue.arguments, queue.policy, version),
        )
        for queue in views.queues()
        if queue.type != ""
    }
    exchanges = {
        (node.vhost, node.name)
        for node in views.topology().nodes
        if node.kind == "exchange" and node.declared
    }
    busy = {} if again_too else await _busy(ports)
    return Around(queues=queues, exchanges=exchanges, busy=busy, user=ports.broker_user)


async def _busy(ports: ApiPorts) -> dict[int, str]:
    """Return which messages a retry was about already: those of unfinished ones, and those of which a copy is indexed."""
    retries = ports.views.operators().retries
    found = {
        item.position: retry.id
        for retry in retries.values()
        if retry.finished is None
        for item in retry.items.values()
    }
    after: tuple[int | str, ...] | None = None
    query = parse(f"header.{MARKER}:*")
    for _ in range(RETRIED_MAX // PAGE):
        page = await ports.index.search(
            query, sort=Sort("position"), limit=PAGE, after=after, now_ns=ports.clock()
        )
        for document in page.items:
            mark = mark_in(document.headers)
            if mark is not None and mark.retry in retries:
                found.setdefault(mark.position, mark.retry)
        if page.after is None:
            break
        after = page.after
    return found
