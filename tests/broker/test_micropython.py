"""The camera's own interpreter (MicroPython with mbedTLS) against the broker's certificates."""

import os
import shutil
import ssl
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker import certificates, tls
from tests.integration.brokers import Site

MICROPYTHON = shutil.which("micropython", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
pytestmark = pytest.mark.skipif(MICROPYTHON is None, reason="the MicroPython of the extra `dev` is not installed")

CONNECT = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.verify_mode = ssl.CERT_REQUIRED
with open(sys.argv[1], "rb") as file:
    context.load_verify_locations(cadata=file.read())
raw = socket.socket()
raw.connect(socket.getaddrinfo("127.0.0.1", int(sys.argv[2]))[0][-1])
secured = context.wrap_socket(raw, server_hostname=sys.argv[3])
user, password = sys.argv[4].encode(), sys.argv[5].encode()
def text(b):
    return bytes([0, len(b)]) + b
body = text(b"MQTT") + bytes([4, 0xC2, 0, 60]) + text(user) + text(user) + text(password)
secured.write(bytes([0x10, len(body)]) + body)
print("connack", secured.read(4)[3])
"""


def connect(site: Site, ca: Path, name: str = "127.0.0.1") -> subprocess.CompletedProcess[str]:
    credentials = site.add_camera("cam-a")
    arguments = [str(ca), str(credentials["port"]), name, "cam-a", credentials["password"]]
    script = ca.with_name("connect.py")
    script.write_text(CONNECT)
    assert MICROPYTHON is not None
    argv = [MICROPYTHON, str(script), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def ca_file(folder: Path, pem: str) -> Path:
    """The CA as the camera keeps it: MicroPython's mbedTLS reads DER, not PEM."""
    path = folder / "ca.der"
    path.write_bytes(ssl.PEM_cert_to_DER_cert(pem))
    return path


def test_a_camera_believes_the_brokers_certificate_by_address(broker_site, tmp_path):
    answer = connect(broker_site, ca_file(tmp_path, tls.ca_text(broker_site.settings) or ""))
    assert answer.stdout == "connack 0\n"


def test_a_camera_does_not_believe_another_ca(broker_site, tmp_path):
    stranger = certificates.make_ca("main", datetime.now(UTC))
    answer = connect(broker_site, ca_file(tmp_path, stranger.certificate.decode()))
    assert "not correctly signed by the trusted CA" in answer.stdout


def test_a_camera_does_not_believe_another_name(broker_site, tmp_path):
    ca = ca_file(tmp_path, tls.ca_text(broker_site.settings) or "")
    assert "does not match with the expected CN" in connect(broker_site, ca, name="broker.example").stdout
