"""Conversations of 50,000 messages: counted whole, paged and not cut, folded in bounded memory."""

import asyncio
from typing import Any

import pytest

from cli.render import trace as render_trace
from events.facts import Envelope, Fact
from events.values import Text
from projector.answering import Answers
from projector.linker.limits import Limits
from projector.projection import Projection
from store.documents import MessageDocument
from store.memory.index import MemoryMessageIndex
from store.ports import Checkpoint, Sort
from store.query import Term
from tests.unit.linker_log import STEP, Log

TRACE = "0af7651916cd43dd8448eb211c80319c"
MESSAGES = 50_000
WORKERS = 4
PAGE = 500
PAGES_FOLLOWED = 3

Large = tuple[Projection, list[MessageDocument]]


def traceparent(span: int) -> dict[Text, Any]:
    return {"traceparent": f"00-{TRACE}-{span + 1:016x}-01"}


class Written(Log):
    """A log that is only written; what it tells is folded elsewhere, at once."""

    def add(self, fact: Fact) -> int:
        self.now += STEP
        self.envelopes.append(Envelope(len(self.envelopes), self.now, 0, fact))
        return len(self.envelopes) - 1


def told(messages: int) -> Log:
    """Return a log in which a job sends half of *messages* in one trace, and workers make one more of each."""
    log = Written()
    log.opened("job", "job")
    for number in range(WORKERS):
        log.opened(f"w{number}", f"worker-{number}")
        log.consumer("work", f"w{number}", prefetch=1)
    for number in range(messages // 2):
        worker, body = f"w{number % WORKERS}", str(number).encode()
        log.publish("work", body=body, by="job", headers=traceparent(2 * number))
        log.deliver("work", body=body, to=worker, headers=traceparent(2 * number))
        headers = traceparent(2 * number + 1)
        log.publish(body=b"done" + body, by=worker, key="done", headers=headers)
    return log


@pytest.fixture(scope="module")
def large() -> Large:
    projection = Projection("main")
    projection.fold.fold(told(MESSAGES).envelopes)
    linker = projection.linker
    return projection, [linker.document(message) for message in linker.take_changed()]


def test_every_message_is_part_of_it_with_its_own_parent(large: Large) -> None:
    """None of them is left out, and each effect has its cause as its sure parent, to the last."""
    _, documents = large
    sure = sum(each.parent is not None and each.parent.confidence >= 0.8 for each in documents)

    assert len(documents) == MESSAGES
    assert {document.trace_id for document in documents} == {TRACE}
    assert sure == MESSAGES // 2
    for cause, effect in zip(documents[0::2], documents[1::2], strict=True):
        assert effect.parent is not None
        assert effect.parent.uid == cause.uid


def test_the_view_counts_all_of_them(large: Large) -> None:
    """The conversation tells how many messages it has and every service, though it names few of them."""
    projection, _ = large
    (found,) = Answers(projection).conversations()

    assert found.messages == MESSAGES
    assert found.services == ("job", "worker")
    assert len(projection.conversations.save()) < 2_000


def test_what_is_kept_of_it_for_links_is_bounded(large: Large) -> None:
    """The thread holds a few deliveries of each connection, whatever the length of the conversation."""
    projection, documents = large
    last = projection.linker.get(documents[-1].position)
    assert last is not None
    thread, limits = last.threads[0], Limits()

    assert len(thread.parts) == WORKERS + 1
    assert all(len(part.given) <= limits.conversation_steps_max for part in thread.parts.values())


def test_its_pages_hold_all_of_it(large: Large) -> None:
    """Page after page of the index gives every message once, in the order of publishing."""
    _, documents = large
    found = asyncio.run(paged(documents))

    assert [each.uid for each in found] == [
        each.uid for each in sorted(documents, key=lambda each: each.published_at)
    ]


async def paged(documents: list[MessageDocument]) -> list[MessageDocument]:
    """Return the first pages, and the rest in one."""
    found: list[MessageDocument] = []
    async with MemoryMessageIndex() as index:
        await index.save(documents, {}, Checkpoint("views", "1", len(documents), 1))
        after: Any = None
        for number in range(PAGES_FOLLOWED + 1):
            page = await index.search(
                Term("trace_id", TRACE),
                sort=Sort("published_at", descending=False),
                limit=PAGE if number < PAGES_FOLLOWED else MESSAGES,
                after=after,
                now_ns=0,
            )
            found += page.items
            after = page.after
    return found


def test_what_was_let_go_is_said() -> None:
    """Without a prefetch all deliveries may be in hand: those forgotten count as rivals, and the link is less sure."""
    log = Log(Limits(conversation_steps_max=4))
    for number in range(9):
        body = str(number).encode()
        log.publish("work", body=body, by="job", headers=traceparent(number))
        log.deliver("work", body=body, to="worker", headers=traceparent(number))
    link = log.document(log.publish(by="worker", key="done", headers=traceparent(99))).parent

    assert link is not None
    assert link.rivals >= 8
    assert link.confidence < 0.3


def test_more_connections_than_are_kept_make_links_less_sure() -> None:
    """Of a conversation with too many connections some are let go, which every later link in it says."""
    log = Log(Limits(conversation_ends_max=2))
    for number in range(4):
        body = str(number).encode()
        log.publish("work", body=body, by="job", headers=traceparent(number))
        log.deliver("work", body=body, to=f"worker{number}", headers=traceparent(number))
    link = log.document(log.publish(by="worker3", key="done", headers=traceparent(99))).parent

    assert link is not None
    assert link.rivals > 0
    assert link.confidence < 0.8


def chain(length: int, *, closed: bool = False) -> dict[str, Any]:
    """Return a trace as the API tells it, in which each message caused the next; *closed*: the last caused the first."""
    items: list[dict[str, Any]] = []
    for number in range(length):
        before = length - 1 if closed and number == 0 else number - 1
        link = {"uid": f"main-{before}", "evidence": "traceparent", "confidence": 0.95, "rivals": 0}
        items.append(
            {
                "uid": f"main-{number}",
                "position": str(number),
                "published_at": "2026-01-01T00:00:00.000000000Z",
                "parent": link if before >= 0 else None,
                "copies": [],
                "type": "step",
                "message_type": "step",
                "routing_keys": ["steps"],
                "publisher": {"service": "stepper", "connection": None},
                "exchange": "",
                "state": "delivered",
                "latency_ms": None,
                "end_to_end_ms": None,
                "time_quality": "live",
                "publish_observed": True,
                "not_observed": None,
            }
        )
    return {
        "trace_id": TRACE, "items": items, "total": length, "total_is": "exact", "services": ["stepper"], "next": None,
    }  # fmt: skip


def drawn(trace: dict[str, Any]) -> list[str]:
    return [
        "".join(part if isinstance(part, str) else part[0] for part in line)
        for line in render_trace.draw(trace)
    ]


def test_a_chain_of_thousands_is_drawn_in_narrow_lines() -> None:
    """Steps beyond a depth are numbered rather than indented, so that the drawing grows with the messages alone."""
    lines = drawn(chain(5_000))

    assert len(lines) == 5_001
    assert max(map(len, lines)) < 250
    assert any("4999─ " in line for line in lines)


def test_a_cycle_is_drawn_once() -> None:
    """Messages that are each other's cause are each drawn once."""
    assert len([line for line in drawn(chain(10, closed=True)) if "main-" in line]) >= 10


def test_a_page_names_the_parent_on_another_page() -> None:
    """What was caused by a message that is not on the page says by which."""
    trace = chain(10)
    trace["items"], trace["next"] = trace["items"][4:], "abc"
    lines = drawn(trace)

    assert any("caused by main-3, not drawn here" in line for line in lines)
    assert lines[-1].endswith(f"hoptrail trace {TRACE} --cursor abc")
