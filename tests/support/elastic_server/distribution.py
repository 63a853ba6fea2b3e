"""The server's programs: unpacked once per checkout from the Maven artifact.

Java and Maven are installed with apt-get where they are missing and that is allowed.
"""

import fcntl
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.elastic_server.java import java_home
from tests.support.elastic_server.packages import install
from tests.support.elastic_server.server import ElasticUnavailable

VERSION_8: Final = "8.19.21"
JAVA_RELEASE_MIN: Final = 17
ARTIFACT: Final = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION_8}:zip"
ARTIFACT_FILE: Final = (
    f"org/elasticsearch/distribution/integ-test-zip/elasticsearch/{VERSION_8}"
    f"/elasticsearch-{VERSION_8}.zip"
)
MAVEN_TIMEOUT_S: Final = 900.0
OUTPUT_TAIL_LINES: Final = 12
CHECKOUT: Final = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """An unpacked server and the Java that runs it.

    Args:
        home: the server's directory and
        java_home: the Java's, both as seen from within *root*.
        root: the file system it runs in; other than ``/`` it is entered with chroot.
    """

    home: Path
    java_home: Path
    root: Path = Path("/")


def distribution_8() -> Distribution:
    """Return Elasticsearch 8.19, got from Maven and unpacked if nobody did so before.

    Raises:
        ElasticUnavailable: Java, Maven or the artifact cannot be had.
    """
    java = java_home(JAVA_RELEASE_MIN)
    if java is None:
        install("openjdk-17-jre-headless", alternative="default-jre-headless")
        java = java_home(JAVA_RELEASE_MIN)
    if java is None:
        raise ElasticUnavailable(
            f"private node: no Java {JAVA_RELEASE_MIN} or later here; install one, "
            "or set JAVA_HOME to where it is"
        )
    home = cache_directory() / f"elasticsearch-{VERSION_8}"
    if not home.exists():
        with _only_one(home.with_name(f"{home.name}.lock")):
            if not home.exists():
                _unpack(_artifact(), home)
    return Distribution(home=home, java_home=java)


def cache_directory() -> Path:
    """Return where downloads are kept: in the checkout, if the server's user can reach that."""
    wanted = CHECKOUT / ".run"
    if os.geteuid() == 0 and not _open_to_all(CHECKOUT):
        wanted = Path("/var/tmp/hoptrail-tests")
    wanted.mkdir(parents=True, exist_ok=True)
    return wanted


def _open_to_all(directory: Path) -> bool:
    return all(each.stat().st_mode & 0o001 for each in (directory, *directory.parents))


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    # Two workers of one run come here at the same moment.
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _artifact() -> Path:
    local = Path.home() / ".m2" / "repository" / ARTIFACT_FILE
    if local.exists():
        return local
    if shutil.which("mvn") is None:
        install("maven")
    command = ["mvn", "-q", "-B", "dependency:get", f"-Dartifact={ARTIFACT}", "-Dtransitive=false"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=MAVEN_TIMEOUT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise ElasticUnavailable(
            f"private node: Maven took more than {MAVEN_TIMEOUT_S:.0f} s; "
            f"run `{' '.join(command)}` yourself, then run this again"
        ) from error
    if done.returncode != 0 or not local.exists():
        tail = "\n".join(done.stdout.splitlines()[-OUTPUT_TAIL_LINES:])
        raise ElasticUnavailable(
            f"private node: `{' '.join(command)}` failed with {done.returncode}; make it pass "
            f"(a mirror belongs in ~/.m2/settings.xml), then run this again:\n{tail}"
        )
    return local


def _unpack(archive: Path, home: Path) -> None:
    """Unpack *archive*, whose only folder becomes *home*, which appears complete or not at all."""
    aside = home.with_name(f"{home.name}.unpacking")
    shutil.rmtree(aside, ignore_errors=True)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(aside)
    (top,) = aside.iterdir()
    for path in [top, *top.rglob("*")]:
        # The server's user reads and runs them, and writes nothing there.
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    top.rename(home)
    aside.rmdir()
