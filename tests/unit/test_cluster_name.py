"""When a log goes on with another node of its cluster, and when another broker is refused."""

import pytest

from collector.cluster_name import is_same

NODES = ("rabbit@one", "rabbit@two")


@pytest.mark.parametrize(
    ("bound", "told", "nodes", "same"),
    [
        ("orders", "orders", ("rabbit@one",), True),
        ("rabbit@one.example.com", "rabbit@two.example.com", NODES, True),
        ("first@vm", "second@vm", ("first@localhost", "second@localhost"), True),
        ("rabbit@one", "rabbit@two", ("rabbit@two",), False),
        ("rabbit@three.example.com", "rabbit@two.example.com", NODES, False),
        ("orders", "rabbit@two", NODES, False),
        (b"\xff", "rabbit@two", NODES, False),
    ],
)
def test_only_nodes_of_one_cluster_share_a_log(
    bound: str | bytes, told: str, nodes: tuple[str, ...], same: bool
) -> None:
    """Default names of two members are one cluster's; another host's, another name or a lone node's are not."""
    assert is_same(bound, told, nodes) is same
