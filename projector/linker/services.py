"""Which service a connection belongs to, on what evidence, and how sure.

Pure. In falling rank: an explicit rule, the client-provided name without its instance suffix, a framework's header, the
app id, a user that only one service has, a rule for the queue it consumes, the product and host. A name that becomes
known late is told of, and the recent messages of that connection change with it.
"""

import re
from collections.abc import Sequence

import msgspec

from events.facts import ConnectionOpened, Envelope
from events.values import Text, shown
from projector.linker.endpoints import LinkedEndpoint
from projector.linker.memory import Memory
from projector.linker.model import Change, ChangeKind
from projector.linker.settle import close
from store.documents import Party

RULE, CLIENT_NAME, HEADER, APP_ID, USER, QUEUE_RULE, HOST = range(7)
UNNAMED = 99
NAME_LENGTH_MAX = 200
SHARED_USERS = ("guest", "")
CONFIDENCE = {RULE: 1.0, HEADER: 0.85, APP_ID: 0.8, USER: 0.6, QUEUE_RULE: 0.7, HOST: 0.3}
WHOLE_NAME_CONFIDENCE = 0.95
STRIPPED_NAME_CONFIDENCE = 0.9
SEVERAL = ""

_INSTANCE = re.compile(
    r"""(?x)
    (?: [\s._:/@\#-]* [({\[] [^(){}\[\]]* [)}\]]                      # worker (3), worker[host:12]
      | [\s._:/@\#-]+ [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}     # a UUID
      | - [0-9a-f]{8,10} - [bcdfghjklmnpqrstvwxz2456789]{5}           # a Kubernetes pod
      | [\s._:/@\#-]+ (?:pid|worker|instance|node|replica)?[-_:=]?\d+ # a number
      | @ [\w.:-]+                                                    # a host
      | [\s._:\#-]+ (?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}     # a hash
    )$"""
)
_ANY_APP = re.compile(r"faststream-\d")


class Rule(msgspec.Struct, frozen=True):
    """An explicit rule: connections whose *what* is *value* (a trailing ``*`` matches any rest) belong to *service*.

    *what* is ``name`` (client-provided), ``user``, ``host`` or ``queue`` (for its consumers).
    """

    what: str
    value: str
    service: str


def opened(
    memory: Memory, rules: Sequence[Rule], envelope: Envelope, fact: ConnectionOpened
) -> list[Change]:
    """Learn what a connection says of itself; a recurring name with another process id is another connection."""
    known = memory.endpoints.current.get(fact.name)
    told: list[Change] = []
    if known is not None and _is_another(known, fact):
        if known.closed_at is None:
            told = close(memory, known, envelope.observed_at)
        known = None
    if known is None:
        known = memory.endpoints.meet(
            fact.node, fact.name, fact.vhost, fact.user, envelope.observed_at
        )
    if fact.connected_at > 0:
        known.opened_at = min(known.opened_at, fact.connected_at * 1_000_000)
    known.pid = known.pid or fact.pid
    if known.client_name is None:
        known.client_name = fact.client_name
    known.product, known.peer_host = (
        fact.product or known.product,
        fact.peer_host or known.peer_host,
    )
    known.user = known.user or fact.user
    name(memory, rules, known, told)
    return told


def _is_another(known: LinkedEndpoint, fact: ConnectionOpened) -> bool:
    """Return whether *fact* tells of another connection than *known*, whose name it has."""
    if known.pid and fact.pid:
        return known.pid != fact.pid
    renamed = known.client_name is not None and fact.client_name not in (None, known.client_name)
    other_user = known.user and fact.user and known.user != fact.user
    return bool(renamed or other_user) or known.closed_at is not None


def hint(
    memory: Memory,
    rules: Sequence[Rule],
    endpoint: LinkedEndpoint,
    rank: int,
    service: str,
    evidence: str,
) -> list[Change]:
    """Take *service* as the name that traffic of *rank* hints at; two different hints of one rank count for nothing."""
    key = str(rank)
    known = endpoint.told.get(key)
    if known is None:
        endpoint.told = {**endpoint.told, key: (service[:NAME_LENGTH_MAX], evidence)}
    elif known[0] in (service[:NAME_LENGTH_MAX], SEVERAL):
        return []
    else:
        endpoint.told = {**endpoint.told, key: (SEVERAL, evidence)}
    told: list[Change] = []
    name(memory, rules, endpoint, told)
    return told


