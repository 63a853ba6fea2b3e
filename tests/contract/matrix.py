"""Every operator on every kind of field: four documents, the fourth without any value, and what each query finds.

The fields stand for the ways a store may keep values: once or several times per message, in a table of their own,
nested, in arrays. None is a search without a field.
"""

from events.facts import BodyRef
from store.documents import Attempt, Copy, DeadLetter, MessageDocument, ParentLink, Party
from tests.contract.documents import NOW, SECOND, message

ALL = {0, 1, 2, 3}
WORDS = ("alpha", "alphabet", "beta")
NUMBERS = ("1", "25", "100")
TIMES = ("2027-01-15T07:00:00Z", "2027-01-15T07:30:00Z", "2027-01-15T08:00:00Z")

EQUALITY_FIELDS = (
    "type", "correlation_id", "reply_to", "routing_keys", "trace_id", "parent.uid", "publisher.service",
    "copies.queue", "copies.dead_letter.reason", "copies.attempts.consumer.user", "header.h",
    "header.deep.list.h", "body.b", "body.deep.list.b",
)  # fmt: skip
TEXT_FIELDS = ("body", "headers", None)
NUMBER_FIELDS = ("latency_ms", "body.size", "copies.dead_letter.count", "parent.confidence")
TIME_FIELDS = ("copies.enqueued_at", "copies.dead_letter.at", "copies.attempts.delivered_at")
BOOLEAN_FIELDS = ("copies.attempts.redelivered", "copies.dead_letter.timer", "body.truncated")


def _document(position: int) -> MessageDocument:
    word, at = WORDS[position], NOW - (2 - position) * 1800 * SECOND
    number = int(NUMBERS[position])
    flag = position != 1
    death = DeadLetter(word, None, None, (), number, flag, at)
    return message(
        position,
        type=word,
        correlation_id=word,
        reply_to=word,
        routing_keys=(word, "other"),
        trace_id=word,
        latency_ms=float(number),
        headers={"h": word, "deep": {"list": [{"h": word}, [{"h": "other"}]]}, "none": None},
        body=BodyRef(bytes(16), number, 0, 0, flag),
        publisher=Party(word, None, None, None, 1.0),
        parent=ParentLink(word, "w3c", number),
        copies=(
            Copy(word, "routed", "waiting", (), death, at),
            Copy(
                "other", "routed", "waiting", (Attempt(at, flag, Party("other", None, word, "e")),)
            ),
        ),
    )


DOCUMENTS = [
    *map(_document, range(3)),
    message(3, routing_keys=(), routed_queues=(), exchange=""),
]
TEXTS = {
    f"main-{i}": f'{{"b": "{word}", "deep": {{"list": [1, [{{"b": "{word}"}}], {{"b": null}}]}}}}'
    for i, word in enumerate(WORDS)
}

_ON_WORDS: dict[str, set[int] | None] = {
    "{f}alpha": {0},
    '{f}"alpha"': {0},
    "{f}alp*": {0, 1},
    '{f}"alp"*': {0, 1},
    "{f}(alpha OR beta)": {0, 2},
    "{f}(alpha beta)": set(),
    "{f}(alp* -alpha)": {1},
    "-{f}alpha": {1, 2, 3},
    "NOT {f}(alpha OR beta)": {1, 3},
    "{f}none": set(),
}
_SIZES_OF: dict[str, set[int] | None] = {
    "{f}*": {0, 1, 2},
    "-{f}*": {3},
    "{f}{a}": {0},
    '{f}"{b}"': {1},
    "{f}({a} OR {c})": {0, 2},
    "-{f}{a}": {1, 2, 3},
    "{f}>{a}": {1, 2},
    "{f}>={b}": {1, 2},
    "{f}<{c}": {0, 1},
    "{f}<={a}": {0},
    '{f}>"{b}"': {2},
    "{f}[{a} TO {b}]": {0, 1},
    "{f}{{{a} TO {b}]": {1},
    "{f}[{a} TO {b}}}": {0},
    "{f}{{{a} TO {c}}}": {1},
    "{f}[{b} TO *]": {1, 2},
    "{f}{{* TO {b}}}": {0},
    '{f}["{a}" TO "{a}"]': {0},
    "{f}[{c} TO {a}]": set(),
    "-{f}>{a}": {0, 3},
    "{f}(>{a} <{c})": {1},
    "{f}{a}*": None,
}
_NO_SIZES: dict[str, set[int] | None] = {
    "{f}>alpha": None,
    "{f}>=1": None,
    "{f}<1": None,
    "{f}<=1": None,
    "{f}[a TO b]": None,
    "{f}{{a TO *}}": None,
}
_FLAGS: dict[str, set[int] | None] = {
    "{f}true": {0, 2},
    '{f}"false"': {1},
    "{f}*": {0, 1, 2},
    "-{f}*": {3},
    "-{f}true": {1, 3},
    "{f}(true OR false)": {0, 1, 2},
    "{f}(true false)": set(),
    "{f}yes": None,
    "{f}tr*": None,
    "{f}>false": None,
    "{f}[false TO true]": None,
}


def _cases() -> list[tuple[str, set[int] | None]]:
    told: list[tuple[str, set[int] | None]] = []
    for field in (*EQUALITY_FIELDS, "body", "headers"):
        there = {f"{field}:*": {0, 1, 2}, f"-{field}:*": {3}}
        asked = {**_ON_WORDS, **_NO_SIZES}
        told += [*there.items(), *((q.format(f=f"{field}:"), found) for q, found in asked.items())]
    told += [(query.format(f=""), found) for query, found in _ON_WORDS.items()]
    told += [("*", ALL), ("-*", set())]
    for fields, (a, b, c) in ((NUMBER_FIELDS, NUMBERS), (TIME_FIELDS, TIMES)):
        for field in fields:
            told += [
                (query.format(f=f"{field}:", a=a, b=b, c=c), found)
                for query, found in _SIZES_OF.items()
            ]
    for field in BOOLEAN_FIELDS:
        told += [(query.format(f=f"{field}:"), found) for query, found in _FLAGS.items()]
    return told


CASES = _cases()
"""Queries with the positions they find; None: the query is refused."""
