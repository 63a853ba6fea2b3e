"""The promises of ``store.ports.ExportPoints``."""

from dataclasses import dataclass

import msgspec
import pytest

from store.errors import Fenced
from store.ports import ExportPoint, ExportPoints


def point(position: int, *, name: str = "otlp", sent: int = 0) -> ExportPoint:
    return ExportPoint(name, "main", 3, position, position // 10, b"\x00\xffd" * 8, sent, 1)


@dataclass(frozen=True)
class Opened:
    """The same points, opened by two exporters."""

    mine: ExportPoints
    others: ExportPoints


class ExportPointsContract:
    """A subclass gives the fixture ``opened``, with nothing saved."""

    async def test_a_point_is_read_back(self, opened: Opened) -> None:
        """What one exporter saved is what another reads, whatever bytes are in it."""
        await opened.mine.save(point(7), after=None)

        assert await opened.others.load("otlp") == point(7)

    async def test_an_export_that_never_began_has_no_point(self, opened: Opened) -> None:
        """Without a saved point there is none, also beside that of another export."""
        assert await opened.mine.load("otlp") is None
        await opened.mine.save(point(7, name="ü / other"), after=None)

        assert await opened.mine.load("otlp") is None
        assert await opened.mine.load("ü / other") == point(7, name="ü / other")

    async def test_a_point_takes_the_place_of_the_one_before(self, opened: Opened) -> None:
        """A later point replaces the one it came after, and so does an earlier one."""
        await opened.mine.save(point(7), after=None)
        await opened.mine.save(point(20), after=point(7))
        await opened.mine.save(point(4), after=point(20))

        assert await opened.others.load("otlp") == point(4)

    async def test_saving_again_changes_nothing(self, opened: Opened) -> None:
        """The same point saved twice, as after an answer that got lost, is no conflict."""
        await opened.mine.save(point(7), after=None)
        await opened.mine.save(point(7), after=None)
        await opened.mine.save(point(9), after=point(7))
        await opened.mine.save(point(9), after=point(7))

        assert await opened.mine.load("otlp") == point(9)

    async def test_another_exporter_is_noticed(self, opened: Opened) -> None:
        """Who does not know the point saved last can save none: nothing is written, the other goes on."""
        await opened.mine.save(point(7), after=None)
        await opened.others.save(point(8), after=point(7))

        with pytest.raises(Fenced):
            await opened.mine.save(point(9), after=point(7))
        with pytest.raises(Fenced):
            await opened.mine.save(point(9), after=None)
        await opened.others.save(point(10), after=point(8))

        assert await opened.mine.load("otlp") == point(10)

    async def test_counts_are_part_of_it(self, opened: Opened) -> None:
        """A point that differs in its counts alone is another point."""
        await opened.mine.save(point(7), after=None)
        await opened.mine.save(msgspec.structs.replace(point(7), sent=5), after=point(7))

        assert await opened.others.load("otlp") == point(7, sent=5)
