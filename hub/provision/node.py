"""What one camera needs to join: `node.json` and the CA that it checks the broker against."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.errors import InputError

CA_FILE = "ca.der"
SSID_MAX = 32  # bytes, IEEE 802.11
PASSPHRASE = (8, 63)


@dataclass(frozen=True, slots=True)
class Wifi:
    ssid: str
    password: str = ""  # none for an open network


def node_files(credentials: Mapping[str, Any], wifi: Wifi, update_key: str) -> dict[str, bytes]:
    """The files of one camera, from what `presenza device add` gives out.

    Raises InputError for a network name or passphrase that Wi-Fi doesn't allow, and where the camera
    could not verify the broker.
    """
    _check_wifi(wifi)
    node = {name: credentials[name] for name in ("site", "device", "host", "port", "username", "password")}
    node |= {"wifi_ssid": wifi.ssid, "wifi_password": wifi.password}
    files = {"update.key": update_key.encode() + b"\n"}
    if credentials["tls"]:
        files[CA_FILE] = _der(credentials["ca"])
        node["ca_file"] = CA_FILE
    return {**files, "node.json": json.dumps(node, indent=1).encode()}


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
