"""What the demo tells, what it passes on, and how it fails before anything is started."""

from pathlib import Path
from socket import create_server

import pytest

from cli.demo import DemoOptions, environment_of_hoptrail, run_demo, welcome
from cli.exits import Exit
from cli.settings import load


def test_the_welcome_gives_an_address_and_three_commands() -> None:
    """With the defaults the commands can be copied as they are."""
    lines = welcome(DemoOptions(environment={}), program=".venv/bin/hoptrail").splitlines()

    assert any("http://127.0.0.1:8652/" in line for line in lines)
    assert [line for line in lines if line.startswith("  ")] == [
        "  .venv/bin/hoptrail tail",
        "  .venv/bin/hoptrail search 'state:dead-lettered'",
        "  .venv/bin/hoptrail topology",
    ]


def test_other_settings_are_part_of_the_commands() -> None:
    """Where the demo does not use the defaults, its commands say so."""
    options = DemoOptions(environment={}, http="127.0.0.1:9000", store="sqlite:///elsewhere")
    text = welcome(options, program="hoptrail")

    prefix = "HOPTRAIL_HTTP=127.0.0.1:9000 HOPTRAIL_STORE=sqlite:///elsewhere"
    assert f"  {prefix} hoptrail tail" in text


@pytest.mark.parametrize(
    ("path", "vhost"),
    [("/", "%2F"), ("", "%2F"), ("/%2F", "%2F"), ("/shop", "shop"), ("/a%2Fb", "a%2Fb")],
)
def test_only_the_vhost_of_the_demo_is_watched(path: str, vhost: str) -> None:
    """Somebody's broker is not traced in vhosts that the demo does not use."""
    environment = environment_of_hoptrail(
        DemoOptions(environment={"PATH": "/bin"}), f"amqp://u:p@host:1{path}", "http://host:2"
    )

    assert environment["HOPTRAIL_VHOSTS"] == vhost
    assert environment["PATH"] == "/bin"


def test_settings_about_a_broker_go_with_it() -> None:
    """The caller's vhosts are watched on the caller's broker, and not on one started here."""
    set_by_caller = {"HOPTRAIL_VHOSTS": "shop", "HOPTRAIL_ADMIN_URL": "http://other"}
    own = DemoOptions(environment=set_by_caller)
    named = DemoOptions(environment=set_by_caller, amqp_url="amqp://h/")

    assert environment_of_hoptrail(named, "amqp://h/", "http://h")["HOPTRAIL_VHOSTS"] == "shop"
    assert environment_of_hoptrail(own, "amqp://h/", "http://h")["HOPTRAIL_VHOSTS"] == "%2F"
    assert "HOPTRAIL_ADMIN_URL" not in environment_of_hoptrail(own, "amqp://h/", "http://h")


def test_without_a_broker_in_the_settings_one_is_started() -> None:
    """Defaults of the broker's settings do not count as a broker that was named."""
    options = DemoOptions.of(load({}), {})

    assert (options.amqp_url, options.management_url) == (None, None)


def test_a_named_broker_is_used() -> None:
    """Its management API is found from the AMQP URL when only that is given."""
    options = DemoOptions.of(load({"HOPTRAIL_AMQP_URL": "amqp://u:p@host/"}), {})

    assert options.amqp_url == "amqp://u:p@host/"
    assert options.management_url == "http://u:p@host:15672"


def test_half_a_broker_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With one URL of two, the demo says which is missing and exits with 4."""
    options = DemoOptions(
        environment={}, amqp_url="amqp://localhost/", http="127.0.0.1:1", run=tmp_path
    )

    assert run_demo(options) is Exit.UNAVAILABLE
    assert "HOPTRAIL_MANAGEMENT_URL" in capfd.readouterr().err


def test_an_address_in_use_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Where something listens already, nothing is started and the remedy is named."""
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = DemoOptions(environment={}, http=f"127.0.0.1:{port}", run=tmp_path)

        assert run_demo(options) is Exit.FAILED

    assert "HOPTRAIL_HTTP" in capfd.readouterr().err
    assert not list(tmp_path.iterdir())
