"""Construct the adapters that the settings name: the only place that knows which there are."""

from pathlib import Path

from cli.settings import Settings
from projector.linker.limits import Limits
from store.ports import EventLog, MessageIndex, SnapshotStore
from store.retention import DAY_S, RetentionLimits
from store.sqlite.log import SqliteEventLog


def directory(settings: Settings) -> Path:
    """Return the directory of an embedded store."""
    return Path(settings.store.removeprefix("sqlite:///"))


def event_log(settings: Settings, *, read_only: bool) -> EventLog:
    """Return the event log; entering it opens it."""
    return SqliteEventLog(directory(settings), read_only=read_only)


def message_index(settings: Settings) -> MessageIndex:
    """Return the message index; entering it opens it."""
    from store.sqlite.index import SqliteMessageIndex

    return SqliteMessageIndex(directory(settings))


def snapshot_store(settings: Settings) -> SnapshotStore:
    """Return the snapshots; entering them opens them."""
    from store.sqlite.snapshots import SqliteSnapshotStore

    return SqliteSnapshotStore(directory(settings))


def linker_limits(settings: Settings) -> Limits:
    """Return what the linker holds at most."""
    return Limits(live_copies_max=settings.live_copies_max)


def retention_limits(settings: Settings) -> RetentionLimits:
    """Return what the log keeps."""
    body_days = settings.body_retention_days
    return RetentionLimits(
        age_s_max=int(settings.retention_days * DAY_S),
        bytes_max=int(settings.retention_gb * 10**9),
        body_age_s_max=None if body_days is None else int(body_days * DAY_S),
    )
