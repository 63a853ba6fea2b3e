"""The JSON forms of what is told about the matches of a search: marks, counts by time, counts by value.

Pure.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from api.wire import ListOut, Out, PositionOut, TimeOut, time
from api.wire_capture import GapOut
from api.wire_messages import MessageOut
from store.highlight import Highlight, Span, excerpt
from store.ranking import FACET_MATCHES_MAX

NOT_CAPTURED = (
    "The gaps of capture that touch the query's `published_at`; all gaps when it sets none. What is "
    "missing from the items in such a time may have happened all the same."
)


class MarkOut(Out):
    """A place to mark: characters (Unicode code points) of `text`."""

    start: int = Field(description="The first character, from 0.", ge=0)
    end: int = Field(description="The character after the last.", ge=1)


class HighlightOut(Out):
    """A value of a message in which words of the query stand, or a part of it around the first of them."""

    field: str = Field(
        description="As a query names it.", examples=["body", "header.tenant", "exchange"]
    )
    text: str = Field(examples=["card declined by the bank"])
    begins_at: int = Field(description="The character of the value that `text` begins with.", ge=0)
    value_chars: int = Field(
        description="Characters of the whole value; `text` is all of it when it has as many.", ge=1
    )
    marks: list[MarkOut] = Field(
        description="In order, none within another.", examples=[[{"start": 5, "end": 13}]]
    )


class FoundOut(MessageOut):
    """A message that a search found, and where the query's words stand in it."""

    highlights: list[HighlightOut] = Field(
        description="Where the query's words, phrases and values stand, the body first; none for what is negated, and "
        "none when the query asks for ranges alone. Told are at most 32 values of a message."
    )


class SearchOut(ListOut[FoundOut]):
    """One page of a search, and what capture may have missed in the time it looks at."""

    not_captured: list[GapOut] = Field(description=NOT_CAPTURED)


class BucketOut(Out):
    """The matches published in one span of time."""

    since: TimeOut
    until: TimeOut = Field(description="Not included; it is the next one's `since`.")
    count: int = Field(ge=0)
    parts: dict[str, int] | None = Field(
        description="The same matches by the value of the field `by`, only those that there are; null when not asked for.",
        examples=[{"delivered": 40, "waiting": 2}],
    )


class HistogramOut(Out):
    """The matches of a query by the time they were published, every one of them counted."""

    since: TimeOut
    until: TimeOut = Field(description="Not included.")
    buckets: list[BucketOut] = Field(
        description="From `since` to `until` without a hole, equally wide but the last, which may be narrower."
    )
    total: int = Field(description="The matches in all buckets: exact.", ge=0)
    position: PositionOut
    not_captured: list[GapOut] = Field(
        description="The gaps of capture that touch the histogram's time: there an empty bucket proves nothing."
    )


class FacetValueOut(Out):
    """A value and how many of the messages counted have it."""

    value: str
    count: int = Field(ge=1)


class FacetOut(Out):
    """The commonest values of one field."""

    field: str = Field(examples=["state"])
    values: list[FacetValueOut] = Field(description="The commonest first, equals by value.")


class FacetsOut(Out):
    """The commonest values of some fields among a query's matches, and how many matches were counted."""

    facets: list[FacetOut]
    counted: int = Field(
        description=f"Over how many matches was counted, at most {FACET_MATCHES_MAX:,}.", ge=0
    )
    counted_are: Literal["all", "newest"] = Field(
        description="`all` matches, or the `newest` of more by `published_at`: then the counts are of those alone."
    )
    position: PositionOut


def highlight(found: Highlight) -> HighlightOut:
    """Return a highlight in its JSON form, a long value cut to what is around its first mark."""
    shown = excerpt(found.text, found.spans)
    return HighlightOut(
        field=found.field,
        text=shown.text,
        begins_at=shown.begins_at,
        value_chars=len(found.text),
        marks=[_mark(span) for span in shown.spans],
    )


def bucket(since: int, until: int, count: int, parts: Mapping[str, int] | None) -> BucketOut:
    """Return a bucket in its JSON form; times in ns."""
    told = None if parts is None else dict(parts)
    return BucketOut(since=time(since), until=time(until), count=count, parts=told)


def facet(field: str, counts: dict[str, int]) -> FacetOut:
    """Return the counts of one field's values in their JSON form, in their order."""
    values = [FacetValueOut(value=value, count=count) for value, count in counts.items()]
    return FacetOut(field=field, values=values)


def _mark(span: Span) -> MarkOut:
    return MarkOut(start=span[0], end=span[1])
