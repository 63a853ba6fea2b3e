"""Roles, users and API keys on a server with security: what there is, and making what is missing.

Every function that makes something says what it would do when *dry*, and changes nothing that is as it should be.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from store.elastic.connection import Elastic, RequestRefused, escaped
from store.elastic.roles import PURPOSES, Descriptor, descriptor, role_name

NO_SUCH_ADDRESS = (400, 404, 405)
"""What a server without security answers where one with it says who asks."""

THERE, MADE, CHANGED = "there", "made", "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was looked after: its `kind` and `name`, and whether it was there, made or changed."""

    kind: str
    name: str
    state: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """An API key just made: `encoded` is the secret, which nobody can read again."""

    role: str
    name: str
    id: str
    encoded: str


class Who(msgspec.Struct, frozen=True):
    """Who the server says that we are."""

    username: str = ""
    roles: tuple[str, ...] = ()


class _KeyInfo(msgspec.Struct, frozen=True):
    id: str
    name: str
    creation: int = 0
    expiration: int | None = None
    invalidated: bool = False
    role_descriptors: dict[str, Any] = {}


class _Keys(msgspec.Struct, frozen=True):
    api_keys: tuple[_KeyInfo, ...] = ()


class _NewKey(msgspec.Struct, frozen=True):
    id: str
    encoded: str


_who = msgspec.json.Decoder(Who)
_keys = msgspec.json.Decoder(_Keys)
_new_key = msgspec.json.Decoder(_NewKey)
_any = msgspec.json.Decoder(dict[str, Any])
_encode = msgspec.json.Encoder().encode


async def who(elastic: Elastic) -> Who | None:
    """Return who this is; None where security is off.

    Raises:
        LogRefused: security is on, and it does not know.
    """
    try:
        answer = await elastic.request("GET", "/_security/_authenticate")
    except RequestRefused as refused:
        if refused.status in NO_SUCH_ADDRESS:
            return None
        raise
    return _who.decode(answer.body)


async def roles(elastic: Elastic, *, dry: bool) -> list[Step]:
    """Make the roles, or bring them up to date."""
    prefix = elastic.names.prefix
    steps: list[Step] = []
    for role in PURPOSES:
        name, wanted = role_name(role, prefix), descriptor(role, prefix)
        path = f"/_security/role/{escaped(name)}"
        answer = await elastic.request("GET", path, expect={404})
        held = None if answer.status == 404 else _any.decode(answer.body).get(name)
        state = MADE if held is None else THERE if _granted(held) == _granted(wanted) else CHANGED
        if state != THERE and not dry:
            await elastic.request("PUT", path, body=_encode(wanted))
        steps.append(Step(kind="role", name=name, state=state))
    return steps


def _granted(told: Mapping[str, Any]) -> object:
    """Return what a role grants, in a form in which equal grants are equal."""
    indices = [
        (sorted(grant["names"]), sorted(grant["privileges"])) for grant in told.get("indices", ())
    ]
    others = [told.get(name) or None for name in ("applications", "run_as", "remote_indices")]
    return sorted(told.get("cluster", ())), sorted(indices), others


async def users(elastic: Elastic, passwords: Mapping[str, str], *, dry: bool) -> list[Step]:
    """Make a user for each role that *passwords* names, named as the role; a changed password is set."""
    steps: list[Step] = []
    for role, password in passwords.items():
        name = role_name(role, elastic.names.prefix)
        state = await _state_of(elastic, name, password)
        if state != THERE and not dry:
            wanted = {"password": password, "roles": [name], "full_name": f"hoptrail {role}"}
            path = f"/_security/user/{escaped(name)}"
            await elastic.request("PUT", path, body=_encode(wanted))
        steps.append(Step(kind="user", name=name, state=state))
    return steps


async def _state_of(elastic: Elastic, name: str, password: str) -> str:
    """Return whether the user is there with this password and its role alone."""
    settings = replace(elastic.settings, user=name, password=password, api_key=None)
    async with Elastic(settings) as theirs:
        answer = await theirs.request("GET", "/_security/_authenticate", expect={401})
    if answer.status != 401 and _who.decode(answer.body).roles == (name,):
        return THERE
    path = f"/_security/user/{escaped(name)}"
    return MADE if (await elastic.request("GET", path, expect={404})).status == 404 else CHANGED


async def keys(
    elastic: Elastic,
    wanted: Iterable[str],
    renew: bool,
    on_key: Callable[[Key], None],
    *,
    now_ns: int,
    dry: bool,
) -> list[Step]:
    """Make an API key for each role in *wanted* that has none which holds; with *renew* for each, old ones stay valid.

    Each is handed to *on_key* as soon as it is made.
    """
    steps: list[Step] = []
    for role in wanted:
        name = role_name(role, elastic.names.prefix)
        grants = {name: descriptor(role, elastic.names.prefix)}
        params = {"name": name, "owner": "false"}
        answer = await elastic.request("GET", "/_security/api_key", params=params, expect={404})
        valid = [] if answer.status == 404 else _valid(_keys.decode(answer.body), name, now_ns)
        if valid and not renew:
            steps.append(await _kept(elastic, valid, name, grants, dry=dry))
            continue
        note = f"{', '.join(each.id for each in valid)} still hold" if valid else ""
        steps.append(Step(kind="API key", name=name, state=MADE, note=note))
        if not dry:
            body = _encode({"name": name, "role_descriptors": grants})
            found = _new_key.decode(
                (await elastic.request("POST", "/_security/api_key", body=body)).body
            )
            on_key(Key(role=role, name=name, id=found.id, encoded=found.encoded))
    return steps


def _valid(found: _Keys, name: str, now_ns: int) -> list[_KeyInfo]:
    """Return the keys named *name* that hold, newest first."""
    held = [
        key
        for key in found.api_keys
        if key.name == name
        and not key.invalidated
        and (key.expiration is None or key.expiration > now_ns // 10**6)
    ]
    return sorted(held, key=lambda key: key.creation, reverse=True)


async def _kept(
    elastic: Elastic,
    valid: list[_KeyInfo],
    name: str,
    grants: Mapping[str, Descriptor],
    *,
    dry: bool,
) -> Step:
    """Leave the secrets as they are, and bring up to date what the keys may do."""
    state = THERE
    for key in valid:
        held = key.role_descriptors.get(name, {})
        if _granted(held) != _granted(grants[name]):
            state = CHANGED
            if not dry:
                path = f"/_security/api_key/{escaped(key.id)}"
                await elastic.request("PUT", path, body=_encode({"role_descriptors": grants}))
    return Step(kind="API key", name=name, state=state, note=", ".join(key.id for key in valid))
