"""Laws of the spans: they hold for any log, also a hostile one."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.facts import Envelope
from projector.exporting.encode import request_of
from projector.linker.limits import Limits
from projector.otlp.ids import NO_SPAN, NO_TRACE
from projector.otlp.model import Kind, Span
from tests.support.histories import histories
from tests.support.spans import spans_in
from tests.unit.test_linker_laws import SMALL, logs

LIMITS = st.sampled_from([Limits(), SMALL])
LOGS = logs(60) | histories(moves_max=60)
LAWS = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@LAWS
@given(LOGS, LIMITS)
def test_ids_are_valid_and_each_is_given_once(log: list[Envelope], limits: Limits) -> None:
    """Every span has a trace and an id of its own, neither of them zero."""
    spans = spans_in(log, limits=limits)

    assert len({span.at.span_id for span in spans}) == len(spans)
    for span in spans:
        assert len(span.at.trace_id) == 16
        assert span.at.trace_id != NO_TRACE
        assert len(span.at.span_id) == 8
        assert span.at.span_id != NO_SPAN


@LAWS
@given(LOGS)
def test_the_same_log_gives_the_same_spans(log: list[Envelope]) -> None:
    """Spans are a function of the log."""
    assert spans_in(log) == spans_in(log)


@LAWS
@given(LOGS, LIMITS)
def test_no_span_is_among_its_own_ancestors(log: list[Envelope], limits: Limits) -> None:
    """Going from parent to parent ends at a root, or at a span that a publisher reports itself."""
    spans = {span.at.span_id: span for span in spans_in(log, limits=limits)}
    for span in spans.values():
        seen: set[bytes] = set()
        above: Span | None = span
        while above is not None:
            assert above.at.span_id not in seen
            seen.add(above.at.span_id)
            above = spans.get(above.parent or b"")


@LAWS
@given(LOGS, LIMITS)
def test_a_parent_is_in_the_same_trace(log: list[Envelope], limits: Limits) -> None:
    """A span never stands under one of another trace, which no backend could show."""
    spans = {span.at.span_id: span for span in spans_in(log, limits=limits)}
    for span in spans.values():
        parent = spans.get(span.parent or b"")

        assert parent is None or parent.at.trace_id == span.at.trace_id


@LAWS
@given(LOGS, LIMITS)
def test_no_duration_is_invented(log: list[Envelope], limits: Limits) -> None:
    """Only waits last, never less than nothing, and begin and end at times that the log tells."""
    told = {envelope.observed_at for envelope in log}
    for span in spans_in(log, limits=limits):
        assert span.end >= span.start
        if span.end > span.start:
            assert span.name.startswith("wait")
            assert span.end in told


@LAWS
@given(LOGS, LIMITS)
def test_services_that_report_spans_get_none(log: list[Envelope], limits: Limits) -> None:
    """A message that carries a trace context gives spans of the broker alone."""
    traced = {f"00-{'a' * 32}-{'b' * 16}-01", f"00-{'c' * 32}-{'d' * 16}-01"}
    for span in spans_in(log, limits=limits):
        if span.kind is not Kind.INTERNAL:
            position = int(str(span.attributes["hoptrail.uid"]).removeprefix("main-"))
            properties = getattr(log[position].fact, "properties", None)
            headers = getattr(properties, "headers", None) or {}

            told = headers.get("traceparent")
            assert not isinstance(told, str) or told not in traced


@LAWS
@given(LOGS, LIMITS)
def test_everything_is_marked_as_inferred(log: list[Envelope], limits: Limits) -> None:
    """Each span and each link says that it is inferred, on what evidence, and how sure that is."""
    for span in spans_in(log, limits=limits):
        for told in (span.attributes, *(link.attributes for link in span.links)):
            confidence = told["hoptrail.confidence"]
            assert told["hoptrail.inferred"] is True
            assert told["hoptrail.evidence"]
            assert isinstance(confidence, float)
            assert 0 <= confidence <= 1


@LAWS
@given(LOGS, st.integers(0, 60))
def test_a_restart_sends_what_was_not_sent(log: list[Envelope], since: int) -> None:
    """What is told from a position on does not depend on what was taken before."""
    whole = spans_in(log)
    later = spans_in(log, since=since)

    assert [span.at for span in later] == [span.at for span in whole[len(whole) - len(later) :]]


@LAWS
@given(LOGS, LIMITS)
def test_every_span_can_be_encoded(log: list[Envelope], limits: Limits) -> None:
    """Whatever a broker passes on fits into the wire format."""
    assert request_of(spans_in(log, limits=limits), "1") is not None
