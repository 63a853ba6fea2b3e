"""A small server that imports saved objects as Kibana's API is documented to. No real Kibana runs in the tests."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PATH = "/api/saved_objects/_import"


@dataclass
class Kibana:
    """What it was asked and what it holds. *status* other than 200 is answered to all; *refused* are ids it cannot take."""

    url: str = ""
    status: int = 200
    refused: frozenset[str] = frozenset()
    held: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    authorization: list[str] = field(default_factory=list)

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        """Return status and body of the answer to one import."""
        asked = urlsplit(path)
        self.authorization.append(headers.get("authorization", ""))
        if self.status != 200:
            return self.status, {"statusCode": self.status, "message": "Kibana says no"}
        if asked.path != PATH:
            return 404, {"statusCode": 404, "message": "Not Found"}
        if "kbn-xsrf" not in headers:
            return 400, {"statusCode": 400, "message": "Request must contain a kbn-xsrf header."}
        overwrite = parse_qs(asked.query).get("overwrite") == ["true"]
        return 200, self._imported(_file(headers, body), overwrite=overwrite)

    def _imported(self, lines: list[str], *, overwrite: bool) -> dict[str, Any]:
        errors: list[dict[str, Any]] = []
        for line in lines:
            told = json.loads(line)
            key = told["type"], told["id"]
            if told["id"] in self.refused:
                errors.append(_error(told, "unsupported_type"))
            elif key in self.held and not overwrite:
                errors.append(_error(told, "conflict"))
            else:
                self.held[key] = told
        answer = {"success": not errors, "successCount": len(lines) - len(errors)}
        return answer | ({"errors": errors} if errors else {})


def _error(told: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": told["id"], "type": told["type"], "error": {"type": kind}}


def _file(headers: dict[str, str], body: bytes) -> list[str]:
    """Return the lines of the one file of a form."""
    whole = f"content-type: {headers['content-type']}\r\n\r\n".encode() + body
    parts: Any = message_from_bytes(whole).get_payload()
    (part,) = parts
    assert part.get_param("name", header="content-disposition") == "file"
    assert str(part.get_filename()).endswith(".ndjson")
    return part.get_payload(decode=True).decode().splitlines()


@contextmanager
def open_kibana() -> Iterator[Kibana]:
    """Yield a server at a free port of this machine."""
    kibana = Kibana()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, told = kibana.take(self.path, headers, body)
            packed = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    kibana.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield kibana
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
