"""Look at Elasticsearch for ``hoptrail doctor``: what stands, what is missing, and what mends it. Changes nothing.

What the present user may not see is named in one finding rather than guessed.
"""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from store.elastic import capacity, security
from store.elastic.connection import Elastic, RequestRefused
from store.elastic.finding import OK, PROBLEM, WARNING, Finding
from store.elastic.roles import PURPOSES, descriptor, role_name
from store.elastic.setup import installed
from store.elastic.templates import is_same, templates, version_of
from store.errors import LogRefused, LogUnavailable

STORE = "store"
OLDEST = (8, 19)
NEWEST_MAJOR = 9
FEATURES = (
    "plain indices, aliases, index templates, external versions, bulk and search: "
    "part of every licence, the free basic one too"
)


class _Version(msgspec.Struct, frozen=True):
    version: str = ""


class _Nodes(msgspec.Struct, frozen=True):
    nodes: dict[str, _Version] = {}


class _Has(msgspec.Struct, frozen=True):
    cluster: dict[str, bool] = {}
    index: dict[str, dict[str, bool]] = {}


_nodes = msgspec.json.Decoder(_Nodes)
_has = msgspec.json.Decoder(_Has)
_encode = msgspec.json.Encoder().encode


class _Look:
    """One look: `findings` so far, and `hidden`, what this user may not see."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.hidden: list[str] = []

    async def at(self, what: str, find: Awaitable[Finding | list[Finding]]) -> None:
        """Add what *find* finds about *what*."""
        try:
            found = await find
        except RequestRefused as refused:
            if refused.status != 403:
                found = Finding(what, PROBLEM, str(refused))
            else:
                self.hidden.append(what)
                return
        except (LogRefused, LogUnavailable) as error:
            found = Finding(what, PROBLEM, str(error))
        self.findings += found if isinstance(found, list) else [found]


async def examine(elastic: Elastic, *, now_ns: Callable[[], int]) -> list[Finding]:
    """Return what stands on the server and what is wrong with it; *now_ns* is this machine's clock.

    A finding about the store itself that is a problem comes alone: nothing else could be asked.
    """
    look = _Look()
    try:
        who = await security.who(elastic)
    except (LogRefused, LogUnavailable) as error:
        mend = ("set HOPTRAIL_STORE, HOPTRAIL_STORE_API_KEY, HOPTRAIL_STORE_CA_FILE",)
        return [Finding(STORE, PROBLEM, str(error), mend)]
    url = elastic.settings.url
    look.findings.append(
        Finding(STORE, OK, f"Elasticsearch at {url}, names begin with {elastic.names.prefix}")
    )
    await look.at("version", _version(elastic))
    look.findings += [
        Finding("features", OK, FEATURES),
        judge_security(who, url),
        judge_tls(elastic),
    ]
    if who is not None:
        await look.at("privileges", _privileges(elastic, who))
    await look.at("templates", _templates(elastic))
    await look.at("cluster health", capacity.health(elastic))
    await look.at("disk, shards", _room(elastic, now_ns))
    await look.at("blocks", capacity.blocks(elastic))
    if look.hidden and who is not None:
        detail = f"{who.username} may not see: {', '.join(look.hidden)}"
        mend = (
            f"run hoptrail doctor as a user of the role {role_name('setup', elastic.names.prefix)}",
        )
        look.findings.append(Finding("not shown", WARNING, detail, mend))
    return look.findings


async def _version(elastic: Elastic) -> Finding:
    # Not GET /: the smallest distribution does not have it.
    params = {"filter_path": "nodes.*.version"}
    answer = await elastic.request("GET", "/_nodes/_all/http", params=params)
    found = _nodes.decode(answer.body).nodes.values()
    return judge_versions(sorted({node.version for node in found}))


def judge_versions(versions: list[str]) -> Finding:
    """Return whether hoptrail was made for nodes of these versions."""
    told = ", ".join(versions) or "unknown"
    parsed = [
        tuple(int(part) for part in each.split(".")[:2] if part.isdigit()) for each in versions
    ]
    if any(each < OLDEST for each in parsed):
        mend = ("update Elasticsearch to 8.19 or 9",)
        return Finding("version", PROBLEM, f"{told}: too old, 8.19 is the oldest supported", mend)
    if not parsed or any(each[0] > NEWEST_MAJOR for each in parsed):
        return Finding("version", WARNING, f"{told}: hoptrail was tried with 8.19 and 9 only")
    return Finding("version", OK, told)


def judge_security(who: security.Who | None, url: str) -> Finding:
    """Return whether the server asks who is there."""
    if who is not None:
        roles = ", ".join(who.roles) or "those of its API key"
        return Finding("security", OK, f"on; this is {who.username}, with the roles {roles}")
    told = "off: whoever reaches it may read and change everything"
    if _is_local(url):
        return Finding("security", OK, told)
    mend = ("xpack.security.enabled: true in elasticsearch.yml, then hoptrail setup",)
    return Finding("security", WARNING, told, mend)


def judge_tls(elastic: Elastic) -> Finding:
    """Return whether others can listen, and how the server proves itself."""
    settings = elastic.settings
    if settings.url.startswith("https://"):
        by = (
            "the fingerprint of its certificate"
            if settings.fingerprint
            else (
                f"the authority in {settings.ca_file}"
                if settings.ca_file
                else "the system's authorities"
            )
        )
        return Finding("TLS", OK, f"on; the server is trusted by {by}")
    if _is_local(settings.url):
        return Finding("TLS", OK, "off, within this machine")
    mend = ("switch on xpack.security.http.ssl, then write HOPTRAIL_STORE with https://",)
    return Finding("TLS", WARNING, "off: passwords and messages can be read on the way", mend)


def _is_local(url: str) -> bool:
    host = urlsplit(url.partition(",")[0]).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _privileges(elastic: Elastic, who: security.Who) -> Finding:
    """Return which roles this user can act as; one that bears a role's name must have all of it."""
    prefix = elastic.names.prefix
    missing = {role: await _missing(elastic, descriptor(role, prefix)) for role in PURPOSES}
    able = [role for role, lacks in missing.items() if not lacks]
    mend = ("hoptrail setup, or docs/elasticsearch/roles.yml",)
    for role, lacks in missing.items():
        if lacks and role_name(role, prefix) in who.roles:
            detail = f"{who.username} has the role {role_name(role, prefix)}, but lacks: {', '.join(lacks)}"
            return Finding("privileges", PROBLEM, detail, mend)
    if able:
        return Finding("privileges", OK, f"{who.username} can act as {', '.join(able)}")
    nearest = min(missing, key=lambda role: len(missing[role]))
    detail = f"{who.username} can act in no role; nearest is {nearest}, lacking: {', '.join(missing[nearest])}"
    return Finding("privileges", PROBLEM, detail, mend)


