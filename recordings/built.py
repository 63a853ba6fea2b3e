"""Compiled programs for recordings: built once in a folder of their own, and again when their sources change."""

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from recordings.stage import ScenarioFailed, Stage
from tests.support.packages import PackageMissing
from tests.support.packages import install as install_package


def build(stage: Stage, command: Sequence[str], *, package: str, makes: str) -> Path:
    """Return the program *makes* that *command* builds from the recording's sources.

    The package *package* of Debian has the compiler, where there is none.

    Raises:
        ScenarioFailed: there is no compiler, or it failed.
    """
    if shutil.which(command[0]) is None:
        try:
            install_package(package)
        except PackageMissing as missing:
            raise ScenarioFailed(str(missing)) from missing
    sources = sorted(
        path
        for path in stage.scripts.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    )
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
    folder = stage.folder / f"built-{digest}"
    if not (folder / makes).exists():
        for source in sources:
            target = folder / source.relative_to(stage.scripts)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        stage.install(command, cwd=folder)
    return folder / makes
