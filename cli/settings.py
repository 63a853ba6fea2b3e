"""Every setting: the only reader of the environment.

One frozen object, read once per process from ``HOPTRAIL_*`` variables, each with a default, a unit and limits. Printing
it redacts passwords and keys.
"""

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, InstanceOf, ValidationError, field_validator
from pydantic_settings import NoDecode

from cli.broker_settings import PREFIX
from cli.otlp_settings import OtlpSettings
from cli.service_rules import RuleFile, read
from cli.urls import REDACTED, checked, redacted_url, require_one, split_address

SQLITE = "sqlite:///"
SETUP_PASSWORDS = {
    role: f"setup_{role}_password" for role in ("writer", "indexer", "reader", "retention")
}
SECRETS = frozenset(
    {"api_key", "command_secret", "otlp_headers", "store_api_key", *SETUP_PASSWORDS.values()}
)

Names = Annotated[tuple[str, ...], NoDecode]


class SettingsInvalid(ValueError):
    """A setting is not valid; the message names each and says why."""


class Settings(OtlpSettings):
    """What can be set. The descriptions are the reference; see docs/reference/settings.md."""

    store: str = Field(
        default="sqlite:///data",
        description="Where to keep everything: `sqlite:///DIR`, or Elasticsearch as `https://user:password@host:9200`, "
        "further nodes after commas: `https://user:password@a:9200,b:9200`.",
    )
    store_api_key: str | None = Field(
        default=None,
        description="An Elasticsearch API key in its encoded form, instead of user and password.",
    )
    store_ca_file: str | None = Field(
        default=None,
        description="PEM file of the authority that signed Elasticsearch's certificate. Default: the system's.",
    )
    store_fingerprint: str | None = Field(
        default=None,
        description="SHA-256 of Elasticsearch's certificate in hex, trusted instead of an authority.",
    )
    store_prefix: str = Field(
        default="hoptrail",
        pattern="^[a-z][a-z0-9_]{0,62}$",
        description="What the names of indices, templates and roles in Elasticsearch begin with; one hoptrail, one prefix.",
    )
    setup_writer_password: str | None = Field(
        default=None,
        min_length=6,
        description="For `hoptrail setup`: make the user PREFIX_writer with this password, for `collect`.",
    )
    setup_indexer_password: str | None = Field(
        default=None, min_length=6, description="The same for PREFIX_indexer, for `project`."
    )
    setup_reader_password: str | None = Field(
        default=None, min_length=6, description="The same for PREFIX_reader, for `serve`."
    )
    setup_retention_password: str | None = Field(
        default=None, min_length=6, description="The same for PREFIX_retention, for `log retain`."
    )
    kibana_url: str | None = Field(
        default=None,
        description="Where users open Kibana: messages then link to it, and `hoptrail setup` imports its dashboards. "
        "Credentials in it, if any, are used for the import only.",
    )
    public_url: str | None = Field(
        default=None,
        description="Where users open hoptrail, for links from Kibana. Default: `http://` and the address of the API.",
    )
    http: str = Field(
        default="127.0.0.1:8652",
        description="Address of the API: `host:port`. Any but a loopback address needs an API key.",
    )
    api_key: str | None = Field(
        default=None,
        description="The API key, sent as `Authorization: Bearer`. `hoptrail serve` asks for it, commands send it. "
        "`serve` accepts several, separated by commas; commands send the first.",
    )
    edit: Literal["on", "off"] = Field(
        default="off",
        description="Whether messages may be edited and sent again: `off`, or `on` for keys with the scope edit.",
    )
    command_secret: str | None = Field(
        default=None,
        description="What signs the requests that `serve` sends to `collect`, the same on both, 32 characters or more. "
        "Default: made of the store's secret, which a reader of Elasticsearch is not given.",
    )
    vhosts: Names = Field(
        default=(),
        description="The vhosts to tap, separated by commas, percent-encoded. Default: all.",
    )
    dead_letter_taps: str = Field(
        default="auto",
        description="Which dead-letter exchanges to tap: `auto` (the safe ones), `off`, or names separated by commas (the "
        "safe ones among them); `*` stands for any characters, `-` before a name excludes: `auto,-orders.*`.",
    )
    prefetch: int = Field(
        default=4_000,
        ge=1,
        le=65_535,
        description="Deliveries the tap may hold unacknowledged, per vhost. With less than 3,000 blocks are "
        "smaller than they could be.",
    )
    linger_ms: int = Field(
        default=500,
        ge=10,
        le=60_000,
        description="How long a block waits for more events, in ms, when quiet.",
    )
    linger_busy_ms: int = Field(
        default=100,
        ge=1,
        le=60_000,
        description="The same in ms while blocks fill up or somebody follows.",
    )
    body_bytes_max: int = Field(
        default=262_144,
        ge=0,
        le=16_777_216,
        description="Bytes of each message body that the log keeps; the size is always kept whole.",
    )
    tap_messages_max: int = Field(
        default=1_000_000,
        ge=1_000,
        le=100_000_000,
        description="Messages a tap queue may hold on the broker before the oldest are dropped (and a gap is told).",
    )
    tap_bytes_max: int = Field(
        default=2 << 30,
        ge=1 << 20,
        le=1 << 40,
        description="Bytes a tap queue may hold on the broker before the oldest are dropped.",
    )
    tap_queue_type: Literal["quorum", "classic"] = Field(
        default="quorum",
        description="Type of the tap queues: quorum survives a broker's kill, classic costs the broker less.",
    )
    tap_mode: str = Field(
        default="all",
        description="What the tap takes: `all`, `publishes` (no deliveries, about half the cost), or `exchanges:NAME,NAME` "
        "(what passes these exchanges, percent-encoded, without the firehose).",
    )
    sample_s: int = Field(
        default=10, ge=1, le=3_600, description="Seconds between two samples of the queues."
    )
    redact_headers: Names = Field(
        default=(),
        description="Header names, separated by commas, whose values never enter the log; "
        "of ids in bodies as `dramatiq/message_id`.",
    )
    retention_days: float = Field(
        default=14.0,
        gt=0,
        le=36_500,
        description="Days that events are kept; whole segments leave.",
    )
    retention_gb: float = Field(
        default=10.0,
        gt=0,
        le=1_000_000,
        description="Gigabytes that the log may hold; the oldest segments leave.",
    )
    body_retention_days: float | None = Field(
        default=None,
        gt=0,
        le=36_500,
        description="Days that bodies are kept, when fewer than events.",
    )
    live_copies_max: int = Field(
        default=1_000_000,
        ge=1_000,
        le=50_000_000,
        description="Copies of messages held in memory; beyond it the oldest of a queue become counters.",
    )
    service_rules: Annotated[InstanceOf[RuleFile] | None, NoDecode] = Field(
        default=None,
        description="A TOML file with rules that name services. With other rules "
        "everything is named anew, from the first event kept.",
    )
    snapshot_s: int = Field(
        default=300, ge=5, le=86_400, description="Seconds between two snapshots of the views."
    )
    streams_max: int = Field(
        default=64, ge=1, le=10_000, description="Live streams that may be open at once."
    )
    ready_lag_s_max: float = Field(
        default=30.0,
        gt=0,
        le=86_400,
        description="Seconds behind the log before `/readyz` says not ready.",
    )
    log_level: str = Field(
        default="info",
        pattern="^(debug|info|warning|error)$",
        description="What is told on stderr: debug, info, warning or error.",
    )

    @field_validator("vhosts", mode="before")
    @classmethod
    def _vhosts(cls, value: object) -> object:
        return tuple(unquote(name) for name in _listed(value)) if isinstance(value, str) else value

    @field_validator("redact_headers", mode="before")
    @classmethod
    def _header_names(cls, value: object) -> object:
        return _listed(value) if isinstance(value, str) else value

    @field_validator("service_rules", mode="before")
    @classmethod
    def _rules(cls, value: object) -> object:
        return (read(value) if value else None) if isinstance(value, str) else value

    @field_validator("kibana_url", "public_url")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        return None if not value else checked(value, ("http", "https"))

    @field_validator("dead_letter_taps")
    @classmethod
    def _chosen(cls, value: str) -> str:
        from collector.taps.choice import choice

        choice(value)
        return value

    @field_validator("tap_mode")
    @classmethod
    def _mode(cls, value: str) -> str:
        from collector.taps.modes import mode_of

        mode_of(value)
        return value

    @field_validator("store")
    @classmethod
    def _store(cls, value: str) -> str:
        if value.startswith(SQLITE):
            if value == SQLITE:
                raise ValueError(
                    "write it as sqlite:///DIR, with a fourth slash for an absolute one"
                )
            return value
        if not value.startswith(("http://", "https://")):
            raise ValueError("write it as sqlite:///DIR or https://user:password@host:9200")
        require_one(value)
        for netloc in urlsplit(value).netloc.split(","):
            checked(f"http://{netloc}", ("http",))
        return value

    @field_validator(*SETUP_PASSWORDS.values(), mode="before")
    @classmethod
    def _set_or_not(cls, value: object) -> object:
        return value or None

    @field_validator("store_fingerprint")
    @classmethod
    def _fingerprint(cls, value: str | None) -> str | None:
        if not value:
            return None
        digits = value.replace(":", "").lower()
        if not re.fullmatch("[0-9a-f]{64}", digits):
            raise ValueError("write the SHA-256 of the certificate as 64 hex digits")
        return digits

    @field_validator("http")
    @classmethod
    def _address(cls, value: str) -> str:
        host, port = split_address(value)
        if not host or not 0 <= port <= 65_535:
            raise ValueError("write it as host:port")
        return value

    @field_validator("api_key")
    @classmethod
    def _key(cls, value: str | None) -> str | None:
        if not value:
            return None
        if any(
            len(key) < 16 or not key.isascii() or not key.isprintable() for key in _listed(value)
        ):
            raise ValueError("a key has at least 16 printable ASCII characters")
        return value

    @field_validator("command_secret")
    @classmethod
    def _secret(cls, value: str | None) -> str | None:
        if value and len(value) < 32:
            raise ValueError("a secret has at least 32 characters")
        return value or None

    @property
    def api_keys(self) -> tuple[str, ...]:
        return () if self.api_key is None else _listed(self.api_key)

    @property
    def http_host(self) -> str:
        return split_address(self.http)[0]

    @property
    def http_port(self) -> int:
        return split_address(self.http)[1]

    @property
    def setup_passwords(self) -> dict[str, str]:
        """The passwords of the users that `hoptrail setup` makes, by role; only those that are set."""
        told = {role: getattr(self, name) for role, name in SETUP_PASSWORDS.items()}
        return {role: password for role, password in told.items() if password is not None}

    @property
    def is_embedded(self) -> bool:
        """Whether the store is a directory of this machine."""
        return self.store.startswith(SQLITE)

    @property
    def shown_store(self) -> str:
        """The store without a password."""
        return redacted_url(self.store)

    def told(self) -> dict[str, str]:
        """Return every setting as text under its variable's name, passwords and keys redacted."""
        return {
            PREFIX + name.upper(): _told(name, getattr(self, name))
            for name in type(self).model_fields
        }


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings, from the process's environment unless another is given.

    Raises:
        SettingsInvalid: one or more are not valid.
    """
    try:
        if environment is None:
            return Settings()
        lowered = {name.upper(): value for name, value in environment.items()}
        given: dict[str, Any] = {
            name: lowered[PREFIX + name.upper()]
            for name in Settings.model_fields
            if PREFIX + name.upper() in lowered
        }
        return Settings(**given)
    except ValidationError as error:
        told = [
            f"{PREFIX}{'_'.join(map(str, item['loc'])).upper()}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsInvalid("\n".join(told)) from None


def environment() -> dict[str, str]:
    """Return a copy of the process's environment, for the processes it starts."""
    return dict(os.environ)


def _told(name: str, value: object) -> str:
    if value is None:
        return ""
    if name in SECRETS:
        return REDACTED
    if name.endswith("_url") or name == "store":
        return redacted_url(str(value))
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _listed(value: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in value.split(",") if item.strip())
