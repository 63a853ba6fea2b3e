"""Why a delivery of a tap could not be decoded, for a person. Pure."""

from collector.amqp.frames import BODY_BYTES_MAX, Delivery


def body_missing(delivery: Delivery) -> str:
    """Return why the body is missing that the content header of *delivery* tells of; nothing where none is."""
    size = int.from_bytes(delivery.header[4:12], "big")
    return f"a body of {size} bytes, over {BODY_BYTES_MAX}" if size > BODY_BYTES_MAX else ""


def reason_of(error: Exception) -> str:
    """Return why something could not be decoded, for a person."""
    if isinstance(error, KeyError):
        return f"the header {error.args[0]!r} is missing"
    return str(error) or type(error).__name__
