"""Packages of Debian or Ubuntu, for frameworks that are not to be had otherwise without further tools."""

import subprocess
from typing import Final

from recordings.stage import ScenarioFailed, Stage
from tests.support.packages import PackageMissing
from tests.support.packages import install as install_package

VERSION: Final = ("dpkg-query", "--show", "--showformat", "${Version}")


def need(stage: Stage, *packages: str) -> None:
    """Install those of *packages* that are missing; their versions become part of those that took part.

    Raises:
        ScenarioFailed: one could not be installed.
    """
    for package in packages:
        if _version(package) is None:
            try:
                install_package(package)
            except PackageMissing as missing:
                raise ScenarioFailed(str(missing)) from missing
        stage.versions[package] = _version(package) or "unknown"


def _version(package: str) -> str | None:
    told = subprocess.run([*VERSION, package], capture_output=True, text=True, check=False)
    return told.stdout or None
