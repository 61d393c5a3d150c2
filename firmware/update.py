"""Application updates: a signed manifest, files checked one by one, into the folder that doesn't run.

An update comes as commands with op `update`, each answered, so the sender knows what has arrived:

    {"step": "begin", "manifest": TEXT, "signature": HEX}   -> {"need": [names]}
    {"step": "file", "name": NAME, "data": BASE64}          -> {"need": [names that are left]}
    {"step": "finish"}                                      -> {"restart": true}

The manifest is JSON text: {"version", "serial", "files": {name: [size, sha256]}}. Its signature is RSA
PKCS#1 v1.5 with SHA-256 under the site's key, of which the camera holds the public half only: a stolen camera
can't sign for the others. Serial numbers only rise, so an old version with known faults can't be played back.
"""

import hashlib
import json
import os
from binascii import a2b_base64, hexlify, unhexlify

import slots
from log import log

_KEY_FILE = "update.key"  # the modulus of the public key, hex
_EXPONENT_SQUARINGS = 16  # the exponent is 65537
_DIGEST_INFO = unhexlify("3031300d060960864801650304020105000420")  # RFC 8017, 9.2: SHA-256
_FILES_MAX = 40
_BYTES_MAX = 256 * 1024


class Update:
    """`mode()` says whether the running version is on trial."""

    def __init__(self, slot, mode):
        self._slot = slot
        self._mode = mode
        self._target = slots.other(slot)
        self._manifest = None

    def step(self, args):
        """Do one step and return what to answer. Raises ValueError or OSError with what is wrong."""
        step = args["step"]
        if step == "begin":
            self._begin(args["manifest"], args["signature"])
        elif self._manifest is None:
            raise ValueError("no update has begun")
        elif step == "file":
            self._file(args["name"], a2b_base64(args["data"]))
        elif step == "finish":
            self._finish()
            return {"restart": True}
        else:
            raise ValueError("unknown step")
        return {"need": self._missing()}

    def _begin(self, text, signature):
        if self._mode() == "trial":  # the other folder holds what it goes back to
            raise ValueError("the version that runs is on trial")
        with open(_KEY_FILE) as file:
            modulus = unhexlify(file.read().strip())
        if not verify(text.encode(), unhexlify(signature), modulus):
            raise ValueError("the signature is wrong")
        manifest = json.loads(text)
        check_manifest(manifest)
        if manifest["serial"] <= slots.serial_of(self._slot):
            raise ValueError("serial %d is not newer" % manifest["serial"])
        _remove_all(self._target, keep=manifest["files"])
        self._manifest = manifest
        self._text = text
        log("update", "version", manifest["version"], "-", len(self._missing()), "files to come")

    def _file(self, name, data):
        if name not in self._manifest["files"]:
            raise ValueError("not in the manifest: " + str(name))
        if [len(data), _hex(data)] != self._manifest["files"][name]:
            raise ValueError("damaged: " + name)
        path = self._target + "/" + name
        _make_folders(path)
        with open(path, "wb") as file:
            file.write(data)

    def _finish(self):
        missing = self._missing()
        if missing:
            raise ValueError("missing: " + ", ".join(missing))
        with open(self._target + "/manifest.json", "w") as file:
            file.write(self._text)
        slots.try_out(self._target)
        log("update", "version", self._manifest["version"], "goes on trial")

    def _missing(self):
        """Names of files that aren't in the target folder as the manifest wants them, read back from flash."""
        files = self._manifest["files"]
        return sorted([name for name in files if _read_back(self._target + "/" + name) != files[name]])


def verify(message, signature, modulus):
    """RSA PKCS#1 v1.5: raise to the public exponent and compare the whole padded block, parsing nothing."""
    size = len(modulus)
    n = int.from_bytes(modulus, "big")
    s = int.from_bytes(signature, "big")
    if size < 256 or len(signature) != size or s >= n:
        return False
    x = s
    for _ in range(_EXPONENT_SQUARINGS):
        x = x * x % n
    block = (x * s % n).to_bytes(size, "big")
    digest = _DIGEST_INFO + hashlib.sha256(message).digest()
    return block == b"\x00\x01" + b"\xff" * (size - 3 - len(digest)) + b"\x00" + digest


def check_manifest(manifest):
    """Refuse names that lead out of the folder, and sizes that don't fit the flash."""
    if not isinstance(manifest["serial"], int) or not isinstance(manifest["version"], str):
        raise ValueError("serial and version")
    files = manifest["files"]
    total = 0
    for name, (size, digest) in files.items():
        allowed = all(c in "abcdefghijklmnopqrstuvwxyz0123456789_./" for c in name)
        if not allowed or not name or name[0] in "./" or ".." in name or len(digest) != 64:
            raise ValueError("bad name: " + name)
        total += size
    if not 0 < len(files) <= _FILES_MAX or total > _BYTES_MAX:
        raise ValueError("too large")


def _hex(data):
    return hexlify(hashlib.sha256(data).digest()).decode()


def _read_back(path):
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    return [len(data), _hex(data)]


def _make_folders(path):
    parts = path.split("/")[:-1]
    for i in range(len(parts)):
        try:
            os.mkdir("/".join(parts[: i + 1]))
        except OSError as error:
            if error.errno != 17:  # EEXIST
                raise


def _remove_all(folder, keep, prefix=""):
    """Empty a folder, but for the files that `keep` names: an interrupted update goes on where it was."""
    try:
        entries = list(os.ilistdir(folder))
    except OSError:
        return
    for entry in entries:
        name, path = prefix + entry[0], folder + "/" + entry[0]
        if entry[1] & 0x4000:
            _remove_all(path, keep, name + "/")
        elif name not in keep:
            os.remove(path)
