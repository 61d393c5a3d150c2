"""Accounts that are made on the terminal: the first administrator, and who has lost a password."""

import secrets
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from dashboard.accounts.models import User
from dashboard.rights import Role
from hub.errors import InputError

FIRST = "admin"


def first_admin() -> str | None:
    """Make the administrator where there is no account yet, and return its password; else None."""
    if User.objects.exists():
        return None
    password = new_password()
    try:
        with transaction.atomic():
            User.objects.create_user(FIRST, password, Role.ADMIN)
    except IntegrityError:  # another process was faster
        return None
    return password


def set_account(username: str, role: str, groups: Sequence[str]) -> str:
    """Make an account, or set its role, groups and a new password, which is returned. Raises InputError."""
    user = User.objects.filter(username=username).first() or User(username=username)
    user.role, user.groups, user.is_active = role, sorted(groups), True
    password = new_password()
    user.set_password(password)
    try:
        user.full_clean()
    except ValidationError as error:
        raise InputError("account", "; ".join(error.messages)) from None
    user.save()
    return password


def new_password() -> str:
    """64 random bits, in a form that can be typed."""
    return "-".join(secrets.token_hex(2) for _ in range(4))
