"""Who asks: whoever shows an API key, or the cookie of a session that was opened with one.

A session is for browsers, which cannot send a key with every request. Its cookie does not hold the key: it names the key's
holder and its own end, under a MAC that also covers the key's digest. So nothing is kept here about sessions, one opened
at any process of the same store is known to all, and revoking a key or changing those of the settings ends its sessions.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from hmac import compare_digest

from starlette.datastructures import Headers

from api import cursor
from api.ports import ApiPorts, key_digest, key_id_in
from api.scopes import Who, who_with
from events.operations import SCOPES

SESSION_S = 12 * 3_600
ROOT = "root"
_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Session:
    """Whose session it is, and when it ends (ns UTC)."""

    who: Who
    ends_at: int


@dataclass(frozen=True, slots=True)
class _Held:
    """Who holds a key, and the key's digest."""

    who: Who
    digest: bytes


def asking(ports: ApiPorts, headers: Headers) -> Who | None:
    """Return who sends *headers*: by the key in them, else by the session; None for nobody that is known."""
    authorization = headers.get("authorization", "")
    if not authorization and (session := session_of(ports, headers)) is not None:
        return session.who
    return holder(ports, authorization)


def holder(ports: ApiPorts, authorization: str) -> Who | None:
    """Return who sends *authorization* (the header); None for nobody that is known.

    Keys of the settings open everything, those made by operators what they were made for, as long as they are not revoked.
    """
    scheme, _, key = authorization.partition(" ")
    key = key.strip() if scheme.lower() == "bearer" else ""
    if (held := _held(ports, key)) is not None:
        return held.who
    if ports.key_digests or key_id_in(key) is not None:
        return None
    return who_with("local", SCOPES, edits=ports.edits)


def open_session(ports: ApiPorts, key: str) -> tuple[Session, str] | None:
    """Return a new session of who holds *key*, with the value of its cookie; None where nobody known does."""
    held = _held(ports, key)
    if held is None:
        return None
    by, ends_s = held.who.by, ports.clock() // _S + SESSION_S
    told = cursor.encode(_key(ports), _about(by, held.digest), (ends_s,))
    return Session(replace(held.who, by_cookie=True), ends_s * _S), f"{by}.{told}"


def session_of(ports: ApiPorts, headers: Headers) -> Session | None:
    """Return the session whose cookie is in *headers*; None without one that is good still."""
    name = cookie_name(ports)
    for pair in headers.get("cookie", "").split(";"):
        given, _, value = pair.strip().partition("=")
        if given == name and (session := _session(ports, value)) is not None:
            return session
    return None


def cookie_name(ports: ApiPorts) -> str:
    """Return the name of the cookie: another for each store, since browsers send cookies to every port of a host."""
    return f"hoptrail_{blake2b(_key(ports), digest_size=4).hexdigest()}"


def _session(ports: ApiPorts, value: str) -> Session | None:
    by, _, told = value.partition(".")
    for held in _known(ports, by):
        try:
            values = cursor.decode(_key(ports), _about(by, held.digest), told)
        except cursor.CursorInvalid:
            continue
        match values:
            case (int() as ends_s,) if ports.clock() < ends_s * _S:
                return Session(replace(held.who, by_cookie=True), ends_s * _S)
            case _:
                return None
    return None


def _held(ports: ApiPorts, key: str) -> _Held | None:
    offered = key_digest(key)
    by = key_id_in(key) or ROOT
    fitting = [held for held in _known(ports, ROOT) if compare_digest(held.digest, offered)]
    if by != ROOT:
        fitting += [held for held in _known(ports, by) if compare_digest(held.digest, offered)]
    return fitting[0] if fitting else None


def _known(ports: ApiPorts, by: str) -> Iterator[_Held]:
    """Yield the keys that *by* has: several for the root of the settings, at most one for the id of a key."""
    if by == ROOT:
        who = who_with(ROOT, SCOPES, edits=ports.edits)
        yield from (_Held(who, digest) for digest in ports.key_digests)
        return
    known = ports.views.operators().keys.get(by)
    if known is not None and known.revoked is None:
        yield _Held(who_with(by, known.scopes, edits=ports.edits), known.hashed)


def _about(by: str, digest: bytes) -> str:
    return f"session\n{by}\n{digest.hex()}"


def _key(ports: ApiPorts) -> bytes:
    """Return the key of the cookies' MAC, derived from that of the cursors."""
    return blake2b(ports.cursor_key, digest_size=32, person=b"hoptrail-session").digest()
