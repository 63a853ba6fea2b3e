"""The settings of the export over OTLP. ``cli/settings.py`` reads them from the environment."""

from typing import Literal
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator

from cli.broker_settings import BrokerSettings
from cli.urls import checked


class OtlpSettings(BrokerSettings):
    """Where spans go, how they are sent there, and when."""

    otlp_endpoint: str | None = Field(
        default=None,
        description="Where to send spans: an OTLP endpoint, `http://host:4318`, or `http://host:4317` with "
        "`HOPTRAIL_OTLP_PROTOCOL=grpc`; `https://` speaks TLS. Setting it lets `hoptrail run` export.",
    )
    otlp_protocol: Literal["http/protobuf", "grpc"] = Field(
        default="http/protobuf",
        description="How to speak to it: `http/protobuf` (to the endpoint's path and `/v1/traces`) or `grpc`.",
    )
    otlp_headers: str | None = Field(
        default=None,
        description="What goes with every request, such as credentials: `name=value,name=value`, values percent-encoded.",
    )
    otlp_ca_file: str | None = Field(
        default=None,
        description="PEM file of the authority that signed the endpoint's certificate. Default: the system's.",
    )
    otlp_cert_file: str | None = Field(
        default=None, description="PEM file of a client certificate for the endpoint."
    )
    otlp_key_file: str | None = Field(
        default=None, description="PEM file of that certificate's key, without a password."
    )
    otlp_compression: Literal["gzip", "none"] = Field(
        default="gzip", description="Whether requests are compressed: `gzip` or `none`."
    )
    otlp_delay_s: float = Field(
        default=5.0,
        ge=0,
        le=300,
        description="Seconds that a span waits for what comes to light late, such as the name of its service.",
    )

    @field_validator("otlp_endpoint")
    @classmethod
    def _endpoint(cls, value: str | None) -> str | None:
        if not value:
            return None
        if "@" in urlsplit(value).netloc:
            raise ValueError("credentials go into HOPTRAIL_OTLP_HEADERS")
        return checked(value, ("http", "https"))

    @field_validator("otlp_headers")
    @classmethod
    def _headers(cls, value: str | None) -> str | None:
        if value:
            headers_in(value)
        return value or None

    @property
    def otlp_header_values(self) -> dict[str, str]:
        """The headers by name."""
        return headers_in(self.otlp_headers or "")


def headers_in(text: str) -> dict[str, str]:
    """Return the headers that *text* lists.

    Raises:
        ValueError: one has no name, or what HTTP does not allow.
    """
    told: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = pair.partition("=")
        name, value = name.strip().lower(), unquote(value.strip())
        if (
            not equals
            or not name
            or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in name)
        ):
            raise ValueError("write headers as name=value,name=value")
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"the value of {name} has characters that a header cannot have")
        told[name] = value
    return told
