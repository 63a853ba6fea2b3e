"""Java for recordings: a Maven project, compiled once, with its dependencies beside it, and agents from Maven too."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from recordings.stage import APPLICATIONS, ScenarioFailed, Stage
from tests.support.packages import PackageMissing
from tests.support.packages import install as install_package

JDK: Final = "openjdk-17-jdk-headless"
JDK_ELSEWHERE: Final = "default-jdk-headless"
DEPENDENCY: Final = re.compile(
    r"<dependency>\s*<groupId>[^<]+</groupId>\s*<artifactId>([^<]+)</artifactId>"
)
MAVEN_QUIET: Final = ("-q", "-B", "--no-transfer-progress")


class Java(NamedTuple):
    """The compiled project."""

    classpath: str
    folder: Path

    def command(self, main: str, *arguments: str, options: tuple[str, ...] = ()) -> list[str]:
        """Return the command that runs the class *main*; *options* are the virtual machine's."""
        small = ("-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
        return ["java", *small, *options, "-cp", self.classpath, main, *arguments]


def install(stage: Stage, scripts: Path | None = None) -> Java:
    """Compile the Maven project in *scripts*, the recording's own folder unless given.

    Raises:
        ScenarioFailed: there is no JDK or Maven, or the project could not be built.
    """
    _need("javac", JDK, JDK_ELSEWHERE)
    _need("mvn", "maven")
    source = scripts or stage.scripts
    folder = stage.folder / f"java-{_digest(source)}"
    if not (folder / "installed").exists():
        shutil.rmtree(folder, ignore_errors=True)
        main = folder / "src" / "main"
        shutil.copytree(source / "src" / "main", main)
        (main / "java" / "recording").mkdir(parents=True)
        shutil.copy(APPLICATIONS / "Truth.java", main / "java" / "recording")
        shutil.copy(source / "pom.xml", folder)
        goals = ("compile", "dependency:copy-dependencies", "-DincludeScope=runtime")
        stage.install(["mvn", *MAVEN_QUIET, _repository(stage), *goals], cwd=folder)
        (folder / "installed").touch()
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True)
    stage.versions["java"] = told.stderr.split('"')[1]
    target = folder / "target"
    for name in DEPENDENCY.findall((source / "pom.xml").read_text()):
        for jar in (target / "dependency").glob(f"{name}-[0-9]*.jar"):
            stage.versions[name] = jar.stem.removeprefix(f"{name}-")
    return Java(f"{target / 'classes'}:{target / 'dependency'}/*", folder)


def agent(stage: Stage, artifact: str) -> Path:
    """Return the jar of *artifact*, ``group:name:version``, which becomes part of the versions.

    Raises:
        ScenarioFailed: it could not be had.
    """
    _, name, version = artifact.split(":")
    jar = stage.folder / f"{name}-{version}.jar"
    if not jar.exists():
        copy = ("dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={stage.folder}")
        stage.install(["mvn", *MAVEN_QUIET, _repository(stage), *copy])
    stage.versions[name] = version
    return jar


def _repository(stage: Stage) -> str:
    return f"-Dmaven.repo.local={stage.folder.parent / 'maven'}"


def _digest(source: Path) -> str:
    files = [source / "pom.xml", APPLICATIONS / "Truth.java"]
    files += sorted(path for path in (source / "src").rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def _need(program: str, package: str, alternative: str | None = None) -> None:
    if shutil.which(program) is None:
        try:
            install_package(package, alternative=alternative)
        except PackageMissing as missing:
            raise ScenarioFailed(str(missing)) from missing
