"""Writing the broker's files: whole or not at all, and readable for whom they are meant only."""

import os
import pwd
import secrets
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that mosquitto runs as; uid and gid are None where files are ours anyway."""

    name: str
    uid: int | None = None
    gid: int | None = None


def broker_account() -> Account:
    """Started as root, mosquitto changes to its own user (or `nobody`); else it stays who we are."""
    if os.geteuid() != 0:
        return Account("mosquitto")
    for name in ("mosquitto", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    return Account("root")


def make_folder(path: Path, mode: int, *, owner: Account | None = None, group: Account | None = None) -> None:
    """Make a folder, or give an existing one its mode and owner; parents get the default mode."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    give(path, owner=owner, group=group)


def write(path: Path, content: bytes, mode: int, *, owner: Account | None = None, group: Account | None = None) -> None:
    """Replace a file at once; it never exists with other rights or half its content."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            os.fchmod(fd, mode)
            file.flush()
            os.fsync(fd)
        give(new, owner=owner, group=group)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def give(path: Path, *, owner: Account | None = None, group: Account | None = None) -> None:
    """Set owner or group where the account has one; a symbolic link is not followed."""
    uid = owner.uid if owner and owner.uid is not None else -1
    account = group or owner
    gid = account.gid if account and account.gid is not None else -1
    if (uid, gid) != (-1, -1):
        os.chown(path, uid, gid, follow_symlinks=False)
