"""Dialects of frameworks that could not be run here, held to what their documentation says they write.

No recording stands behind these: names are those of the frameworks' own documentation and sources, values are made up.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from collector.decoding.hints import hints_of
from events.facts import Properties, Table
from projector.linker.dialects import DIALECTS, Dialects
from projector.linker.dialects.reading import What
from projector.linker.dialects.symfony import exception
from tests.unit.linker_log import Log

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
ACTIVITY = f"00-{TRACE_ID}-b7ad6b7169203331-01"
TRACE, CAUSE, CONVERSATION = What.TRACE, What.CAUSE, What.CONVERSATION
IDENTITY, TASK, SERVICE = What.IDENTITY, What.TASK, What.SERVICE
TYPE, ERROR, RETRIES = What.TYPE, What.ERROR, What.RETRIES


class Case(NamedTuple):
    """What a framework is documented to write, and what is to be read from it; what is left out must not be read."""

    name: str
    framework: str
    told: set[tuple[What, str]]
    headers: Mapping[Any, Any] = MappingProxyType({})
    body: Any = None
    content_type: str | None = "application/json"

    @property
    def in_body(self) -> Table | None:
        body = json.dumps(self.body, separators=(",", ":")).encode()
        return hints_of(self.content_type, body, ()) if self.body is not None else None


ENVELOPE = {
    "messageId": "m1",
    "requestId": None,
    "correlationId": "c1",
    "conversationId": "conversation",
    "initiatorId": "c0",
    "sourceAddress": "rabbitmq://broker/shop/orders",
    "destinationAddress": "rabbitmq://broker/shop/billing",
    "messageType": ["urn:message:Shop:OrderPlaced", "urn:message:Shop:IEvent"],
    "message": {"secret": "never read"},
    "headers": {},
    "host": {"machineName": "m", "processName": "Shop.Orders", "processId": 7},
}
MASSTRANSIT = "application/vnd.masstransit+json"
FAULT = {
    "MT-Reason": "fault",
    "MT-Fault-InputAddress": "rabbitmq://broker/shop/billing?durable=true",
    "MT-Fault-ExceptionType": "Shop.CardDeclined",
    "MT-Fault-Message": "The card was declined",
    "MT-Fault-RetryCount": 3,
    "MT-Host-ProcessName": "Shop.Billing",
}
NSERVICEBUS = {
    "NServiceBus.MessageId": "m1",
    "NServiceBus.CorrelationId": "m0",
    "NServiceBus.ConversationId": "conversation",
    "NServiceBus.RelatedTo": "m0",
    "NServiceBus.OriginatingEndpoint": "Orders",
    "NServiceBus.MessageIntent": "Publish",
    "NServiceBus.EnclosedMessageTypes": "Shop.OrderPlaced, Shop.Messages, Version=1.0.0.0;Shop.IEvent, Shop.Messages",
    "traceparent": ACTIVITY,
}
NSERVICEBUS_TOLD = {
    (TASK, "m1"),
    (CONVERSATION, "conversation"),
    (CAUSE, "m0"),
    (TYPE, "Shop.OrderPlaced"),
    (TRACE, TRACE_ID),
}
REBUS = {
    "rbs2-msg-id": "m1",
    "rbs2-corr-id": "m0",
    "rbs2-corr-seq": "1",
    "rbs2-intent": "p2p",
    "rbs2-msg-type": "Shop.OrderPlaced, Shop.Messages",
    "rbs2-sender-address": "orders",
    "rbs2-return-address": "orders",
}
REBUS_TOLD = {(TASK, "m1"), (CONVERSATION, "m0"), (TYPE, "Shop.OrderPlaced")}
CASES = [
    Case(
        "MassTransit's envelope",
        "MassTransit",
        {
            (TASK, "m1"),
            (IDENTITY, "c1"),
            (CONVERSATION, "conversation"),
            (CAUSE, "c0"),
            (SERVICE, "Shop.Orders"),
            (TYPE, "Shop:OrderPlaced"),
            (TRACE, TRACE_ID),
        },
        headers={"Content-Type": MASSTRANSIT, "publishId": "1", "MT-Activity-Id": ACTIVITY},
        body=ENVELOPE,
        content_type=MASSTRANSIT,
    ),
    Case(
        "MassTransit's envelope in an error queue is from where it failed, not from its first sender",
        "MassTransit",
        {
            (TASK, "m1"),
            (IDENTITY, "c1"),
            (CONVERSATION, "conversation"),
            (CAUSE, "c0"),
            (SERVICE, "Shop.Billing"),
            (TYPE, "Shop:OrderPlaced"),
            (ERROR, "The card was declined"),
            (ERROR, "Shop.CardDeclined"),
            (RETRIES, "3"),
        },
        headers=FAULT,
        body=ENVELOPE,
        content_type=MASSTRANSIT,
    ),
    Case(
        "MassTransit's raw serializer",
        "MassTransit",
        {
            (TASK, "m1"),
            (IDENTITY, "c1"),
            (CONVERSATION, "conversation"),
            (CAUSE, "c0"),
            (TYPE, "Shop:OrderPlaced"),
        },
        headers={
            "MessageId": "m1",
            "CorrelationId": "c1",
            "ConversationId": "conversation",
            "MT-InitiatorId": "c0",
            "MT-MessageType": "urn:message:Shop:OrderPlaced;urn:message:Shop:IEvent",
            "MT-Source-Address": "rabbitmq://broker/shop/orders",
            "MT-Host-ProcessName": "dotnet",
        },
    ),
    Case(
        "MassTransit's redelivery",
        "MassTransit",
        {(RETRIES, "2"), (TASK, "m1")},
        headers={"MT-Redelivery-Count": "2", "MT-Source-Address": "x", "MessageId": "m1"},
    ),
    Case(
        "NServiceBus",
        "NServiceBus",
        NSERVICEBUS_TOLD | {(SERVICE, "Orders")},
        headers=NSERVICEBUS,
    ),
    Case(
        "NServiceBus, retried with a delay by its receiver",
        "NServiceBus",
        NSERVICEBUS_TOLD | {(RETRIES, "2")},
        headers={**NSERVICEBUS, "NServiceBus.Retries": "2"},
    ),
    Case(
        "NServiceBus, in the error queue",
        "NServiceBus",
        NSERVICEBUS_TOLD
        | {
            (SERVICE, "Billing"),
            (RETRIES, "4"),
            (ERROR, "The card was declined"),
            (ERROR, "Shop.CardDeclined"),
        },
        headers={
            **NSERVICEBUS,
            "NServiceBus.FailedQ": "Billing-1@machine",
            "NServiceBus.ProcessingEndpoint": "Billing",
            "NServiceBus.FLRetries": "4",
            "NServiceBus.ExceptionInfo.ExceptionType": "Shop.CardDeclined",
            "NServiceBus.ExceptionInfo.Message": "The card was declined\nmore",
        },
    ),
    Case("Rebus", "Rebus", REBUS_TOLD | {(SERVICE, "orders")}, headers=REBUS),
    Case(
        "Rebus, a reply",
        "Rebus",
        REBUS_TOLD | {(SERVICE, "orders"), (CAUSE, "m0")},
        headers={**REBUS, "rbs2-in-reply-to": "m0"},
    ),
    Case(
        "Rebus, in the error queue",
        "Rebus",
        REBUS_TOLD | {(SERVICE, "billing"), (ERROR, "5 unhandled exceptions")},
        headers={
            **REBUS,
            "rbs2-source-queue": "billing",
            "rbs2-error-details": "5 unhandled exceptions\n   at Shop",
        },
    ),
    Case(
        "CAP",
        "CAP",
        {(TASK, "1"), (CAUSE, "1"), (CONVERSATION, "1"), (TYPE, "order.placed"), (TYPE, "Order")},
        headers={
            "cap-msg-id": "1",
            "cap-corr-id": "1",
            "cap-corr-seq": "0",
            "cap-msg-name": "order.placed",
            "cap-msg-type": "Order",
            "cap-senttime": "11/22/2026 00:00:00 +00:00",
        },
    ),
    Case(
        "CAP, a callback that failed",
        "CAP",
        {(TASK, "2"), (CAUSE, "1"), (CONVERSATION, "1"), (ERROR, "CardDeclined-->declined")},
        headers={
            "cap-msg-id": "2",
            "cap-corr-id": "1",
            "cap-corr-seq": "1",
            "cap-exception": "CardDeclined-->declined",
        },
    ),
    Case(
        "Wolverine",
        "Wolverine",
        {
            (TRACE, TRACE_ID),
            (CONVERSATION, "c"),
            (CAUSE, "m0"),
            (SERVICE, "orders"),
            (RETRIES, "2"),
        },
        headers={
            "conversation-id": "c",
            "causation-id": "m0",
            "parent-id": ACTIVITY,
            "source": "orders",
            "attempts": "2",
            "saga-id": "s",
            "tenant-id": "t",
        },
    ),
    Case(
        "EasyNetQ, a request that failed",
        "EasyNetQ",
        {(ERROR, "no such order")},
        headers={"IsFaulted": True, "ExceptionMessage": "no such order"},
    ),
    Case(
        "EasyNetQ's error queue",
        "EasyNetQ",
        {(ERROR, "System.Exception: no such order")},
        body={
            "RoutingKey": "order.placed",
            "Exchange": "shop",
            "Queue": "billing",
            "Exception": "System.Exception: no such order\n   at Shop",
            "Message": "{}",
            "DateTime": "2026-11-22T00:00:00Z",
            "BasicProperties": {},
        },
    ),
    Case(
        "Laravel",
        "Laravel",
        {(TASK, "u1"), (TYPE, "App\\Jobs\\SendInvoice"), (RETRIES, "2")},
        headers={"laravel": {"attempts": 2}},
        body={
            "uuid": "u1",
            "displayName": "App\\Jobs\\SendInvoice",
            "job": "Illuminate\\Queue\\CallQueuedHandler@call",
            "maxTries": 3,
            "data": {"commandName": "App\\Jobs\\SendInvoice", "command": "O:..."},
            "id": "i1",
        },
    ),
    Case(
        "Sneakers' error queue",
        "Sneakers",
        {(RETRIES, "6"), (ERROR, "no such order")},
        body={
            "error": "no such order",
            "num_attempts": 6,
            "failed_at": "2026-11-22T00:00:00+00:00",
            "payload": "e30=",
            "error_class": "RuntimeError",
            "error_message": "no such order",
            "backtrace": "shop.rb:1",
        },
    ),
    Case(
        "CloudEvents in headers",
        "CloudEvents",
        {(IDENTITY, "e1"), (TYPE, "shop.order.placed"), (TRACE, TRACE_ID)},
        headers={
            "cloudEvents:specversion": "1.0",
            "cloudEvents:id": "e1",
            "cloudEvents:source": "/shop/orders",
            "cloudEvents:type": "shop.order.placed",
            "cloudEvents:traceparent": ACTIVITY,
        },
    ),
    Case(
        "CloudEvents in headers, as consumers of JMS need them",
        "CloudEvents",
        {(IDENTITY, "e1"), (TYPE, "shop.order.placed")},
        headers={
            "cloudEvents_specversion": "1.0",
            "cloudEvents_id": "e1",
            "cloudEvents_type": "shop.order.placed",
        },
    ),
    Case(
        "CloudEvents in the body",
        "CloudEvents",
        {(IDENTITY, "e1"), (TYPE, "shop.order.placed")},
        body={"specversion": "1.0", "id": "e1", "source": "/shop", "type": "shop.order.placed"},
        content_type="application/cloudevents+json; charset=utf-8",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_documented_is_read(case: Case) -> None:
    """Ids, causes, service, type, error and count of retries are read from where the framework puts them; nothing else."""
    told = Dialects().read(dict(case.headers), case.in_body)

    assert {(what, value) for what, _, value in told if what is not What.FRAMEWORK} == case.told
    described = Dialects().describe(told, Properties())
    assert described is not None
    assert described.framework == case.framework


def test_these_dialects_say_that_nothing_recorded_stands_behind_them() -> None:
    """A framework is either recorded or documented, and says which."""
    documented = {case.framework for case in CASES}

    assert {each.name for each in DIALECTS if each.name in documented and each.recorded} == set()


@pytest.mark.parametrize("name", ["source", "attempts", "type", "message-type", "headers", "id"])
def test_an_everyday_header_shows_no_framework(name: str) -> None:
    """Words that anybody uses are no sign of a framework, and are not believed to be its ids."""
    assert list(Dialects().read({name: "1"})) == []


@pytest.mark.parametrize(
    ("stamps", "error"),
    [
        (
            [{"exceptionMessage": 'Class "App\\Mail" is "gone"\nmore'}],
            'Class "App\\Mail" is "gone"',
        ),
        ([{"exceptionMessage": "first"}, {"exceptionMessage": "last"}], "last"),
        ([{"exceptionMessage": None}], None),
        ("no stamps", None),
    ],
)
def test_the_error_in_a_stamp_is_read_as_json(stamps: Any, error: str | None) -> None:
    """Symfony writes stamps as JSON, in which PHP escapes quotes, backslashes and slashes; the last one counts."""
    assert exception(json.dumps(stamps)) == error


def test_a_message_in_the_error_queue_is_what_the_failing_endpoint_was_given() -> None:
    """NServiceBus forwards a failure with the first sender's headers: its cause is itself, its publisher the receiver."""
    log = Log()
    log.opened("c1", None, product="x", host="10.0.0.1")
    log.opened("c2", None, product="x", host="10.0.0.2")
    began = log.publish("billing", by="c1", headers=NSERVICEBUS)
    log.deliver("billing", to="c2", headers=NSERVICEBUS)
    failed = {
        **NSERVICEBUS,
        "NServiceBus.FailedQ": "Billing-1@machine",
        "NServiceBus.ProcessingEndpoint": "Billing",
    }
    error = log.publish("error", body=b"body again", by="c2", headers=failed)

    assert log.parent(error) == (began, "same NServiceBus.MessageId")
    publishers = [log.document(each).publisher for each in (began, error)]
    assert [each.service for each in publishers if each] == ["Orders", "Billing"]


def test_a_masstransit_consumer_is_caused_by_the_correlation_id_it_names() -> None:
    """The initiator is the correlation id of what was consumed, which is another id than its message id."""
    log = Log()
    consumed = {"MessageId": "m1", "CorrelationId": "c1", "MT-Source-Address": "x"}
    order = log.publish("billing", body=b"order", by="orders", headers=consumed)
    log.deliver("billing", body=b"order", to="billing", headers=consumed)
    sent = {"MessageId": "m2", "CorrelationId": "c2", "MT-InitiatorId": "c1"}
    invoice = log.publish("shipping", body=b"invoice", by="billing", headers=sent)

    assert log.parent(invoice) == (order, "MassTransit initiatorId")
