"""When the web UI counts as built, and when building it asks for Node.js."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from hatch_build import NODE, WebBuildHook
from scripts import web

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the sources of a UI, which is not built."""
    sources = tmp_path / "dashboards" / "web"
    (sources / "src").mkdir(parents=True)
    (sources / "package.json").write_text("{}")
    (sources / "src" / "main.tsx").write_text("1")
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "web.py", tmp_path / "scripts")
    return tmp_path


def put_build(root: Path, digest: str) -> Path:
    """Leave in *root* what a build of the sources with *digest* leaves; return where."""
    static = root / "api" / "static"
    static.mkdir(parents=True)
    (static / "index.html").write_text("<!doctype html>")
    (static / web.SOURCES_NAME).write_text(f"{digest}\n")
    return static


def hook(root: Path) -> WebBuildHook:
    """Return the build hook of the project in *root*."""
    nothing: Any = None
    return WebBuildHook(str(root), {}, nothing, nothing, str(root), "wheel")


def test_what_was_built_counts_until_a_source_changes(root: Path) -> None:
    """A build is good for sources of the same names and content, whatever their times, and for no others."""
    sources = root / "dashboards" / "web"
    static = put_build(root, web.sources_digest(sources))
    os.utime(sources / "src" / "main.tsx", (1, 1))
    (sources / "node_modules").mkdir()
    (sources / "node_modules" / "module.js").write_text("")
    (sources / ".cache").write_text("")
    assert web.is_built(static, sources)

    (sources / "src" / "more.tsx").write_text("")
    assert not web.is_built(static, sources)
    (sources / "src" / "more.tsx").unlink()
    assert web.is_built(static, sources)
    (sources / "src" / "main.tsx").write_text("2")
    assert not web.is_built(static, sources)


def test_a_build_counts_where_its_sources_are_not(root: Path) -> None:
    """Without sources, as in a package that somebody repacked, what is built is good; what is half there is not."""
    static = put_build(root, "anything")
    shutil.rmtree(root / "dashboards" / "web")
    assert web.is_built(static, root / "dashboards" / "web")

    (static / "index.html").unlink()
    assert not web.is_built(static, root / "dashboards" / "web")


def test_node_is_asked_for_only_to_build(root: Path) -> None:
    """Building a package needs Node.js where the UI has to be built, and nothing where it is there."""
    assert hook(root).dependencies() == [NODE]

    put_build(root, web.sources_digest(root / "dashboards" / "web"))
    assert hook(root).dependencies() == []


def test_types_that_are_not_those_of_the_api_fail_the_check(tmp_path: Path) -> None:
    """Types as the API makes them pass the check of the lint; with one field renamed in them it fails."""
    web.install()
    types = tmp_path / web.SCHEMA.name
    web.write_schema(types)
    web.check_schema(types)
    told = types.read_text()
    assert "published_at" in told

    types.write_text(told.replace("published_at", "sent_at", 1))
    with pytest.raises(web.WebFailed, match="not what the API says"):
        web.check_schema(types)
