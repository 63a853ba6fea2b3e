"""What the answers of Elasticsearch mean for hoptrail doctor: versions, shards, watermarks, clocks."""

import msgspec
import pytest

from store.elastic.capacity import (
    Health,
    Node,
    bytes_of,
    judge_clock,
    judge_disks,
    judge_shards,
    least_free,
)
from store.elastic.examine import judge_security, judge_versions
from store.elastic.finding import OK, PROBLEM, WARNING

SECOND = 10**9
NOW = 1_800_000_000 * SECOND
TB = 1 << 40


@pytest.mark.parametrize(
    ("versions", "state"),
    [
        (["8.19.21"], OK),
        (["9.4.3", "9.5.0"], OK),
        (["8.18.9"], PROBLEM),
        (["7.17.29", "8.19.0"], PROBLEM),
        (["10.0.0"], WARNING),
        ([], WARNING),
    ],
)
def test_versions_are_judged(versions: list[str], state: str) -> None:
    """8.19 and 9 are supported, older ones are a problem, newer ones a warning; the oldest node counts."""
    assert judge_versions(versions).state == state


@pytest.mark.parametrize(
    ("told", "headroom", "total", "free"),
    [
        ("90%", "-1", 10 * TB, TB),
        ("0.9", "-1", 10 * TB, TB),
        ("90%", "150GB", 10 * TB, 150 << 30),
        ("90%", "150gb", TB, TB // 10),
        ("2gb", "-1", TB, 2 << 30),
        ("512mb", "-1", TB, 512 << 20),
    ],
)
def test_a_watermark_is_free_space(told: str, headroom: str, total: int, free: int) -> None:
    """Percents, ratios and sizes are all bytes to keep free; a large disk keeps no more than the headroom."""
    assert least_free(told, headroom, total) == pytest.approx(free, rel=1e-9, abs=1)


def test_sizes_have_units() -> None:
    """A size without a unit is bytes."""
    assert (bytes_of("7"), bytes_of("1.5kb"), bytes_of("2b")) == (7, 1536, 2)


def disk(available: int) -> Node:
    told = {"total": {"total_in_bytes": 100 << 30, "available_in_bytes": available << 30}}
    return msgspec.convert({"name": "n", "timestamp": NOW // 10**6, "fs": told}, Node)


WATERMARKS = {
    "cluster.routing.allocation.disk.watermark.low": "85%",
    "cluster.routing.allocation.disk.watermark.high": "90%",
    "cluster.routing.allocation.disk.watermark.flood_stage": "95%",
}


@pytest.mark.parametrize(
    ("available", "state", "named"),
    [(20, OK, ""), (14, WARNING, "low"), (9, WARNING, "high"), (4, PROBLEM, "flood_stage")],
)
def test_a_full_disk_is_told_by_its_watermark(available: int, state: str, named: str) -> None:
    """A disk above the low or the high watermark is a warning, above the last one a problem."""
    (found,) = judge_disks([disk(available)], WATERMARKS)

    assert found.state == state
    assert named in found.detail
    assert bool(found.mend) == (state != OK)


def test_watermarks_that_are_off_are_told() -> None:
    """Where the server does not look at its disks, neither do we."""
    off = {"cluster.routing.allocation.disk.threshold_enabled": "false"}
    (found,) = judge_disks([disk(1)], WATERMARKS | off)

    assert (found.state, "off" in found.detail) == (OK, True)


@pytest.mark.parametrize(("used", "state"), [(10, OK), (170, WARNING), (198, PROBLEM)])
def test_shards_need_room(used: int, state: str) -> None:
    """Close to the limit is a warning; no room for the next indices is a problem."""
    health = Health(number_of_data_nodes=2, active_shards=used - 5, unassigned_shards=5)

    assert judge_shards(health, 100).state == state


@pytest.mark.parametrize(
    ("apart_s", "state"), [(0.0, OK), (1.9, OK), (3.5, WARNING), (-3.5, WARNING)]
)
def test_clocks_may_be_two_seconds_apart(apart_s: float, state: str) -> None:
    """More is a warning, either way; the time that the answer took is not counted."""
    node = Node(name="n", timestamp=(NOW + int(apart_s * SECOND)) // 10**6)

    assert judge_clock([node], NOW - 5 * SECOND // 100, NOW).state == state
    assert judge_clock([node], NOW - 60 * SECOND, NOW + 60 * SECOND).state == OK


def test_no_security_is_a_warning_beyond_this_machine() -> None:
    """On this machine alone a server without security is as usual, elsewhere it is not."""
    assert judge_security(None, "http://127.0.0.1:9200").state == OK
    assert judge_security(None, "http://[::1]:9200").state == OK
    assert judge_security(None, "http://localhost:9200,localhost:9201").state == OK
    assert judge_security(None, "http://elastic.example.org:9200").state == WARNING
