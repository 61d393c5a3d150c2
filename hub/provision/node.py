"""What one camera needs to join: `node.json` and the CA that it checks the broker against."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from hub.errors import InputError

CA_FILE = "ca.der"
CERTIFICATE_FILE = "camera.der"
KEY_FILE = "camera.key.der"
NODE = ("site", "device", "host", "port", "username", "password", "claim")
SSID_MAX = 32  # bytes, IEEE 802.11
PASSPHRASE = (8, 63)


@dataclass(frozen=True, slots=True)
class Wifi:
    ssid: str
    password: str = ""  # none for an open network


def node_files(credentials: Mapping[str, Any], wifi: Wifi, update_key: str) -> dict[str, bytes]:
    """The files of one camera, from what `presenza device add` gives out.

    Without `device` it is a camera that claims its identity, with the code under `claim` or one that is typed.
    Raises InputError for a network name or passphrase that Wi-Fi doesn't allow, and where the camera
    could not verify the broker.
    """
    _check_wifi(wifi)
    node = {name: credentials[name] for name in NODE if credentials.get(name) is not None}
    node |= {"wifi_ssid": wifi.ssid, "wifi_password": wifi.password}
    files = {"update.key": update_key.encode() + b"\n"}
    if credentials["tls"]:
        files[CA_FILE] = _der(credentials["ca"])
        node["ca_file"] = CA_FILE
    if "certificate" in credentials:
        files |= _certificate(credentials)
        del node["username"]  # the certificate says who it is
        node |= {"certificate_file": CERTIFICATE_FILE, "key_file": KEY_FILE}
        certificate = x509.load_pem_x509_certificate(credentials["certificate"].encode())
        node["certificate_ends_s"] = int(certificate.not_valid_after_utc.timestamp())
    return {**files, "node.json": json.dumps(node, indent=1).encode()}


def _certificate(credentials: Mapping[str, Any]) -> dict[str, bytes]:
    """The camera's own certificate and key: MicroPython's mbedTLS reads DER, not PEM."""
    key = serialization.load_pem_private_key(credentials["key"].encode(), None)
    form = (serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {CERTIFICATE_FILE: _der(credentials["certificate"]), KEY_FILE: key.private_bytes(*form)}


def _check_wifi(wifi: Wifi) -> None:
    if not 0 < len(wifi.ssid.encode()) <= SSID_MAX:
        raise InputError("ssid", f"The Wi-Fi's name must have 1 to {SSID_MAX} bytes.")
    low, high = PASSPHRASE
    if wifi.password and not low <= len(wifi.password) <= high:
        raise InputError("passphrase", f"A Wi-Fi passphrase has {low} to {high} characters.")


def _der(pem: str | None) -> bytes:
    if pem is None:
        raise InputError("ca", "The broker's certificate is of a public CA; name the CA's file with --ca.")
    try:
        return ssl.PEM_cert_to_DER_cert(pem.strip())
    except ValueError:
        raise InputError("ca", "The CA is no PEM certificate.") from None
