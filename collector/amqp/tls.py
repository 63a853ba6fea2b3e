"""TLS to a broker: what is trusted, what we show of ourselves, and why it did not work, in words.

The certificate of the server is always checked, and so is the name in it; no setting switches that off. The files are read
anew for every connection, so that a renewed certificate counts without a restart.
"""

import ssl
from contextlib import suppress
from pathlib import Path

from collector.amqp.errors import AmqpRefused
from collector.amqp.url import AMQP_CA_SETTING, TlsFiles

_why_by_code = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is signed by itself and not in {ca}",
    19: "the authority that signed its certificate is not in {ca}",
    20: "the authority that signed its certificate is not in {ca}",
    21: "the authority that signed its certificate is not in {ca}",
}
"""Reasons of a refused certificate by OpenSSL's number."""
_names_differ = frozenset({62, 64})
_client_certificate_alerts = frozenset(
    {
        "TLSV13_ALERT_CERTIFICATE_REQUIRED",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE",
        "TLSV1_ALERT_ACCESS_DENIED",
        "TLSV1_ALERT_DECRYPT_ERROR",
        "TLSV1_ALERT_UNKNOWN_CA",
    }
)
"""Alerts by which a server says that it will not have the client's certificate."""


def context_of(files: TlsFiles) -> ssl.SSLContext:
    """Return the context for a client that trusts and shows what *files* hold; TLS 1.2 at least.

    Raises:
        AmqpRefused: a file cannot be read, holds no certificate or key, or certificate and key do not match.
    """
    if (files.cert_file is None) != (files.key_file is None):
        missing = "HOPTRAIL_AMQP_KEY_FILE" if files.key_file is None else "HOPTRAIL_AMQP_CERT_FILE"
        raise AmqpRefused(
            f"{missing} is missing: a client certificate needs its key, and a key its certificate"
        )
    for setting, name in (
        (files.ca_setting, files.ca_file),
        ("HOPTRAIL_AMQP_CERT_FILE", files.cert_file),
        ("HOPTRAIL_AMQP_KEY_FILE", files.key_file),
    ):
        _require_readable(setting, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # checks certificate and name by itself
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _trust(context, files)
    _show(context, files.cert_file, files.key_file)
    return context


def _require_readable(setting: str, name: str | None) -> None:
    if name is None:
        return
    try:
        Path(name).read_bytes()
    except OSError as error:
        raise AmqpRefused(f"{setting}: {name} cannot be read: {error.strerror}") from error


def _trust(context: ssl.SSLContext, files: TlsFiles) -> None:
    if files.ca_file is None:
        context.load_default_certs()
        return
    with suppress(ssl.SSLError):
        context.load_verify_locations(files.ca_file)
    if not context.cert_store_stats()["x509"]:
        raise AmqpRefused(f"{files.ca_setting}: {files.ca_file} holds no certificate in PEM form")


def _show(context: ssl.SSLContext, cert_file: str | None, key_file: str | None) -> None:
    if cert_file is None:
        return
    try:
        # An encrypted key would otherwise be asked for on the terminal.
        context.load_cert_chain(cert_file, key_file, password=_no_password)
    except _KeyEncrypted as error:
        raise AmqpRefused(
            f"HOPTRAIL_AMQP_KEY_FILE: {key_file} is encrypted; write the key without a password, readable by us alone"
        ) from error
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise AmqpRefused(
                f"HOPTRAIL_AMQP_KEY_FILE: {key_file} is not the key of the certificate in {cert_file}"
            ) from error
        raise AmqpRefused(
            f"HOPTRAIL_AMQP_CERT_FILE and HOPTRAIL_AMQP_KEY_FILE: {cert_file} and {key_file} do not hold a certificate and "
            f"its key in PEM form ({error.reason or error})"
        ) from error


class _KeyEncrypted(Exception):
    """The key file asks for a password."""


def _no_password() -> str:
    raise _KeyEncrypted


def refusal(error: BaseException, server: str, host: str, files: TlsFiles) -> str | None:
    """Return why TLS with *server* can never work as set, for a person; None where trying again may help.

    *error* is what the handshake or the first read raised, *host* the one that was asked.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        if error.verify_code in _names_differ:
            return _other_name(server, host, files)
        why = _why_by_code.get(error.verify_code, error.verify_message.rstrip("."))
        trusted = (
            files.ca_setting if files.ca_file else f"the system's list; set {files.ca_setting}"
        )
        return f"{server} is not trusted: {why.format(ca=trusted)}"
    if not isinstance(error, ssl.SSLError):
        return None
    if error.reason in _client_certificate_alerts:
        wanted = (
            "asks for a client certificate"
            if files.cert_file is None
            else "refuses our client certificate"
        )
        return (
            f"{server} {wanted} ({error.reason}); HOPTRAIL_AMQP_CERT_FILE and HOPTRAIL_AMQP_KEY_FILE must hold one for "
            "clients, not expired, of an authority that it trusts"
        )
    if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST"}:
        return f"{server} does not speak TLS on this port; use its TLS port, or the URL of the plain one"
    if error.reason in {"TLSV1_ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL"}:
        return f"{server} speaks no TLS 1.2 or newer"
    return None


def _other_name(server: str, host: str, files: TlsFiles) -> str:
    told = f"{server} shows a certificate that is not for {files.server_name or host}"
    if files.ca_setting != AMQP_CA_SETTING:
        return f"{told}; name it in the URL as its certificate does"
    return f"{told}; name it in the URL as its certificate does, or set HOPTRAIL_AMQP_SERVER_NAME to the name it bears"
