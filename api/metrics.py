"""The figures of ``/metrics``, read at the moment they are asked for.

A registry of its own for each answer, so nothing is shared with other code of the process. Labels are names of
projections and causes of gaps, both few.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from api.ports import ApiPorts
from api.routes.capture import lag, projections
from projector.answers import Capture, ProjectionState
from store.ports import Segment

CONTENT_TYPE = CONTENT_TYPE_LATEST


class _Figures(Collector):
    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


async def render(ports: ApiPorts, denied: Mapping[str, int]) -> bytes:
    """Return the figures in Prometheus' text format; *denied* counts refused requests by the scope they lacked."""
    head = await ports.log.head()
    caught_up, lag_s = await lag(ports)
    captures = ports.lost() is None
    figures = [
        _gauge(
            "hoptrail_log_position", "Next position of the log.", head.next_position if head else 0
        ),
        _gauge(
            "hoptrail_log_bytes", "Stored bytes of the log.", _bytes(await ports.log.segments())
        ),
        _gauge("hoptrail_views_position", "Next position the views fold.", ports.views.position),
        _gauge("hoptrail_lag_seconds", "How far the views are behind the broker.", lag_s),
        _gauge(
            "hoptrail_caught_up",
            "1 when the views are level with the broker.",
            caught_up and captures,
        ),
        *_of_capture(ports.views.capture(), captures=captures),
        *_of_projections(await projections(ports)),
        _of_denials(denied),
    ]
    registry = CollectorRegistry()
    registry.register(_Figures(figures))
    return generate_latest(registry)


def _of_capture(capture: Capture, *, captures: bool) -> list[Metric]:
    events = CounterMetricFamily(
        "hoptrail_events", "Events in the log, by kind of traffic.", labels=["kind"]
    )
    for kind, count in (
        ("published", capture.published),
        ("delivered", capture.delivered),
        ("dead_lettered", capture.dead_lettered),
        ("undecodable", capture.undecodable),
        ("all", capture.events),
    ):
        events.add_metric([kind], count)
    gaps = GaugeMetricFamily(
        "hoptrail_gaps", "Gaps in the ledger, by cause.", labels=["why", "open"]
    )
    counted = Counter((gap.why, gap.until is None) for gap in capture.gaps)
    for (why, is_open), count in sorted(counted.items()):
        gaps.add_metric([why, str(is_open).lower()], count)
    running = _gauge(
        "hoptrail_capture_running",
        "1 while a collector holds the lead.",
        capture.running and captures,
    )
    unseen = capture.unseen_dead_letters
    told = "Dead letters the broker counted and nothing showed; absent where it does not count."
    counters = [] if unseen is None else [_gauge("hoptrail_unseen_dead_letters", told, unseen)]
    return [running, *counters, events, gaps]


def _of_projections(states: list[ProjectionState]) -> list[Metric]:
    position = GaugeMetricFamily(
        "hoptrail_projection_position", "Next position to fold.", labels=["projection"]
    )
    behind = GaugeMetricFamily(
        "hoptrail_projection_lag_seconds", "How far behind the log.", labels=["projection"]
    )
    for state in states:
        position.add_metric([state.name], state.position)
        behind.add_metric([state.name], state.lag_s)
    return [position, behind]


def _of_denials(denied: Mapping[str, int]) -> Metric:
    told = CounterMetricFamily(
        "hoptrail_access_denied", "Requests refused, by the scope they lacked.", labels=["scope"]
    )
    for scope, count in sorted(denied.items()):
        told.add_metric([scope], count)
    return told


def _bytes(segments: Iterable[Segment]) -> int:
    return sum(segment.envelope_bytes + segment.body_bytes for segment in segments)


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=value)
