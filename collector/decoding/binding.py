"""Turn what comes through an exchange that the tap is bound to into facts. Pure, and total like ``decoder.py``.

The broker adds nothing to such a message: who published it and where else it went is not known, and stays empty.
"""

from collections.abc import Mapping
from typing import Any, cast

from collector.amqp.errors import TableDamaged
from collector.amqp.frames import Delivery
from collector.amqp.table import decode_properties
from collector.decoding.decoder import Decoder, Draft
from collector.decoding.digest import delivery_digest
from collector.decoding.hints import bulk_of
from collector.decoding.properties import properties_from
from collector.decoding.refused import reason_of
from events.facts import MessagePublished
from events.identity import body_digest, fingerprint
from events.values import Text, to_text

SEEN_BY = "binding"
FIREHOSE_EXCHANGE = b"amq.rabbitmq.trace"


def through_binding(
    decoder: Decoder,
    delivery: Delivery,
    *,
    tap: str,
    vhost: Text,
    dead_letters_to: Mapping[tuple[Text, Text], Text | None],
) -> Draft:
    """Return the dead letter that *delivery* is, else the publish; its arguments are those of `Decoder.dead_letter`."""
    found = decoder.dead_letter(delivery, tap=tap, vhost=vhost, dead_letters_to=dead_letters_to)
    if found is not None:
        return found
    digest = body_digest(decoder.key, delivery.body)
    try:
        properties = properties_from(decode_properties(delivery.header))
        identity = delivery_digest(decoder.key, delivery, digest, None)
    except (TableDamaged, KeyError, TypeError, ValueError, IndexError) as error:
        return decoder.undecodable(delivery, tap=tap, vhost=vhost, reason=reason_of(error))
    keys = [to_text(delivery.routing_key)]
    copies: Any = (properties.headers or {}).get("CC")
    if isinstance(copies, list):
        keys += [key for key in cast("list[Any]", copies) if isinstance(key, str | bytes)]
    fact = MessagePublished(
        tap=tap,
        delivery=identity,
        vhost=vhost,
        exchange=to_text(delivery.exchange),
        routing_keys=tuple(keys),
        routed_queues=(),
        node="",
        connection="",
        channel=0,
        user="",
        properties=decoder.redacted(properties),
        fingerprint=fingerprint(decoder.key, digest, properties),
        body=None,
        seen_by=SEEN_BY,
        in_body=decoder.hints(properties, delivery.body),
    )
    bulk = len(delivery.header) + 96 + bulk_of(fact.in_body)
    return Draft(fact, delivery.body, digest, bulk)
