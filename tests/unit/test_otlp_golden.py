"""The request that a small log becomes, field by field, as backends are sent it.

``python -m tests.unit.test_otlp_golden`` writes what the test compares.
"""

import json
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from projector.exporting.encode import request_of
from tests.support.spans import spans_in
from tests.unit.linker_log import Log, death

GOLDEN = Path(__file__).parents[1] / "golden" / "otlp" / "request.json"
SHOP, BILLING = "10.0.0.1:50100 -> 10.0.0.9:5672", "10.0.0.2:50200 -> 10.0.0.9:5672"
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def log() -> Log:
    """A request and its reply, a message that is rejected, and one whose sender reports its spans itself."""
    told = Log()
    told.exchange("dlx")
    told.queue("dead")
    told.bind("dlx", "dead")
    told.opened(SHOP, "shop-1")
    told.opened(BILLING, "billing", pid="p2")
    asked: dict[str, Any] = {"correlation_id": "order-7", "reply_to": "prices"}
    told.publish("bills", exchange="", key="bills", by=SHOP, message_id="m1", **asked)
    told.wait(0.25)
    told.deliver("bills", exchange="", key="bills", to=BILLING, message_id="m1", **asked)
    told.publish(
        "prices", exchange="", key="prices", by=BILLING, correlation_id="order-7", body=b"7"
    )
    told.publish("mail", key="mail.new", by=SHOP, body=b"mail")
    told.deliver("mail", key="mail.new", to=BILLING, body=b"mail")
    row = death("mail", exchange="orders")
    told.dead_letter([row], body=b"mail", key="mail.new")
    traced = {"traceparent": TRACEPARENT}
    told.publish("bills", exchange="", key="bills", by=SHOP, body=b"traced", headers=traced)
    told.deliver("bills", exchange="", key="bills", to=BILLING, body=b"traced", headers=traced)
    return told


def request() -> dict[str, Any]:
    """Return the request that the log's spans are sent in, decoded as a receiver does."""
    encoded = request_of(spans_in(log().envelopes), "0.0.0")
    return MessageToDict(ExportTraceServiceRequest.FromString(encoded))


def test_a_small_log_becomes_the_request_written_down() -> None:
    """Resources, scopes, spans, attributes, links, status and flags are those kept with the code."""
    assert request() == json.loads(GOLDEN.read_text())


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(request(), indent=1) + "\n")
