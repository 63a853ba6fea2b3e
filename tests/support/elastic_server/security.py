"""Security of a test server: users and roles in files, and a certificate made on the spot.

The server reads its files again when they change, so roles and users can be added while it runs.
Neither needs the server's own index for them, which the smallest distribution cannot make.
"""

import base64
import hashlib
import json
import secrets
import ssl
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

import trustme

from tests.support.elastic_server.options import Setting
from tests.support.wait import wait_until

ADMIN: Final = "admin"
ADMIN_ROLE: Final = "superuser"
HASH_ROUNDS: Final = 1_000
RELOAD_INTERVAL: Final = "200ms"
RELOAD_TIMEOUT_S: Final = 30.0
NAMES: Final = ("127.0.0.1", "localhost")


class Security:
    """The files in a server's configuration directory that say who may do what.

    Args:
        directory: the server's ``config``.
        tls: whether its HTTP port speaks TLS.
    """

    def __init__(self, directory: Path, *, tls: bool) -> None:
        self._directory = directory
        self._writes_total = 0
        self._users: dict[str, tuple[str, Sequence[str]]] = {}
        self._roles: dict[str, Mapping[str, Any]] = {}
        self.admin_password = secrets.token_urlsafe(12)
        self.ca_file: Path | None = None
        self.fingerprint: str | None = None
        self.put_user(ADMIN, self.admin_password, [ADMIN_ROLE])
        if tls:
            self._make_certificate()

    def settings(self) -> dict[str, Setting]:
        """Return the lines of ``elasticsearch.yml``; paths are below the configuration."""
        settings: dict[str, Setting] = {
            "xpack.security.enabled": True,
            "xpack.security.autoconfiguration.enabled": False,
            "xpack.security.enrollment.enabled": False,
            "resource.reload.interval.high": RELOAD_INTERVAL,
        }
        if self.ca_file is not None:
            settings |= {
                "xpack.security.http.ssl.enabled": True,
                "xpack.security.http.ssl.key": "server.key",
                "xpack.security.http.ssl.certificate": "server.pem",
            }
        return settings

    def put_role(self, name: str, descriptor: Mapping[str, Any]) -> None:
        """Write the role *name*; *descriptor* is as in ``PUT /_security/role``."""
        self._roles[name] = descriptor
        lines = [f"{name}: {json.dumps(role)}\n" for name, role in self._roles.items()]
        self._write("roles.yml", lines)

    def put_user(self, name: str, password: str, roles: Sequence[str]) -> None:
        """Write the user *name*."""
        self._users[name] = (_hash(password), tuple(roles))
        held = sorted({role for _, roles in self._users.values() for role in roles})
        # The roles first: a user that is known has them.
        self._write(
            "users_roles",
            [
                f"{role}:{','.join(user for user, (_, has) in self._users.items() if role in has)}\n"
                for role in held
            ],
        )
        self._write("users", [f"{user}:{hashed}\n" for user, (hashed, _) in self._users.items()])

    def index_names(self, roles: Sequence[str]) -> set[str]:
        """Return every index name and pattern that *roles* of ours grant something on."""
        return {
            name
            for role in roles
            for grant in self._roles.get(role, {}).get("indices", ())
            for name in grant["names"]
        }

    def _make_certificate(self) -> None:
        authority = trustme.CA(organization_name="hoptrail tests")
        certificate = authority.issue_cert(*NAMES)
        certificate.private_key_pem.write_to_path(self._directory / "server.key")
        chain = b"".join(each.bytes() for each in certificate.cert_chain_pems)
        (self._directory / "server.pem").write_bytes(chain)
        self.ca_file = self._directory / "ca.pem"
        authority.cert_pem.write_to_path(self.ca_file)
        encoded = ssl.PEM_cert_to_DER_cert(certificate.cert_chain_pems[0].bytes().decode("ascii"))
        self.fingerprint = hashlib.sha256(encoded).hexdigest()

    def _write(self, name: str, lines: Sequence[str]) -> None:
        # The server compares length and time, and two writes can fall into one tick of the clock.
        self._writes_total += 1
        length = "#" * self._writes_total
        # In place: the file keeps its owner, and a container that has it mounted sees the change.
        (self._directory / name).write_text("".join([*lines, f"{length}\n"]))


class Users:
    """Adds users and roles to a running server.

    Args:
        security: where they are written.
        ask: returns the answer to ``GET path`` by user and password.
        call: returns the answer to the administrator's request of a method and a path.
    """

    def __init__(
        self,
        security: Security,
        ask: Callable[[str, str, str], Any],
        call: Callable[[str, str], Any],
    ) -> None:
        self._security = security
        self._ask = ask
        self._call = call

    def add_role(self, name: str, descriptor: Mapping[str, Any]) -> None:
        """Add or replace a role; it holds for users added afterwards.

        *descriptor* is as in ``PUT /_security/role``:
        ``{"cluster": ["monitor"], "indices": [{"names": ["a-*"], "privileges": ["read"]}]}``.
        """
        self._security.put_role(name, descriptor)

    def add_user(self, name: str, password: str, roles: Sequence[str]) -> None:
        """Add or replace a user, and return when the server knows the user and what it may do."""
        self._security.put_user(name, password, roles)
        wait_until(lambda: self._is_known(name, password, roles), timeout_s=RELOAD_TIMEOUT_S)

    def _is_known(self, name: str, password: str, roles: Sequence[str]) -> bool:
        try:
            user = self._ask(name, password, "/_security/_authenticate")
            granted = self._ask(name, password, "/_security/user/_privileges")
        except HTTPError as error:
            error.close()
            return False
        names = {name for grant in granted["indices"] for name in grant["names"]}
        if set(roles) <= set(user["roles"]) and self._security.index_names(roles) <= names:
            return True
        # A role asked for before its file was read is remembered as missing.
        self._call("POST", f"/_security/role/{','.join(roles)}/_clear_cache")
        return False


def _hash(password: str) -> str:
    salt = secrets.token_bytes(32)
    hashed = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, HASH_ROUNDS, 32)
    parts = (base64.b64encode(part).decode("ascii") for part in (salt, hashed))
    return f"{{PBKDF2}}{HASH_ROUNDS}${'$'.join(parts)}"
