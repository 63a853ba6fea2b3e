"""Install packages of Debian or Ubuntu that the tests' servers need, as root or through sudo."""

import os
import shutil
import subprocess
from typing import Final

INSTALL_TIMEOUT_S: Final = 900.0
OUTPUT_TAIL_LINES: Final = 12
LOCK_OPTION: Final = "DPkg::Lock::Timeout=300"


class PackageMissing(Exception):
    """A package is missing and cannot be installed. The text says why and what to do."""


def install(package: str, *, alternative: str | None = None) -> None:
    """Install *package*, or *alternative* where the distribution has no such package.

    Raises:
        PackageMissing: no apt-get, no root and no sudo, or apt-get refused.
    """
    remedy = f"run `sudo apt-get install --no-install-recommends {package}`, then run this again"
    if shutil.which("apt-get") is None:
        raise PackageMissing(f"package {package}: missing, and there is no apt-get")
    sudo = _sudo()
    if sudo is None:
        raise PackageMissing(
            f"package {package}: missing, and this user is not root and has no sudo; " + remedy
        )
    _apt_get(sudo, "update")
    done = _apt_get(sudo, "install", "--no-install-recommends", package)
    if done.returncode != 0 and alternative is not None:
        done = _apt_get(sudo, "install", "--no-install-recommends", alternative)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-OUTPUT_TAIL_LINES:])
        raise PackageMissing(
            f"package {package}: it could not be installed; {remedy}. Its last words:\n{tail}"
        )


def _apt_get(sudo: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*sudo, "env", "DEBIAN_FRONTEND=noninteractive",
         "apt-get", "-q", "-y", "-o", LOCK_OPTION, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=INSTALL_TIMEOUT_S, check=False,
    )  # fmt: skip


def _sudo() -> list[str] | None:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    asks_nothing = subprocess.run(
        ["sudo", "-n", "true"], capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    return ["sudo", "-n"] if asks_nothing.returncode == 0 else None
