"""Root file systems of newer Debians, for servers that this machine's packages are too old for.

Each is built once with mmdebstrap from the mirror that this machine's apt uses, and kept. Needs root.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.cache import cache_directory, only_one
from tests.support.packages import PackageMissing, install

STABLE: Final = "trixie"
"""Debian 13: RabbitMQ 4.0."""

TESTING: Final = "forky"
"""Debian 14 in the making: RabbitMQ 4.3."""

PACKAGES: Final = {
    STABLE: ("rabbitmq-server", "openjdk-25-jre-headless"),
    TESTING: ("rabbitmq-server",),
}
ALSO_LATE: Final = 'Acquire::Check-Valid-Until "false"'
"""The index of Debian testing expires after a week, which a mirror that is behind outlives; signatures are checked."""

BUILD_TIMEOUT_S: Final = 1_800.0
ASK_TIMEOUT_S: Final = 60.0
OUTPUT_TAIL_LINES: Final = 12


def debian_root(suite: str = STABLE) -> Path:
    """Return the root file system of *suite*, built if nobody did so before.

    Raises:
        PackageMissing: not root, no mmdebstrap, or no Debian mirror; says what to do.
    """
    root = cache_directory() / f"debian-{suite}"
    if not root.exists():
        with only_one(root):
            if not root.exists():
                _build(suite, root)
    if os.geteuid() != 0:
        raise PackageMissing(
            f"Debian {suite}: its programs run in a chroot, which needs root; run this as root, "
            "start Docker, or give the URLs of servers"
        )
    return root


def _build(suite: str, root: Path) -> None:
    if os.geteuid() != 0:
        raise PackageMissing(f"Debian {suite}: building its root file system needs root")
    if shutil.which("mmdebstrap") is None:
        install("mmdebstrap")
    aside = root.with_name(f"{root.name}.building")
    shutil.rmtree(aside, ignore_errors=True)
    done = subprocess.run(
        ["mmdebstrap", "--variant=apt", f"--aptopt={ALSO_LATE}",
         f"--include={','.join(PACKAGES[suite])}", suite, aside, _mirror(suite)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=BUILD_TIMEOUT_S, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-OUTPUT_TAIL_LINES:])
        raise PackageMissing(f"Debian {suite}: mmdebstrap failed with {done.returncode}:\n{tail}")
    aside.rename(root)


def _mirror(suite: str) -> str:
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)",
         "Created-By: Packages", "Origin: Debian", "Component: main"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=ASK_TIMEOUT_S, check=False,
    )  # fmt: skip
    if not done.stdout.strip():
        raise PackageMissing(
            f"Debian {suite}: apt knows no Debian mirror here; run `apt-get update` on a Debian, "
            "start Docker, or give the URLs of servers"
        )
    return done.stdout.split()[0]
