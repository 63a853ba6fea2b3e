"""The files of the web UI: which addresses they answer, how they are coded, and how long they are kept."""

import gzip
import re
from pathlib import Path

import pytest
from starlette.datastructures import Headers

from api.app import document_of
from api.pages import API, PLACES, Pages

ROUTER = Path(__file__).parents[2] / "dashboards" / "web" / "src" / "app" / "router.tsx"
PAGE = b"<!doctype html><title>hoptrail</title>"
SCRIPT = b"export const answer = 42;\n" * 100
SMALLER = b"as brotli writes it"
NAVIGATING = Headers({"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
GZIPPED = gzip.compress(SCRIPT, mtime=0)


@pytest.fixture
def pages(tmp_path: Path) -> Pages:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_bytes(PAGE)
    (tmp_path / "mark.svg").write_bytes(b"<svg/>")
    (tmp_path / ".sources").write_bytes(b"digest")
    script = tmp_path / "assets" / "main-abc.js"
    script.write_bytes(SCRIPT)
    script.with_name(script.name + ".gz").write_bytes(GZIPPED)
    script.with_name(script.name + ".br").write_bytes(SMALLER)
    return Pages(tmp_path)


def test_the_table_of_places_is_that_of_the_ui() -> None:
    """Every first segment that the UI's router knows is a place here, and there is no other."""
    routed = set(re.findall(r'\bpath: "([^"/$]+)', ROUTER.read_text()))

    assert routed == PLACES


def test_the_table_of_the_api_is_that_of_its_document() -> None:
    """Every first segment that the API's document knows, and the document's own, is the API's, and there is no other."""
    paths = document_of(secured=False)["paths"]

    assert {path.split("/")[1] for path in paths} | {"openapi.json"} == API


@pytest.mark.parametrize(
    "path", ["/", "/messages", "/messages/main-1", "/queues/%2F/a%2Fb", "/login", "/system/"]
)
def test_the_page_is_under_every_place(pages: Pages, path: str) -> None:
    """Under a place, at any depth, the page is answered, to be asked for again each time."""
    answer = pages.answer("GET", path, Headers())

    assert answer is not None
    assert (answer.status_code, answer.body) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["/nowhere", "/index.html", "/.sources", "/assets/main-abc.js.gz", "/api/v1/messages", "*"],
)
def test_nothing_else_is_answered(pages: Pages, path: str) -> None:
    """What is neither a place nor a file of the UI is left to others, the build's own files too."""
    assert pages.answer("GET", path, Headers()) is None


@pytest.mark.parametrize("path", ["/mesages", "/mesages/main-1", "/index.html", "/assets"])
def test_a_browser_is_shown_that_there_is_nothing(pages: Pages, path: str) -> None:
    """Who goes where nothing is gets the page with 404, even who has it; who asks for anything but a page does not."""
    page = pages.answer("GET", "/", Headers())
    assert page is not None
    tag = page.headers["etag"]
    answer = pages.answer("GET", path, Headers({**NAVIGATING, "if-none-match": tag}))

    assert answer is not None
    assert (answer.status_code, answer.body) == (404, PAGE)
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    assert pages.serves("GET", path, NAVIGATING)
    for method, accepted in [
        ("POST", NAVIGATING["accept"]),
        ("GET", "*/*"),
        ("GET", "text/html;q=0"),
    ]:
        assert pages.answer(method, path, Headers({"accept": accepted})) is None


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/openapi.json", "/healthz", "/metrics"])
def test_the_api_answers_a_browser_itself(pages: Pages, path: str) -> None:
    """What begins as an address of the API is left to it, for a browser too."""
    assert pages.answer("GET", path, NAVIGATING) is None
    assert not pages.serves("GET", path, NAVIGATING)


def test_a_file_named_for_its_content_is_kept_for_ever(pages: Pages) -> None:
    """A file under /assets/ may be kept without asking; another is asked for each time."""
    script = pages.answer("GET", "/assets/main-abc.js", Headers())
    mark = pages.answer("GET", "/mark.svg", Headers())

    assert script is not None
    assert mark is not None
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert mark.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("", None, SCRIPT),
        ("gzip, deflate, br", "br", SMALLER),
        ("gzip;q=1.0, br;q=0", "gzip", GZIPPED),
        ("deflate", None, SCRIPT),
    ],
    ids=["none", "the smallest", "all but one", "another"],
)
def test_a_file_comes_in_the_smallest_coding_accepted(
    pages: Pages, accepted: str, coding: str | None, body: bytes
) -> None:
    """The coding is one that the browser accepts, and caches are told that it depends on that."""
    answer = pages.answer("GET", "/assets/main-abc.js", Headers({"accept-encoding": accepted}))

    assert answer is not None
    assert answer.headers.get("content-encoding") == coding
    assert answer.body == body
    assert answer.headers["content-length"] == str(len(answer.body))
    assert answer.headers["vary"] == "Accept-Encoding"


def test_who_has_the_page_is_told_so(pages: Pages) -> None:
    """With the entity tag of the page, the answer is 304 without a body; with another, the page."""
    first = pages.answer("GET", "/", Headers())
    assert first is not None
    tag = first.headers["etag"]
    again = pages.answer("GET", "/messages", Headers({"if-none-match": f'W/"x", {tag}'}))
    other = pages.answer("GET", "/", Headers({"if-none-match": 'W/"x"'}))

    assert again is not None
    assert (again.status_code, again.body) == (304, b"")
    assert other is not None
    assert other.status_code == 200


def test_a_page_is_only_read(pages: Pages) -> None:
    """HEAD gives the headers of GET and no body; any other method is refused, with those that are offered."""
    head = pages.answer("HEAD", "/", Headers())
    post = pages.answer("POST", "/messages", Headers())

    assert head is not None
    assert (head.body, head.headers["content-length"]) == (b"", str(len(PAGE)))
    assert post is not None
    assert (post.status_code, post.headers["allow"]) == (405, "GET, HEAD")


def test_without_a_build_the_remedy_is_told(tmp_path: Path) -> None:
    """Where the UI was not built, its places answer in plain text how to build it."""
    answer = Pages(tmp_path).answer("GET", "/", Headers())

    assert answer is not None
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert b"make web" in answer.body
