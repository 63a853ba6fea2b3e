"""Traffic in which every name and value that a sender chooses holds script: shown anywhere, it must stay text.

Exchange, queues, connection, consumer tag, routing key, properties, headers and bodies of :func:`send_scripted` hold
:data:`SCRIPT`. Whatever of it is taken for HTML calls a dialog, sets a property of the window or asks for a picture.
"""

from collections.abc import Mapping
from struct import pack
from typing import Final

from pamqp import commands

from bench.raw import FRAME, RawConnection, frames_of, short, table
from tests.support.management import Management

MARK: Final = "owned"
SCRIPT: Final = f'</script><script>{MARK}=1</script><img src=x onerror="{MARK}=2;alert(1)">'
"""Short enough to stand in a name, and with a slash, quotes and angle brackets, which addresses have to carry."""

EXCHANGE: Final = f"exchange {SCRIPT}"
QUEUE: Final = f"queue {SCRIPT}"
DEAD: Final = f"dead {SCRIPT}"
SERVICE: Final = f"Service {SCRIPT}"
CORRELATION: Final = f"javascript:{MARK}=3 {SCRIPT}"
JSON_BODY: Final = f'{{"{SCRIPT.replace(chr(34), chr(39))}": ["javascript:{MARK}=4", "{SCRIPT.replace(chr(34), chr(39))}"]}}'
HTML_BODY: Final = (
    f"<!doctype html><title>{MARK}</title><body onload={MARK}=5>{SCRIPT}<svg onload={MARK}=6>"
)
_CONSUME, _REJECT = (60, 20), (60, 90)
BODY: Final = 3

STAYED_TEXT: Final = f"""() => {{
  const found = [...document.querySelectorAll("script:not([src]), [src=x], [onerror], [onload], a[href^='javascript']")];
  if (typeof window.{MARK} !== "undefined") found.push(`window.{MARK} = ${{window.{MARK}}}`);
  return found.map((each) => each.outerHTML ?? each);
}}"""
"""Evaluated in a page: what of the script is no text there."""


def send_scripted(management: Management, vhost: str, url: str) -> None:
    """Declare the topology in *vhost*, publish two messages, reject the first, and reject it again where it died to.

    *url* is of the vhost.
    """
    management.put("exchanges", vhost, EXCHANGE, body={"type": "fanout"})
    to_dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": DEAD}
    management.put("queues", vhost, QUEUE, body={"durable": True, "arguments": to_dead})
    management.put("queues", vhost, DEAD, body={"durable": True})
    management.post("bindings", vhost, "e", EXCHANGE, "q", QUEUE, body={"routing_key": SCRIPT})
    with RawConnection(url, name=SERVICE) as connection:
        connection.publish_all(
            [
                _publish(f"one {SCRIPT}", "application/json", JSON_BODY),
                _publish(f"two {SCRIPT}", "text/html", HTML_BODY),
            ]
        )
        _consume(connection, QUEUE)
        _settle(connection, _REJECT)
    # What came through the default exchange is known to be dead only when it is read.
    with RawConnection(url, name=SERVICE) as connection:
        _consume(connection, DEAD)
        _settle(connection, _REJECT)


def _publish(message_id: str, content_type: str, body: str) -> bytes:
    properties = {
        "content_type": content_type,
        "message_id": message_id,
        "correlation_id": CORRELATION,
        "type": f"type {SCRIPT}",
        "app_id": SERVICE,
    }
    encoded = {name: short(value.encode()) for name, value in properties.items()}
    encoded["headers"] = _headers({f"header {SCRIPT}": SCRIPT, "link": f"javascript:{MARK}=7"})
    return frames_of(1, EXCHANGE.encode(), SCRIPT.encode(), encoded, body.encode())


def _headers(given: Mapping[str, str]) -> bytes:
    return table(
        {
            name.encode(): b"S" + pack(">I", len(text.encode())) + text.encode()
            for name, text in given.items()
        }
    )


def _consume(connection: RawConnection, queue: str) -> None:
    """Take one message of *queue* as a consumer whose tag is script too; more does not come until it is settled."""
    connection.call(commands.Basic.Qos(prefetch_count=1), commands.Basic.QosOk)
    consume = pack(">HHH", *_CONSUME, 0) + short(queue.encode()) + short(SCRIPT.encode())
    connection.invoke(consume + b"\0" + table({}), commands.Basic.ConsumeOk)
    connection.receive(lambda kind, _, __: kind == BODY)


def _settle(connection: RawConnection, how: tuple[int, int]) -> None:
    """Acknowledge or reject the first delivery, and go once the broker has done it."""
    payload = pack(">HHQ", *how, 1) + b"\0"
    connection.send_raw(FRAME.pack(1, 1, len(payload)) + payload + b"\xce")
    connection.call(commands.Channel.Close(200, "", 0, 0), commands.Channel.CloseOk)
