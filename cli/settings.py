"""Every setting: the only reader of the environment.

One frozen object, read once per process from ``HOPTRAIL_*`` variables, each with a default, a unit and limits. Printing
it redacts passwords and keys.
"""

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "HOPTRAIL_"
MANAGEMENT_PORTS = {"http": 15672, "https": 15671}
REDACTED = "***"
SQLITE = "sqlite:///"
SETUP_PASSWORDS = {
    role: f"setup_{role}_password" for role in ("writer", "indexer", "reader", "retention")
}
SECRETS = frozenset({"api_key", "store_api_key", *SETUP_PASSWORDS.values()})

Names = Annotated[tuple[str, ...], NoDecode]


class SettingsInvalid(ValueError):
    """A setting is not valid; the message names each and says why."""


class Settings(BaseSettings):
    """What can be set. The descriptions are the reference; see docs/reference/settings.md."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    amqp_url: str = Field(
        default="amqp://guest:guest@127.0.0.1:5672/",
        description="The broker to tap, as an AMQP URL.",
    )
    management_url: str | None = Field(
        default=None,
        description="Its management API, e.g. `http://host:15672`. Credentials in it, else those of the AMQP URL. "
        "Default: port 15672 of the AMQP host.",
    )
    admin_url: str | None = Field(
        default=None,
        description="The management API with an administrator's credentials, needed only to switch tracing on. "
        "Optional: without it `hoptrail doctor` prints the commands to run.",
    )
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
    vhosts: Names = Field(
        default=(),
        description="The vhosts to tap, separated by commas, percent-encoded. Default: all.",
    )
    dead_letter_taps: str = Field(
        default="auto",
        description="Which dead-letter exchanges to tap: `auto` (the safe ones), `off`, or a list of exchange names "
        "separated by commas (the safe ones among them).",
    )
    prefetch: int = Field(
        default=2_000,
        ge=1,
        le=65_535,
        description="Deliveries the tap may hold unacknowledged, per vhost.",
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
    sample_s: int = Field(
        default=10, ge=1, le=3_600, description="Seconds between two samples of the queues."
    )
    redact_headers: Names = Field(
        default=(),
        description="Header names, separated by commas, whose values never enter the log.",
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

    @field_validator("amqp_url")
    @classmethod
    def _amqp(cls, value: str) -> str:
        return _url(value, ("amqp", "amqps"))

    @field_validator("management_url", "admin_url", "kibana_url", "public_url")
    @classmethod
    def _http_url(cls, value: str | None) -> str | None:
        return None if not value else _url(value, ("http", "https"))

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
        for netloc in urlsplit(value).netloc.split(","):
            _url(f"http://{netloc}", ("http",))
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
    def management(self) -> str:
        """The management API's URL with credentials: its own, else those of the AMQP URL."""
        amqp = urlsplit(self.amqp_url)
        scheme = "https" if amqp.scheme == "amqps" else "http"
        url = urlsplit(
            self.management_url or f"{scheme}://{_host(amqp.hostname)}:{MANAGEMENT_PORTS[scheme]}"
        )
        if url.username is not None:
            return url.geturl()
        user, password = amqp.username or "guest", amqp.password or "guest"
        return urlunsplit(url._replace(netloc=f"{user}:{password}@{url.netloc}"))

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


def split_address(value: str) -> tuple[str, int]:
    """Return host and port of ``host:port``; an IPv6 host stands in brackets.

    Raises:
        ValueError: there is no port.
    """
    host, _, port = value.rpartition(":")
    if not port.isascii() or not port.isdigit():
        raise ValueError("write it as host:port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def redacted_url(url: str) -> str:
    """Return *url* without its password."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    user = quote(unquote(parts.username or ""), safe="")
    netloc = f"{user}:{REDACTED}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc))


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


def _host(name: str | None) -> str:
    host = name or "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _url(value: str, schemes: tuple[str, ...]) -> str:
    parts = urlsplit(value)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"write it as {schemes[0]}://user:password@host:port")
    _ = parts.port  # raises a ValueError of its own when it is out of range
    return value
