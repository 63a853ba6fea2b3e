"""What a collector needs to know; the command line fills it in."""

from dataclasses import dataclass, field

from store.retention import RetentionLimits
from store.segments import SegmentLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSettings:
    """One frozen object; every field but the first two has a default.

    URLs carry their credentials. `dead_letter_taps` is ``auto``, ``off`` or exchange names separated by commas. `vhosts`
    empty means all. `admin_url` is the management API with an administrator's credentials, None: the same as
    `management_url`. `told` is what the ledger keeps of the settings, without secrets.
    """

    amqp_url: str
    management_url: str
    admin_url: str | None = None
    vhosts: tuple[str, ...] = ()
    dead_letter_taps: str = "auto"
    prefetch: int = 2_000
    linger_ms: int = 500
    linger_busy_ms: int = 100
    body_bytes_max: int = 256 << 10
    tap_messages_max: int = 1_000_000
    tap_bytes_max: int = 2 << 30
    tap_queue_type: str = "quorum"
    sample_s: float = 10.0
    snapshot_s: float = 30.0
    redact_headers: tuple[str, ...] = ()
    stream: str = "main"
    standby: bool = False
    segments: SegmentLimits = field(default_factory=SegmentLimits)
    retention: RetentionLimits = field(default_factory=RetentionLimits)
    told: dict[str, str] = field(default_factory=dict[str, str])
