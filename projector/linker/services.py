"""Which service a connection belongs to, on what evidence, and how sure.

Pure. In falling rank: an explicit rule, the client-provided name without its instance suffix, a framework's header, the
app id, the named connection whose work it shares (``kinship``), a user that only one service has, a rule for the queue it
consumes, the only named service around it (``neighbours``), the product and host. A name that becomes known late is told of,
and the recent messages of that connection change with it. What could be two services is never taken for one without saying.
"""

import re
from collections.abc import Sequence
from itertools import islice

from events.facts import ConnectionOpened, Envelope
from events.values import shown
from projector.linker import neighbours
from projector.linker.endpoints import LinkedEndpoint, mover
from projector.linker.memory import Memory
from projector.linker.model import Change, ChangeKind
from projector.linker.neighbours import host_in
from projector.linker.rules import Rule, of_connection
from projector.linker.settle import close
from store.documents import Party

RULE, CLIENT_NAME, HEADER, APP_ID, CAUSED, USER, QUEUE_RULE, NEIGHBOUR, HOST = range(9)
UNNAMED = 99
NAME_LENGTH_MAX = 200
SHARED_USERS = ("guest", "")
CONFIDENCE = {
    RULE: 1.0,
    HEADER: 0.85,
    APP_ID: 0.8,
    CAUSED: 0.55,
    USER: 0.6,
    QUEUE_RULE: 0.7,
    HOST: 0.3,
}
ANSWERS = "it answers what that service is given"
ANSWERS_CONFIDENCE = 0.75
WHOLE_NAME_CONFIDENCE = 0.95
STRIPPED_NAME_CONFIDENCE = 0.9
SHARED_NAME_CONFIDENCE = 0.6
NAMES_MAX = 10_000
TOUCHED_MAX = 10_000
SHARED_CONNECTION = "client-provided name, of a connection with several app ids"
SHARED_NAME = "client-provided name, which connections with several app ids have"
SEVERAL = ""

_INSTANCE = re.compile(
    r"""(?x)
    (?: [\s._:/@\#-]* [({\[] [^(){}\[\]]* [)}\]]                      # worker (3), worker[host:12]
      | [\s._:/@\#-]+ [0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}     # a UUID
      | - [0-9a-f]{8,10} - [bcdfghjklmnpqrstvwxz2456789]{5}           # a Kubernetes pod
      | [\s._:/@\#-]+ (?:pid|worker|instance|node|replica)?[-_:=]?\d+ # a number
      | \#\d+ \.publisher                                             # Spring's second connection
      | @ [\w.:-]+                                                    # a host
      | [\s._:\#-]+ (?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}     # a hash
    )$"""
)
_RANDOM = re.compile(
    r"(?i)(?:ID:)?(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|[0-9a-f]{16,})(?:[:-]\d+)*"
)
_SPRING_BEAN = re.compile(r"\w*[cC]onnectionFactory#[0-9a-f]+:\d+(?:\.publisher)?")
_ANY_APP = re.compile(r"faststream-\d")


Named = tuple[int, str | None, str | None, float]
"""The standing of the evidence, the service, the evidence itself, and how sure it is."""


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
        known.mover = mover(fact.client_name)
    known.product, known.peer_host = (
        fact.product or known.product,
        fact.peer_host or known.peer_host,
    )
    known.user = known.user or fact.user
    client = " ".join(shown(part) for part in (fact.product, fact.version, fact.platform) if part)
    known.client = known.client or client[:NAME_LENGTH_MAX]
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


def app_id(
    memory: Memory, rules: Sequence[Rule], endpoint: LinkedEndpoint, told: str
) -> list[Change]:
    """Take the app id of what a connection with a name of its own publishes: several of them share that name."""
    endpoint.app_id = told
    was = endpoint.party
    changes = hint(memory, rules, endpoint, APP_ID, told, "app_id")
    service = endpoint.party.service
    if endpoint.party != was:
        _touch_its_own(memory, endpoint)
    if service is None or endpoint.rank != CLIENT_NAME:
        return changes
    if len(memory.names) >= NAMES_MAX and service not in memory.names:
        del memory.names[next(iter(memory.names))]
    apps = memory.names.setdefault(service, {})
    told = without_instance(told)
    if told in apps or len(apps) >= 2:
        return changes
    apps[told] = None
    if len(apps) == 2:
        for other in list(memory.endpoints.current.values()):
            was = other.party
            if other.rank == CLIENT_NAME and was.service == service:
                name(memory, rules, other, changes)
                if other.party != was:
                    _touch_its_own(memory, other)
    return changes


def _touch_its_own(memory: Memory, endpoint: LinkedEndpoint) -> None:
    """Tell again the newest messages that show the name of *endpoint*, which seemed to be settled."""
    for message in islice(reversed(memory.messages.values()), TOUCHED_MAX):
        if message.publisher is endpoint or any(
            attempt.endpoint is endpoint for copy in message.copies for attempt in copy.attempts
        ):
            memory.touch(message)


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
    was, endpoint.rank = endpoint.rank, rank
    if party == endpoint.party:
        return
    before, endpoint.party = endpoint.party, party
    told.append((ChangeKind.ENDPOINT_NAMED, endpoint, before, None))
    for position in endpoint.recent:
        message = memory.messages.get(position)
        if message is not None:
            memory.touch(message)
    if rank == RULE and was <= CLIENT_NAME:
        _touch_its_own(memory, endpoint)
    if rank <= CLIENT_NAME:
        endpoint.recent = []
        _tell_users(memory, rules, endpoint, told)


