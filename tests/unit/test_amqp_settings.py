"""What the settings make of TLS and of several nodes, and that the page about them names them all."""

import re
from pathlib import Path

import pytest

from cli.settings import Settings, SettingsInvalid, load
from cli.urls import redacted_url
from collector.amqp import parse_url

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "tls.md"
FILES = {
    "CA_FILE": "ca.pem",
    "CERT_FILE": "cert.pem",
    "KEY_FILE": "key.pem",
    "SERVER_NAME": "rabbit",
}


def settings(**told: str) -> Settings:
    """Return settings of these variables."""
    return load({f"HOPTRAIL_{name}": value for name, value in told.items()})


def test_the_page_names_every_setting_of_tls() -> None:
    """The page about TLS names the settings that there are, and no others."""
    named = set(re.findall(r"HOPTRAIL_[A-Z_]+", PAGE.read_text()))
    known = {f"HOPTRAIL_{name.upper()}" for name in Settings.model_fields}

    assert named <= known
    assert {f"HOPTRAIL_AMQP_{name}" for name in FILES} | {"HOPTRAIL_MANAGEMENT_CA_FILE"} <= named


def test_what_the_page_quotes_is_what_is_said() -> None:
    """Each text in the page's table stands in the code that says it."""
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    quoted = [
        text.strip("…. ") for row in rows for text in re.findall(r"`([^`]*)`", row.split("|")[1])
    ]
    said = "".join(file.read_text() for file in (ROOT / "collector" / "amqp").glob("*.py"))
    pieces = [piece for text in quoted for piece in text.split(": ")]

    assert len(rows) == 9
    assert [piece for piece in pieces if piece not in said] == []


def test_the_files_come_through() -> None:
    """Every file and the name arrive in the address; an empty one counts as not set."""
    told = settings(
        **{f"AMQP_{name}": value for name, value in FILES.items()}, AMQP_URL="amqps://h"
    )
    files = parse_url(told.amqp_url, told.amqp_tls).tls

    assert files is not None
    assert [files.ca_file, files.cert_file, files.key_file, files.server_name] == [*FILES.values()]
    assert settings(AMQP_CA_FILE="").amqp_tls.ca_file is None


def test_the_management_api_takes_the_same_files() -> None:
    """It has the broker's files unless it has an authority of its own, and the name unless it has a URL of its own."""
    told = {f"AMQP_{name}": value for name, value in FILES.items()}
    own = settings(
        **told, MANAGEMENT_CA_FILE="other.pem", MANAGEMENT_URL="https://u:p@m"
    ).management_tls

    assert settings(**told).management_tls.ca_file == "ca.pem"
    assert settings(**told).management_tls.server_name == "rabbit"
    assert (own.ca_file, own.cert_file, own.server_name) == ("other.pem", "cert.pem", None)


@pytest.mark.parametrize(
    ("amqp", "management"),
    [
        ("amqp://u:p@a", "http://u:p@a:15672"),
        ("amqps://u:p@a", "https://u:p@a:15671"),
        ("amqps://u:p@a:1,b:2/v", "https://u:p@a:15671,b:15671"),
        ("amqp://u:p%40@[::1]:1,[::1]:2", "http://u:p%40@[::1]:15672"),
    ],
)
def test_the_management_api_is_on_the_same_hosts(amqp: str, management: str) -> None:
    """Without a URL of its own it is expected on the usual port of every host of the broker, as secure as the broker."""
    assert settings(AMQP_URL=amqp).management == management


@pytest.mark.parametrize("url", ["amqp://u:hunter2@a:1,,b", "amqps://u:hunter2@a?ca=x", "http://a"])
def test_a_url_that_is_none_is_told_without_its_secrets(url: str) -> None:
    """A wrong AMQP URL is named, its password is not."""
    with pytest.raises(SettingsInvalid, match="HOPTRAIL_AMQP_URL") as told:
        settings(AMQP_URL=url)

    assert "hunter2" not in str(told.value)


def test_a_url_of_several_nodes_is_shown_without_its_password() -> None:
    """Redaction knows URLs with several hosts, and IPv6."""
    url = "amqps://u%40:hunter2@a:1,[::1]:2/v"

    assert redacted_url(url) == "amqps://u%40:***@a:1,[::1]:2/v"
