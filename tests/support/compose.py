"""docker-compose.yml as a real parser of such files understands it, with passwords that are easy to find again.

The parser is ``docker compose`` or ``docker-compose`` where there is one; none of them needs an engine for that. Else it is
podman-compose, which the development dependencies bring, and which is told a podman that does nothing but say its version.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
COMPOSE_FILE: Final = ROOT / "docker-compose.yml"
EXAMPLE: Final = ROOT / ".env.example"
PARSE_S_MAX: Final = 60
VARIABLE: Final = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<rest>[^}]*)\}")
"""A variable of the file: its name, and what stands before the closing brace, such as ``:?why`` or ``:-default``."""


def variables(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and rest of every variable in *text*; ``$$`` is a dollar sign and no variable."""
    for found in VARIABLE.finditer(text.replace("$$", "")):
        yield found["name"], found["rest"]


def required() -> list[str]:
    """Return the variables without which the file is refused."""
    found = variables(COMPOSE_FILE.read_text())
    return sorted({name for name, rest in found if rest.startswith(":?")})


def secrets() -> dict[str, str]:
    """Return a value for every required variable, each its own."""
    return {name: f"secret{number:04}of{'x' * 20}" for number, name in enumerate(required())}


def parse(
    directory: Path, environment: Mapping[str, str], *, file: Path = COMPOSE_FILE
) -> subprocess.CompletedProcess[str]:
    """Return how the parser ended on *file* with nothing but *environment*; its YAML is on stdout."""
    command = [*_parser(directory), "-f", str(file), "config"]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        command,
        env={**kept, **environment},
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=PARSE_S_MAX,
        check=False,
    )


def _parser(directory: Path) -> list[str]:
    found = _docker_parser()
    if found:
        return [*found, "--project-directory", str(ROOT)]
    podman = directory / "podman"
    podman.write_text("#!/bin/sh\necho podman version 5.0.0\n")
    podman.chmod(0o755)
    return [sys.executable, "-m", "podman_compose", "--podman-path", str(podman)]


@cache
def _docker_parser() -> tuple[str, ...]:
    for command in (("docker", "compose"), ("docker-compose",)):
        try:
            done = subprocess.run(
                [*command, "version"], capture_output=True, timeout=PARSE_S_MAX, check=False
            )
        except OSError:
            continue
        if done.returncode == 0:
            return command
    return ()


def resolved(directory: Path) -> dict[str, Any]:
    """Return the file with all its variables filled in.

    Raises:
        AssertionError: the parser refuses it.
    """
    done = parse(directory, secrets())
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def words(command: object) -> list[str]:
    """Return a command, entry point or test as the list of its words."""
    match command:
        case None:
            return []
        case str():
            return shlex.split(command)
        case [*items]:
            return [str(item) for item in items]
        case _:
            raise TypeError(f"no command: {command!r}")


def environment_of(service: Mapping[str, Any]) -> dict[str, str]:
    """Return a service's environment; a parser may write it as a list."""
    match service.get("environment") or {}:
        case [*items]:
            pairs = (str(item).partition("=") for item in items)
            return {name: value for name, _, value in pairs}
        case given:
            return {name: str(value) for name, value in given.items()}