def _tell_users(
    memory: Memory, rules: Sequence[Rule], endpoint: LinkedEndpoint, told: list[Change]
) -> None:
    """Tell the nameless connections of its user, and those around it, of a service that has a name of its own.

    Once two services have one user, the user names nobody any more.
    """
    concerned = neighbours.named(memory, endpoint)
    names = memory.users.setdefault(endpoint.user, {})
    service = endpoint.party.service
    if len(names) < 2 and service is not None and service not in names:
        names[service] = None
        concerned += [
            other
            for other in memory.endpoints.current.values()
            if other.rank == USER and other.user == endpoint.user
        ]
    for other in concerned:
        if other.rank >= USER:
            name(memory, rules, other, told)


def _best(memory: Memory, rules: Sequence[Rule], endpoint: LinkedEndpoint) -> Named:
    client_name = (
        None
        if endpoint.client_name is None
        else shown(endpoint.client_name).strip()[:NAME_LENGTH_MAX]
    )
    rule = _rule(rules, endpoint, client_name)
    if rule is not None:
        return RULE, rule.service, rule.evidence, CONFIDENCE[RULE]
    if client_name and _names_somebody(client_name):
        return _by_client_name(memory, endpoint, client_name)
    for rank in (HEADER, APP_ID, CAUSED):
        service, evidence = endpoint.told.get(str(rank), (SEVERAL, None))
        if service != SEVERAL:
            confidence = ANSWERS_CONFIDENCE if evidence == ANSWERS else CONFIDENCE[rank]
            return rank, service, evidence, confidence
    of_user = _by_user(memory, endpoint)
    if of_user is not None:
        return of_user
    service, evidence = endpoint.told.get(str(QUEUE_RULE), (SEVERAL, None))
    if service != SEVERAL:
        return QUEUE_RULE, service, evidence, CONFIDENCE[QUEUE_RULE]
    near = neighbours.likeliest(memory, endpoint)
    if near is not None:
        return NEIGHBOUR, *near
    host = shown(endpoint.peer_host) or host_in(endpoint.connection)
    if endpoint.product or host:
        product = shown(endpoint.product) or "connection"
        return HOST, f"{product}@{host}"[:NAME_LENGTH_MAX], "product and host", CONFIDENCE[HOST]
    return UNNAMED, None, None, 0.0


def _by_client_name(memory: Memory, endpoint: LinkedEndpoint, client_name: str) -> Named:
    """Name *endpoint* as its client does; what several programs call themselves is less sure, and said to be so."""
    service = without_instance(client_name)
    if endpoint.told.get(str(APP_ID), ("?", ""))[0] == SEVERAL:
        return CLIENT_NAME, service, SHARED_CONNECTION, SHARED_NAME_CONFIDENCE
    if len(memory.names.get(service, ())) > 1:
        return CLIENT_NAME, service, SHARED_NAME, SHARED_NAME_CONFIDENCE
    if service == client_name:
        return CLIENT_NAME, service, "client-provided name", WHOLE_NAME_CONFIDENCE
    evidence = "client-provided name without instance suffix"
    return CLIENT_NAME, service, evidence, STRIPPED_NAME_CONFIDENCE


def _by_user(memory: Memory, endpoint: LinkedEndpoint) -> Named | None:
    """Name *endpoint* by its user, where no two services that have names of their own share it."""
    names = memory.users.get(endpoint.user, {})
    if endpoint.user in SHARED_USERS or len(names) > 1:
        return None
    for service in names:
        return USER, service, "the only named service of its user", CONFIDENCE[USER]
    return USER, shown(endpoint.user), "user", CONFIDENCE[USER]


def _rule(rules: Sequence[Rule], endpoint: LinkedEndpoint, client_name: str | None) -> Rule | None:
    if not rules:
        return None
    seen = {
        "connection_name": client_name or "",
        "user": shown(endpoint.user),
        "vhost": shown(endpoint.vhost),
        "host": shown(endpoint.peer_host) or host_in(endpoint.connection),
        "product": shown(endpoint.product),
    }
    return of_connection(rules, seen)


def without_instance(client_name: str) -> str:
    """Return *client_name* without what tells one instance from another, such as a number, a host or a pod's hash."""
    service = client_name
    for _ in range(3):
        shorter = _INSTANCE.sub("", service).rstrip(" ._:/@#-")
        if not shorter or shorter == service:
            break
        service = shorter
    return service


def _names_somebody(client_name: str) -> bool:
    """Return whether a client chose this name: not a random id, nor what Spring calls every program's connections."""
    return _RANDOM.fullmatch(client_name) is None and _SPRING_BEAN.fullmatch(client_name) is None


def is_service_name(app_id: str) -> bool:
    """Return whether *app_id* can name a service: some frameworks fill in the same one for everybody."""
    return bool(app_id) and _ANY_APP.match(app_id) is None
