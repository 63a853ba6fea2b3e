"""Queries drawn by hypothesis, over the fields and values that the drawn documents have."""

from hypothesis import strategies as st

from store.fields import FIELDS, Kind
from store.query import And, Exists, MatchAll, Not, Or, Prefix, Query, Range, Term
from tests.contract.documents import NAMES, NOW, WORDS

_PATHS = [
    "header.a",
    "header.b",
    "header.a.b",
    "header.tenant",
    "body.a",
    "body.a.b",
    "body.b",
    "body.n",
]
_KEYWORDS = [
    name for name, field in FIELDS.items() if field.kind in (Kind.KEYWORD, Kind.BOOLEAN)
] + _PATHS
_SIZED = [name for name, field in FIELDS.items() if field.kind in (Kind.NUMBER, Kind.TIME)]

_words = st.one_of(
    st.sampled_from(WORDS),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map("-".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
)
_values = st.one_of(
    st.sampled_from(NAMES),
    st.sampled_from(["waiting", "delivered", "dead-lettered", "true", "false", "1", "12", "0.5"]),
    st.sampled_from(
        ["Image Normalizer", "combiner", "card", "main-0", "main-1", "main-2", "t1", "w3c"]
    ),
    _words,
)
_sizes = st.one_of(st.integers(-1, 5), st.integers(NOW - 6, NOW + 6), st.just(0.5))
_text_fields = st.sampled_from([None, None, "body", "headers"])

_leaves: st.SearchStrategy[Query] = st.one_of(
    st.builds(Term, _text_fields, _words),
    st.builds(Prefix, _text_fields, _words),
    st.builds(Term, st.sampled_from(_KEYWORDS), _values),
    st.builds(Prefix, st.sampled_from(_KEYWORDS), _values),
    st.builds(Exists, st.sampled_from([*FIELDS, *_PATHS])),
    st.builds(
        Range,
        st.sampled_from(_SIZED),
        low=st.none() | _sizes,
        high=st.none() | _sizes,
        include_low=st.booleans(),
        include_high=st.booleans(),
    ),
    st.builds(
        Range,
        st.just("published_at"),
        low=st.integers(-5, 5),
        high=st.none(),
        low_now=st.just(True),
    ),
    st.just(MatchAll()),
)

queries: st.SearchStrategy[Query] = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
        inner.map(Not),
    ),
    max_leaves=5,
)
