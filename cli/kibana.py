"""Hand Kibana its saved objects, by the import API that its own page uses."""

import ssl
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2

from cli.exits import Exit, Stop
from cli.settings import Settings
from cli.urls import redacted_url

TIMEOUT_S = 60.0
TOLD_MAX = 5
PATH = "/api/saved_objects/_import"


def import_objects(settings: Settings, objects: bytes) -> int:
    """Import *objects* (NDJSON) into the Kibana of the settings, over those of the same ids; return how many it took.

    Raises:
        Stop: it cannot be reached, refuses, or did not take all of them.
    """
    url = urlsplit(settings.kibana_url or "")
    base = url._replace(netloc=url.netloc.rpartition("@")[2]).geturl().rstrip("/")
    shown = redacted_url(base)
    try:
        with httpx2.Client(
            timeout=TIMEOUT_S, verify=_trust(settings), trust_env=False, headers=_headers(settings),
            auth=_user(settings),
        ) as client:  # fmt: skip
            answer = client.post(
                f"{base}{PATH}",
                params={"overwrite": "true"},
                files={"file": ("hoptrail.ndjson", objects, "application/x-ndjson")},
            )
    except httpx2.HTTPError as error:
        raise Stop(Exit.UNAVAILABLE, f"Kibana at {shown} cannot be reached: {error}") from error
    return _taken(shown, answer)


def _trust(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.store_ca_file:
        context.load_verify_locations(settings.store_ca_file)
    return context


def _headers(settings: Settings) -> dict[str, str]:
    headers = {"kbn-xsrf": "hoptrail"}
    if _user(settings) is None and settings.store_api_key:
        headers["authorization"] = f"ApiKey {settings.store_api_key}"
    return headers


def _user(settings: Settings) -> tuple[str, str] | None:
    """Return the user of the Kibana URL, else that of the store; Kibana has the same users."""
    for url in (urlsplit(settings.kibana_url or ""), urlsplit(settings.store)):
        if url.username is not None:
            return unquote(url.username), unquote(url.password or "")
        if settings.store_api_key:
            return None
    return None


def _taken(shown: str, answer: httpx2.Response) -> int:
    """Return how many objects Kibana took; its status alone does not tell."""
    if answer.status_code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
        raise Stop(
            Exit.UNAVAILABLE,
            f"Kibana at {shown} refuses this user ({answer.status_code}): put one that may manage saved objects "
            "into HOPTRAIL_KIBANA_URL, as https://user:password@host:5601",
        )
    try:
        told: dict[str, Any] = answer.json()
    except ValueError:
        told = {}
    if answer.status_code != httpx2.codes.OK or "success" not in told:
        why = told.get("message") or answer.reason_phrase
        raise Stop(
            Exit.UNAVAILABLE,
            f"Kibana at {shown} took nothing: {answer.status_code} {why}; is HOPTRAIL_KIBANA_URL that of a Kibana "
            "that is ready?",
        )
    if not told["success"]:
        errors = told.get("errors", [])
        lines = [_complaint(each) for each in errors[:TOLD_MAX]]
        raise Stop(
            Exit.FAILED,
            "\n".join([f"Kibana at {shown} did not take {len(errors)} objects:", *lines]),
        )
    return int(told.get("successCount", 0))


def _complaint(error: dict[str, Any]) -> str:
    why = error.get("error", {})
    return f"  {error.get('type')} {error.get('id')}: {why.get('type')} {why.get('message', '')}".rstrip()
