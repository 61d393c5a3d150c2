"""The first start makes one administrator; its password is shown once, on the terminal."""

import secrets

from django.db import IntegrityError, transaction

from dashboard.accounts.models import User
from dashboard.rights import Role

FIRST = "admin"


def first_admin() -> str | None:
    """Make the administrator where there is no account yet, and return its password; else None."""
    if User.objects.exists():
        return None
    password = "-".join(secrets.token_hex(2) for _ in range(4))
    try:
        with transaction.atomic():
            User.objects.create_user(FIRST, password, Role.ADMIN)
    except IntegrityError:  # another process was faster
        return None
    return password
