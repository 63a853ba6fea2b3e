"""Import definitions into a broker: ``python -m examples.demo_broker --url http://rabbitmq:15672 definitions.json``.

A password in the file is the name of an environment variable, written ``${NAME}``, so that the file holds no secret and
an empty password is refused. What is there already is brought into line, so that it can be run again and again.
The administrator is ``RABBITMQ_ADMIN_USER`` with ``RABBITMQ_ADMIN_PASSWORD``.

Exit codes: 0 done, 1 the broker refuses or cannot be reached, 2 usage.
"""

import argparse
import base64
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

FAILED, USAGE = 1, 2
TIMEOUT_S: Final = 30.0
WAIT_S_MAX: Final = 60.0
"""A broker that runs may open the port of its management API a little later."""

POLL_S: Final = 1.0
VARIABLE: Final = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class VariableMissing(Exception):
    """A password is not given, or stands in the file itself."""


def completed(definitions: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Return *definitions* with each user's password, which names a variable, taken from *environment*.

    Raises:
        VariableMissing: a variable is not set or empty, or the password names none.
    """
    users = [
        {**user, "password": _value(str(user["password"]), environment)}
        for user in definitions["users"]
    ]
    return {**definitions, "users": users}


def _value(reference: str, environment: Mapping[str, str]) -> str:
    named = VARIABLE.fullmatch(reference)
    if named is None:
        raise VariableMissing("a password in the file must be the name of a variable: ${NAME}")
    if not environment.get(named[1]):
        raise VariableMissing(f"{named[1]} is not set: it is the password of a user")
    return environment[named[1]]


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.demo_broker",
        description="Import vhosts, users and rights into a broker.",
    )
    parser.add_argument("--url", required=True, help="its management API, without credentials")
    parser.add_argument(
        "--wait", type=float, default=WAIT_S_MAX, help="seconds in which it must answer (60)"
    )
    parser.add_argument("definitions", type=Path, help="a JSON file")
    given = parser.parse_args()
    try:
        definitions = completed(json.loads(given.definitions.read_text()), os.environ)
        credentials = ":".join(
            _value(f"${{RABBITMQ_ADMIN_{part}}}", os.environ) for part in ("USER", "PASSWORD")
        )
        url = f"{given.url.rstrip('/')}/api/definitions"
        _post(url, definitions, credentials, wait_s=given.wait)
    except VariableMissing as error:
        print(f"demo broker: {error}", file=sys.stderr)
        return USAGE
    except urllib.error.HTTPError as error:
        print(f"demo broker: {error.code} {error.read().decode(errors='replace')}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"demo broker: {given.url}: {error}", file=sys.stderr)
        return FAILED
    print("vhosts, users and rights are as", given.definitions.name, "says")
    return 0


def _post(url: str, definitions: dict[str, Any], credentials: str, *, wait_s: float) -> None:
    """Post *definitions*; a broker that does not answer is asked again for *wait_s*."""
    token = base64.b64encode(credentials.encode()).decode("ascii")
    request = urllib.request.Request(
        url,
        data=json.dumps(definitions).encode(),
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
    )
    deadline = time.monotonic() + wait_s
    while True:
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S):
                return
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(POLL_S)


if __name__ == "__main__":
    sys.exit(main())
