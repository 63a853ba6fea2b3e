"""What a collector needs to know; the command line fills it in."""

from dataclasses import dataclass, field

from collector.amqp import AmqpAddress, TlsFiles, parse_url
from store.retention import RetentionLimits
from store.segments import SegmentLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSettings:
    """One frozen object; every field but the first two has a default.

    URLs carry their credentials. `dead_letter_taps` is what ``collector/taps/choice.py`` reads, `tap_mode` what
    ``collector/taps/modes.py`` does. `vhosts` empty means all. `admin_url` is the management API with an administrator's
    credentials, None: the same as `management_url`. `told` is what the ledger keeps of the settings, without secrets.
    `command_secret` replaces the store's secret where commands are signed, None: it does not.
    `amqp_tls` and `management_tls` count where the URL is ``amqps`` or ``https``.
    """

    amqp_url: str
    management_url: str
    amqp_tls: TlsFiles = field(default_factory=TlsFiles)
    management_tls: TlsFiles = field(default_factory=TlsFiles)
    admin_url: str | None = None
    vhosts: tuple[str, ...] = ()
    dead_letter_taps: str = "auto"
    prefetch: int = 4_000
    linger_ms: int = 500
    linger_busy_ms: int = 100
    body_bytes_max: int = 256 << 10
    tap_messages_max: int = 1_000_000
    tap_bytes_max: int = 2 << 30
    tap_queue_type: str = "quorum"
    tap_mode: str = "all"
    sample_s: float = 10.0
    snapshot_s: float = 30.0
    audit_s: float = 60.0
    audit_late_s: float = 10.0
    redact_headers: tuple[str, ...] = ()
    stream: str = "main"
    standby: bool = False
    segments: SegmentLimits = field(default_factory=SegmentLimits)
    retention: RetentionLimits = field(default_factory=RetentionLimits)
    command_secret: str | None = field(default=None, repr=False)
    told: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def address(self) -> AmqpAddress:
        """Where the broker is, and how to prove who we are.

        Raises:
            AmqpRefused: `amqp_url` is no AMQP URL.
        """
        return parse_url(self.amqp_url, self.amqp_tls)
