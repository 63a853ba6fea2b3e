"""Settings: names, defaults, limits, redaction."""

import pytest

from cli.settings import SETUP_PASSWORDS, Settings, SettingsInvalid, load
from cli.urls import redacted_url


def test_defaults_need_nothing() -> None:
    """Without any variable the settings are those of a broker and a store on this machine."""
    settings = load({})

    assert settings.http == "127.0.0.1:8652"
    assert settings.store == "sqlite:///data"
    assert settings.vhosts == ()
    assert settings.dead_letter_taps == "auto"


def test_vhosts_are_percent_decoded() -> None:
    """A vhost with a comma or a slash in its name is written percent-encoded."""
    assert load({"HOPTRAIL_VHOSTS": "%2F, a%2Cb"}).vhosts == ("/", "a,b")


def test_management_takes_its_credentials_from_the_amqp_url() -> None:
    """The management URL is derived from the AMQP URL where it says nothing itself."""
    amqp = {"HOPTRAIL_AMQP_URL": "amqp://me:p%40ss@broker:5673/"}

    assert load(amqp).management == "http://me:p%40ss@broker:15672"
    told = amqp | {"HOPTRAIL_MANAGEMENT_URL": "http://other:99"}
    assert load(told).management == "http://me:p%40ss@other:99"
    own = amqp | {"HOPTRAIL_MANAGEMENT_URL": "http://a:b@other:99"}
    assert load(own).management == "http://a:b@other:99"


def test_every_invalid_setting_is_named() -> None:
    """An error names each variable that is not valid, and repeats no value."""
    given = {
        "HOPTRAIL_AMQP_URL": "mysql://me:secret@x",
        "HOPTRAIL_PREFETCH": "0",
        "HOPTRAIL_STORE": "data",
        "HOPTRAIL_HTTP": "localhost",
        "HOPTRAIL_API_KEY": "short-secret",
    }

    with pytest.raises(SettingsInvalid) as caught:
        load(given)

    told = str(caught.value)
    assert all(name in told for name in given)
    assert "secret" not in told


def test_told_settings_hold_no_secret() -> None:
    """Printed settings redact passwords and keys, and name every setting."""
    told = load(
        {
            "HOPTRAIL_AMQP_URL": "amqp://me:hunter2@broker/",
            "HOPTRAIL_ADMIN_URL": "http://root:hunter2@broker:15672",
            "HOPTRAIL_API_KEY": "hunter2-hunter2-hunter2",
            "HOPTRAIL_STORE": "https://me:hunter2@a:9200,b:9200",
            "HOPTRAIL_STORE_API_KEY": "hunter2",
            **{f"HOPTRAIL_{name.upper()}": "hunter2" for name in SETUP_PASSWORDS.values()},
        }
    ).told()

    assert "hunter2" not in str(told)
    assert len(told) == len(Settings.model_fields)
    assert told["HOPTRAIL_AMQP_URL"] == "amqp://me:***@broker/"


def test_settings_cannot_be_changed() -> None:
    """The one settings object is frozen."""
    with pytest.raises(ValueError, match="frozen"):
        load({}).prefetch = 5


def test_a_url_without_password_is_told_as_it_is() -> None:
    """Redaction leaves a URL without a password alone."""
    assert redacted_url("http://broker:15672") == "http://broker:15672"


@pytest.mark.parametrize("name", ["MANAGEMENT_URL", "ADMIN_URL", "STORE", "KIBANA_URL", "AMQP_URL"])
def test_several_urls_in_one_are_refused(name: str) -> None:
    """Further hosts stand after commas without scheme and password, which redaction would not find there."""
    scheme = "amqp" if name == "AMQP_URL" else "http"
    with pytest.raises(SettingsInvalid) as refused:
        load({f"HOPTRAIL_{name}": f"{scheme}://u:secret@a:1,{scheme}://u:secret@b:1"})

    assert f"HOPTRAIL_{name}" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_otlp_headers_are_read_and_not_shown() -> None:
    """Headers are percent-decoded pairs, and what they hold is a secret."""
    settings = load({"HOPTRAIL_OTLP_HEADERS": "Authorization=Bearer%20x%2Cy, x-scope = a"})

    assert settings.otlp_header_values == {"authorization": "Bearer x,y", "x-scope": "a"}
    assert settings.told()["HOPTRAIL_OTLP_HEADERS"] == "***"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ENDPOINT", "amqp://host", "http://"),
        ("ENDPOINT", "http://user:secret@host:4318", "HOPTRAIL_OTLP_HEADERS"),
        ("HEADERS", "no-value", "name=value"),
        ("HEADERS", "x-token=secret%0Ainjected", "x-token"),
        ("PROTOCOL", "thrift", "grpc"),
    ],
)
def test_an_otlp_setting_that_cannot_work_is_refused(name: str, value: str, told: str) -> None:
    """The error names the variable and what to write, and repeats no secret."""
    with pytest.raises(SettingsInvalid) as refused:
        load({f"HOPTRAIL_OTLP_{name}": value})

    assert f"HOPTRAIL_OTLP_{name}" in str(refused.value)
    assert told in str(refused.value)
    assert "secret" not in str(refused.value)
