"""AMQP URLs: one or several nodes, plain or with TLS, and what tells who we are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.amqp import AmqpAddress, AmqpRefused, TlsFiles, parse_url

CERTIFICATE = TlsFiles(cert_file="cert.pem", key_file="key.pem")
HOSTS = st.lists(
    st.tuples(st.sampled_from(["a", "b.example", "::1", "10.0.0.1"]), st.integers(1, 65_535)),
    min_size=1,
    max_size=6,
    unique=True,
)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("amqp://", ("localhost", 5672, "guest", "guest", "/")),
        ("amqp://h", ("h", 5672, "guest", "guest", "/")),
        ("amqps://h", ("h", 5671, "guest", "guest", "/")),
        ("amqp://u%40:p%2F@h:1/a%2Fb%25", ("h", 1, "u@", "p/", "a/b%")),
        ("amqp://u:p@ss@h", ("h", 5672, "u", "p@ss", "/")),
        ("amqp://[::1]:5673/%2F", ("::1", 5673, "guest", "guest", "/")),
    ],
)
def test_a_url_is_taken_apart(url: str, told: tuple[str, int, str, str, str]) -> None:
    """Host, port, credentials and virtual host are unquoted, with the usual defaults."""
    found = parse_url(url)

    assert (found.host, found.port, found.user, found.password, found.vhost) == told
    assert found.password == "guest" or found.password not in f"{found} {found!r}"
    assert str(found).startswith(url.partition("://")[0] + "://")


@given(HOSTS)
def test_several_nodes_keep_their_order(hosts: list[tuple[str, int]]) -> None:
    """A URL may name several nodes, in the order in which to try them."""
    told = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in hosts)
    found = parse_url(f"amqp://u:p@{told}/v")

    assert found.hosts == tuple(hosts)
    assert str(found) == f"amqp://u@{told}"


@given(HOSTS, st.data())
def test_the_node_that_answered_is_tried_first(
    hosts: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Turned to a node, an address tries that one first, then those after it, then those before it, and all else stays."""
    address = AmqpAddress(hosts=tuple(hosts), user="u", password="p", vhost="v")
    first = data.draw(st.sampled_from(hosts))
    turned = address.at_host(*first)

    assert turned.hosts[0] == (turned.host, turned.port) == first
    at = hosts.index(first)
    assert list(turned.hosts) == hosts[at:] + hosts[:at]
    assert turned.at("w").hosts == turned.hosts
    assert turned.only_first().hosts == (first,)
    assert turned.at_host(*hosts[0]) == address


def test_a_node_that_is_not_there_is_no_turn() -> None:
    """An address turns to its own nodes only."""
    with pytest.raises(ValueError, match="not in tuple"):
        parse_url("amqp://a").at_host("b", 1)


@pytest.mark.parametrize(
    ("url", "mechanism"),
    [
        ("amqps://h", "EXTERNAL"),
        ("amqps://u:p@h", "PLAIN"),
        ("amqps://u@h", "PLAIN"),
        ("amqp://h", "PLAIN"),
    ],
)
def test_a_certificate_tells_who_we_are_without_a_user(url: str, mechanism: str) -> None:
    """With a client certificate and no user the certificate counts, and nowhere but over TLS."""
    found = parse_url(url, CERTIFICATE)

    assert found.mechanism == mechanism
    assert (found.tls == CERTIFICATE) == url.startswith("amqps")
    assert parse_url(url).mechanism == "PLAIN"


@pytest.mark.parametrize(
    "url",
    [
        "http://h",
        "h",
        "",
        "user:secret@h",
        "amqp://h:x",
        "amqp://h:0",
        "amqp://h:99999",
        "amqp://h:" + "9" * 5_000,
        "amqp://::1",
        "amqp://u:secret@a,,b",
        "amqp://u:secret@a b",
        "amqp://u:secret@h/v?heartbeat=5",
        "amqp://u:secret@h/#",
        "amqp://u:secret@" + ",".join(f"h{n}" for n in range(33)),
    ],
)
def test_another_url_is_refused(url: str) -> None:
    """What is no AMQP URL is refused with a reason that repeats no password."""
    with pytest.raises(AmqpRefused) as told:
        parse_url(url)

    assert "secret" not in str(told.value)


@given(st.text(max_size=40))
def test_any_text_is_a_url_or_refused(text: str) -> None:
    """No text raises anything else."""
    for begin in ("", "amqp://", "amqps://"):
        try:
            found = parse_url(begin + text)
        except AmqpRefused:
            continue
        assert found.hosts
