"""Construct the adapters that the settings name: the only place that knows which there are."""

from pathlib import Path
from typing import TYPE_CHECKING

from cli.settings import SQLITE, Settings
from collector.settings import CollectorSettings
from projector.linker.limits import Limits
from store.errors import LogRefused
from store.ports import EventLog, ExportPoints, MessageIndex, SnapshotStore
from store.retention import DAY_S, RetentionLimits
from store.segments import SegmentLimits

if TYPE_CHECKING:
    from collector.operations.sender import CommandSender
    from projector.exporting.receiver import Receiver
    from store.elastic.connection import Elastic

ELASTIC_SEGMENTS = SegmentLimits(bytes_max=20 * 10**9, blocks_max=1_000_000)
"""Fewer and larger than in the embedded store: each costs Elasticsearch two shards."""


def directory(settings: Settings) -> Path:
    """Return the directory of an embedded store."""
    return Path(settings.store.removeprefix(SQLITE))


def elastic(settings: Settings) -> "Elastic":
    """Return Elasticsearch as the settings name it, not yet open."""
    from store.elastic.connection import Elastic, ElasticSettings

    return Elastic(
        ElasticSettings.of_url(
            settings.store,
            api_key=settings.store_api_key,
            ca_file=settings.store_ca_file,
            fingerprint=settings.store_fingerprint,
            prefix=settings.store_prefix,
        )
    )


def event_log(settings: Settings, *, read_only: bool) -> EventLog:
    """Return the event log; entering it opens it."""
    if settings.is_embedded:
        from store.sqlite.log import SqliteEventLog

        return SqliteEventLog(directory(settings), read_only=read_only)
    from store.elastic.log import ElasticEventLog

    return ElasticEventLog(elastic(settings), read_only=read_only)


def message_index(settings: Settings, *, read_only: bool) -> MessageIndex:
    """Return the message index; entering it opens it."""
    if settings.is_embedded:
        from store.sqlite.index import SqliteMessageIndex

        return SqliteMessageIndex(directory(settings), read_only=read_only)
    from store.elastic.index import ElasticMessageIndex

    version = None if read_only else projection_version(settings)
    return ElasticMessageIndex(elastic(settings), version=version)


def snapshot_store(settings: Settings) -> SnapshotStore:
    """Return the snapshots; entering them opens them."""
    if settings.is_embedded:
        from store.sqlite.snapshots import SqliteSnapshotStore

        return SqliteSnapshotStore(directory(settings))
    from store.elastic.snapshots import ElasticSnapshotStore

    return ElasticSnapshotStore(elastic(settings))


def export_points(settings: Settings, *, read_only: bool = False) -> ExportPoints:
    """Return how far exports have come; entering it opens it."""
    if settings.is_embedded:
        from store.sqlite.exports import SqliteExportPoints

        return SqliteExportPoints(directory(settings), read_only=read_only)
    from store.elastic.exports import ElasticExportPoints

    return ElasticExportPoints(elastic(settings))


def otlp_receiver(settings: Settings) -> "Receiver":
    """Return the OTLP endpoint that the settings name; entering it sends nothing.

    Raises:
        OSError: a file of TLS cannot be read.
        ValueError: one of them does not hold what it should.
    """
    endpoint = settings.otlp_endpoint
    if endpoint is None:
        raise ValueError("HOPTRAIL_OTLP_ENDPOINT is not set")
    headers = settings.otlp_header_values
    compressed = settings.otlp_compression == "gzip"
    files = (settings.otlp_ca_file, settings.otlp_cert_file, settings.otlp_key_file)
    read = [None if name is None else Path(name).read_bytes() for name in files]
    if settings.otlp_protocol == "grpc":
        from projector.exporting.grpc import GrpcReceiver, TlsPem

        return GrpcReceiver(endpoint, headers=headers, tls=TlsPem(*read), compressed=compressed)
    from projector.exporting.http import HttpReceiver, tls_context

    return HttpReceiver(
        endpoint, headers=headers, context=tls_context(*files), compressed=compressed
    )


def projection_version(settings: Settings) -> str:
    """Return the version of the message documents that these settings lead to."""
    from projector.projection import Projection

    return Projection("", linker_limits(settings)).version


def linker_limits(settings: Settings) -> Limits:
    """Return what the linker holds at most, and the rules it names services by."""
    given = settings.service_rules
    return Limits(
        live_copies_max=settings.live_copies_max, rules=() if given is None else given.rules
    )


def collector_settings(settings: Settings, *, standby: bool = False) -> CollectorSettings:
    """Return what the collector needs to know."""
    return CollectorSettings(
        amqp_url=settings.amqp_url,
        amqp_tls=settings.amqp_tls,
        management_url=settings.management,
        management_tls=settings.management_tls,
        admin_url=settings.admin_url,
        vhosts=settings.vhosts,
        dead_letter_taps=settings.dead_letter_taps,
        prefetch=settings.prefetch,
        linger_ms=settings.linger_ms,
        linger_busy_ms=settings.linger_busy_ms,
        body_bytes_max=settings.body_bytes_max,
        tap_messages_max=settings.tap_messages_max,
        tap_bytes_max=settings.tap_bytes_max,
        tap_queue_type=settings.tap_queue_type,
        tap_mode=settings.tap_mode,
        sample_s=settings.sample_s,
        audit_s=settings.audit_s,
        audit_late_s=settings.audit_late_s,
        redact_headers=settings.redact_headers,
        standby=standby,
        segments=SegmentLimits() if settings.is_embedded else ELASTIC_SEGMENTS,
        retention=retention_limits(settings),
        command_secret=settings.command_secret,
        told=settings.told(),
    )


def command_sender(settings: Settings, log: EventLog) -> "CommandSender":
    """Return what sends commands to the collector that leads; it connects when it is needed."""
    from collector.operations.command import CommandsUnavailable, key_of_secret, key_of_store
    from collector.operations.sender import CommandSender

    secret = settings.command_secret

    async def key() -> bytes:
        if secret is not None:
            return key_of_secret(secret)
        try:
            return key_of_store(await log.fingerprint_key())
        except LogRefused as error:
            raise CommandsUnavailable(
                f"{error}; set HOPTRAIL_COMMAND_SECRET to the same text for collect and serve"
            ) from error

    return CommandSender(settings.amqp_url, key, settings.amqp_tls)


def retention_limits(settings: Settings) -> RetentionLimits:
    """Return what the log keeps."""
    body_days = settings.body_retention_days
    return RetentionLimits(
        age_s_max=int(settings.retention_days * DAY_S),
        bytes_max=int(settings.retention_gb * 10**9),
        body_age_s_max=None if body_days is None else int(body_days * DAY_S),
    )
