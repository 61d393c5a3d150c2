"""The site's key for firmware updates.

RSA, because a camera can check it with hashlib.sha256 and seventeen multiplications: Ed25519 would
need SHA-512, which MicroPython lacks, and an HMAC would put the signing secret into every camera.
Limits: the key lies in the data folder, so who can read that can sign; a camera learns a new key only
by flashing; a downgrade is refused by its serial number, which the manifest carries.
"""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from broker.files import make_folder, write
from hub.errors import StoreCorrupt
from hub.settings import Settings

BITS = 3072
EXPONENT = 65537  # firmware/update.py knows no other


def key_file(settings: Settings) -> Path:
    return settings.secrets_dir / "firmware.key"


def load_key(settings: Settings) -> rsa.RSAPrivateKey:
    """The site's signing key; made when there is none yet."""
    path = key_file(settings)
    if not path.exists():
        make_folder(settings.secrets_dir, 0o700)
        write(path, _encoded(rsa.generate_private_key(EXPONENT, BITS)), 0o600)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise StoreCorrupt(f"{path} is no private key; restore it from a backup.") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise StoreCorrupt(f"{path} is no RSA key; restore it from a backup.")
    return key


def public_modulus(key: rsa.RSAPrivateKey) -> str:
    """What a camera keeps as `update.key`: the modulus in hex, all digits."""
    return f"{key.public_key().public_numbers().n:0{key.key_size // 4}x}"


def sign(key: rsa.RSAPrivateKey, manifest: str) -> str:
    """A manifest's signature in hex: PKCS#1 v1.5 with SHA-256 over the text's bytes."""
    return key.sign(manifest.encode(), padding.PKCS1v15(), hashes.SHA256()).hex()


def _encoded(key: rsa.RSAPrivateKey) -> bytes:
    plain = serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
