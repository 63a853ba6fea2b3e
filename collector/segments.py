"""When the writer begins a segment, and with which facts. Pure."""

from msgspec.structs import replace

from collector.seal import Sealer
from collector.topology.state import TopologyState
from events.block import Block, head_of
from events.facts import Fact, SegmentStarted
from events.operations import OperatorState
from events.restating import restated
from events.values import Text
from store.ports import Segment
from store.segments import SegmentLimits, next_segment


class SegmentKeeper:
    """Knows how large the segment being written is: *newest* as the log told it, None for an empty log."""

    def __init__(self, newest: Segment | None, limits: SegmentLimits, cluster_name: Text) -> None:
        self._newest = newest
        self._limits = limits
        self._cluster_name = cluster_name

    def is_full(self, block: Block) -> bool:
        """Count *block*, which was sealed last, and return whether the next one belongs to a new segment."""
        known = self._newest
        header = block.header
        if known is None or known.number != header.segment:
            known = Segment(
                header.segment,
                header.number,
                header.number,
                0,
                0,
                header.first_observed_at,
                header.last_observed_at,
                True,
            )
        self._newest = replace(
            known,
            last_block=header.number,
            envelope_bytes=known.envelope_bytes + len(block.envelopes),
            body_bytes=known.body_bytes + len(block.bodies),
            last_observed_at=header.last_observed_at,
        )
        return next_segment(head_of(block), self._newest, self._limits) != header.segment

    def open_next(
        self, sealer: Sealer, state: TopologyState, operators: OperatorState
    ) -> list[Fact]:
        """Let *sealer* go on in a new segment, and return what its first blocks restate.

        Operators come first, for nobody else can tell of them: all of it mostly stands in the first block.
        """
        sealer.next_segment()
        began = SegmentStarted(sealer.segment, self._cluster_name)
        return [began, *restated(operators), *state.restated()]
