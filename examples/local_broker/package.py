"""Install the Debian or Ubuntu package ``rabbitmq-server`` without starting its service.

Done as root, or through sudo. The work is in ``install.sh``, so that sudo runs one script.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from examples.local_broker.broker import BrokerUnavailable

PROGRAMS: Final = Path("/usr/lib/rabbitmq/bin")
"""The package's own scripts; those in /usr/sbin insist on the user rabbitmq."""

SCRIPT: Final = Path(__file__).with_name("install.sh")
INSTALL_TIMEOUT_S: Final = 900.0
OUTPUT_TAIL_LINES: Final = 12


def require(report: Callable[[str], None] = lambda _: None) -> None:
    """Install the package if its programs are not here; the system's broker is neither started nor enabled.

    *report* is told before that is done, in one line.

    Raises:
        BrokerUnavailable: not Debian or Ubuntu, no root and no sudo, or apt-get refused.
    """
    if (PROGRAMS / "rabbitmq-server").exists() and shutil.which("epmd") is not None:
        return
    command = [*_as_root(), "/bin/sh", str(SCRIPT)]
    report("installing the package rabbitmq-server with apt-get")
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=INSTALL_TIMEOUT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise BrokerUnavailable(
            f"package rabbitmq-server: apt-get took more than {INSTALL_TIMEOUT_S:.0f} s; "
            f"run `sudo sh {SCRIPT}` yourself, then run this again"
        ) from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-OUTPUT_TAIL_LINES:])
        raise BrokerUnavailable(
            f"package rabbitmq-server: the installation failed with {done.returncode}; "
            f"run `sudo sh {SCRIPT}` yourself, then run this again. Its last words:\n{tail}"
        )


def _as_root() -> list[str]:
    if shutil.which("apt-get") is None:
        raise BrokerUnavailable(
            "package rabbitmq-server: no apt-get, so this is neither Debian nor Ubuntu; "
            "install Docker, or RabbitMQ 3.10 or later with its management plugin"
        )
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is not None:
        asks_nothing = subprocess.run(
            ["sudo", "-n", "true"], capture_output=True, stdin=subprocess.DEVNULL, check=False
        )
        if asks_nothing.returncode == 0:
            return ["sudo", "-n"]
        if sys.stdin.isatty():
            return ["sudo"]
    raise BrokerUnavailable(
        f"package rabbitmq-server: not installed, and this user is not root and has no sudo; "
        f"as root run `sh {SCRIPT}`, then run this again"
    )
