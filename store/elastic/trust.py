"""Whether a server is the one that is meant: its certificate, and what to do when it is not trusted."""

import ssl
from collections.abc import Iterator

from aiohttp import ServerDisconnectedError, ServerFingerprintMismatch

from store.errors import LogRefused

PLAIN = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""What OpenSSL says of a server that answers without TLS."""


def context(ca_file: str | None) -> ssl.SSLContext:
    """Return what trusts the authorities in the PEM file *ca_file* alone; without one, those of the system.

    Raises:
        LogRefused: the file cannot be read, or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise LogRefused(
            f"HOPTRAIL_STORE_CA_FILE: {ca_file} holds no certificate as PEM"
        ) from error
    except OSError as error:
        raise LogRefused(f"HOPTRAIL_STORE_CA_FILE: {ca_file}: {error.strerror}") from error


def why_not(error: Exception) -> str | None:
    """Return why a server is not trusted and what helps; None when *error* is another, which may pass."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ServerFingerprintMismatch):
            return (
                f"its certificate has the SHA-256 {cause.got.hex()}, not the one in HOPTRAIL_STORE_FINGERPRINT: "
                "it was renewed, or this is not the server that is meant"
            )
        if isinstance(cause, ssl.SSLError) and getattr(cause, "reason", "") in PLAIN:
            return "it speaks no TLS: write HOPTRAIL_STORE with http://"
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError) and hasattr(cause, "verify_message"):
            return (
                f"its certificate is not trusted ({cause.verify_message}): set HOPTRAIL_STORE_CA_FILE to the PEM file "
                "of its authority, or HOPTRAIL_STORE_FINGERPRINT to its SHA-256"
            )
    return None


def hung_up(error: Exception) -> bool:
    """Return whether the server closed the connection without an answer."""
    return any(isinstance(cause, ServerDisconnectedError) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield *error* and everything that led to it."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        further = (
            cause.__cause__,
            cause.__context__,
            getattr(cause, "os_error", None),
            getattr(cause, "certificate_error", None),
            *getattr(cause, "errors", ()),
        )
        waiting += [each for each in further if isinstance(each, BaseException)]
