"""Certificates for tests of TLS, made on the spot: two authorities that know nothing of each other, and what they signed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import trustme

HOSTS: Final = ("127.0.0.1", "localhost")
CLIENT: Final = "tap-by-certificate"
"""Common name of the clients' certificates."""
PERSON: Final = "tap@hoptrail.example"
OTHER_NAME: Final = "broker.example"


class Certificates:
    """PEM files in *directory*, each as a path in text.

    `ca` signed everything but `stranger` and `stranger_key`, a client's certificate and key which `other_ca` signed.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        ours, other = trustme.CA(organization_name="ours"), trustme.CA(organization_name="other")
        self.ca, self.other_ca = self._ca("ca", ours), self._ca("other-ca", other)
        now = datetime.now(UTC)
        day = timedelta(days=1)
        self.server, self.server_key = self._leaf("server", ours.issue_cert(*HOSTS))
        self.renamed, self.renamed_key = self._leaf("renamed", ours.issue_cert(OTHER_NAME))
        self.expired, self.expired_key = self._leaf(
            "expired", ours.issue_cert(*HOSTS, not_before=now - 2 * day, not_after=now - day)
        )
        self.client, self.client_key = self._leaf(
            "client", ours.issue_cert(PERSON, common_name=CLIENT)
        )
        self.stranger, self.stranger_key = self._leaf(
            "stranger", other.issue_cert(PERSON, common_name=CLIENT)
        )

    def _ca(self, name: str, authority: trustme.CA) -> str:
        file = self._directory / f"{name}.pem"
        authority.cert_pem.write_to_path(file)
        return str(file)

    def _leaf(self, name: str, issued: trustme.LeafCert) -> tuple[str, str]:
        certificate, key = self._directory / f"{name}.pem", self._directory / f"{name}.key"
        certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        return str(certificate), str(key)
