"""The data view over all message documents, whose uids and traces open in hoptrail. Pure."""

from dashboards.kibana import fields
from dashboards.kibana.saved import Json, SavedObject, packed
from store.elastic.names import Names

OFTEN_USED = (
    fields.STATE,
    fields.EXCHANGE,
    fields.QUEUE,
    fields.TYPE,
    fields.PUBLISHER,
    fields.CONSUMER,
    fields.LATENCY,
    fields.UID,
    fields.TRACE,
)

HIDDEN = (
    fields.DOCUMENT,
    "names.words",
    "headers.words",
    "headers.paths",
    "body.words",
    "body.pairs",
    "body.paths",
)
"""What is there to be searched by, and says nothing to a reader that other fields do not."""


def data_view_id(prefix: str) -> str:
    """Return the id of the data view, which is also its title: the alias that searches go to."""
    return Names(prefix).messages


def data_view(prefix: str, public_url: str) -> SavedObject:
    """Return the data view; *public_url* is where its users open hoptrail."""
    message, trace = opening(public_url, "messages"), opening(public_url, "conversations")
    formats = {
        fields.UID: message,
        fields.LONG_NAMES[fields.UID]: message,
        fields.PARENT: message,
        fields.OTHER_PARENTS: message,
        fields.TRACE: trace,
        fields.LONG_NAMES[fields.TRACE]: trace,
        fields.LATENCY: {"id": "number", "params": {"pattern": "0,0.0"}},
        fields.SIZE: {"id": "bytes", "params": {"pattern": "0,0.[0]b"}},
    }
    return SavedObject(
        type="index-pattern",
        id=data_view_id(prefix),
        attributes={
            "allowHidden": False,
            "fieldAttrs": packed({name: {"count": 1} for name in OFTEN_USED}),
            "fieldFormatMap": packed(formats),
            "fields": "[]",
            "name": f"{prefix} messages",
            "runtimeFieldMap": "{}",
            "sourceFilters": packed([{"value": name} for name in HIDDEN]),
            "timeFieldName": fields.TIME,
            "title": Names(prefix).messages,
            "typeMeta": "{}",
        },
    )


def opening(public_url: str, kind: str) -> Json:
    """Return the format of a field whose value names a page of hoptrail; Kibana encodes the value for the address."""
    return {
        "id": "url",
        "params": {
            "labelTemplate": "{{value}}",
            "openLinkInCurrentTab": False,
            "type": "a",
            "urlTemplate": f"{public_url.rstrip('/')}/{kind}/{{{{value}}}}",
        },
    }
