"""The settings that say where the broker is and how to get in. ``cli/settings.py`` reads them from the environment."""

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from cli.urls import checked, require_one

if TYPE_CHECKING:
    from collector.amqp import TlsFiles

PREFIX = "HOPTRAIL_"
MANAGEMENT_PORTS = {"http": 15672, "https": 15671}


class BrokerSettings(BaseSettings):
    """The AMQP URL, the management API's, and the files that TLS needs."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    amqp_url: str = Field(
        default="amqp://guest:guest@127.0.0.1:5672/",
        description="The broker to tap, as an AMQP URL; `amqps://` speaks TLS. Further nodes of the cluster after commas: "
        "`amqp://user:password@a:5672,b:5672/`.",
    )
    amqp_ca_file: str | None = Field(
        default=None,
        description="PEM file of the authority that signed the broker's certificate. Default: the system's.",
    )
    amqp_cert_file: str | None = Field(
        default=None,
        description="PEM file of a client certificate for the broker. Without a user in the AMQP URL it tells who we are "
        "(EXTERNAL).",
    )
    amqp_key_file: str | None = Field(
        default=None, description="PEM file of the client certificate's key, without a password."
    )
    amqp_server_name: str | None = Field(
        default=None,
        description="The name in the broker's certificate, where it differs from the host in the AMQP URL.",
    )
    management_url: str | None = Field(
        default=None,
        description="Its management API, e.g. `http://host:15672`, further nodes after commas. Credentials in it, else "
        "those of the AMQP URL. Default: port 15672 of the AMQP hosts, 15671 and https with `amqps://`.",
    )
    management_ca_file: str | None = Field(
        default=None,
        description="PEM file of the authority that signed the management API's certificate. Default: that of the broker's.",
    )
    admin_url: str | None = Field(
        default=None,
        description="The management API with an administrator's credentials, needed only to switch tracing on. "
        "Optional: without it `hoptrail doctor` prints the commands to run.",
    )

    audit_s: int = Field(
        default=60,
        ge=0,
        le=3_600,
        description="Seconds between two comparisons of what was captured with the broker's own counters; 0 switches "
        "them off.",
    )
    audit_late_s: float = Field(
        default=10.0,
        gt=0,
        le=600,
        description="Seconds that the broker's counters may be late: twice its `collect_statistics_interval` (5 s by "
        "default).",
    )

    @field_validator("amqp_url")
    @classmethod
    def _amqp(cls, value: str) -> str:
        from collector.amqp import AmqpRefused, parse_url

        require_one(value)
        try:
            parse_url(value)
        except AmqpRefused as error:
            raise ValueError(str(error)) from error
        return value

    @field_validator("management_url", "admin_url")
    @classmethod
    def _management(cls, value: str | None) -> str | None:
        if not value:
            return None
        scheme, mark, rest = value.partition("://")
        hosts, slash, path = rest.partition("/")
        for host in hosts.split(","):
            checked(f"{scheme}{mark}{host}{slash}{path}", ("http", "https"))
        return value

    @property
    def amqp_tls(self) -> "TlsFiles":
        """What an ``amqps`` URL needs."""
        from collector.amqp import TlsFiles

        return TlsFiles(
            ca_file=self.amqp_ca_file or None,
            cert_file=self.amqp_cert_file or None,
            key_file=self.amqp_key_file or None,
            server_name=self.amqp_server_name or None,
        )

    @property
    def management_tls(self) -> "TlsFiles":
        """What an ``https`` management URL needs; the broker's name counts where its host is the broker's."""
        name = None if self.management_url else self.amqp_tls.server_name
        return replace(
            self.amqp_tls,
            ca_file=self.management_ca_file or self.amqp_ca_file or None,
            server_name=name,
            ca_setting=f"{PREFIX}MANAGEMENT_CA_FILE",
        )

    @property
    def management(self) -> str:
        """The management API's URL with credentials: its own, else those of the AMQP URL."""
        from collector.amqp import parse_url

        amqp = parse_url(self.amqp_url)
        scheme = "http" if amqp.tls is None else "https"
        hosts = [f"[{host}]" if ":" in host else host for host, _ in amqp.hosts]
        everywhere = ",".join(f"{host}:{MANAGEMENT_PORTS[scheme]}" for host in dict.fromkeys(hosts))
        url = self.management_url or f"{scheme}://{everywhere}"
        scheme, _, rest = url.partition("://")
        if "@" in rest.partition("/")[0]:
            return url
        login = f"{quote(amqp.user, safe='')}:{quote(amqp.password, safe='')}"
        return f"{scheme}://{login}@{rest}"
