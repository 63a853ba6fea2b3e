"""What the services put on the wire: bodies and properties.

Pure: an image, a type and a flag give the same message in every run.
Bodies differ between any two messages of a run, because each holds its image's
id and its type.
"""

import base64
import json
import struct
from dataclasses import dataclass

from aio_pika import Message
from aio_pika.abc import DeliveryMode
from pamqp.commands import Basic

from examples.image_pipeline.plan import Image, derive, draw

_PIXEL_BYTES = 96
_LABELS = (
    "cat",
    "chair",
    "bridge",
    "bicycle",
    "teapot",
    "lighthouse",
    "violin",
    "tractor",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """The ids that a message carries besides its body."""

    message_id: str
    correlation_id: str
    traceparent: str


class _UnnamedProperties(Basic.Properties):
    """Properties that never carry a message id, though the client library adds one."""

    def marshal(self) -> bytes:
        """Return the encoded properties without a message id."""
        self.message_id = None
        return super().marshal()


class UnnamedMessage(Message):
    """A message without any id; `aio_pika.Message` would be given a random one."""

    @property
    def properties(self) -> Basic.Properties:
        """The properties, of which none names the message."""
        return _UnnamedProperties(
            content_type=self.content_type,
            delivery_mode=self.delivery_mode,
            headers=self.headers,
            message_type=self.type,
        )


def body_of(type_: str, image: Image) -> bytes:
    """Return the body of the message of *type_* about *image*."""
    return jpeg(image) if type_ == "completed_jpg" else _json_body(type_, image)


def content_type_of(type_: str) -> str:
    """Return the MIME type of the bodies of messages of *type_*."""
    return "image/jpeg" if type_ == "completed_jpg" else "application/json"


def ids_of(type_: str, image: Image) -> Ids:
    """Return the ids of the message: one trace per image, one span per publish."""
    token = derive(image, f"message/{type_}", size=16).hex()
    trace_id = derive(image, "trace", size=16).hex()
    span_id = derive(image, f"span/{type_}", size=8).hex()
    return Ids(
        message_id=f"{token[:8]}-{token[8:12]}-{token[12:16]}-{token[16:20]}-{token[20:]}",
        correlation_id=image.id,
        traceparent=f"00-{trace_id}-{span_id}-01",
    )


def message_of(type_: str, body: bytes, ids: Ids | None) -> Message:
    """Return a persistent message, with *ids* or with nothing that names it."""
    if ids is None:
        return UnnamedMessage(
            body,
            type=type_,
            content_type=content_type_of(type_),
            delivery_mode=DeliveryMode.PERSISTENT,
        )
    return Message(
        body,
        type=type_,
        content_type=content_type_of(type_),
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=ids.message_id,
        correlation_id=ids.correlation_id,
        headers={"traceparent": ids.traceparent},
    )


def image_id_in(body: bytes) -> str:
    """Return the id of the image that a JSON *body* is about.

    Raises:
        ValueError: *body* is no such JSON document.
    """
    try:
        return json.loads(body)["image"]["id"]
    except (KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"not a body of this system: {body[:80]!r}") from error


def jpeg(image: Image) -> bytes:
    """Return bytes with the segments of a JPEG file: the id is in its comment."""
    comment = image.id.encode()
    jfif = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    remark = b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment
    pixels = derive(image, "pixels/completed", size=64).replace(b"\xff", b"\xff\x00")
    return (
        b"\xff\xd8"
        + jfif
        + remark
        + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
        + pixels
        + b"\xff\xd9"
    )


def _json_body(type_: str, image: Image) -> bytes:
    content: dict[str, object] = {"type": type_, "image": {"id": image.id}}
    match type_:
        case "image" | "normalized_image":
            content["image"] = {"id": image.id, "number": image.number, "format": "png"}
            content["size_px"] = (
                [640 + draw(image, "width", sides=1280), 480] if type_ == "image" else [512, 512]
            )
            content["data"] = _pixels(type_, image)
        case "labels":
            content["labels"] = [
                {
                    "name": _LABELS[draw(image, f"label/{n}", sides=len(_LABELS))],
                    "score": _score(image, n),
                }
                for n in range(3)
            ]
        case "3d_model":
            content["vertices"] = [_score(image, n) for n in range(12)]
            content["mesh"] = _pixels(type_, image)
        case "3d_model_json":
            content["title"] = f"model of {image.id}"
            content["vertices"] = [_score(image, n) for n in range(12)]
        case _:
            raise ValueError(f"no JSON body for the type {type_!r}")
    return json.dumps(content, separators=(",", ":")).encode()


def _pixels(purpose: str, image: Image) -> str:
    half = _PIXEL_BYTES // 2
    parts = [derive(image, f"pixels/{purpose}/{part}", size=half) for part in range(2)]
    return base64.b64encode(b"".join(parts)).decode()


def _score(image: Image, n: int) -> float:
    return draw(image, f"score/{n}", sides=1000) / 1000
