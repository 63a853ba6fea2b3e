"""What the linker holds at most, in one place, with the rules it names services by: all that a fold is configured with.

Everything the linker remembers has its bound here; beyond it the oldest goes first, and what goes is counted.
"""

from dataclasses import dataclass, field

from projector.linker.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one linker, and its rules.

    `live_copies_max` bounds the copies waiting in queues; the oldest of a queue beyond it become a counter.
    `passed_messages_max` bounds the messages that wait nowhere any more but may still be delivered again.
    `rivals_scanned_max` bounds how many copies that cannot be told apart are looked at, `causes_scanned_max` how many
    unfinished deliveries of one connection; with more of them the cause of a publish is not known.
    `conversation_steps_max` bounds the deliveries kept of one connection in one conversation, `conversation_ends_max` its
    connections, `same_id_max` the messages known by one id, `parent_changes_max` what a message tells of earlier parents.
    `rules` name services before or beside any other evidence; with others it is another fold.
    """

    live_copies_max: int = 1_000_000
    passed_messages_max: int = 100_000
    copies_per_message_max: int = 128
    attempts_per_copy_max: int = 64
    events_per_message_max: int = 256
    rivals_scanned_max: int = 64
    causes_scanned_max: int = 64
    effects_per_delivery_max: int = 64
    unfinished_per_consumer_max: int = 256
    conversations_max: int = 50_000
    conversation_steps_max: int = 32
    conversation_ends_max: int = 64
    habits_max: int = 20_000
    same_id_max: int = 4
    parent_changes_max: int = 16
    closed_connections_max: int = 20_000
    renamed_messages_max: int = 1_000
    held_events_max: int = 2_000
    held_events_backlog_max: int = 20_000
    hold_ns_max: int = 3_000_000_000
    deaths_per_message_max: int = 64
    rules: tuple[Rule, ...] = field(default=(), repr=False)

    @property
    def passed_messages_full(self) -> int:
        """Beyond so many the oldest are let go, several at a time."""
        return self.passed_messages_max + min(32, self.passed_messages_max // 64)