def queue_rule(rules: Sequence[Rule], queue: Text) -> Rule | None:
    """Return the first of the rules for queues that fits *queue*."""
    for rule in rules:
        if rule.what == "queue" and _fits(rule.value, shown(queue)):
            return rule
    return None


def name(
    memory: Memory, rules: Sequence[Rule], endpoint: LinkedEndpoint, told: list[Change]
) -> None:
    """Name *endpoint* by the best evidence there is, and add to *told* what that changes."""
    rank, service, evidence, confidence = _best(memory, rules, endpoint)
    party = Party(
        service=service,
        connection=endpoint.connection,
        user=endpoint.user,
        evidence=evidence,
        confidence=confidence,
    )
    endpoint.rank = rank
    if party == endpoint.party:
        return
    before, endpoint.party = endpoint.party, party
    told.append((ChangeKind.ENDPOINT_NAMED, endpoint, before, None))
    for position in endpoint.recent:
        message = memory.messages.get(position)
        if message is not None:
            memory.touch(message)
    if rank <= CLIENT_NAME:
        endpoint.recent = []
        _tell_users(memory, rules, endpoint, told)


def _tell_users(
    memory: Memory, rules: Sequence[Rule], endpoint: LinkedEndpoint, told: list[Change]
) -> None:
    """Once two services have one user, the user names nobody any more."""
    names = memory.users.setdefault(endpoint.user, {})
    if len(names) >= 2 or endpoint.party.service is None:
        return
    names[endpoint.party.service] = None
    if len(names) < 2:
        return
    for other in list(memory.endpoints.current.values()):
        if other.rank == USER and other.user == endpoint.user:
            name(memory, rules, other, told)


def _best(
    memory: Memory, rules: Sequence[Rule], endpoint: LinkedEndpoint
) -> tuple[int, str | None, str | None, float]:
    client_name = (
        None
        if endpoint.client_name is None
        else shown(endpoint.client_name).strip()[:NAME_LENGTH_MAX]
    )
    rule = _rule(rules, endpoint, client_name)
    if rule is not None:
        return RULE, rule.service, f"rule for {rule.what} {rule.value}", CONFIDENCE[RULE]
    if client_name:
        service = without_instance(client_name)
        if service == client_name:
            return CLIENT_NAME, service, "client-provided name", WHOLE_NAME_CONFIDENCE
        return (
            CLIENT_NAME,
            service,
            "client-provided name without instance suffix",
            STRIPPED_NAME_CONFIDENCE,
        )
    for rank in (HEADER, APP_ID):
        service, evidence = endpoint.told.get(str(rank), (SEVERAL, None))
        if service != SEVERAL:
            return rank, service, evidence, CONFIDENCE[rank]
    if endpoint.user not in SHARED_USERS and len(memory.users.get(endpoint.user, ())) < 2:
        return USER, shown(endpoint.user), "user", CONFIDENCE[USER]
    service, evidence = endpoint.told.get(str(QUEUE_RULE), (SEVERAL, None))
    if service != SEVERAL:
        return QUEUE_RULE, service, evidence, CONFIDENCE[QUEUE_RULE]
    host = shown(endpoint.peer_host) or host_in(endpoint.connection)
    if endpoint.product or host:
        product = shown(endpoint.product) or "connection"
        return HOST, f"{product}@{host}"[:NAME_LENGTH_MAX], "product and host", CONFIDENCE[HOST]
    return UNNAMED, None, None, 0.0


def _rule(rules: Sequence[Rule], endpoint: LinkedEndpoint, client_name: str | None) -> Rule | None:
    facts = {
        "name": client_name or "",
        "user": shown(endpoint.user),
        "host": shown(endpoint.peer_host) or host_in(endpoint.connection),
    }
    for rule in rules:
        if rule.what in facts and _fits(rule.value, facts[rule.what]):
            return rule
    return None


def _fits(pattern: str, value: str) -> bool:
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def without_instance(client_name: str) -> str:
    """Return *client_name* without what tells one instance from another, such as a number, a host or a pod's hash."""
    service = client_name
    for _ in range(3):
        shorter = _INSTANCE.sub("", service).rstrip(" ._:/@#-")
        if not shorter or shorter == service:
            break
        service = shorter
    return service


def is_service_name(app_id: str) -> bool:
    """Return whether *app_id* can name a service: some frameworks fill in the same one for everybody."""
    return bool(app_id) and _ANY_APP.match(app_id) is None


def host_in(connection: Text) -> str:
    """Return the peer's host in a broker's connection name, "" where there is none."""
    peer, arrow, _ = shown(connection).partition(" -> ")
    return peer.rpartition(":")[0] if arrow else ""
