"""Settings that cannot work: the collector ends at once with 2 and says what to set."""

from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.support.collecting import System

WRONG = "not-the-password"


def with_password(url: str, password: str) -> str:
    """Return *url* with another password."""
    parts = urlsplit(url)
    netloc = f"{parts.username}:{password}@{parts.hostname}:{parts.port}"
    return urlunsplit(parts._replace(netloc=netloc))


@pytest.mark.parametrize("options", [(), ("--remove",)])
def test_an_unknown_vhost_is_named(
    system: System, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """A vhost that the broker does not have is named, with those that it has, and nothing is tapped."""
    there = next(iter(system.urls))
    with system.collector(tmp_path / "store", VHOSTS=f"nowhere,{there}") as collector:
        assert collector.run(*options) == 2

    assert "nowhere" in collector.stderr
    assert there in collector.stderr
    assert "HOPTRAIL_VHOSTS" in collector.stderr
    assert not system.is_traced()


def test_a_wrong_password_is_told(system: System, tmp_path: Path) -> None:
    """Credentials that the broker refuses end it, and the setting they stand in is named."""
    url = with_password(system.broker.amqp_url, WRONG)
    with system.collector(tmp_path / "store", amqp_url=url) as collector:
        assert collector.run() == 2

    assert "HOPTRAIL_AMQP_URL" in collector.stderr
    assert WRONG not in collector.stderr


def test_wrong_credentials_of_the_management_api_are_told(system: System, tmp_path: Path) -> None:
    """Credentials that the management API refuses end it, and the setting they stand in is named."""
    url = with_password(system.broker.management_url, WRONG)
    with system.collector(tmp_path / "store", MANAGEMENT_URL=url) as collector:
        assert collector.run() == 2

    assert "HOPTRAIL_MANAGEMENT_URL" in collector.stderr
    assert "monitoring" in collector.stderr
    assert WRONG not in collector.stderr
