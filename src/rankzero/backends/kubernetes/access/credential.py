"""What an exec plugin prints: an ExecCredential."""

from __future__ import annotations

from datetime import datetime, timezone

import msgspec

from rankzero.backends.kubernetes.access.proof import Proof


class Status(msgspec.Struct, rename="camel"):
    """Certificate and key are PEM, as they are."""

    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: datetime | None = None


class ExecCredential(msgspec.Struct, rename="camel"):
    api_version: str = ""
    status: Status | None = None


def read(printed: bytes, version: str) -> Proof:
    """Errors: ValueError, which says what was expected, and not what was found: that may be the
    secret."""
    try:
        found = msgspec.json.decode(printed, type=ExecCredential)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, msgspec.DecodeError) else "it is not text"
        raise ValueError(f"printed no ExecCredential: {why}") from None
    if found.api_version not in ("", version):
        raise ValueError(f"speaks {found.api_version[:80]}, and the kubeconfig says {version}")
    status = found.status
    if status is None or not (status.token or status.client_certificate_data):
        raise ValueError("printed an ExecCredential without token or certificate")
    if bool(status.client_certificate_data) != bool(status.client_key_data):
        raise ValueError("printed a certificate or a key without the other")
    return Proof(
        f"Bearer {status.token}" if status.token else "",
        status.client_certificate_data or "",
        status.client_key_data or "",
        _seconds(status.expiration_timestamp),
    )


def _seconds(when: datetime | None) -> float | None:
    if when is None:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp()