async def _missing(elastic: Elastic, role: dict[str, Any]) -> list[str]:
    """Return what this user lacks of *role*, each as privilege and where."""
    asked = {"cluster": role["cluster"], "index": role["indices"]}
    answer = await elastic.request("POST", "/_security/user/_has_privileges", body=_encode(asked))
    has = _has.decode(answer.body)
    lacks = [f"{name} on the cluster" for name, held in has.cluster.items() if not held]
    for grant in role["indices"]:
        for where in grant["names"]:
            held = has.index.get(where, {})
            lacks += [f"{name} on {where}" for name in grant["privileges"] if not held.get(name)]
    return lacks


async def _templates(elastic: Elastic) -> Finding:
    missing: list[str] = []
    other: list[str] = []
    newer: list[str] = []
    for name, wanted in templates(elastic.names).items():
        held = await installed(elastic, name)
        if held is None:
            missing.append(name)
        elif version_of(held) > version_of(wanted):
            newer.append(f"{name} has {version_of(held)}, ours is {version_of(wanted)}")
        elif not is_same(held, wanted):
            other.append(name)
    if newer:
        detail = f"made by a newer hoptrail: {', '.join(newer)}"
        return Finding("templates", WARNING, detail, ("update this hoptrail",))
    if missing or other:
        told = [
            f"{word}: {', '.join(names)}"
            for word, names in (("missing", missing), ("not as ours", other))
            if names
        ]
        return Finding("templates", WARNING, "; ".join(told), ("hoptrail setup",))
    return Finding("templates", OK, "all there, in our version")


async def _room(elastic: Elastic, now_ns: Callable[[], int]) -> list[Finding]:
    settings = await capacity.settings_of(elastic)
    nodes, asked, answered = await capacity.nodes(elastic, now_ns)
    return [
        await capacity.shards(elastic, settings),
        *capacity.judge_disks(nodes, settings),
        capacity.judge_clock(nodes, asked, answered),
    ]
