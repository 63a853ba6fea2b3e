"""Names of things as ids, unique and stable.

Pure. An id is ``kind:vhost:name`` (a service's is ``service:name``). ``%``, and in the vhost ``:``, are
escaped; bytes that are not UTF-8 appear as ``%XX``.
"""

from events.values import Text


def service_id(name: str) -> str:
    return "service:" + _escaped(name)


def exchange_id(vhost: Text, name: Text) -> str:
    return f"exchange:{_vhost(vhost)}:{_escaped(name)}"


def queue_id(vhost: Text, name: Text) -> str:
    return f"queue:{_vhost(vhost)}:{_escaped(name)}"


def named_id(kind: str, name: Text) -> str:
    """Return the id of something that is in no vhost: a vhost, a user, a connection, a node of the broker."""
    return f"{kind}:{_escaped(name)}"


def _vhost(vhost: Text) -> str:
    return _escaped(vhost).replace(":", "%3A")


def _escaped(text: Text) -> str:
    if isinstance(text, str):
        return text.replace("%", "%25")
    return "".join(
        f"%{ord(char) - 0xDC00:02X}" if "\udc80" <= char <= "\udcff" else char
        for char in text.decode("utf-8", "surrogateescape").replace("%", "%25")
    )
